"""What can go wrong where photos are looked at without a server.

Every one has a ``detail`` for people and a ``reason`` for programs. A photo's own fault is an :class:`ImageError`; what
every photo would suffer from is a :class:`VisionUnavailable`. A file that cannot be read is an ``OSError``, and an
argument that makes no sense a ``ValueError`` or ``TypeError``, as everywhere in Python.
"""

from placket.domain.errors import (
    BundleInvalid,
    BundleMismatch,
    ImageAspectRatio,
    ImageError,
    ImageFormatUnsupported,
    ImageTooManyBytes,
    ImageTooManyPixels,
    ImageTooSmall,
    PlacketError,
    VisionCrashed,
    VisionUnavailable,
)

__all__ = [
    "BundleInvalid",
    "BundleMismatch",
    "Closed",
    "ImageAspectRatio",
    "ImageError",
    "ImageFormatUnsupported",
    "ImageTooManyBytes",
    "ImageTooManyPixels",
    "ImageTooSmall",
    "PlacketError",
    "VisionCrashed",
    "VisionUnavailable",
]


class Closed(VisionUnavailable):
    """The Vision was closed, before or while it looked."""

    reason = "Closed"
