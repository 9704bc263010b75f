"""What is out of date: rows of files that something later has overtaken, also where a run is repeated."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from placket.domain.errors import NothingToRepeat
from placket.domain.runs import Outcome, Run
from placket.storage.run_rows import superseded_lines
from tests.contract.storage.test_reindex import indexing
from tests.contract.storage.world import (
    QUOTA,
    World,
    analysis,
    bad,
    compute,
    counts,
    disable,
    enable,
    planned,
)


async def test_a_product_written_by_itself_outlives_a_file_that_was_accepted_before(world: World) -> None:
    await world.index([enable(n, f"p{n}") for n in range(1, 6)])
    rows = [enable(1, "p1"), enable(2, "p2"), disable(3, "p3"), enable(4, "p4", s1="old"), enable(5, "p5")]
    old = await world.accept(rows)
    await world.documents.put(world.service, planned("p1", s1="put"), analysis("put"), None, QUOTA)
    await world.documents.delete(world.service, "p2")
    await world.documents.put(world.service, planned("p3", s1="put"), analysis("put"), None, QUOTA)
    await world.documents.refilter(world.service, "p5", {"s1": "sold"})
    new = await world.accept([enable(1, "p1", s1="new"), enable(2, "p6")])
    first, second = await world.work_off()
    assert (first.run.id, counts(first.run)) == (
        old.id, {"added": 0, "updated": 1, "deleted": 0, "failed": 4, "total": 5},
    )  # fmt: skip
    failed = await world.runs.rows(world.service, old.id, outcome=Outcome.FAILED, start=0, limit=10)
    assert [(r.product_id, r.reason) for r in failed] == [(f"p{n}", "Superseded") for n in (1, 2, 3, 5)]
    # Repeating the file's rows does not undo it, nor what is written after the run has ended.
    with pytest.raises(NothingToRepeat):
        await indexing(world).repeat_failed(await world.refreshed(), old.id)
    # What is accepted after it counts.
    assert (second.run.id, second.run.updated, second.run.added, second.run.failed) == (new.id, 1, 1, 0)
    found = await world.documents.get_many(world.service, [f"p{n}" for n in range(1, 7)])
    values = {p: d.fields["s1"] for p, d in found.items()}
    assert values == {"p1": "new", "p3": "put", "p4": "old", "p5": "sold", "p6": ""}
    assert (await world.refreshed()).documents == 5


async def superseded(world: World, run: Run) -> set[int]:
    async with world.database.read() as connection:
        return await superseded_lines(connection, world.service.id, run.id)


async def test_a_file_that_is_accepted_after_a_clock_was_put_back_is_not_out_of_date(world: World) -> None:
    await world.documents.put(world.service, planned("p1", s1="put"), analysis("put"), None, QUOTA)
    # So it was stored when the clock was two hours ahead.
    await world.execute("UPDATE documents SET put_at = put_at + interval '2 hours'")
    run = await world.accept([enable(1, "p1", s1="file")])
    assert await superseded(world, run) == set()
    (ended,) = await world.work_off()
    assert (ended.run.updated, ended.run.failed) == (1, 0)
    # A file that waits since before the clock was put back is as old as it was.
    late = await world.accept([enable(1, "p1", s1="late")])
    await world.execute("UPDATE index_runs SET reserved_at = reserved_at + interval '1 hour'")
    assert await superseded(world, late) == {1}
    (ended,) = await world.work_off()
    assert (ended.run.updated, ended.run.failed) == (0, 1)


async def test_repeating_a_run_does_not_undo_what_was_written_since(world: World) -> None:
    run = await world.accept([enable(1, "p1", s1="file"), enable(2, "p2", s1="file")])
    (ended,) = await world.work_off(failing=["p1", "p2"])
    assert ended.run.failed == 2
    await world.documents.put(world.service, planned("p1", s1="put"), analysis("put"), None, QUOTA)
    again = await indexing(world).repeat_failed(await world.refreshed(), run.id)
    assert again.total == 1
    # And not what is written while the new run waits.
    await world.documents.put(world.service, planned("p2", s1="put"), analysis("put"), None, QUOTA)
    await world.work_off()
    found = await world.documents.get_many(world.service, ["p1", "p2"])
    assert {p: d.fields["s1"] for p, d in found.items()} == {"p1": "put", "p2": "put"}


async def test_repeating_a_run_does_not_undo_what_is_written_at_that_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await world.accept([enable(1, "p1", s1="file"), enable(2, "p2", s1="file")])
    await world.work_off(failing=["p1", "p2"])
    now = world.services.now

    async def put_first() -> datetime:
        await world.documents.put(world.service, planned("p1", s1="put"), analysis("put"), None, QUOTA)
        return await now()

    monkeypatch.setattr(world.services, "now", put_first)
    again = await indexing(world).repeat_failed(await world.refreshed(), run.id)
    (row,) = await world.runs.rows(world.service, again.id, outcome=None, start=0, limit=9)
    assert row.product_id == "p2"


async def test_of_two_who_repeat_a_run_at_once_one_does(world: World) -> None:
    run = await world.accept([enable(1, "p1")])
    await world.work_off(failing=["p1"])
    service = await world.refreshed()
    two = await asyncio.gather(*(indexing(world).repeat_failed(service, run.id) for _ in "ab"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in two) == ["NothingToRepeat", "Run"]


async def test_repeating_a_run_does_not_undo_what_later_runs_did(world: World) -> None:
    """Monday's photos come back on Thursday, when Tuesday's file and Wednesday's have said what holds."""
    monday = [enable(1, "moved"), enable(2, "gone"), disable(3, "came"), enable(4, "waits"), enable(5, "lost")]
    run = await world.accept([*monday, bad(6, "wrong")])
    await world.work_off(failing=["moved", "gone", "waits", "lost"])
    await world.index([enable(1, "moved", s1="tuesday"), enable(2, "gone"), enable(3, "came")])
    await world.index([disable(1, "gone"), bad(2, "lost")])
    # Runs act one after another: this one comes before whatever is accepted after it.
    await world.accept([enable(1, "waits", s1="wednesday")])
    assert await superseded(world, run) == {1, 2, 3, 4}
    again = await indexing(world).repeat_failed(await world.refreshed(), run.id)
    assert again.total == 1
    await world.work_off()
    found = await world.documents.get_many(world.service, ["moved", "gone", "came", "waits", "lost"])
    assert {p: d.fields["s1"] for p, d in found.items()} == {
        "moved": "tuesday", "came": "", "waits": "wednesday", "lost": "",
    }  # fmt: skip
    # Repeated twice, as by two clicks, it does nothing twice.
    with pytest.raises(NothingToRepeat):
        await indexing(world).repeat_failed(await world.refreshed(), run.id)


async def test_repeating_a_run_does_not_undo_what_its_own_later_rows_did(world: World) -> None:
    run = await world.accept([enable(1, "a"), enable(2, "a"), enable(3, "b"), enable(4, "b")], chunk_size=4)
    await world.begin(run)
    ((job, work),) = await world.claim_chunks()
    computed = compute(work)
    results = [replace(c, analysis=None, reason="ImageTimeoutError") if c.position in (0, 3) else c for c in computed]
    await world.progress.complete(work, job, "w", results, QUOTA)
    assert await superseded(world, run) == {1}
    again = await indexing(world).repeat_failed(await world.refreshed(), run.id)
    (row,) = await world.runs.rows(world.service, again.id, outcome=None, start=0, limit=10)
    assert (row.line, row.product_id) == (4, "b")
