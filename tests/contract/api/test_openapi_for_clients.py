"""The whole OpenAPI document, as programs that make clients from it read it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from placket.api.app import create_app
from placket.api.placket_v1.usage import usage_face
from placket.api.tagger_v2 import TaggerParts, tagger_face
from tests.support.memory import MemoryInstallation


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Of everything that is served; nothing of it is called."""
    nothing: Any = None
    faces = (tagger_face(TaggerParts(nothing, nothing, nothing, 1)), usage_face(nothing))
    return create_app(replace(MemoryInstallation().parts, faces=faces)).openapi()


def test_a_shape_has_one_plain_name_of_its_own(document: dict[str, Any]) -> None:
    """Makers of clients name a class by the title: of two with one name they make one, and leave the other's calls
    without an answer."""
    shapes = document["components"]["schemas"]
    assert [name for name in shapes if not re.fullmatch("[A-Z][A-Za-z]+", name)] == []
    assert {name: shape["title"] for name, shape in shapes.items()} == {name: name for name in shapes}
