"""Searching, where the service switches to another bundle in the middle of it."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from placket.domain.errors import BundleMismatch, LinkInvalid
from placket.domain.filters import Condition
from placket.domain.garments import Analysis, Box, Garment, Label
from placket.services.links import LinkedItem
from placket.services.ports import Hit
from placket.services.searching import Searching, SearchOptions
from placket.services.stores import Caller

CALLER = Caller(1, "shop", "k")


class Switching:
    """Store, vision and engine of a service that gets bundle B once it has been read with bundle A."""

    def __init__(self, switches: int) -> None:
        self.switches = switches
        self.looked: list[str] = []
        self.read_bundles: list[str] = []
        self.kept: dict[str, Any] = {}

    async def get_many(self, service: Any, product_ids: Any) -> dict[str, Any]:
        return self.kept

    async def get(self, project: Any, name: Any) -> Any:
        if isinstance(project, int):
            self.read_bundles.append("AB"[len(self.read_bundles) > 0])
            return SimpleNamespace(id=1, bundle=self.read_bundles[-1], revision=3)
        return SimpleNamespace(garments=[SimpleNamespace(embedding=np.ones(256))], image_sha256="")

    async def search(self, service: int, bundle: str, *_: Any, **__: Any) -> list[Hit]:
        if self.switches:
            self.switches -= 1
            raise BundleMismatch("switched")
        return [Hit("p", 0.5)]

    async def analyse(self, image: bytes, *, bundle: str, **_: Any) -> Analysis:
        self.looked.append(bundle)
        worn = Garment("TOP", Label("shirt", 1.0), Box(0, 0, 1, 1), 0.9, {}, np.ones(256, np.float32) / 16)
        return Analysis(100, 100, (worn,), bundle, "")

    def read(self, link: str, project: int) -> LinkedItem:
        return LinkedItem("A", np.ones(256, np.float32) / 16, "")

    def similarity(self, cosine: float, bundle: str) -> float:
        return cosine


def searching(world: Switching) -> Searching:
    return Searching(world, world, world, world, world, 20)  # type: ignore[arg-type]


async def test_it_asks_once_more_with_the_bundle_that_the_service_has_then() -> None:
    world = Switching(1)
    (match,) = (await searching(world).by_product(CALLER, "s", "q", SearchOptions(5))).matches
    assert (match.product_id, world.read_bundles) == ("p", ["A", "B"])


async def test_by_a_photo_too_which_is_looked_at_anew() -> None:
    world = Switching(1)
    limits: Any = None
    _, found = await searching(world).by_image(CALLER, "s", b"photo", limits, SearchOptions(5))
    (match,) = found.matches
    assert (match.product_id, world.looked) == ("p", ["A", "B"])


async def test_by_a_link_which_is_of_a_bundle_and_refused_then() -> None:
    with pytest.raises(LinkInvalid):
        await searching(Switching(1)).by_link(CALLER, "s", "link", SearchOptions(5))


async def test_which_garment_of_a_product_is_like_the_query() -> None:
    """The one that made its similarity, also where it is not the main one; none of a product that is gone meanwhile."""
    world = Switching(0)
    outfit = [SimpleNamespace(embedding=np.eye(256, dtype=np.float32)[n] * (0.5 + n)) for n in range(3)]
    world.kept = {"p": SimpleNamespace(garments=outfit)}
    (match,) = (await searching(world).by_product(CALLER, "s", "q", SearchOptions(5), details=True)).matches
    assert (match.document, match.place) == (world.kept["p"], 2)
    world.kept = {}
    (gone,) = (await searching(world).by_product(CALLER, "s", "q", SearchOptions(5), details=True)).matches
    assert gone.document is None


async def test_it_does_not_ask_for_ever() -> None:
    with pytest.raises(BundleMismatch):
        await searching(Switching(2)).by_product(CALLER, "s", "q", SearchOptions(5))


@pytest.mark.parametrize(("threshold", "shown"), [(None, 1), (0.5, 1), (0.50001, 0)])
async def test_a_product_that_just_reaches_the_threshold_is_shown(threshold: float | None, shown: int) -> None:
    found = await searching(Switching(0)).by_product(CALLER, "s", "q", SearchOptions(5, threshold=threshold))
    assert (len(found.matches), found.best) == (shown, 0.5)


@pytest.mark.parametrize(("value", "left_out"), [("x", True), ("", False)])
def test_of_those_with_its_own_value_a_product_is_the_best(value: str, left_out: bool) -> None:
    document: Any = SimpleNamespace(fields={"s1": value})
    own = Condition("s1", ("x",), negated=True)
    assert SearchOptions(5, collapse="s1").without_those_like(document).conditions == ((own,) if left_out else ())
    assert SearchOptions(5).without_those_like(document).conditions == ()
