"""Whoever fetches or looks at a photo says whose it is: by that those that wait take turns."""

import base64
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from placket.domain.images import AI_FASHION, TAGGER
from placket.services.catalogue import Catalogue
from placket.services.looking import Looking, Photos
from placket.services.searching import Searching, SearchOptions
from placket.services.single_tagging import SingleTagging, TaggingRules
from placket.services.stores import Caller

CALLER = Caller(7, "shop", "k")


class Asked(Exception):
    pass


class Anything:
    """Stores, and eyes that tell for whom they were asked."""

    async def get(self, *_: Any) -> Any:
        return SimpleNamespace(id=1, bundle="A", revision=3)

    async def known(self, *_: Any) -> dict[str, Any]:
        return {}

    async def spend(self, *_: Any) -> None:
        pass

    async def analyse(self, image: bytes, *, project: int | None = None, **_: Any) -> Any:
        raise Asked(project)

    async def fetch(self, url: str, *, owner: str = "", **_: Any) -> Any:
        raise Asked(int(owner))


WORLD: Any = Anything()
RULES: Any = SimpleNamespace(image=AI_FASHION, min_item_pixels=20)
BODY = json.dumps({"image": {"type": "base64", "content": "data:image/png;base64," + base64.b64encode(b"x").decode()}})
URL = "http://images.test/x"
URL_BODY = json.dumps({"image": {"type": "url", "content": URL}})
PHOTOS = Photos(WORLD, 3)
CALLS: dict[str, Callable[[], Awaitable[Any]]] = {
    "detect": lambda: Looking(WORLD, WORLD, WORLD, WORLD, 20).detect_image(CALLER, "s", b"x", AI_FASHION),
    "try": lambda: Looking(WORLD, WORLD, WORLD, WORLD, 20).look(CALLER, b"x", AI_FASHION),
    "search": lambda: Searching(WORLD, WORLD, WORLD, WORLD, WORLD, 20).by_image(
        CALLER, "s", b"x", AI_FASHION, SearchOptions(5)
    ),
    "put": lambda: Catalogue(WORLD, WORLD, WORLD, WORLD, RULES).put_product(CALLER, "s", "p", {}, b"x"),
    "detect url": lambda: Looking(WORLD, WORLD, PHOTOS, WORLD, 20).detect_url(CALLER, "s", URL, AI_FASHION),
    "tag url": lambda: SingleTagging(WORLD, WORLD, WORLD, TaggingRules(TAGGER, 5, 10)).tag(CALLER, URL_BODY.encode()),
    "tag": lambda: SingleTagging(WORLD, WORLD, WORLD, TaggingRules(TAGGER, 5, 10)).tag(CALLER, BODY.encode()),
}


@pytest.mark.parametrize("call", CALLS)
async def test_the_project_is_told(call: str) -> None:
    with pytest.raises(Asked) as asked:
        await CALLS[call]()
    assert asked.value.args == (CALLER.project_id,)
