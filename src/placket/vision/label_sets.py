"""Which labels to tell of an attribute that may have several."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_NEGLIGIBLE = 0.005


def best_set(p: Values, at_least_one: bool) -> NDArray[np.int64]:
    """The labels whose set has the highest expected F1, best first; ``p (labels,)`` probabilities 0..1.

    F1 of two empty sets is 1, so none may be the best answer, unless ``at_least_one``. Labels count as independent
    given the picture; then the best set of k labels holds the k most probable, and the expectation follows from the
    distributions of how many of the chosen and of the others are true (Ye et al. 2012, "Optimizing F-measures: a tale
    of two approaches", ICML; arXiv 1206.4625).
    """
    order = np.argsort(-p, kind="stable")
    order = order[: max(1, int((p > _NEGLIGIBLE).sum()))]
    best, most = 0, 0.0 if at_least_one else float(np.prod(1.0 - p[order]))
    left = _counts_from_the_end(p[order])
    true = np.ones(1)
    for size in range(1, len(order) + 1):
        true = _with(true, p[order[size - 1]])
        hits, others = np.arange(len(true))[:, None], np.arange(len(left[size]))[None]
        expected = float((true[:, None] * left[size][None] * 2 * hits / (size + hits + others)).sum())
        if expected > most:
            best, most = size, expected
    return order[: max(best, int(at_least_one))]


def _counts_from_the_end(p: Values) -> list[Values]:
    """``[k]``: the distribution of how many of ``p[k:]`` are true."""
    out = [np.ones(1)]
    for chance in p[::-1]:
        out.append(_with(out[-1], chance))
    return out[::-1]


def _with(counts: Values, chance: float) -> Values:
    """The distribution of a count, with one more that is true by ``chance``."""
    out: Values = np.convolve(counts, [1.0 - chance, chance])
    return out
