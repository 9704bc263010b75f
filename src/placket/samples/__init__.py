"""Pictures of products that this project draws itself: for the demo, the documentation and the tests."""

from placket.samples.cloth import PATTERNS
from placket.samples.palette import COLORS
from placket.samples.pictures import CATEGORIES, Sample, Scene, camera_photo, catalogue, draw, scene

__all__ = ["CATEGORIES", "COLORS", "PATTERNS", "Sample", "Scene", "camera_photo", "catalogue", "draw", "scene"]
