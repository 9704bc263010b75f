"""Photos that lie on their side or stand on their head, and do not say so: how one sees it, and what is where then.

Each crop says how likely it is turned. A photo is taken for turned where its crops say so, and where the crops of the
photo that is put upright say that it stands now.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from placket.domain.garments import Box
from placket.vision.encoder import TURNS, Encoded
from placket.vision.preprocessing import Mask, Pixels

Floats = NDArray[np.float64]


def ways_up(encoded: Sequence[Encoded], boxes: Sequence[Box]) -> Floats:
    """How likely the picture is off by 0 to 3 quarter turns counterclockwise [4], natural logarithms: the mean of its
    crops, the large ones above all. All equal, where there are none or the encoder does not say."""
    told = [(e.turn.astype(np.float64), box.area) for e, box in zip(encoded, boxes, strict=True) if e.turn is not None]
    if not told:
        return np.zeros(TURNS)
    logits = np.array([logit for logit, _ in told])
    logits -= logits.max(axis=1, keepdims=True)
    likely: Floats = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    mean: Floats = np.average(likely, axis=0, weights=[area for _, area in told])
    return mean


def stands(before: Floats, after: Floats, turn: int) -> float:
    """How much likelier (natural logarithm) it is that a picture was off by ``turn`` than that it was upright.
    ``before`` and ``after``: `ways_up` of it as it was, and turned back by that much."""
    if_upright = (TURNS - turn) % TURNS
    return float(before[turn] - before[0] + after[0] - after[if_upright])


def turned(pixels: Pixels, quarters: int) -> Pixels:
    """The picture turned counterclockwise by quarters."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def turned_mask(mask: Mask | None, quarters: int) -> Mask | None:
    """A mask of the picture that is `turned` by as many quarters."""
    return None if mask is None else np.rot90(mask, quarters)


def turned_box(box: Box, quarters: int) -> Box:
    """A box in the picture that is `turned` by as many quarters."""
    for _ in range(quarters % TURNS):
        box = Box(box.y0, 1.0 - box.x1, box.y1, 1.0 - box.x0)
    return box
