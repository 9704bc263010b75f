"""The labels of garments as bits, a row a garment: which of them have one of some labels."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from placket.domain.labels import vocabulary

Bits = npt.NDArray[np.uint8]


@cache
def _places() -> Mapping[str, int]:
    words = (f"{attribute}:{label}" for attribute, labels in vocabulary().items() for label in labels)
    return {word: place for place, word in enumerate(words)}


def width() -> int:
    """Bytes of a row."""
    return -(-len(_places()) // 8)


def as_bits(garments: Sequence[Iterable[str]]) -> Bits:
    """``(garments, width)``. A word that is not in the taxonomy, as of another version's, can't be asked for: it has no
    bit."""
    places = _places()
    flags = np.zeros((len(garments), width() * 8), dtype=np.bool_)
    for flag, words in zip(flags, garments, strict=True):
        flag[[place for word in words if (place := places.get(word)) is not None]] = True
    return np.packbits(flags, axis=1)


def having(bits: Bits, words: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Rows that have one of these words. Raises KeyError for one that is not in the taxonomy."""
    flags = np.zeros(width() * 8, dtype=np.bool_)
    flags[[_places()[word] for word in words]] = True
    wanted = np.packbits(flags)
    found = np.zeros(len(bits), dtype=np.bool_)
    for byte in np.flatnonzero(wanted):
        found |= (bits[:, byte] & wanted[byte]) != 0
    return found
