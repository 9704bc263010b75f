"""Pictures whose colours are known, and PNG and TIFF files of any content, for the tests of decoding."""

import struct
import zlib

import numpy as np
from PIL import Image

from placket.domain.images import PHOTO_FORMATS, ImageLimits

EVERY = ImageLimits(PHOTO_FORMATS, max_bytes=50_000_000)
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


def tiff(width: int, height: int, data: bytes, *, bits: int, order: str = "<", kind: int = 1, planes: int = 1) -> bytes:
    """Uncompressed; with several ``planes``, each in a strip of its own. ``kind``: white is zero, grey, colour."""
    strip = len(data) // planes
    values: dict[int, tuple[str, list[int]]] = {
        256: ("H", [width]), 257: ("H", [height]), 258: ("H", [bits] * planes), 259: ("H", [1]), 262: ("H", [kind]),
        273: ("I", [8 + strip * n for n in range(planes)]), 277: ("H", [planes]), 278: ("H", [height]),
        279: ("I", [strip] * planes), 284: ("H", [min(planes, 2)]),
    }  # fmt: skip
    at, entries, beside = 8 + len(data), b"", b""
    for tag, (form, numbers) in values.items():
        packed = struct.pack(f"{order}{len(numbers)}{form}", *numbers)
        if len(packed) > 4:
            beside, packed = beside + packed, struct.pack(order + "I", at + 6 + 12 * len(values) + len(beside))
        entries += struct.pack(order + "HHI", tag, 3 if form == "H" else 4, len(numbers)) + packed.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    return head + data + struct.pack(order + "H", len(values)) + entries + bytes(4) + beside
