"""What the words that come with a picture say about its garment: weak evidence beside the picture."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from placket.domain.names_of import LANGUAGES, category_names, label_name
from placket.domain.taxonomy import taxonomy
from placket.domain.wording import MOST_CHARACTERS, Lexicon, plain

_KEPT_TEXTS = 2048
_GROUP = ""
"""Stands for no category: what a word for a whole group names."""


@dataclass(frozen=True, slots=True)
class Hints:
    """Labels that the words name: ids of the taxonomy, in its order."""

    categories: tuple[str, ...] = ()
    genders: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.categories or self.genders)


NO_HINTS = Hints()


def hints_of(texts: Iterable[str], gender: str = "") -> Hints:
    """From a product's name and keywords in any of the four languages, and from what is said of its gender.

    >>> hints_of(["Denim Jacket"], "여성")
    Hints(categories=('denim_jacket',), genders=('women',))
    """
    known = [text[:MOST_CHARACTERS] for text in texts if text]
    categories = set().union(*(_categories_in(text) for text in known))
    said = _genders_in(gender[:MOST_CHARACTERS], alone=True)
    genders = set(said) or set().union(*(_genders_in(text) for text in known))
    if {"women", "men"} <= genders:
        genders = {"unisex"}
    return _in_order(categories, genders)


def _in_order(categories: Collection[str], genders: Collection[str]) -> Hints:
    return Hints(
        tuple(c for c in taxonomy().categories if c in categories),
        tuple(g for g in taxonomy().attributes["gender"] if g in genders),
    )


@lru_cache(_KEPT_TEXTS)
def _categories_in(text: str) -> frozenset[str]:
    return _category_words().named(plain(text)) - {_GROUP}


@lru_cache(_KEPT_TEXTS)
def _genders_in(text: str, *, alone: bool = False) -> frozenset[str]:
    words = plain(text)
    one: dict[str, str] = _data()["gender_alone"]
    if alone and words.strip() in one:
        return frozenset([one[words.strip()]])
    # A letter by itself, as in 阔腿裤 女; m and w there are sizes.
    apart = {one[part] for part in words.split() if len(part) == 1 and not part.isascii() and part in one}
    return _gender_words().named(words) | apart


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((files("placket.domain") / "data" / "hints.json").read_text("utf-8"))
    return data


def category_words() -> Iterator[tuple[str, str | None]]:
    """Names of categories and shops' other words for them; None for what only sounds like one."""
    data = _data()
    yield from ((word, None) for word in data["no_category"])
    for category in taxonomy().categories:
        if category != "other":
            yield from ((word, category) for word in (*category_names(category), *data["more"].get(category, ())))


def weak_words() -> tuple[list[str], list[str]]:
    """Those of the category words that count where no other one is, and the words for sets, in which they always do."""
    return _data()["weak"], _data()["sets"]


@lru_cache(maxsize=1)
def _category_words() -> Lexicon:
    """Words that stand for a whole group say no category, only that a weak word beside them is none."""
    left_out = {plain(word) for word in _data()["leave_out"]}
    words = ((word, _GROUP if plain(word) in left_out else category) for word, category in category_words())
    return Lexicon(words, *weak_words())


@lru_cache(maxsize=1)
def _gender_words() -> Lexicon:
    data = _data()
    words: list[tuple[str, str | None]] = [(word, None) for word in data["no_gender"]]
    for gender in taxonomy().attributes["gender"]:
        names = (label_name("gender", gender, language) for language in LANGUAGES)
        words += [(name, gender) for name in names if len(name) > 1]
        words += [(word, gender) for word in data["gender"][gender]]
    return Lexicon(words)
