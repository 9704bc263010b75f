"""Which worn lower garments the photo's lower edge cuts off: of those nobody sees the hem."""

from collections.abc import Sequence

from placket.domain.garments import Box
from placket.vision.detector import Detection
from placket.vision.worn import one_column

_AT_THE_EDGE = 0.99


def worn_below(detections: Sequence[Detection]) -> list[bool]:
    """Of each whether it is a bottom that is worn below a top or dress and reaches the lower edge of the photo.

    What lies flat and alone and fills its photo is no such bottom: there the hem is at the edge.
    """
    uppers = [d.box for d in detections if d.group in ("TOP", "WHOLEBODY")]
    return [
        d.group == "BOTTOM" and d.box.y1 >= _AT_THE_EDGE and any(_is_above(upper, d.box) for upper in uppers)
        for d in detections
    ]


def _is_above(upper: Box, lower: Box) -> bool:
    return upper.y0 < lower.y0 and one_column(upper, lower)
