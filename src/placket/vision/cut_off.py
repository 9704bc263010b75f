"""Which worn lower garments the photo's lower edge cuts off: of those nobody sees the hem."""

from collections.abc import Sequence

from placket.domain.garments import Box
from placket.vision.detector import Detection

_AT_THE_EDGE = 0.99
_LEAST_BESIDE = 0.5


def worn_below(detections: Sequence[Detection]) -> list[int | None]:
    """For a bottom that is worn below a top or dress and reaches the lower edge of the photo, the position of that
    upper garment; None for all others.

    What lies flat and alone and fills its photo is no such bottom: there the hem is at the edge.
    """
    return [_upper(d.box, detections) if d.group == "BOTTOM" and d.box.y1 >= _AT_THE_EDGE else None for d in detections]


def _upper(lower: Box, detections: Sequence[Detection]) -> int | None:
    worn = [n for n, d in enumerate(detections) if d.group in ("TOP", "WHOLEBODY") and _is_above(d.box, lower)]
    return max(worn, key=lambda n: detections[n].score * detections[n].box.area, default=None)


def _is_above(upper: Box, lower: Box) -> bool:
    beside = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
    return upper.y0 < lower.y0 and beside >= _LEAST_BESIDE * min(upper.width, lower.width)
