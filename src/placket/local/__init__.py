"""Garments in photos from Python, without a server: ``Vision().analyse("photo.jpg")``.

What goes wrong is in :mod:`placket.local.errors`.
"""

from placket.domain.garments import WHOLE_IMAGE, Box
from placket.domain.images import ImageLimits
from placket.local import errors
from placket.local.index import Index, Match
from placket.local.pictures import ImageLike
from placket.local.results import LANGUAGES, Color, Garment, Label, Lang, Photo, Unusable
from placket.local.vision import Vision
from placket.pictures import pictures_in

__all__ = [
    "LANGUAGES",
    "WHOLE_IMAGE",
    "Box",
    "Color",
    "Garment",
    "ImageLike",
    "ImageLimits",
    "Index",
    "Label",
    "Lang",
    "Match",
    "Photo",
    "Unusable",
    "Vision",
    "errors",
    "pictures_in",
]
