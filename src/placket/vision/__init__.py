"""Bytes of a photo to garments: decoding, detector, encoder, tags. Implements the port ``Vision``.

Networks run in child processes only (:class:`VisionPool`), or in the caller's own
(:class:`placket.vision.local.LocalVision`, for the command line and for evaluation).
"""

import os

# Before anything loads ONNX Runtime: from then on it would keep a number for this machine, and report to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from placket.vision.bundle import Bundle, read_bundle
from placket.vision.library import BundleLibrary
from placket.vision.pool import VisionPool
from placket.vision.statistics import VisionStatistics

__all__ = ["Bundle", "BundleLibrary", "VisionPool", "VisionStatistics", "read_bundle"]
