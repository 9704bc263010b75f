"""Chunks computed in any order, applied in file order, each in one transaction."""

import asyncio
import itertools

import pytest
from sqlalchemy import text

from placket.domain.errors import StorageUnavailable
from placket.domain.runs import Outcome, RunKind, RunState
from tests.contract.storage.world import (
    BUNDLE,
    QUOTA,
    World,
    adds_up,
    analysis,
    bad,
    compute,
    counts,
    disable,
    enable,
    planned,
)  # fmt: skip

ROWS = [
    enable(1, "a", s1="first"),
    enable(2, "b"),
    bad(3, "c"),
    enable(4, "a", s1="second"),
    disable(5, "b"),
    disable(6, "never"),
]
COUNTS = {"added": 2, "updated": 1, "deleted": 1, "failed": 2, "total": 6}


async def check_the_outcome_of_ROWS(world: World, run_id: object) -> None:
    run = await world.runs.get(world.service, run_id)  # type: ignore[arg-type]
    assert (run.state, counts(run), run.pending) == (RunState.FINISHED, COUNTS, 0)
    assert await world.ids() == ["a"]
    assert (await world.documents.get(world.service, "a")).fields["s1"] == "second"
    assert (await world.refreshed()).documents == 1
    rows = await world.runs.rows(world.service, run.id, outcome=None, start=0, limit=10)
    assert [(r.outcome, r.reason) for r in rows] == [
        (Outcome.ADDED, ""),
        (Outcome.ADDED, ""),
        (Outcome.FAILED, "InvalidRow"),
        (Outcome.UPDATED, ""),
        (Outcome.DELETED, ""),
        (Outcome.FAILED, "NotFoundProductId"),
    ]
    assert await world.depth() == 0
    assert await world.scalar("SELECT count(*) FROM index_chunks") == 0


@pytest.mark.parametrize("chunk_size", [1, 2, 4, 6, 100])
async def test_rows_act_in_file_order_whatever_the_chunks(world: World, chunk_size: int) -> None:
    run = await world.accept(ROWS, chunk_size)
    ended = await world.work_off()
    assert [e.run.id for e in ended] == [run.id]
    await check_the_outcome_of_ROWS(world, run.id)
    assert {words[1:]: count for words, count in world.tallies.rows.figure().values.items() if count} == {
        ("added", ""): 2,
        ("updated", ""): 1,
        ("deleted", ""): 1,
        ("failed", "InvalidRow"): 1,
        ("failed", "NotFoundProductId"): 1,
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_chunks_may_be_computed_in_any_order(world: World, order: tuple[int, ...]) -> None:
    run = await world.accept(ROWS, 2)
    assert await world.begin(run) is None
    assert (await world.runs.get(world.service, run.id)).state is RunState.RUNNING
    claimed = await world.claim_chunks()
    ended = [await world.complete(*claimed[n]) for n in order]
    assert [e is not None for e in ended] == [False, False, True]
    await check_the_outcome_of_ROWS(world, run.id)


async def test_what_waited_for_an_earlier_chunk_is_stored_whole(world: World) -> None:
    """Else it would be looked at again the next night."""
    run = await world.accept([enable(1, "a"), enable(2, "b")], chunk_size=1)
    await world.begin(run)
    for job, work in reversed(await world.claim_chunks()):
        await world.complete(job, work)
    known = await world.documents.known(world.service.id, BUNDLE, ["a", "b"])
    for product in ("a", "b"):
        seen, want = known[product].analysis, analysis(known[product].image_url)
        assert (seen.made_from, seen.etag) == (want.made_from, want.etag)


async def test_what_waited_for_a_chunk_comes_through_where_not_all_of_it_does_at_once(world: World) -> None:
    """As where connections break again and again: what was applied stays so, and nothing is computed anew."""
    run = await world.accept([enable(n, p) for n, p in enumerate("abcd", start=1)], chunk_size=1)
    await world.begin(run)
    first, *later = await world.claim_chunks()
    for job, work in later:
        await world.complete(job, work)
    await world.execute(
        "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.product_id = 'c' THEN"
        " RAISE 'terminating connection' USING ERRCODE = '57P01'; END IF; RETURN NEW; END $$"
    )
    await world.execute("CREATE TRIGGER breaks BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION break()")
    with pytest.raises(StorageUnavailable):
        await world.complete(*first)
    assert await world.ids() == ["a", "b"]
    assert (await world.runs.get(world.service, run.id)).added == 2
    await world.execute("DROP TRIGGER breaks ON documents")
    await world.execute("UPDATE jobs SET lease_until = now()")
    ((job, work),) = await world.claim_chunks("another")
    assert (work.number, work.whole) == (2, True)
    # Of the one that died, should it live on.
    assert await world.complete(*first) is None
    ended = await world.progress.complete(work, job, "another", work.known, QUOTA)
    assert ended is not None and counts(ended.run) == {"added": 4, "updated": 0, "deleted": 0, "failed": 0, "total": 4}
    assert (await world.ids(), await world.depth()) == (["a", "b", "c", "d"], 0)
    assert sum(world.tallies.rows.figure().values.values()) == 4


async def test_counts_add_up_at_every_moment(world: World) -> None:
    run = await world.accept(ROWS, 2)
    await world.begin(run)
    claimed = await world.claim_chunks()
    seen = []
    for n in (1, 0, 2):
        await world.complete(*claimed[n])
        now = await world.runs.get(world.service, run.id)
        seen.append((now.added, now.updated, now.deleted, now.failed, now.pending))
    assert seen == [(0, 0, 0, 0, 6), (2, 1, 0, 1, 2), (2, 1, 1, 2, 0)]


async def test_many_workers_at_once(world: World) -> None:
    rows = [enable(n, f"p{n % 40}") for n in range(60)] + [disable(n, f"p{n}") for n in range(45)]
    run = await world.accept(rows, 5)
    await world.begin(run)
    claimed = await world.claim_chunks()
    assert len(claimed) == 21
    ended = await asyncio.gather(*(world.complete(*c) for c in reversed(claimed)))
    assert sum(e is not None for e in ended) == 1
    done = await world.runs.get(world.service, run.id)
    assert counts(done) == {"added": 40, "updated": 20, "deleted": 40, "failed": 5, "total": 105}
    assert (adds_up(done), await world.ids(), (await world.refreshed()).documents) == (True, [], 0)


async def test_added_and_deleted_within_one_chunk(world: World) -> None:
    run = await world.index([enable(1, "new"), disable(2, "new"), enable(3, "kept")], chunk_size=10)
    assert counts(run) == {"added": 2, "updated": 0, "deleted": 1, "failed": 0, "total": 3}
    assert await world.ids() == ["kept"]
    changes = await world.documents.changes(world.service.id, world.service.bundle, 0, 10)
    assert [(c.product_id, len(c.vectors)) for c in changes] == [("kept", 1)]


async def test_the_document_quota_at_its_edge(world: World) -> None:
    rows = [enable(1, "a"), enable(2, "b"), enable(3, "c"), enable(4, "a"), disable(5, "b"), enable(6, "c")]
    run = await world.index(rows, chunk_size=2, quota=2)
    assert counts(run) == {"added": 3, "updated": 1, "deleted": 1, "failed": 1, "total": 6}
    failed = await world.runs.rows(world.service, run.id, outcome=Outcome.FAILED, start=0, limit=10)
    assert [(r.line, r.product_id, r.reason) for r in failed] == [(3, "c", "DocumentQuotaExceeded")]
    assert await world.ids() == ["a", "c"]


async def test_a_failed_update_leaves_the_old_document(world: World) -> None:
    await world.index([enable(1, "a", s1="old"), enable(2, "b")])
    before = await world.documents.get(world.service, "a")
    run = await world.accept([enable(1, "a", s1="new")])
    ((ended,)) = await world.work_off(failing=["a"])
    assert (ended.run.state, ended.run.failed) == (RunState.FAILED, 1)
    after = await world.documents.get(world.service, "a")
    assert (after.fields, after.revision) == (before.fields, before.revision)
    (row,) = await world.runs.rows(world.service, run.id, outcome=Outcome.FAILED, start=0, limit=10)
    assert (row.reason, row.detail, (row.fields or {})["s1"]) == ("InvalidImageURLException", "404", "new")


async def test_a_check_changes_nothing(world: World) -> None:
    await world.index([enable(1, "a")])
    revision = (await world.refreshed()).revision
    await world.accept(ROWS, 6, kind=RunKind.CHECK)
    (ended,) = await world.work_off()
    assert counts(ended.run) == {"added": 1, "updated": 2, "deleted": 1, "failed": 2, "total": 6}
    assert await world.ids() == ["a"]
    assert (await world.refreshed()).revision == revision


async def test_a_check_finds_urls_that_no_image_can_come_from(world: World) -> None:
    urls = ["//cdn.test/a.jpg", "a.jpg", "ftp://cdn.test/a.jpg", " http://cdn.test/a.jpg", "http://cdn.test:8080/a.jpg"]
    rows = [enable(n, f"p{n}", image_url=url) for n, url in enumerate(urls, 1)]
    run = await world.accept([*rows, enable(6, "good"), disable(7, "good")], kind=RunKind.CHECK)
    (ended,) = await world.work_off()
    failed = await world.runs.rows(world.service, run.id, outcome=Outcome.FAILED, start=0, limit=10)
    assert [(r.line, r.reason) for r in failed] == [(n, "InvalidImageURLException") for n in range(1, 6)]
    assert failed[-1].detail == "port 8080 is not allowed: 80, 443 and 10000 to 12000 are"
    assert (ended.run.added, ended.run.deleted) == (1, 1)


@pytest.mark.parametrize("chunk_size", [1, 2, 6])
async def test_a_check_says_what_the_run_will_do_however_it_is_cut(world: World, chunk_size: int) -> None:
    await world.index([enable(1, "kept")])
    rows = [*ROWS, enable(7, "kept"), disable(8, "kept"), disable(9, "kept"), enable(10, "b"), enable(11, "d")]
    for kind in (RunKind.CHECK, RunKind.INDEX):
        run = await world.accept(rows, chunk_size, kind=kind)
        # The service is full with two: a, then kept until it is deleted, then b.
        (ended,) = await world.work_off(quota=2)
        found = await world.runs.rows(world.service, run.id, outcome=None, start=0, limit=20)
        words = [r.reason or str(r.outcome) for r in found]
        assert words == [
            "added", "DocumentQuotaExceeded", "InvalidRow", "updated", "NotFoundProductId", "NotFoundProductId",
            "updated", "deleted", "NotFoundProductId", "added", "DocumentQuotaExceeded",
        ], kind  # fmt: skip
        assert adds_up(ended.run)


async def test_a_check_counts_chunks_that_waited_for_an_earlier_one(world: World) -> None:
    run = await world.accept([enable(1, "a"), enable(2, "a"), disable(3, "a"), disable(4, "a")], 1, kind=RunKind.CHECK)
    await world.begin(run)
    for job, work in reversed(await world.claim_chunks()):
        await world.complete(job, work)
    found = await world.runs.rows(world.service, run.id, outcome=None, start=0, limit=10)
    assert [r.reason or str(r.outcome) for r in found] == ["added", "updated", "deleted", "NotFoundProductId"]


async def test_a_chunk_given_up_fails_its_rows(world: World) -> None:
    run = await world.accept(ROWS[:2], 2)
    await world.begin(run)
    ((job, work),) = await world.claim_chunks()
    ended = await world.progress.complete(work, job, "w", [], QUOTA)
    assert ended is not None
    assert (ended.run.state, ended.run.failed) == (RunState.FAILED, 2)
    rows = await world.runs.rows(world.service, run.id, outcome=None, start=0, limit=10)
    assert {r.reason for r in rows} == {"Abandoned"}


async def test_a_run_without_rows_ends_at_once(world: World) -> None:
    run = await world.accept([])
    ended = await world.begin(run)
    assert ended is not None
    assert (ended.run.state, ended.run.total) == (RunState.FINISHED, 0)


async def test_who_lost_the_lease_changes_nothing(world: World) -> None:
    run = await world.accept(ROWS[:2], 2)
    await world.begin(run)
    job = await world.claim("slow", lease=60.0)
    work = await world.progress.chunk(run.id, 0)
    assert work is not None
    await world.execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
    again = await world.claim("quick")
    assert (again.id, again.attempts) == (job.id, 2)
    assert await world.progress.complete(work, job, "slow", compute(work), QUOTA) is None
    assert await world.ids() == []
    assert await world.progress.complete(work, again, "quick", compute(work), QUOTA) is not None
    assert await world.progress.complete(work, again, "quick", compute(work), QUOTA) is None
    assert (await world.runs.get(world.service, run.id)).added == 2


async def test_a_worker_that_claims_its_own_lost_job_again(world: World) -> None:
    run = await world.accept(ROWS[:2], 2)
    await world.begin(run)
    first = await world.claim("w")
    work = await world.progress.chunk(run.id, 0)
    assert work is not None
    await world.execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
    second = await world.claim("w")
    await world.queue.postpone(first, 3600.0)  # the old claim may not disturb the new one
    await world.queue.finish(first)
    assert await world.progress.complete(work, first, "w", compute(work), QUOTA) is None
    assert await world.progress.complete(work, second, "w", compute(work), QUOTA) is not None


async def test_a_start_that_was_lost_is_started_once(world: World) -> None:
    run = await world.accept(ROWS, 2)
    slow = await world.claim("slow")
    await world.execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
    quick = await world.claim("quick")
    await asyncio.gather(world.progress.start(run.id, slow, "slow"), world.progress.start(run.id, quick, "quick"))
    assert await world.depth() == 3
    await world.work_off()
    await check_the_outcome_of_ROWS(world, run.id)


async def test_a_pointless_job_is_dropped_by_its_owner_only(world: World) -> None:
    await world.accept([enable(1, "a")])
    job = await world.claim("w")
    await world.progress.drop(job, "other")
    assert await world.depth() == 1
    await world.progress.drop(job, "w")
    assert await world.depth() == 0


async def test_a_chunk_set_aside_keeps_what_is_computed_and_waits(world: World) -> None:
    run = await world.accept([enable(n, f"p{n}") for n in range(1, 4)], chunk_size=3)
    await world.begin(run)
    ((job, work),) = await world.claim_chunks("slow")
    done = compute(work)[:2]
    await world.progress.set_aside(work, job, "somebody else", done, 0.0, {"h": 1})
    assert (await world.progress.chunk(run.id, 0)).known == ()  # type: ignore[union-attr]
    await world.progress.set_aside(work, job, "slow", done, 0.3, {"h": 2})
    assert await world.queue.claim("quick", 60.0) is None
    await asyncio.sleep(0.4)
    again = await world.queue.claim("quick", 60.0)
    assert again is not None
    assert (again.payload, again.attempts) == ({"number": 0, "bundle": BUNDLE, "times_down": {"h": 2}}, 1)
    known = (await world.progress.chunk(run.id, 0)).known  # type: ignore[union-attr]
    assert [(c.position, c.analysis and c.analysis.sha256) for c in known] == [
        (c.position, c.analysis and c.analysis.sha256) for c in done
    ]
    ended = await world.progress.complete(work, again, "quick", [*known, *compute(work)[2:]], QUOTA)
    assert ended is not None and ended.run.added == 3


async def test_a_write_counts_from_when_it_took_place(world: World) -> None:
    """Not from when it began to wait for the service."""
    async with world.database.begin() as connection:
        await connection.execute(text("SELECT 1 FROM services WHERE id = :s FOR UPDATE"), {"s": world.service.id})
        put = asyncio.create_task(world.documents.put(world.service, planned("p1"), analysis("p1"), None, QUOTA))
        await asyncio.sleep(0.5)
        late = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    await put
    assert await world.scalar("SELECT put_at FROM documents") > late  # type: ignore[operator]


async def test_a_chunk_that_was_begun_often_is_begun_anew_while_its_run_moves(world: World) -> None:
    run = await world.accept([enable(n, f"p{n}") for n in range(1, 7)], chunk_size=2)
    await world.begin(run)
    first, second, third = await world.claim_chunks()
    assert not await world.progress.moves(third[1], third[0], "w"), "nothing has succeeded yet"
    await world.complete(*first, failing=["p1", "p2"])
    assert not await world.progress.moves(third[1], third[0], "w"), "what fails is no success"
    await world.complete(*second)
    assert await world.progress.moves(third[1], third[0], "w")
    again = await world.queue.claim("w", 60.0)
    assert again is not None
    assert (again.id, again.attempts, again.payload) == (
        third[0].id,
        1,
        {"number": 2, "bundle": BUNDLE, "succeeded": 2},
    )
    assert not await world.progress.moves(third[1], again, "w"), "no more have since"
    assert await world.complete(again, third[1]) is not None
