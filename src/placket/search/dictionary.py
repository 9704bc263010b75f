"""Texts as small numbers, so that a column of them is an integer array."""

import sys
from typing import Self

import numpy as np
import numpy.typing as npt

from placket.domain.filters import number_of

Codes = npt.NDArray[np.int32]

# A slot of a dict, its share of the spare room, an entry of a list, and the number that it is (CPython, 64 bits).
_ENTRY_BYTES = 112


class Dictionary:
    """Codes 0, 1, 2 ... in order of appearance. Only ever grows, so readers of older codes need no lock."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._texts: list[str] = []
        self._numbers: npt.NDArray[np.float64] = np.empty(0)
        self.nbytes = 0

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> int:
        """The text's code, a new one if it has none."""
        code = self._codes.get(text)
        if code is None:
            code = len(self._texts)
            self._texts.append(text)
            self._codes[text] = code
            self.nbytes += sys.getsizeof(text) + _ENTRY_BYTES
        return code

    def find(self, text: str) -> int | None:
        return self._codes.get(text)

    def text(self, code: int) -> str:
        return self._texts[code]

    def numbers(self) -> npt.NDArray[np.float64]:
        """``(n,)``: the number that each text is, by its code; NaN where it is none. Each is read once, when a range is
        first asked for; two readers at a time read the same."""
        known, count = self._numbers, len(self._texts)
        if len(known) < count:
            known = np.concatenate([known, [number_of(text) for text in self._texts[len(known) : count]]])
            self._numbers = known
        return known

    def without_unused(self, codes: Codes) -> tuple[Self, Codes]:
        """A dictionary of the texts that occur in ``codes``, and the same column in its codes."""
        used, column = np.unique(codes, return_inverse=True)
        smaller = type(self)()
        for code in used.tolist():
            smaller.add(self._texts[code])
        return smaller, column.astype(np.int32)
