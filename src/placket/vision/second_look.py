"""Crops of which an encoder is unsure, and what it says of them together with a second network that sees them mirrored.

Two networks that were trained differently, and two views, err differently: what both say is right more often than what
either says. Most crops need no second look, so it costs little on the mean.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
EMBEDDING = "embedding"


def unsure(category: Floats, below: float) -> NDArray[np.intp]:
    """Rows of logits [n, labels] whose most probable label is less probable than ``below``."""
    return np.flatnonzero(surest(category) < below)


def surest(logits: Floats) -> Floats:
    """The probability [n] of the most probable of labels [n, labels]."""
    out: Floats = 1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    return out


def mirrored(images: Floats) -> Floats:
    """Images [n, 3, h, w], left and right exchanged."""
    return np.ascontiguousarray(images[..., ::-1])


def with_second(first: Mapping[str, Floats], rows: NDArray[np.intp], second: Mapping[str, Floats]) -> dict[str, Floats]:
    """Outputs by name [n, ...], those of ``rows`` together with what ``second`` [len(rows), ...] says: the mean of the
    logits, and of the embeddings (units both) the direction of the mean."""
    out = {}
    for name, values in first.items():
        both = (values[rows] + second[name]) / 2
        if name == EMBEDDING:
            both /= np.linalg.norm(both, axis=1, keepdims=True)
        out[name] = values.copy()
        out[name][rows] = both
    return out
