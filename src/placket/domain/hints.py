"""What the words that come with a picture say about its garment: weak evidence beside the picture."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from placket.domain.names_of import LANGUAGES, category_names, label_name
from placket.domain.taxonomy import taxonomy

MOST_CHARACTERS = 1000
"""Of a text that are read; a product's name has some tens."""
_LATIN = re.compile(r"[a-z0-9]+")
_LONGEST_PHRASE = 4
_GENDER_WORDS = {
    "women": "woman womens female lady ladies 여성 여자 우먼 女性 女士 女装 女 レディース",
    "men": "man mens male gentlemen 남성 남자 맨즈 男性 男士 男装 男 メンズ",
    "unisex": "남녀공용 남녀 공용 유니섹스 男女兼用 男女 中性 ユニセックス",
}


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
    known = [text for text in texts if text]
    categories = _named(known, _category_phrases())
    genders = _named([gender], _gender_phrases()) or _named(known, _gender_phrases())
    return Hints(
        tuple(c for c in taxonomy().categories if c in categories),
        tuple(g for g in taxonomy().attributes["gender"] if g in genders),
    )


Phrases = Mapping[str, frozenset[str]]


def _named(texts: Sequence[str], phrases: Phrases) -> set[str]:
    found: set[str] = set()
    for text in texts:
        # Half-width kana and full-width letters are written for the same words.
        plain = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).casefold()
        found |= _in_latin(_LATIN.findall(plain), phrases) | _in_other_scripts(plain, phrases)
    return found


def _in_latin(words: list[str], phrases: Phrases) -> set[str]:
    """By whole words, longest phrases first: a denim jacket is no jacket."""
    found: set[str] = set()
    for length in range(_LONGEST_PHRASE, 0, -1):
        for first in range(len(words) - length + 1):
            labels = _singular_too(words[first : first + length], phrases)
            if labels:
                found |= labels
                words[first : first + length] = [""] * length
    return found


def _singular_too(words: Sequence[str], phrases: Phrases) -> frozenset[str]:
    phrase = " ".join(words)
    for ending in ("", "s", "es"):
        if phrase.endswith(ending) and (labels := phrases.get(phrase.removesuffix(ending))):
            return labels
    return frozenset()


def _in_other_scripts(text: str, phrases: Phrases) -> set[str]:
    """Anywhere: Chinese and Japanese put no space between words, and Korean often none."""
    found: set[str] = set()
    for phrase in sorted(phrases, key=len, reverse=True):
        if not phrase.isascii() and phrase in text:
            found |= phrases[phrase]
            text = text.replace(phrase, " ")
    return found


def _table(words: Iterable[tuple[str, str]]) -> Phrases:
    table: dict[str, set[str]] = {}
    for word, label in words:
        plain = unicodedata.normalize("NFKC", word).casefold()
        phrase = " ".join(_LATIN.findall(plain)) if plain.isascii() else plain
        table.setdefault(phrase, set()).add(label)
    return {phrase: frozenset(labels) for phrase, labels in table.items() if phrase}


@lru_cache(maxsize=1)
def _category_phrases() -> Phrases:
    return _table((word, c) for c in taxonomy().categories for word in category_names(c))


@lru_cache(maxsize=1)
def _gender_phrases() -> Phrases:
    named = ((label_name("gender", g, lang), g) for g in taxonomy().attributes["gender"] for lang in LANGUAGES)
    return _table([*named, *((word, g) for g, words in _GENDER_WORDS.items() for word in words.split())])
