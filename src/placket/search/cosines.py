"""The cosine that results are ranked by, and an upper bound of it from a scan in float32."""

import numpy as np
import numpy.typing as npt

from placket.domain.garments import EMBEDDING_DIM

Rows = npt.NDArray[np.intp]
"""Row numbers of a table, ascending."""

UNIT_ROUNDOFF = 2.0**-24
"""Of float32."""

UNDERFLOW = 1e-30
"""Far more than what 256 products and sums in float32 can lose by underflow, and nothing to a cosine."""

_CHUNK = 1024
_LEAST = float(np.finfo(np.float32).min)


def cosines(vectors: npt.NDArray[np.float32], rows: Rows, query: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Cosines of some rows to the query, float64, shape ``(len(rows),)``, cut to -1..1.

    The same two vectors always give the same bits, whatever else is computed beside them: products of two float32 are
    exact in float64, and they are added in a fixed binary tree of elementwise additions (8 levels for 256), which
    leaves an error of at most ``8 * 2**-53`` of the product of the lengths (Higham, Accuracy and Stability of
    Numerical Algorithms, 2nd ed., section 4.2).
    """
    exact = query.astype(np.float64)
    result = np.empty(len(rows), dtype=np.float64)
    for start in range(0, len(rows), _CHUNK):
        terms = vectors[rows[start : start + _CHUNK]] * exact
        width = EMBEDDING_DIM
        while width > 1:
            width //= 2
            np.add(terms[:, :width], terms[:, width : 2 * width], out=terms[:, :width])
        result[start : start + _CHUNK] = terms[:, 0]
    return np.clip(result, -1.0, 1.0, out=result)


def float32_bounds(
    vectors: npt.NDArray[np.float32],
    lengths: npt.NDArray[np.float32],
    query: npt.NDArray[np.float32],
    query_length: float,
) -> npt.NDArray[np.float32]:
    """Upper bounds of the cosines of all rows, float32, shape ``(n,)``, from one product in float32.

    ``lengths`` and ``query_length`` bound the Euclidean lengths from above. In whatever order a library adds, and
    fused or not, ``|fl(x.y) - x.y| <= gamma_256 |x| |y|`` with ``gamma_n = n u / (1 - n u)`` (Higham, section 3.1);
    16 u more pay for the roundings of the bound itself.
    """
    terms = EMBEDDING_DIM * UNIT_ROUNDOFF
    share = terms / (1 - terms) + 16 * UNIT_ROUNDOFF
    # Row by row: a matrix product would wake the threads of BLAS, which wait for one another on a busy machine.
    bounds: npt.NDArray[np.float32] = np.vecdot(vectors, query)
    bounds += lengths * np.float32(share * query_length)
    bounds += np.float32(UNDERFLOW)
    return bounds


def at_most(value: float) -> np.float32:
    """The largest float32 that is no greater than ``value``; for less than all of them, the least finite one."""
    rounded = np.float32(max(value, _LEAST))
    # As a float: beside a float32, NumPy would round a Python float first.
    if float(rounded) > max(value, _LEAST):
        rounded = np.nextafter(rounded, np.float32(-np.inf))
    return rounded
