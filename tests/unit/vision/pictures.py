"""Pictures whose colours are known, and PNG files of any content, for the tests of decoding."""

import struct
import zlib

import numpy as np
from PIL import Image

from placket.domain.images import TAGGER, ImageLimits

EVERY = ImageLimits(TAGGER.formats, max_bytes=50_000_000)
CORNERS = ((255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 255, 0))
"""Top left, top right, bottom left, bottom right."""


def quarters(width: int = 80, height: int = 48) -> Image.Image:
    pixels = np.zeros((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    pixels[:h, :w], pixels[:h, w:], pixels[h:, :w], pixels[h:, w:] = CORNERS
    return Image.fromarray(pixels)


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    h, w = pixels.shape[:2]
    return [tuple(int(v) for v in pixels[y, x]) for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]


def near(found: object, wanted: object, by: int = 6) -> None:
    difference = np.abs(np.asarray(found, int) - np.asarray(wanted, int)).max()
    assert difference <= by, f"{found} is not {wanted}"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, colour: int = 2, *, more: bytes = b"", data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", head) + more + png_chunk(b"IDAT", zlib.compress(data)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
