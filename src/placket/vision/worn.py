"""What one person wears: for whom all of it is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from placket.domain.garments import Box
from placket.vision.detector import Detection
from placket.vision.encoder import Encoded

_LEAST_BESIDE = 0.5
_OF_A_PERSON = ("gender", "age")


def one_column(a: Box, b: Box) -> bool:
    """Whether they are above one another, or one within the other, as on one person."""
    beside = min(a.x1, b.x1) - max(a.x0, b.x0)
    return beside >= _LEAST_BESIDE * min(a.width, b.width)


def for_one_person(found: Sequence[Detection], encoded: Sequence[Encoded]) -> list[Encoded]:
    """Each garment is for whom all of the person's are, the large and sure ones above all: shoes, or the strip of
    trousers that a photo shows, hardly tell, and what the detector is unsure of may be no garment."""
    out = []
    for detection, own in zip(found, encoded, strict=True):
        worn = [n for n, other in enumerate(found) if one_column(detection.box, other.box)]
        weights = [found[n].box.area * found[n].score ** 2 for n in worn]
        told = {
            name: np.average([encoded[n].logits[name] for n in worn], axis=0, weights=weights).astype(np.float32)
            for name in _OF_A_PERSON
        }
        out.append(replace(own, logits={**own.logits, **told}))
    return out
