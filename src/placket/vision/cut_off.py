"""Which worn lower garments the photo's lower edge cuts off: of those nobody sees the hem."""

from collections.abc import Sequence

from placket.domain.garments import Box
from placket.vision.detector import Detection

_AT_THE_EDGE = 0.99
_LEAST_BESIDE = 0.5


def cut_off(detections: Sequence[Detection]) -> list[bool]:
    """For each, whether it is a bottom below a top or dress and reaches the lower edge of the photo.

    What lies flat and alone and fills its photo is no such thing: there the hem is at the edge.
    """
    worn = [d.box for d in detections if d.group in ("TOP", "WHOLEBODY")]
    return [
        d.group == "BOTTOM" and d.box.y1 >= _AT_THE_EDGE and any(_is_above(upper, d.box) for upper in worn)
        for d in detections
    ]


def _is_above(upper: Box, lower: Box) -> bool:
    beside = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
    return upper.y0 < lower.y0 and beside >= _LEAST_BESIDE * min(upper.width, lower.width)
