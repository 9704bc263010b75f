"""Index runs: accepted, listed, read, cancelled, purged."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from placket.domain.errors import (
    IndexQuotaExceeded,
    IndexRequestInProgress,
    NoSuchRun,
    RunNotCancellable,
    StorageUnavailable,
)
from placket.domain.runs import Outcome, RunKind, RunState
from placket.storage import retention
from placket.storage.database import Database
from placket.storage.runs import PostgresRuns
from tests.contract.storage.world import BUNDLE, World, adds_up, bad, counts, disable, enable


async def test_an_accepted_run_waits_with_one_job(world: World) -> None:
    run = await world.accept([enable(1, "a"), bad(2), disable(3, "b")])
    assert (run.state, run.kind, run.filename, run.service) == (RunState.RESERVED, "index", "catalogue.jsonl", "main")
    assert (run.started_at, run.finished_at, run.bundle, run.pending) == (None, None, BUNDLE, 3)
    assert abs((datetime.now(UTC) - run.reserved_at).total_seconds()) < 60
    assert await world.runs.get(world.service, run.id) == run
    assert await world.depth() == 1
    rows = await world.runs.rows(world.service, run.id, outcome=None, start=0, limit=10)
    assert [(r.line, r.product_id, r.outcome) for r in rows] == [(1, "a", None), (2, "", None), (3, "b", None)]


async def test_runs_of_a_service_go_one_after_another(world: World) -> None:
    first, second = await world.accept([enable(1, "a")]), await world.accept([disable(1, "a")])
    job = await world.claim()
    assert job.subject == str(first.id)
    assert await world.queue.claim("other", 60.0) is None
    await world.progress.start(first.id, job, "w")
    assert await world.depth() == 1
    ended = await world.work_off()
    assert [e.run.id for e in ended] == [first.id, second.id]
    assert [counts(e.run)["deleted"] for e in ended] == [0, 1]


async def test_of_dry_runs_the_latest_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_MOST_CHECKS", 3)
    indexed = await world.accept([enable(1, "a")])
    checked = [await world.accept([enable(1, "a")], kind=RunKind.CHECK) for _ in range(3)]
    with pytest.raises(IndexRequestInProgress, match="still to be checked"):
        await world.accept([enable(1, "a")], kind=RunKind.CHECK)
    await world.accept([enable(1, "a")])  # is no dry run
    await world.work_off()
    for _ in range(2):
        checked.append(await world.accept([enable(1, "a")], kind=RunKind.CHECK))
        await world.work_off()
    _, runs = await world.runs.list(
        world.service, start=0, limit=10, order=("reserved_at", False), kinds=(RunKind.CHECK,)
    )
    assert [r.id for r in runs] == [r.id for r in checked[2:]]
    assert await world.runs.get(world.service, indexed.id)
    assert await world.scalar("SELECT count(*) FROM index_rows") == 5


async def test_a_row_count_at_the_edge_of_an_sql_smallint(world: World) -> None:
    run = await world.accept([bad(n) for n in range(1, 32_768)], chunk_size=8000)
    rows = await world.scalar(
        "SELECT sum(last_position - first_position + 1) FROM index_chunks WHERE run_id = :r", r=run.id
    )
    assert (run.total, rows) == (32_767, 32_767)


@pytest.mark.parametrize(
    ("rows", "chunk", "chunks"), [(1, 32, [(0, 0)]), (4, 2, [(0, 1), (2, 3)]), (5, 4, [(0, 3), (4, 4)])]
)
async def test_rows_are_cut_into_chunks(world: World, rows: int, chunk: int, chunks: list[tuple[int, int]]) -> None:
    run = await world.accept([enable(n + 1, f"p{n}") for n in range(rows)], chunk_size=chunk)
    await world.begin(run)
    claimed = await world.claim_chunks()
    assert [(work.rows[0].position, work.rows[-1].position) for _, work in claimed] == chunks


async def test_the_daily_quota_is_for_index_requests_of_the_day(world: World) -> None:
    for _ in range(2):
        await world.accept([enable(1, "a")], quota=2)
    with pytest.raises(IndexQuotaExceeded):
        await world.accept([enable(1, "a")], quota=2)
    await world.accept([enable(1, "a")], kind=RunKind.CHECK, quota=2)
    await world.accept([enable(1, "a")], quota=None)
    await world.execute("UPDATE index_runs SET reserved_at = '1999-12-31'")
    await world.accept([enable(1, "a")], quota=1)


async def test_the_daily_quota_holds_for_simultaneous_requests(world: World) -> None:
    given = await asyncio.gather(*(world.accept([enable(1, "a")], quota=3) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(g, IndexQuotaExceeded) for g in given) == 5


async def test_one_request_is_received_at_a_time(world: World) -> None:
    other_process = PostgresRuns(world.database)
    async with world.runs.receiving(world.service.id):
        for runs in (world.runs, other_process):
            with pytest.raises(IndexRequestInProgress):
                async with runs.receiving(world.service.id):
                    pass
        async with other_process.receiving(world.service.id + 1):
            pass
    async with other_process.receiving(world.service.id):
        pass
    with pytest.raises(ValueError, match="body"):
        async with world.runs.receiving(world.service.id):
            raise ValueError("body")
    async with world.runs.receiving(world.service.id):
        pass


async def test_the_list_is_of_index_requests_unless_other_kinds_are_asked_for(world: World) -> None:
    indexed = await world.accept([enable(1, "a")])
    checked = await world.accept([enable(1, "a")], kind=RunKind.CHECK)
    every = {"start": 0, "limit": 10, "order": ("reserved_at", False)}
    assert [r.id for r in (await world.runs.list(world.service, **every))[1]] == [indexed.id]
    both = (RunKind.INDEX, RunKind.CHECK)
    assert [r.id for r in (await world.runs.list(world.service, **every, kinds=both))[1]] == [indexed.id, checked.id]


async def test_receiving_holds_no_connection_of_the_pool(world: World) -> None:
    small = Database(world.database.url, pool_size=2)
    try:
        runs = PostgresRuns(small)
        async with runs.receiving(1), runs.receiving(2), runs.receiving(3), runs.receiving(4):
            await asyncio.wait_for(small.ping(), 5)
    finally:
        await small.aclose()


async def test_receiving_with_the_database_away(world: World) -> None:
    away = Database("postgresql://placket@/placket?host=/nonexistent")
    runs = PostgresRuns(away)
    for _ in range(2):  # a failure leaves nothing held
        with pytest.raises(StorageUnavailable):
            async with runs.receiving(1):
                pass
    await away.aclose()


async def test_listing_sorts_pages_and_filters(world: World) -> None:
    small = await world.index([enable(1, "a")])
    large = await world.index([enable(1, "a"), enable(2, "b"), enable(3, "c")])
    failed = await world.index([bad(1), bad(2)])
    waiting = await world.accept([enable(1, "d")])
    await world.accept([enable(1, "e")], kind=RunKind.CHECK)  # is no index request

    async def listed(field: str, descending: bool, *states: RunState, start: int = 0, limit: int = 10) -> list[str]:
        total, runs = await world.runs.list(
            world.service, start=start, limit=limit, order=(field, descending), states=states
        )
        assert total == (len(runs) if (start, limit) == (0, 10) else 4)
        return [names[r.id] for r in runs]

    names = {small.id: "small", large.id: "large", failed.id: "failed", waiting.id: "waiting"}
    assert await listed("reserved_at", True) == ["waiting", "failed", "large", "small"]
    assert await listed("reserved_at", False) == ["small", "large", "failed", "waiting"]
    assert await listed("reserved_at", True, start=1, limit=2) == ["failed", "large"]
    assert await listed("reserved_at", True, start=4, limit=2) == []
    assert await listed("total", True) == ["large", "failed", "waiting", "small"]
    assert await listed("added", True) == ["large", "small", "waiting", "failed"]
    assert await listed("failed", True) == ["failed", "waiting", "large", "small"]
    assert await listed("updated", False) == ["small", "failed", "waiting", "large"]
    assert await listed("finished_at", False) == ["waiting", "small", "large", "failed"]
    assert await listed("started_at", True) == ["failed", "large", "small", "waiting"]
    assert await listed("reserved_at", True, RunState.FINISHED) == ["large", "small"]
    assert await listed("reserved_at", True, RunState.FAILED, RunState.RESERVED) == ["waiting", "failed"]
    assert await listed("reserved_at", True, RunState.RUNNING) == []


async def test_a_run_of_another_service_does_not_exist(world: World) -> None:
    run = await world.accept([enable(1, "a")])
    other = await world.services.create(world.project, "other", BUNDLE, 5)
    for runs_call in (
        world.runs.get(other, run.id),
        world.runs.cancel(other, run.id),
        world.runs.rows(other, run.id, outcome=None, start=0, limit=1),
        world.runs.get(world.service, uuid4()),
    ):
        with pytest.raises(NoSuchRun):
            await runs_call
    assert (await world.runs.get(world.service, run.id)).state is RunState.RESERVED


async def test_cancelling_a_waiting_run_lets_the_next_one_begin(world: World) -> None:
    first, second = await world.accept([enable(1, "a"), bad(2)]), await world.accept([enable(1, "b")])
    cancelled = await world.runs.cancel(world.service, first.id)
    assert (cancelled.state, cancelled.cancelled, counts(cancelled)["failed"]) == (RunState.FAILED, True, 2)
    assert cancelled.finished_at is not None
    rows = await world.runs.rows(world.service, first.id, outcome=Outcome.FAILED, start=0, limit=10)
    assert {r.reason for r in rows} == {"Cancelled"}
    assert [e.run.id for e in await world.work_off()] == [second.id]
    assert await world.ids() == ["b"]


async def test_cancelling_a_running_run_keeps_what_is_done(world: World) -> None:
    run = await world.accept([enable(n, f"p{n}") for n in range(1, 7)], chunk_size=2)
    await world.begin(run)
    claimed = await world.claim_chunks()
    await world.complete(*claimed[0])
    await world.complete(*claimed[2])  # computed, but not yet its turn
    cancelled = await world.runs.cancel(world.service, run.id)
    assert counts(cancelled) == {"added": 2, "updated": 0, "deleted": 0, "failed": 4, "total": 6}
    assert (cancelled.state, cancelled.pending) == (RunState.FINISHED, 0)
    assert await world.complete(*claimed[1]) is None
    assert await world.ids() == ["p1", "p2"]
    assert await world.runs.get(world.service, run.id) == cancelled
    assert await world.depth() == 0
    rows = await world.runs.rows(world.service, run.id, outcome=Outcome.FAILED, start=1, limit=2)
    assert [(r.line, r.reason, (r.fields or {})["category1_id"]) for r in rows] == [
        (4, "Cancelled", "c1"),
        (5, "Cancelled", "c1"),
    ]


async def test_cancelling_between_claim_and_start(world: World) -> None:
    run = await world.accept([enable(1, "a")])
    job = await world.claim()
    await world.runs.cancel(world.service, run.id)
    assert await world.progress.start(run.id, job, "w") is None
    assert (await world.runs.get(world.service, run.id)).state is RunState.FAILED
    assert await world.depth() == 0


async def test_cancelling_and_starting_at_once_never_wait_in_a_circle(world: World) -> None:
    for _ in range(8):
        run = await world.accept([enable(n, f"p{n}") for n in range(1, 5)])
        job = await world.claim()
        await asyncio.gather(world.progress.start(run.id, job, "w"), world.runs.cancel(world.service, run.id))
        ended = await world.runs.get(world.service, run.id)
        assert (ended.cancelled, adds_up(ended)) == (True, True)
        assert await world.depth() == 0


async def test_an_ended_run_cannot_be_cancelled(world: World) -> None:
    run = await world.index([enable(1, "a")])
    with pytest.raises(RunNotCancellable):
        await world.runs.cancel(world.service, run.id)
    waiting = await world.accept([enable(1, "b")])
    await world.runs.cancel(world.service, waiting.id)
    with pytest.raises(RunNotCancellable):
        await world.runs.cancel(world.service, waiting.id)


async def test_a_webhook_is_due_when_a_run_ends_or_is_cancelled(world: World) -> None:
    run = await world.accept([enable(1, "a")], callback="https://shop.test/hook")
    await world.begin(run)
    ((job, work),) = await world.claim_chunks()
    ended = await world.complete(job, work)
    assert ended is not None
    assert (ended.project_id, ended.callback_url) == (world.project, "https://shop.test/hook")
    hook = await world.claim()
    assert (hook.kind, hook.subject) == ("webhook", str(run.id))
    assert await world.runs.ended_run(run.id) == ended
    await world.queue.finish(hook)
    cancelled = await world.accept([enable(1, "a")], callback="https://shop.test/hook")
    await world.runs.cancel(world.service, cancelled.id)
    assert (await world.claim()).subject == str(cancelled.id)
    assert await world.runs.ended_run(uuid4()) is None


async def test_purging_removes_old_runs_and_deleted_services(world: World) -> None:
    old = await world.index([enable(1, "a"), enable(2, "b")])
    new = await world.index([enable(1, "a")])
    waiting = await world.accept([enable(1, "c")])
    await world.execute("UPDATE index_runs SET finished_at = now() - interval '10 days' WHERE id = :id", id=old.id)
    assert await world.runs.purge(timedelta(days=9)) == 1
    with pytest.raises(NoSuchRun):
        await world.runs.get(world.service, old.id)
    assert await world.scalar("SELECT count(*) FROM index_rows WHERE run_id = :id", id=old.id) == 0
    assert (await world.runs.get(world.service, new.id)).state is RunState.FINISHED
    assert (await world.runs.get(world.service, waiting.id)).state is RunState.RESERVED
    assert await world.ids() == ["a", "b"]
    await world.services.delete(world.project, "main")
    await world.execute("UPDATE services SET deleted_at = now() - interval '1 hour' WHERE deleted_at IS NOT NULL")
    assert await world.runs.purge(timedelta(days=9)) >= 1
    for table in ("services", "documents", "garments", "index_runs", "index_rows"):
        assert await world.scalar(f"SELECT count(*) FROM {table}") == 0


async def test_a_product_that_was_deleted_long_ago_leaves_no_trace(world: World) -> None:
    await world.index([enable(1, "a"), enable(2, "b"), enable(3, "c")])
    await world.index([disable(1, "a"), disable(2, "b")])
    await world.execute("UPDATE documents SET updated_at = now() - interval '8 days' WHERE product_id <> 'b'")
    week = timedelta(days=7)
    assert await world.runs.purge(week) == 0
    assert await world.scalar("SELECT string_agg(product_id, ' ' ORDER BY product_id) FROM documents") == "b c"
    assert await world.ids() == ["c"]
    again = await world.index([enable(1, "a"), enable(2, "b")])
    assert (again.added, await world.ids()) == (2, ["a", "b", "c"])


async def test_what_was_large_goes_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them within the time limit of a statement, and none in the way of vacuum."""
    monkeypatch.setattr(retention, "_PRODUCTS_AT_ONCE", 2)
    monkeypatch.setattr(retention, "_RUNS_AT_ONCE", 1)
    for _ in range(3):
        await world.index([enable(n, f"p{n}") for n in range(1, 6)])
    await world.execute(
        "CREATE FUNCTION bounded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT count(*) FROM gone) > 2"
        " THEN RAISE 'too much at once'; END IF; RETURN NULL; END $$"
    )
    for table in ("documents", "index_runs"):
        await world.execute(
            f"CREATE TRIGGER bounded AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone"
            " FOR EACH STATEMENT EXECUTE FUNCTION bounded()"
        )
    await world.execute("UPDATE index_runs SET finished_at = now() - interval '10 days' WHERE sequence < 3")
    await world.services.delete(world.project, "main")
    await world.execute("UPDATE services SET deleted_at = now() - interval '1 hour' WHERE deleted_at IS NOT NULL")
    assert await world.runs.purge(timedelta(days=9)) == 3
    for table in ("services", "documents", "garments", "index_runs", "index_rows"):
        assert await world.scalar(f"SELECT count(*) FROM {table}") == 0


async def test_a_deleted_service_is_known_until_nothing_is_left_of_it(world: World) -> None:
    await world.index([enable(1, "a"), enable(2, "b")])
    await world.services.delete(world.project, "main")
    await world.execute("UPDATE services SET deleted_at = now() - interval '1 hour' WHERE deleted_at IS NOT NULL")
    async with world.database.begin() as other:
        await other.execute(text("SELECT 1 FROM documents WHERE product_id = 'a' FOR UPDATE"))
        assert await world.runs.purge(timedelta(days=9)) == 0
        assert await world.scalar("SELECT string_agg(product_id, ' ') FROM documents") == "a"
        assert await world.scalar("SELECT count(*) FROM services") == 1
    assert await world.runs.purge(timedelta(days=9)) == 1
