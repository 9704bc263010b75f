"""Words of four languages found in a text that somebody wrote."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate

MOST_CHARACTERS = 1000
MOST_WORDS = 100
"""Of a text that are read; a product's name has some tens of characters."""
_LATIN = re.compile(r"[a-z0-9\u00df-\u024f]+")
_SPACE = re.compile(r"\s+")
_LONGEST_PHRASE = 4
_WRITTEN_TOGETHER = 2
"""Letters of words in which nobody leaves a space: 네모 자수 names no 모자, and 收腰 包邮 no 腰包."""
_ADJECTIVES = frozenset(("short", "flat", "tight", "glass", "brief"))
"""Garments only at the end of a text: a short dress is no shorts, a flat front no flats, a tight fit no tights."""


def plain(text: str) -> str:
    """Half-width kana and full-width letters are written for the same words. One character may become eighteen."""
    return unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).casefold()[:MOST_CHARACTERS]


class Lexicon:
    """Words and phrases with the labels that they name; a word of no label only keeps shorter ones inside it from
    being found: a denim jacket is no jacket, and tie-dye no tie. ``weak`` words say as often what something is made of
    or comes with, so they count where nothing else is named: knitted gloves are gloves, a belted coat is a coat.
    They count in a text that one of ``sets`` says to be of several things."""

    def __init__(
        self, words: Iterable[tuple[str, str | None]], weak: Collection[str] = (), sets: Collection[str] = ()
    ) -> None:
        self._sets = tuple(map(plain, sets))
        self._weak = frozenset(_SPACE.sub("", plain(word)) for word in weak)
        self._latin: dict[str, set[str]] = {}
        self._other: dict[str, set[str]] = {}
        for word, label in words:
            written = plain(word)
            if written.isascii():
                labels = self._latin.setdefault(_phrase(_LATIN.findall(written)), set())
            else:
                labels = self._other.setdefault(_SPACE.sub("", written), set())
            if label is not None:
                labels.add(label)
        longest_first = sorted(self._other, key=lambda w: (-len(w), w))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def named(self, text: str) -> frozenset[str]:
        """Labels of all that is found in a plain text."""
        strong, weak = self._in_other_scripts(text)
        found = self._in_latin(_LATIN.findall(text)[:MOST_WORDS]) | strong
        return frozenset(found | weak if not found or any(word in text for word in self._sets) else found)

    def _in_latin(self, words: list[str]) -> set[str]:
        """Whole words, one or many, written apart or together, longest phrases first."""
        found: set[str] = set()
        for length in range(_LONGEST_PHRASE, 0, -1):
            for first in range(len(words) - length + 1):
                these = words[first : first + length]
                if these[0] in _ADJECTIVES and length == 1 and first < len(words) - 1:
                    continue
                labels = self._latin.get(_phrase(these), self._latin.get(_phrase(["".join(these)])))
                if labels is not None and all(these):
                    found |= labels
                    words[first : first + length] = [""] * length
        return found

    def _in_other_scripts(self, text: str) -> tuple[set[str], set[str]]:
        """Anywhere: Chinese and Japanese put no space between words, and Korean often none. Weak ones apart."""
        hits = set(self._hits(text.split()))
        strong, weak = hits - self._weak, hits & self._weak
        return set().union(*map(self._other.__getitem__, strong)), set().union(*map(self._other.__getitem__, weak))

    def _hits(self, parts: list[str]) -> Iterator[str]:
        """In the parts written together, which is how the words are kept."""
        text = "".join(parts)
        begins = set(accumulate(map(len, parts)))
        at = 0
        while hit := self._pattern.search(text, at):
            torn = len(hit[0]) == _WRITTEN_TOGETHER and hit.start() + 1 in begins
            at = hit.start() + 1 if torn else hit.end()
            if not torn:
                yield hit[0]


def _phrase(words: list[str]) -> str:
    return " ".join([*words[:-1], _singular(words[-1])]) if words else ""


def _singular(word: str) -> str:
    """As good as it takes to find a word in a list that went the same way."""
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us")) else word
