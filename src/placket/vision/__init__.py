"""Bytes of a photo to garments: decoding, detector, encoder, tags. Implements the port ``Vision``.

Networks run in child processes only (:class:`VisionPool`), or in the caller's own
(:class:`placket.vision.local.LocalVision`, for evaluation).
"""

from placket.vision.bundle import Bundle, read_bundle
from placket.vision.library import BundleLibrary
from placket.vision.pool import VisionPool
from placket.vision.statistics import VisionStatistics

__all__ = ["Bundle", "BundleLibrary", "VisionPool", "VisionStatistics", "read_bundle"]
