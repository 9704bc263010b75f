"""The queue: leases, fairness between projects, handing back, the bell."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.errors import StorageUnavailable
from placket.domain.runs import RunKind
from placket.services.stores import Job, QueueState
from placket.storage.database import Database
from placket.storage.queue import PostgresQueue, end_job, enqueue
from tests.contract.storage.world import World, enable


async def add(
    world: World, count: int, project: int | None = None, kind: str = "test", subject: str = "subject"
) -> None:
    async with world.database.begin() as connection:
        await enqueue(connection, kind, subject, [{"n": n} for n in range(count)], project)


async def claimed(world: World, worker: str = "w", lease: float = 60.0) -> Job:
    job = await world.queue.claim(worker, lease)
    assert job is not None
    return job


async def test_jobs_come_in_order_once_each(world: World) -> None:
    await add(world, 3, world.project)
    jobs = [await claimed(world, f"w{n}") for n in range(3)]
    assert [j.payload["n"] for j in jobs] == [0, 1, 2]
    assert all((j.kind, j.subject, j.attempts, j.project_id) == ("test", "subject", 1, world.project) for j in jobs)
    assert await world.queue.claim("w", 60.0) is None
    assert await world.depth() == 3
    for job in jobs:
        await world.queue.finish(job)
    assert await world.depth() == 0


async def add_needing(world: World, *bundles: str) -> None:
    async with world.database.begin() as connection:
        for bundle in bundles:
            await enqueue(connection, "chunk", f"run {bundle}", [{"bundle": bundle}], world.project)


async def test_what_needs_a_bundle_is_left_to_the_workers_that_have_it(world: World) -> None:
    await world.queue.renew("lacks", [], 60.0, ["old"])
    await world.queue.renew("has", [], 60.0, ["old", "new"])
    await add_needing(world, "new", "new", "old")
    await add(world, 1, world.project)
    assert {(await claimed(world, "lacks")).subject for _ in range(2)} == {"run old", "subject"}
    assert await world.queue.claim("lacks", 60.0) is None
    assert (await claimed(world, "has")).subject == "run new"
    # It has it now, as where somebody copied it there.
    await world.queue.renew("lacks", [], 60.0, ["old", "new"])
    assert (await claimed(world, "lacks")).subject == "run new"


async def test_a_bundle_that_no_living_worker_has_keeps_nothing_from_anybody(world: World) -> None:
    """The try says in the log what is missing, and the run ends some day."""
    for gone, seen in (("silent", "- interval '70 seconds'"), ("of another clock", "+ interval '1 hour'")):
        await world.queue.renew(gone, [], 60.0, ["new"])
        await world.execute(f"UPDATE workers SET seen_at = now() {seen} WHERE name = :name", name=gone)
    await world.queue.renew("left", [], 60.0, ["new"])
    await world.queue.release("left", [])
    await add_needing(world, "new")
    assert (await claimed(world, "lacks")).subject == "run new"


async def test_chunks_say_which_bundle_they_need(world: World) -> None:
    await world.index([enable(1, "p1")])
    await world.begin(await world.accept([enable(1, "p1")], kind=RunKind.CHECK))
    assert "bundle" not in (await claimed(world)).payload  # it looks at no photo
    await world.work_off()
    await world.execute("DELETE FROM index_runs")
    await world.begin(await world.runs.accept_reindex(world.service, "another", 1))
    job = await claimed(world)
    assert (job.kind, job.payload["bundle"]) == ("chunk", "another")


async def test_simultaneous_claims_never_share_a_job(world: World) -> None:
    await add(world, 20, world.project)
    jobs = await asyncio.gather(*(world.queue.claim(f"w{n}", 60.0) for n in range(30)))
    taken = [j.id for j in jobs if j is not None]
    assert len(taken) == len(set(taken))
    while (job := await world.queue.claim("w", 60.0)) is not None:
        taken.append(job.id)
    assert len(set(taken)) == len(taken) == 20


async def test_nothing_is_enqueued_by_a_transaction_that_fails(world: World) -> None:
    with pytest.raises(ValueError, match="no"):
        async with world.database.begin() as connection:
            await enqueue(connection, "test", "s", [{}], world.project)
            raise ValueError("no")
    assert await world.depth() == 0


async def test_a_lease_runs_out_unless_it_is_renewed(world: World) -> None:
    await add(world, 2, world.project)
    kept, lost = await claimed(world, "a", 0.2), await claimed(world, "a", 0.2)
    await world.queue.renew("a", [kept.id], 60.0)
    await world.queue.renew("other", [lost.id], 60.0)  # not its job
    await asyncio.sleep(0.25)
    again = await claimed(world, "b")
    assert (again.id, again.attempts) == (lost.id, 2)
    await world.queue.renew("a", [kept.id, lost.id], 60.0)
    assert await world.scalar("SELECT worker FROM jobs WHERE id = :id", id=lost.id) == "b"
    assert await world.queue.claim("c", 60.0) is None
    assert await world.scalar("SELECT string_agg(name, ',' ORDER BY name) FROM workers") == "a,other"


async def test_leases_are_renewed_while_one_of_the_jobs_is_just_being_ended(world: World) -> None:
    """Its end may take long: it applies what waited for it. The others must not be lost meanwhile."""
    await add(world, 2)
    ending, kept = await claimed(world, "a", 0.3), await claimed(world, "a", 0.3)
    async with world.database.begin() as connection:
        assert await end_job(connection, ending, "a")
        await asyncio.wait_for(world.queue.renew("a", [ending.id, kept.id], 60.0), 5)
        await asyncio.sleep(0.4)
        # Nobody takes the one that is ending, although its lease has run out.
        assert await world.queue.claim("b", 60.0) is None
    assert await world.depth() == 1


async def test_released_jobs_are_as_if_never_claimed(world: World) -> None:
    await add(world, 2, world.project)
    mine, others = await claimed(world, "a"), await claimed(world, "b")
    await world.queue.renew("a", [mine.id], 60.0)
    await world.queue.release("a", [mine.id, others.id])
    again = await claimed(world, "c")
    assert (again.id, again.attempts) == (mine.id, 1)
    assert await world.queue.claim("c", 60.0) is None
    assert await world.scalar("SELECT count(*) FROM workers") == 0


async def test_what_waits_and_since_when_and_who_is_there_to_do_it(world: World) -> None:
    assert await world.queue.state(15.0) == QueueState(0, 0, 0, 0.0, 0)
    await add(world, 4)
    later, _ = await claimed(world, "a"), await claimed(world, "a")
    await world.queue.postpone(later, 60.0)
    for worker, silent in (("a", 0), ("gone", 20)):
        await world.queue.renew(worker, [], 60.0)
        await world.execute(
            "UPDATE workers SET seen_at = now() - make_interval(secs => :s) WHERE name = :w", s=silent, w=worker
        )
    await world.execute("UPDATE jobs SET created_at = now() - interval '1 hour'")
    await world.execute("UPDATE jobs SET created_at = now() - interval '1 minute' WHERE lease_until IS NULL")
    state = await world.queue.state(15.0)
    assert (state.jobs, state.in_hand, state.waiting, state.workers) == (4, 1, 2, 1)
    assert 60 <= state.oldest_seconds < 90


async def test_a_postponed_job_waits(world: World) -> None:
    await add(world, 1, world.project)
    job = await claimed(world)
    await world.queue.postpone(job, 0.3)
    assert await world.queue.claim("w", 60.0) is None
    await asyncio.sleep(0.35)
    job = await claimed(world)
    assert job.attempts == 2
    await world.queue.postpone(job, 0.0, counted=False)
    assert (await claimed(world)).attempts == 2


async def test_kinds_are_passed_over(world: World) -> None:
    await add(world, 2, kind="hook", subject="a")
    await add(world, 1, kind="chunk", subject="b")
    first = await world.queue.claim("w", 60.0, ["hook", "other"])
    assert first is not None and first.kind == "chunk"
    assert await world.queue.claim("w", 60.0, ["hook"]) is None
    assert (await claimed(world)).kind == "hook"


async def test_projects_take_turns(world: World) -> None:
    small = await world.add_project("small")
    await add(world, 30, world.project)
    await add(world, 3, small)
    order = []
    for _ in range(8):
        job = await claimed(world)
        order.append("small" if job.project_id == small else "large")
        await world.queue.finish(job)
    assert order == ["large", "small"] * 3 + ["large", "large"]


async def test_projects_share_the_workers_evenly(world: World) -> None:
    projects = [world.project, await world.add_project("b"), await world.add_project("c")]
    for project, count in zip(projects, (50, 10, 10), strict=True):
        await add(world, count, project)
    await add(world, 1, None)
    held = [await claimed(world, f"w{n}") for n in range(10)]
    assert Counter(j.project_id for j in held) == {projects[0]: 3, projects[1]: 3, projects[2]: 3, None: 1}
    # Who holds least is served first.
    for job in held:
        if job.project_id == projects[1]:
            await world.queue.finish(job)
    assert [(await claimed(world)).project_id for _ in range(3)] == [projects[1]] * 3


async def served(world: World, count: int) -> list[str]:
    """Subjects of the next jobs, each ended before the next is claimed: a worker with one slot."""
    subjects = []
    for _ in range(count):
        job = await claimed(world)
        subjects.append(job.subject)
        await world.queue.finish(job)
    return subjects


async def test_a_large_task_does_not_hold_up_a_small_one_of_its_project(world: World) -> None:
    await add(world, 3000, world.project, subject="large")
    assert await served(world, 3) == ["large"] * 3
    await add(world, 2, world.project, subject="small")
    assert await served(world, 5) == ["large", "small", "large", "small", "large"]


async def test_tasks_of_one_project_share_many_slots(world: World) -> None:
    await add(world, 100, world.project, subject="large")
    held = [await claimed(world, f"w{n}") for n in range(6)]
    assert Counter(j.subject for j in held) == {"large": 6}
    # Three slots become free: they all go to those who hold none.
    await add(world, 10, world.project, subject="b")
    await add(world, 10, world.project, subject="c")
    for job in held[:3]:
        await world.queue.finish(job)
    held = held[3:] + [await claimed(world) for _ in range(3)]
    assert Counter(j.subject for j in held) == {"large": 3, "b": 2, "c": 1}
    held += [await claimed(world) for _ in range(3)]
    assert Counter(j.subject for j in held) == {"large": 3, "b": 3, "c": 3}


async def test_projects_come_before_their_tasks(world: World) -> None:
    """Somebody with twenty tasks has no more of the workers than somebody with one."""
    other = await world.add_project("other")
    for n in range(20):
        await add(world, 5, world.project, subject=f"task {n}")
    await add(world, 10, other, subject="only")
    order = await served(world, 20)
    assert order[1::2] == ["only"] * 10
    assert order[::2] == [f"task {n}" for n in range(10)]


async def test_new_small_tasks_do_not_starve_an_old_large_one(world: World) -> None:
    await add(world, 50, world.project, subject="large")
    order = []
    for n in range(6):
        await add(world, 1, world.project, subject=f"small {n}")
        order += await served(world, 1)
    # Whoever has waited longest: of the small ones, which come faster than they are served, more and more.
    assert order == ["large", "small 0", "large", "small 1", "small 2", "large"]


async def test_a_postponed_subject_loses_no_turn(world: World) -> None:
    await add(world, 5, world.project, subject="a")
    await add(world, 5, world.project, subject="b")
    job = await claimed(world)
    await world.queue.postpone(job, 60.0)
    assert (job.subject, job.payload["n"]) == ("a", 0)
    assert await served(world, 4) == ["b", "a", "b", "a"]


async def test_jobs_that_others_are_about_to_take_are_passed_over(world: World) -> None:
    """Where the first subject's one job is locked, the next subject is served, not nobody."""
    await add(world, 1, world.project, subject="a")
    await add(world, 1, world.project, subject="b")
    async with world.database.begin() as connection:
        await connection.execute(text("SELECT 1 FROM jobs WHERE subject = 'a' FOR UPDATE"))
        assert (await claimed(world)).subject == "b"
        assert await world.queue.claim("w", 60.0) is None


async def test_turns_are_forgotten_with_the_jobs(world: World) -> None:
    await add(world, 1, world.project, subject="a")
    await add(world, 2, world.project, subject="b")
    await served(world, 2)
    assert await world.scalar("SELECT count(*) FROM subject_turns") == 2
    await world.queue.tidy()
    assert await world.scalar("SELECT string_agg(subject, ',') FROM subject_turns") == "b"


async def test_the_bell_rings_when_something_is_enqueued(world: World) -> None:
    async with world.queue.waiting() as bell:
        await bell.wait(5.0)  # begins to listen; something may have come before
        waiting = asyncio.create_task(bell.wait(20.0))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        began = time.monotonic()
        await add(world, 1, world.project)
        await asyncio.wait_for(waiting, 10.0)
        assert time.monotonic() - began < 5.0
        began = time.monotonic()
        await bell.wait(0.2)
        assert 0.1 < time.monotonic() - began < 5.0


async def test_the_bell_hears_what_came_while_nobody_waited(world: World) -> None:
    async with world.queue.waiting() as bell:
        await bell.wait(5.0)
        await add(world, 1, world.project)
        began = time.monotonic()
        await bell.wait(20.0)
        assert time.monotonic() - began < 5.0


async def test_a_server_that_takes_no_writes_is_an_outage_and_left(world: World) -> None:
    """As after a failover: the name leads to the new server by then, the pooled connections to the old one."""
    await add(world, 1)
    database = Database(world.database.url, pool_size=1)
    queue = PostgresQueue(database)
    async with database.begin() as connection:
        old = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
    with pytest.raises(StorageUnavailable, match="read-only"):
        await queue.claim("w", 60.0)
    async with database.begin() as connection:
        assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() != old
    assert await queue.claim("w", 60.0) is not None
    await database.aclose()


async def test_without_a_database_the_bell_counts_and_claims_fail() -> None:
    away = Database("postgresql://placket@/placket?host=/nonexistent")
    queue = PostgresQueue(away)
    async with queue.waiting() as bell:
        await asyncio.wait_for(bell.wait(0.1), 5.0)
    with pytest.raises(StorageUnavailable, match="does not answer"):
        await queue.claim("w", 1.0)
    await away.aclose()


async def test_a_clock_that_is_put_back_stalls_nothing(world: World) -> None:
    await add(world, 2)
    await claimed(world, "killed", 300.0)
    # Seen from a clock that was put back by two hours, all of that is to come.
    ahead = ", ".join(f"{c} = {c} + interval '2 hours'" for c in ("created_at", "not_before", "lease_until"))
    await world.execute(f"UPDATE jobs SET {ahead}")
    assert sorted([(await claimed(world)).payload["n"] for _ in range(2)]) == [0, 1]
    assert await world.queue.claim("w", 60.0) is None


@pytest.mark.parametrize(("kind", "longest", "put_back"), [("chunk", 300, "10 minutes"), ("webhook", 3600, "2 hours")])
async def test_a_clock_that_is_put_back_makes_no_pause_longer(
    world: World, kind: str, longest: float, put_back: str
) -> None:
    await add(world, 1, kind=kind)
    await world.queue.postpone(await claimed(world), longest)
    assert await world.queue.claim("w", 60.0) is None
    await world.execute(f"UPDATE jobs SET not_before = not_before + interval '{put_back}'")
    assert (await claimed(world)).kind == kind


async def test_the_longest_lease_holds_for_a_worker_whose_claim_began_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For that one the time is when its transaction began, from where on the lease ends later than any."""
    await add(world, 1)
    begin = world.database.begin

    @asynccontextmanager
    async def overtaken() -> AsyncIterator[AsyncConnection]:
        async with begin() as connection:
            await connection.execute(text("SELECT now()"))
            monkeypatch.undo()
            await claimed(world, "first", 300.0)
            yield connection

    monkeypatch.setattr(world.database, "begin", overtaken)
    assert await world.queue.claim("late", 300.0) is None
