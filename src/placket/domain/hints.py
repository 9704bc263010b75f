"""What the words that come with a picture say about its garment: weak evidence beside the picture."""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from placket.domain.names_of import LANGUAGES, category_names, label_name
from placket.domain.taxonomy import taxonomy

MOST_CHARACTERS = 1000
MOST_WORDS = 100
"""Of a text that are read; a product's name has some tens of characters."""
_LATIN = re.compile(r"[a-z0-9\u00df-\u024f]+")
_SPACE = re.compile(r"\s+")
_LONGEST_PHRASE = 4
_KEPT_TEXTS = 2048


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
    return Hints(
        tuple(c for c in taxonomy().categories if c in categories),
        tuple(g for g in taxonomy().attributes["gender"] if g in genders),
    )


@lru_cache(_KEPT_TEXTS)
def _categories_in(text: str) -> frozenset[str]:
    return _category_words().named(_plain(text))


@lru_cache(_KEPT_TEXTS)
def _genders_in(text: str, *, alone: bool = False) -> frozenset[str]:
    plain = _plain(text)
    whole = _data()["gender_alone"].get(plain.strip()) if alone else None
    return frozenset([whole]) if whole else _gender_words().named(plain)


def _plain(text: str) -> str:
    """Half-width kana and full-width letters are written for the same words. One character may become eighteen."""
    return unicodedata.normalize("NFKC", text).casefold()[:MOST_CHARACTERS]


class _Words:
    """Words and phrases with the labels that they name; a word of no label only keeps shorter ones inside it from
    being found: a denim jacket is no jacket, and tie-dye no tie."""

    def __init__(self, words: Iterable[tuple[str, str | None]]) -> None:
        self._latin: dict[str, set[str]] = {}
        self._other: dict[str, set[str]] = {}
        for word, label in words:
            plain = _plain(word)
            if plain.isascii():
                labels = self._latin.setdefault(_phrase(_LATIN.findall(plain)), set())
            else:
                labels = self._other.setdefault(_SPACE.sub("", plain), set())
            if label is not None:
                labels.add(label)
        longest_first = sorted(self._other, key=lambda w: (-len(w), w))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def named(self, text: str) -> frozenset[str]:
        """Labels of all that is found in a plain text."""
        return frozenset(self._in_latin(_LATIN.findall(text)[:MOST_WORDS]) | self._in_other_scripts(text))

    def _in_latin(self, words: list[str]) -> set[str]:
        """Whole words, one or many, written apart or together, longest phrases first."""
        found: set[str] = set()
        for length in range(_LONGEST_PHRASE, 0, -1):
            for first in range(len(words) - length + 1):
                these = words[first : first + length]
                labels = self._latin.get(_phrase(these), self._latin.get(_phrase(["".join(these)])))
                if labels is not None and all(these):
                    found |= labels
                    words[first : first + length] = [""] * length
        return found

    def _in_other_scripts(self, text: str) -> set[str]:
        """Anywhere: Chinese and Japanese put no space between words, and Korean often none."""
        hits = self._pattern.findall(_SPACE.sub("", text))
        return set().union(*(self._other[hit] for hit in hits))


def _phrase(words: list[str]) -> str:
    return " ".join([*words[:-1], _singular(words[-1])]) if words else ""


def _singular(word: str) -> str:
    """As good as it takes to find a word in a list that went the same way."""
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us")) else word


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((files("placket.domain") / "data" / "hints.json").read_text("utf-8"))
    return data


@lru_cache(maxsize=1)
def _category_words() -> _Words:
    """Names of categories and shops' other words for them, but not those that stand for a whole group."""
    data = _data()
    left_out = {_plain(word) for word in data["leave_out"]}
    words: list[tuple[str, str | None]] = [(word, None) for word in data["no_category"]]
    for category in taxonomy().categories:
        own = [*category_names(category), *data["more"].get(category, ())]
        words += [(word, category) for word in own if category != "other" and _plain(word) not in left_out]
    return _Words(words)


@lru_cache(maxsize=1)
def _gender_words() -> _Words:
    data = _data()
    words: list[tuple[str, str | None]] = [(word, None) for word in data["no_gender"]]
    for gender in taxonomy().attributes["gender"]:
        names = (label_name("gender", gender, language) for language in LANGUAGES)
        words += [(name, gender) for name in names if len(name) > 1]
        words += [(word, gender) for word in data["gender"][gender]]
    return _Words(words)
