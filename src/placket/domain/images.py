"""Which pictures are taken. The numbers are the guides'; each API names its own."""

from collections.abc import Iterable
from dataclasses import dataclass

MEGABYTE = 1_000_000


_KNOWN_AS = {"HEIF": "HEIC"}
"""What people call a format for which Pillow has another name."""


def known_as(name: str) -> str:
    """A format of Pillow's as people call it."""
    return _KNOWN_AS.get(name, name)


def formats_called(names: Iterable[str]) -> frozenset[str]:
    """Pillow's names of formats that are called so, in whatever case."""
    pillows = {called: name for name, called in _KNOWN_AS.items()}
    return frozenset(pillows.get(name.upper(), name.upper()) for name in names)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """``formats`` are Pillow's names. ``max_aspect`` is long side over short side; None means any."""

    formats: frozenset[str]
    max_bytes: int
    max_pixels: int = 50_000_000
    min_side: int = 1
    max_aspect: float | None = None


AI_FASHION = ImageLimits(frozenset({"PNG", "JPEG", "GIF"}), max_bytes=5 * MEGABYTE)
PHOTO_FORMATS = frozenset({"AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP"})
"""What cameras and web shops make; HEIF as HEIC, which phones of Apple and Samsung do."""

TAGGER = ImageLimits(
    frozenset({"BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP"}), max_bytes=10 * MEGABYTE, min_side=20, max_aspect=10.0
)
OWN_FILE = ImageLimits(PHOTO_FORMATS, max_bytes=200 * MEGABYTE, max_pixels=150_000_000)
"""One's own files, looked at without a server: every format, and large ones."""
