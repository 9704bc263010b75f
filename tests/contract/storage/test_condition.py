"""What a process says of itself beside its database."""

from typing import Any, cast

from placket.condition import Condition
from placket.vision import VisionPool
from placket.vision.library import BundleLibrary
from tests.contract.storage.world import BUNDLE, World
from tests.support.tiny_bundle import write_tiny_bundle


async def test_bundles_that_services_need_and_this_machine_lacks_are_told(world: World, tmp_path: Any) -> None:
    bundle = write_tiny_bundle(tmp_path / "bundle", "newest")
    vision = VisionPool(BundleLibrary(tmp_path / "data", str(bundle)))
    nothing = cast(Any, None)
    condition = Condition(world.database, world.queue, world.services, vision, nothing, world.tallies, 15.0, list)
    await world.services.create(world.project, "a", "newest", 5)
    assert await condition.warnings() == [f"services need bundle {BUNDLE}, which is not here"]
    labelled = await condition.labelled()
    assert labelled["services"].values == {(BUNDLE,): 1, ("newest",): 1}
    assert labelled["bundle_info"].values == {("newest",): 1}
    await world.services.delete(world.project, "main")
    assert await condition.warnings() == []
