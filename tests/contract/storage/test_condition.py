"""What a process says of itself beside its database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy.event

from placket.condition import Condition
from placket.search import MemorySearch
from placket.vision import VisionPool
from placket.vision.library import BundleLibrary
from tests.contract.storage.world import BUNDLE, World
from tests.support.tiny_bundle import write_tiny_bundle


@pytest.fixture
async def condition(world: World, tmp_path: Path) -> AsyncIterator[Condition]:
    """Of a process whose bundle is another than that of the world's service."""
    vision = VisionPool(BundleLibrary(tmp_path / "data", str(write_tiny_bundle(tmp_path / "bundle", "newest"))))
    search = MemorySearch(world.documents, 1)
    yield Condition(world.database, world.queue, world.services, vision, search, world.tallies, 15.0, list)
    await search.aclose()


async def test_bundles_that_services_need_and_this_machine_lacks_are_told(world: World, condition: Condition) -> None:
    await world.services.create(world.project, "a", "newest", 5)
    assert await condition.warnings() == [f"services need bundle {BUNDLE}, which is not here"]
    figures = await condition.figures()
    assert figures["services"].values == {(BUNDLE,): 1, ("newest",): 1}
    assert figures["bundle_info"].values == {("newest",): 1}
    assert figures["warnings"].values == {(): 1}
    await world.services.delete(world.project, "main")
    assert await condition.warnings() == []


async def test_for_all_figures_the_database_is_asked_nothing_twice(world: World, condition: Condition) -> None:
    asked: list[str] = []
    engine = world.database._engine.sync_engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    await condition.figures()
    assert len(asked) == len(set(asked)) > 1
