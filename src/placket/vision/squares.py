"""Elongated pictures, seen in squares: on the detector's canvas, people in a row would be a few pixels high."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from placket.domain.garments import Box
from placket.vision.detector import Detection

_ELONGATED = 2.4
"""Longer than a phone's screen, whose photos show one thing as often as others."""
_MOST_ELONGATED = 10.0
"""What is longer still is no photo of garments."""
_UPRIGHT = 1.5
_AT_AN_EDGE = 0.02


def squares(width: int, height: int) -> list[Box]:
    """What to look at of a picture of more than 1:2.4, in fractions of it, each half in the next; else nothing.

    Squares of a wide one; parts of 2:3 of a high one, since a garment may be higher than wide, and fill its width.
    """
    short, long = sorted((width, height))
    if not _ELONGATED < long / short <= _MOST_ELONGATED:
        return []
    share = short / long * (1.0 if width > height else _UPRIGHT)
    starts = np.linspace(0.0, 1.0 - share, math.ceil(2 / share) - 1).tolist()
    return [Box(s, 0.0, s + share, 1.0) if width > height else Box(0.0, s, 1.0, s + share) for s in starts]


def whole_in(square: Box, found: Iterable[Detection]) -> list[Detection]:
    """What was found in a square, in fractions of the picture; without what the square cuts."""
    out = []
    for detection in found:
        box = detection.box
        cut = (
            (square.x0 > 0 and box.x0 < _AT_AN_EDGE)
            or (square.x1 < 1 and box.x1 > 1 - _AT_AN_EDGE)
            or (square.y0 > 0 and box.y0 < _AT_AN_EDGE)
            or (square.y1 < 1 and box.y1 > 1 - _AT_AN_EDGE)
        )
        if not cut:
            xs = [min(1.0, square.x0 + v * square.width) for v in (box.x0, box.x1)]
            ys = [min(1.0, square.y0 + v * square.height) for v in (box.y0, box.y1)]
            out.append(replace(detection, box=Box(xs[0], ys[0], xs[1], ys[1])))
    return out
