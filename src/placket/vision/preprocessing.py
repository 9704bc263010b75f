"""From a picture to a network's canvas. Training uses the same functions, so that both see the same pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from placket.domain.garments import Box

Pixels = NDArray[np.uint8]
"""Upright RGB, ``(height, width, 3)``, uint8."""
Mask = NDArray[np.bool_]
"""Which pixels, ``(height, width)``."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A square of pixels ``(s, s, 3)`` with a picture in it, at ``left, top``, ``width`` x ``height``."""

    pixels: Pixels
    left: int
    top: int
    width: int
    height: int


def letterbox(pixels: Pixels, size: int, pad: int) -> Canvas:
    """The picture as large as it fits, centred on ``pad``."""
    height, width = pixels.shape[:2]
    scale = min(size / height, size / width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - w) // 2, (size - h) // 2
    out = np.full((size, size, 3), pad, np.uint8)
    image = Image.fromarray(pixels).resize((w, h), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out[top : top + h, left : left + w] = np.asarray(image)
    return Canvas(out, left, top, w, h)


def cut(pixels: Pixels, box: Box, margin: float) -> Pixels:
    """The part of the picture in ``box``, widened by ``margin`` of its sides and clipped; 2 pixels a side at least,
    where the picture has them."""
    height, width = pixels.shape[:2]
    mx, my = box.width * margin, box.height * margin
    x0, y0 = max(0, round((box.x0 - mx) * width)), max(0, round((box.y0 - my) * height))
    x1, y1 = min(width, round((box.x1 + mx) * width)), min(height, round((box.y1 + my) * height))
    x0, y0 = max(0, min(x0, width - 2)), max(0, min(y0, height - 2))
    return pixels[y0 : max(y1, y0 + 2), x0 : max(x1, x0 + 2)]


def crop(pixels: Pixels, box: Box, size: int, margin: float, pad: int) -> Canvas:
    """A garment as the encoder sees it: cut out with a margin, letterboxed on ``pad``."""
    return letterbox(cut(pixels, box, margin), size, pad)


def batch(canvases: Sequence[Canvas]) -> NDArray[np.float32]:
    """Canvases of one size as a network's input, ``(n, 3, s, s)``, 0..255."""
    stacked = np.stack([c.pixels for c in canvases]).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(stacked, dtype=np.float32)
