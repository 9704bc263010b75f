"""What a re-indexing has replaced goes afterwards, in portions; until then it harms nothing."""

from dataclasses import replace

import pytest

from placket.domain.errors import StorageUnavailable
from placket.services.stores import Job
from placket.storage.leftovers import LEFTOVERS_JOB
from tests.contract.storage.world import BUNDLE, QUOTA, World, analysis, compute, enable, planned

NEW, NEWEST = "bundle-2", "bundle-3"


async def switched(world: World, *changed: str, products: int = 5) -> Job:
    """A service that serves NEW, and the job that clears away what it had. ``changed``: photos that did, behind their
    addresses."""
    await world.index([enable(n, f"p{n}") for n in range(1, products + 1)], chunk_size=10)
    await world.begin(await world.runs.accept_reindex(world.service, NEW, 10))
    ((job, work),) = await world.claim_chunks()
    other = analysis("another photo", NEW)
    positions = {r.position for r in work.rows if r.product_id in changed}
    found = [replace(c, analysis=other) if c.position in positions else c for c in compute(work)]
    assert await world.progress.complete(work, job, "w", found, QUOTA) is not None
    job = await world.claim()
    assert (job.kind, (await world.refreshed()).bundle) == (LEFTOVERS_JOB, NEW)
    return job


async def garments(world: World, bundle: str) -> str:
    """The products that have some of this bundle."""
    found = await world.scalar(
        "SELECT coalesce(string_agg(DISTINCT d.product_id, ' '), '') FROM documents d"
        " JOIN garments g ON g.document_id = d.id WHERE g.bundle = :bundle",
        bundle=bundle,
    )
    return str(found)


async def test_the_switch_does_not_wait_until_all_is_gone(world: World) -> None:
    job = await switched(world)
    assert await garments(world, BUNDLE) == "p1 p2 p3 p4 p5"
    await world.leftovers.clear(job, "w")
    assert (await garments(world, BUNDLE), await garments(world, NEW)) == ("", "p1 p2 p3 p4 p5")
    assert await world.depth() == 0


async def test_what_goes_on_meanwhile_waits_for_no_more_than_a_portion(world: World) -> None:
    """A portion is a transaction: one that breaks takes back nothing of those before it."""
    job = await switched(world)
    await world.execute(
        "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT product_id FROM documents"
        " WHERE id = OLD.document_id) = 'p3' THEN RAISE 'broken' USING ERRCODE = '57P01'; END IF; RETURN OLD; END $$"
    )
    await world.execute("CREATE TRIGGER breaks BEFORE DELETE ON garments FOR EACH ROW EXECUTE FUNCTION break()")
    with pytest.raises(StorageUnavailable):
        await world.leftovers.clear(job, "w")
    assert await garments(world, BUNDLE) == "p3 p4 p5"
    await world.execute("DROP TRIGGER breaks ON garments")
    await world.leftovers.clear(job, "w")
    assert (await garments(world, BUNDLE), await world.depth()) == ("", 0)


async def test_the_only_garments_of_a_product_stay(world: World) -> None:
    await world.index([enable(1, "p1"), enable(2, "p2")])
    await world.runs.accept_reindex(world.service, NEW, 10)
    await world.work_off(failing=["p2"])
    assert (await garments(world, BUNDLE), await garments(world, NEW)) == ("p2", "p1")


async def test_back_again_before_all_is_gone_what_is_left_serves(world: World) -> None:
    """But not garments of a photo that is another by now."""
    job = await switched(world, "p2", products=3)
    assert await garments(world, BUNDLE) == "p1 p3"
    run = await world.runs.accept_reindex(await world.refreshed(), BUNDLE, 10)
    assert run.total == 1
    await world.leftovers.clear(job, "w")  # that run has need of them
    assert await garments(world, BUNDLE) == "p1 p3"
    await world.work_off()
    assert (await world.refreshed()).bundle == BUNDLE
    assert (await garments(world, BUNDLE), await garments(world, NEW)) == ("p1 p2 p3", "")


async def test_what_another_reindexing_has_under_way_stays(world: World) -> None:
    job = await switched(world, products=2)
    await world.begin(await world.runs.accept_reindex(await world.refreshed(), NEWEST, 1))
    (first, second) = await world.claim_chunks()
    await world.complete(*first)
    await world.leftovers.clear(job, "w")
    assert (await garments(world, BUNDLE), await garments(world, NEWEST)) == ("", "p1")
    await world.complete(*second)
    assert (await world.refreshed()).bundle == NEWEST


async def test_after_another_switch_it_is_that_ones_business(world: World) -> None:
    job = await switched(world, products=2)
    await world.runs.accept_reindex(await world.refreshed(), NEWEST, 10)
    await world.work_off()
    await world.documents.put(await world.refreshed(), planned("p3"), analysis("p3", NEWEST), None, QUOTA)
    await world.leftovers.clear(job, "w")
    assert (await garments(world, NEW), await garments(world, NEWEST)) == ("", "p1 p2 p3")


async def test_of_a_deleted_service_nothing_is_to_be_done(world: World) -> None:
    job = await switched(world, products=2)
    await world.services.delete(world.project, world.service.name)
    await world.leftovers.clear(job, "w")
    assert await world.depth() == 0
