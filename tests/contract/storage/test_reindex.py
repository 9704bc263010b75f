"""Re-indexing with another bundle: new embeddings beside the old ones, then one switch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import numpy as np
import pytest

from placket.domain.applying import Computed
from placket.domain.corrections import Correction
from placket.domain.errors import BundleMismatch, InvalidParameter
from placket.domain.runs import Outcome, RunKind, RunState
from placket.search.memory import MemorySearch
from placket.services.indexing import Indexing, IndexRules
from placket.storage.database import Database
from placket.storage.leftovers import LEFTOVERS_JOB
from tests.contract.storage.world import BUNDLE, QUOTA, World, adds_up, analysis, counts, embedding, enable, planned

NEW = "bundle-2"


async def index(world: World, count: int = 4) -> None:
    await world.index([enable(n, f"p{n}") for n in range(1, count + 1)], chunk_size=10)


async def vectors(world: World, bundle: str, since: int = 0) -> dict[str, int]:
    changes = await world.documents.changes(world.service.id, bundle, since, 1000)
    return {c.product_id: len(c.vectors) for c in changes}


async def garments(world: World, bundle: str) -> dict[str, int]:
    """How many garments of a bundle each product has, whichever the service has."""
    service = replace(await world.refreshed(), bundle=bundle)
    return {d.product_id: len(d.garments) for d in await world.documents.page(service, "", 1000)}


async def reindex(world: World, bundle: str, failing: Sequence[str] = ()) -> None:
    await world.runs.accept_reindex(await world.refreshed(), bundle, 2)
    await world.work_off(failing=failing)
    assert (await world.refreshed()).bundle == bundle


async def test_it_takes_its_time_whatever_the_role_may_take_for_a_query(database_url: str) -> None:
    limited = Database(database_url + "&options=-cstatement_timeout%3D500", 2)
    world = await World(limited).open()
    await index(world)
    await world.execute(
        "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.8);"
        " RETURN NULL; END $$"
    )
    for change in ("INSERT ON index_rows", "UPDATE OF bundle ON services"):
        name = f"slowly_{change.partition(' ')[0]}"
        await world.execute(f"CREATE TRIGGER {name} AFTER {change} FOR EACH STATEMENT EXECUTE FUNCTION slowly()")
    run = await world.runs.accept_reindex(world.service, NEW, 10)
    await world.execute("DROP TRIGGER slowly_INSERT ON index_rows")
    await world.begin(run)
    ((job, work),) = await world.claim_chunks()
    ended = await world.complete(job, work)
    assert ended is not None and ended.run.state is RunState.FINISHED
    assert (await world.refreshed()).bundle == NEW
    await limited.aclose()


async def test_old_embeddings_serve_until_the_switch(world: World) -> None:
    await index(world)
    run = await world.runs.accept_reindex(world.service, NEW, 2)
    assert (run.kind, run.total, run.bundle) == ("reindex", 4, NEW)
    await world.begin(run)
    claimed = await world.claim_chunks()
    assert {work.bundle for _, work in claimed} == {NEW}
    await world.complete(*claimed[0])
    assert (await world.refreshed()).bundle == BUNDLE
    assert len((await world.documents.get(world.service, "p1")).garments) == 1
    ended = await world.complete(*claimed[1])
    assert ended is not None
    assert (ended.run.state, ended.run.updated) == (RunState.FINISHED, 4)
    service = await world.refreshed()
    assert (service.bundle, service.documents) == (NEW, 4)
    stored = (await world.documents.get(service, "p1")).garments[0]
    assert np.array_equal(stored.embedding, embedding(f"http://images.test/p1.jpg/{NEW}/0"))
    await world.work_off()
    assert await garments(world, BUNDLE) == dict.fromkeys(("p1", "p2", "p3", "p4"), 0)
    assert await vectors(world, NEW) == dict.fromkeys(("p1", "p2", "p3", "p4"), 1)
    total, _ = await world.runs.list(world.service, start=0, limit=10, order=("reserved_at", True))
    assert total == 1  # a re-indexing is no index request


async def test_what_the_new_garments_were_made_from_is_known(world: World) -> None:
    await index(world, 1)
    await reindex(world, NEW)
    known = (await world.documents.known(world.service.id, NEW, ["p1"]))["p1"]
    want = analysis(known.image_url, NEW)
    assert (known.analysis.made_from, known.analysis.etag) == (want.made_from, want.etag)
    assert await world.documents.known(world.service.id, BUNDLE, ["p1"]) == {}


async def test_documents_that_change_meanwhile_come_again(world: World) -> None:
    await index(world)
    run = await world.runs.accept_reindex(world.service, NEW, 2)
    await world.begin(run)
    claimed = await world.claim_chunks()
    await world.complete(*claimed[0])  # p1, p2 are through
    await world.documents.put(world.service, planned("p2", s1="x"), analysis("newer"), None, QUOTA)
    await world.documents.put(world.service, planned("p3", s1="x"), analysis("newer"), None, QUOTA)
    await world.documents.put(world.service, planned("p5"), analysis("p5"), None, QUOTA)
    await world.documents.delete(world.service, "p4")
    assert await world.complete(*claimed[1]) is None  # p3 changed, p4 is gone
    assert (await world.refreshed()).bundle == BUNDLE
    late = await world.claim_chunks()
    assert [r.product_id for _, work in late for r in work.rows] == ["p2", "p3", "p5"]
    ended = await world.complete(*late[0])
    assert ended is not None
    assert (ended.run.state, counts(ended.run)) == (
        RunState.FINISHED,
        {"added": 0, "updated": 5, "deleted": 0, "failed": 0, "total": 5},
    )
    service = await world.refreshed()
    assert (service.bundle, service.documents) == (NEW, 4)
    for product_id in ("p1", "p2", "p3", "p5"):
        assert len((await world.documents.get(service, product_id)).garments) == 1
    assert (await world.documents.get(service, "p3")).fields["s1"] == "x"


async def test_products_that_never_stop_changing_hold_up_no_switch(world: World) -> None:
    await index(world, 3)
    await world.runs.accept_reindex(world.service, NEW, 2)
    ended = None
    for n in range(30):
        service = await world.refreshed()
        await world.documents.put(service, planned("p2", s1=str(n)), analysis("p2", service.bundle), None, QUOTA)
        job = await world.queue.claim("w", 60.0)
        if job is None:
            break
        if job.kind == "run":
            await world.progress.start(UUID(job.subject), job, "w")
            continue
        if job.kind == LEFTOVERS_JOB:
            await world.leftovers.clear(job, "w")
            continue
        work = await world.progress.chunk(UUID(job.subject), int(job.payload["number"]))
        assert work is not None
        # Once more just before what was computed is stored: it is out of date again.
        await world.documents.put(service, planned("p2", s1=f"{n}!"), analysis("p2", service.bundle), None, QUOTA)
        ended = await world.complete(job, work, failing=["p3"])
    assert ended is not None and adds_up(ended.run)
    assert (ended.run.state, ended.run.failed) == (RunState.FINISHED, 1)
    assert (await world.refreshed()).bundle == NEW
    assert await garments(world, NEW) == {"p1": 1, "p2": 1, "p3": 0}
    assert await garments(world, BUNDLE) == {"p1": 0, "p2": 0, "p3": 1}
    assert await vectors(world, NEW) == {"p1": 1, "p2": 1, "p3": 0}


async def test_a_failed_document_keeps_its_old_embeddings_and_is_listed(world: World) -> None:
    await index(world)
    run = await world.runs.accept_reindex(world.service, NEW, 2)
    (ended,) = await world.work_off(failing=["p3"])
    assert (ended.run.state, ended.run.updated, ended.run.failed) == (RunState.FINISHED, 3, 1)
    failed = await world.runs.rows(world.service, run.id, outcome=Outcome.FAILED, start=0, limit=10)
    assert [(r.product_id, r.reason) for r in failed] == [("p3", "InvalidImageURLException")]
    assert (await garments(world, BUNDLE))["p3"] == 1
    # The second run does only what is missing, and search engines hear of it.
    service = await world.refreshed()
    again = await world.runs.accept_reindex(service, NEW, 2)
    assert again.total == 1
    await world.work_off()
    assert await vectors(world, NEW, since=service.revision) == {"p3": 1}
    assert (await garments(world, BUNDLE))["p3"] == 0
    assert (await world.refreshed()).revision > service.revision


class Vision:
    default_bundle = NEW


def indexing(world: World) -> Indexing:
    rules = IndexRules(24, "UTC", 1000, 1000, 10, 1, 2)
    return Indexing(world.services, world.runs, cast(Any, None), cast(Any, Vision()), rules)


async def test_what_failed_is_tried_anew_and_its_columns_stay(world: World) -> None:
    """By another re-indexing, or by repeating the run: that must not make an index run of rows that are not whole."""
    await world.index([enable(1, "p1", s1="x"), enable(2, "p2", s1="y")], chunk_size=10)
    use = indexing(world)
    run = await use.reindex(world.service)
    assert run is not None
    await world.work_off(failing=["p2"])
    service = await world.refreshed()
    assert await world.runs.documents_without(service, NEW) == 1
    again = await use.repeat_failed(service, run.id)
    assert (again.kind, again.total) == (RunKind.REINDEX, 1)
    await world.work_off(failing=["p2"])
    third = await use.reindex(service)
    assert third is not None
    await world.work_off()
    assert await vectors(world, NEW) == {"p1": 1, "p2": 1}
    document = await world.documents.get(service, "p2")
    assert (document.fields["s1"], document.fields["category1_id"]) == ("y", "c1")
    assert await use.reindex(service) is None
    with pytest.raises(InvalidParameter, match="no failed rows"):
        await use.repeat_failed(service, third.id)


async def test_only_what_failed_keeps_its_address_in_the_record_of_the_run(world: World) -> None:
    await index(world, 3)
    await reindex(world, NEW, failing=["p2"])
    kept = "SELECT string_agg(product_id, ',') FROM index_rows WHERE fields::text LIKE '%images.test%'"
    assert await world.scalar(kept) == "p2"


async def test_nothing_switches_when_nothing_could_be_computed(world: World) -> None:
    await index(world, 2)
    await world.runs.accept_reindex(world.service, NEW, 2)
    (ended,) = await world.work_off(failing=["p1", "p2"])
    assert (ended.run.state, ended.run.failed) == (RunState.FAILED, 2)
    assert (await world.refreshed()).bundle == BUNDLE
    assert await vectors(world, BUNDLE) == {"p1": 1, "p2": 1}


async def test_a_chunk_given_up_ends_the_run_too(world: World) -> None:
    await index(world, 2)
    run = await world.runs.accept_reindex(world.service, NEW, 2)
    await world.begin(run)
    ((job, work),) = await world.claim_chunks()
    ended = await world.progress.complete(work, job, "w", [], QUOTA)
    assert ended is not None
    assert (ended.run.state, ended.run.failed) == (RunState.FAILED, 2)


async def test_who_asks_twice_gets_the_run_that_is_under_way(world: World) -> None:
    await index(world)
    run = await world.runs.accept_reindex(world.service, NEW, 3)
    assert (await world.runs.accept_reindex(world.service, NEW, 3)).id == run.id
    await world.begin(run)
    assert (await world.runs.accept_reindex(world.service, NEW, 3)).id == run.id
    (ended,) = await world.work_off()
    assert ended.run.updated == 4
    assert await vectors(world, NEW) == dict.fromkeys(("p1", "p2", "p3", "p4"), 1)


async def test_the_bundle_that_was_asked_for_last_serves_in_the_end(world: World) -> None:
    await index(world)
    asked = [(await world.runs.accept_reindex(world.service, b, 3)).id for b in (NEW, "bundle-3", NEW)]
    assert len(set(asked)) == 3
    await world.work_off()
    assert (await world.refreshed()).bundle == NEW


async def test_an_empty_service_switches_at_once(world: World) -> None:
    run = await world.runs.accept_reindex(world.service, NEW, 2)
    ended = await world.begin(run)
    assert ended is not None
    assert ended.run.state is RunState.FINISHED
    assert (await world.refreshed()).bundle == NEW


async def test_a_cancelled_reindex_goes_on_where_it_stopped(world: World) -> None:
    await index(world)
    run = await world.runs.accept_reindex(world.service, NEW, 2)
    await world.begin(run)
    claimed = await world.claim_chunks()
    await world.complete(*claimed[0])
    cancelled = await world.runs.cancel(world.service, run.id)
    assert (cancelled.updated, cancelled.failed) == (2, 2)
    assert (await world.refreshed()).bundle == BUNDLE
    again = await world.runs.accept_reindex(world.service, NEW, 2)
    assert again.total == 2
    await world.work_off()
    assert (await world.refreshed()).bundle == NEW


async def test_an_index_run_behind_a_reindex_computes_with_the_new_bundle(world: World) -> None:
    await index(world, 1)
    await world.runs.accept_reindex(world.service, NEW, 2)
    waiting = await world.accept([enable(1, "late")])
    ended = await world.work_off()
    assert [e.run.id for e in ended][-1] == waiting.id
    service = await world.refreshed()
    (garment,) = (await world.documents.get(service, "late")).garments
    assert np.array_equal(garment.embedding, embedding(f"http://images.test/late.jpg/{NEW}/0"))


async def test_who_comes_late_is_told_of_the_switch(world: World) -> None:
    """Not that the products have no garments: nobody would ask again."""
    await index(world, 2)
    await reindex(world, NEW)
    with pytest.raises(BundleMismatch, match=NEW):
        await vectors(world, BUNDLE)


async def test_there_and_back_again_a_copy_in_memory_is_right(world: World) -> None:
    await index(world)
    warm = MemorySearch(world.documents, 10**9)
    query = embedding("http://images.test/p1.jpg/bundle-1/0")

    async def found(engine: MemorySearch) -> list[str]:
        service = await world.refreshed()
        hits = await engine.search(service.id, service.bundle, service.revision, query, limit=10)
        return [h.product_id for h in hits]

    everything = await found(warm)
    assert everything[0] == "p1" and sorted(everything) == ["p1", "p2", "p3", "p4"]
    await reindex(world, NEW)
    await reindex(world, BUNDLE, failing=["p2"])
    assert (
        await found(warm) == [p for p in everything if p != "p2"] == await found(MemorySearch(world.documents, 10**9))
    )


async def test_a_photo_that_changed_behind_its_address_is_known_by_its_new_hash(world: World) -> None:
    await index(world, 2)
    run = await world.runs.accept_reindex(world.service, NEW, 1)
    await world.begin(run)
    (job, work), rest = await world.claim_chunks()
    other = replace(analysis("another photo", NEW), width=30, height=40)
    await world.progress.complete(work, job, "w", [Computed(work.rows[0].position, other)], QUOTA)
    # Not before its garments serve.
    assert (await world.documents.get(world.service, "p1")).width == 300
    await world.complete(*rest)
    service = await world.refreshed()
    document = await world.documents.get(service, "p1")
    assert (document.image_sha256, document.width, document.height) == (other.sha256, 30, 40)
    # What somebody corrects now holds for as long as the photo does.
    garment = document.garments[0]
    await world.documents.correct(service, "p1", Correction(garment.box, "dress"))
    await world.documents.put(service, planned("p1"), other, None, QUOTA)
    assert (await world.documents.get(service, "p1")).garments[0].category.id == "dress"


@pytest.mark.parametrize("what", ["a correction", "a filter's value", "the old photo again"])
async def test_a_photo_found_changed_is_shown_whatever_is_said_of_its_product_before_the_switch(
    world: World, what: str
) -> None:
    await index(world, 2)
    run = await world.runs.accept_reindex(world.service, NEW, 1)
    await world.begin(run)
    (job, work), rest = await world.claim_chunks()
    other = replace(analysis("another photo", NEW), width=30, height=40)
    await world.progress.complete(work, job, "w", [Computed(work.rows[0].position, other)], QUOTA)
    old = await world.documents.get(world.service, "p1")
    if what == "a correction":
        await world.documents.correct(world.service, "p1", Correction(old.garments[0].box, "dress"))
    elif what == "a filter's value":
        await world.documents.refilter(world.service, "p1", {"s1": "x"})
    else:
        await world.documents.put(world.service, planned("p1"), analysis("p1"), None, QUOTA)
    await world.complete(*rest)
    await world.work_off()
    service = await world.refreshed()
    document = await world.documents.get(service, "p1")
    shown = (document.image_sha256, document.width, document.height)
    if what == "the old photo again":
        assert (service.bundle, shown[1:]) == (NEW, (300, 400))
    else:
        assert (service.bundle, shown) == (NEW, (other.sha256, 30, 40))


async def test_with_the_same_bundle_the_new_photo_is_shown_at_once(world: World) -> None:
    await index(world, 1)
    await world.execute("UPDATE garments SET bundle = 'older'")
    run = await world.runs.accept_reindex(world.service, BUNDLE, 1)
    await world.begin(run)
    ((job, work),) = await world.claim_chunks()
    other = replace(analysis("another photo"), width=30, height=40)
    await world.progress.complete(work, job, "w", [Computed(work.rows[0].position, other)], QUOTA)
    document = await world.documents.get(world.service, "p1")
    assert (document.image_sha256, document.width, document.height) == (other.sha256, 30, 40)
