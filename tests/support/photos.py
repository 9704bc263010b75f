"""Drawn pictures for tests of vision, and their encodings."""

import io
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageDraw

# The writer alone: Placket reads HEIC with a package that has none.
pillow_heif.register_heif_opener()

RED = (200, 30, 40)
NAVY = (20, 30, 60)


def drawn(width: int = 300, height: int = 400, top: tuple[int, int, int] = RED) -> Image.Image:
    """Two blocks of colour on white, where the tiny bundle's detector looks for a top and a bottom."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle([width * 0.25, height * 0.15, width * 0.75, height * 0.5], fill=top)
    draw.rectangle([width * 0.35, height * 0.55, width * 0.65, height * 0.9], fill=NAVY)
    return image


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """Soft coloured noise: a picture with detail everywhere."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (max(2, height // 16), max(2, width // 16), 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def photo(width: int = 300, height: int = 400, top: tuple[int, int, int] = RED) -> bytes:
    """A JPEG of :func:`drawn`."""
    return encoded(drawn(width, height, top), quality=90)
