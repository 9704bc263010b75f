"""Vectors as 8-bit codes, and a proven upper bound of a cosine from them.

A row is ``x = s c + r``: codes ``c`` of -127..127, a scale ``s``, and what is left, ``r``; likewise the query
``y = t d + q``. Then

    x.y = s t (c.d) + (s c).q + r.y      and so      x.y <= s t (c.d) + |s c| |q| + |r| |y|     (Cauchy-Schwarz)

where ``c.d`` is exact in int32, and ``|s c|``, ``|r|`` are stored with the row. They are measured on the codes and the
scale as stored, so the bound holds however the codes came about. In float32 (unit roundoff ``u``), ``c.d`` is exact,
being at most 127 * 127 * 256 < 2**24; two products round ``s t (c.d)`` by at most ``(2u + u^2) |s c| |t d|``; the last
addition rounds by ``u`` of the result, and the slack itself by ``3u``. All of it, and the rounding of the float64
cosine, is less than ``16 u (|s c| |t d| + slack)``, which is added. A constant pays for underflow.
"""

from dataclasses import dataclass
from functools import cache

import numkong
import numpy as np
import numpy.typing as npt

from placket.domain.garments import EMBEDDING_DIM
from placket.search.cosines import UNDERFLOW, UNIT_ROUNDOFF, Rows

_ALL = slice(None)

_LARGEST = 127
_ROUNDING = 16 * UNIT_ROUNDOFF


@dataclass(frozen=True, slots=True)
class Quantised:
    """``n`` vectors. ``codes``: ``(n, 256)`` int8; the rest ``(n,)`` float32, the last two bounds from above."""

    codes: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    code_lengths: npt.NDArray[np.float32]
    residuals: npt.NDArray[np.float32]

    def lengths(self, rows: Rows | slice = _ALL) -> npt.NDArray[np.float32]:
        """Bounds of the Euclidean lengths of all or some vectors, from above."""
        return (self.code_lengths[rows] + self.residuals[rows]) * np.float32(1 + _ROUNDING)


def quantise(vectors: npt.NDArray[np.float32]) -> Quantised:
    """Codes of ``(n, 256)`` finite vectors, each with a scale of its own: its largest element is 127."""
    scales = np.abs(vectors).max(axis=1, initial=0.0) / np.float32(_LARGEST)
    wide = scales.astype(np.float64)[:, None]
    codes = np.rint(vectors / np.where(wide > 0, wide, 1.0))
    np.clip(codes, -_LARGEST, _LARGEST, out=codes)
    coded = codes * wide
    return Quantised(
        codes=codes.astype(np.int8),
        scales=scales,
        code_lengths=_rounded_up(np.linalg.norm(coded, axis=1)),
        residuals=_rounded_up(np.linalg.norm(vectors - coded, axis=1)),
    )


def int8_bounds(rows: Quantised, query: Quantised) -> npt.NDArray[np.float32]:
    """Upper bounds of the cosines of all rows to the one query, float32, shape ``(n,)``."""
    bounds = int8_dots(rows.codes, query.codes)[:, 0].astype(np.float32)
    bounds *= rows.scales * query.scales[0]
    coded, residual, length = (float(a[0]) for a in (query.code_lengths, query.residuals, query.lengths()))
    bounds += rows.code_lengths * np.float32(residual * (1 + _ROUNDING) + coded * _ROUNDING)
    bounds += rows.residuals * np.float32(length * (1 + _ROUNDING))
    bounds += np.float32(UNDERFLOW)
    return bounds


def int8_dots(rows: npt.NDArray[np.int8], queries: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """``rows @ queries.T`` in int32, ``(n, 256)`` by ``(m, 256)``."""
    return np.asarray(numkong.dots_packed(rows, numkong.dots_pack(queries)))


@cache
def int8_is_exact() -> bool:
    """Whether the kernel chosen for this processor adds without loss; some instructions saturate at 16 bits."""
    extremes = np.array([-_LARGEST, _LARGEST, -1, 64], dtype=np.int8)
    steps = np.arange(64 * EMBEDDING_DIM, dtype=np.int64).reshape(64, EMBEDDING_DIM)
    rows = np.concatenate([np.repeat(extremes[:2], EMBEDDING_DIM).reshape(2, -1), extremes[steps * steps // 7 % 4]])
    dots = int8_dots(rows, rows[:8])
    return dots.dtype == np.int32 and np.array_equal(dots, rows.astype(np.int32) @ rows[:8].astype(np.int32).T)


def _rounded_up(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return (values * (1 + 4 * UNIT_ROUNDOFF) + UNDERFLOW).astype(np.float32)
