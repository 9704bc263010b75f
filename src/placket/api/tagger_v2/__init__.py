"""The Tagger v2.12 API: bulk tagging tasks, and one image at once."""

from placket.api.parts import Face
from placket.api.tagger_v2.answers import render_error
from placket.api.tagger_v2.bulk import BulkCalls
from placket.api.tagger_v2.parts import TaggerParts
from placket.api.tagger_v2.routes import PREFIX, Routes
from placket.api.tagger_v2.single import SingleCalls

__all__ = ["TaggerParts", "tagger_face"]


def tagger_face(parts: TaggerParts) -> Face:
    routes = Routes()
    SingleCalls(parts).add_to(routes)
    BulkCalls(parts).add_to(routes)
    return Face(PREFIX, render_error, routes.router, most_bytes=parts.most_bytes)
