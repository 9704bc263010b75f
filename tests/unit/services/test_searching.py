"""Searching, where the service switches to another bundle in the middle of it."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from placket.domain.errors import BundleMismatch
from placket.services.ports import Hit
from placket.services.searching import Searching, SearchOptions
from placket.services.stores import Caller

CALLER = Caller(1, "shop", "k")


class Switching:
    """Store, vision and engine of a service that gets bundle B once it has been read with bundle A."""

    def __init__(self, switches: int) -> None:
        self.switches = switches
        self.read: list[str] = []

    async def get(self, project: Any, name: Any) -> Any:
        if isinstance(project, int):
            self.read.append("AB"[len(self.read) > 0])
            return SimpleNamespace(id=1, bundle=self.read[-1], revision=3)
        return SimpleNamespace(garments=[SimpleNamespace(embedding=np.ones(256))], image_sha256="")

    async def search(self, service: int, bundle: str, *_: Any, **__: Any) -> list[Hit]:
        if self.switches:
            self.switches -= 1
            raise BundleMismatch("switched")
        return [Hit("p", 0.5)]

    def similarity(self, cosine: float, bundle: str) -> float:
        return cosine


def searching(world: Switching) -> Searching:
    return Searching(world, world, world, world, None, 20)  # type: ignore[arg-type]


async def test_it_asks_once_more_with_the_bundle_that_the_service_has_then() -> None:
    world = Switching(1)
    (match,) = await searching(world).by_product(CALLER, "s", "q", SearchOptions(5))
    assert (match.product_id, world.read) == ("p", ["A", "B"])


async def test_it_does_not_ask_for_ever() -> None:
    with pytest.raises(BundleMismatch):
        await searching(Switching(2)).by_product(CALLER, "s", "q", SearchOptions(5))
