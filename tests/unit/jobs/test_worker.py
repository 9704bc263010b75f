"""The worker against a queue in memory: room, leases, failures, and leaving."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import structlog

from placket.domain.errors import BundleNotKept, StorageUnavailable, VisionUnavailable
from placket.jobs import worker as module
from placket.jobs.worker import Schedule, Worker
from placket.services.stores import Bell, Job, QueueState
from placket.services.tally import Tally

_PATIENCE = 20
"""Seconds: a machine that is busy, and a traceback in colour, take some."""


class MemoryQueue:
    """One process's worth of the port."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.ready = [Job(n, kind, f"s{n}", {}, 0, None) for n, kind in enumerate(kinds)]
        self.renewed: list[list[int]] = []
        self.told: list[str] = []
        self.released: list[int] = []
        self.postponed: list[tuple[int, float, bool]] = []
        self.finished: list[int] = []
        self.away = 0
        self.rung = asyncio.Event()

    async def claim(self, worker: str, lease_seconds: float, without: Sequence[str] = ()) -> Job | None:
        if self.away:
            self.away -= 1
            raise StorageUnavailable("away")
        job = next((j for j in self.ready if j.kind not in without), None)
        if job is not None:
            self.ready.remove(job)
        return job

    async def renew(self, worker: str, jobs: Sequence[int], lease_seconds: float, bundles: Sequence[str] = ()) -> None:
        self.renewed.append(list(jobs))
        self.told = list(bundles)

    async def release(self, worker: str, jobs: Sequence[int]) -> None:
        self.released += jobs

    async def postpone(self, job: Job, seconds: float, *, counted: bool = True) -> None:
        self.postponed.append((job.id, seconds, counted))

    async def finish(self, job: Job) -> None:
        self.finished.append(job.id)

    async def state(self, silence: float) -> QueueState:
        return QueueState(len(self.ready), 0, len(self.ready), 0.0, 1)

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[Bell]:
        yield self

    async def wait(self, seconds: float) -> None:
        self.rung.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.rung.wait(), min(seconds, 0.02))


async def work(worker: Worker, until: asyncio.Event, grace: float = 1.0) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop, grace))
    await asyncio.wait_for(until.wait(), _PATIENCE)
    stop.set()
    await asyncio.wait_for(running, _PATIENCE)


async def test_it_holds_no_more_than_its_slots() -> None:
    queue, all_done = MemoryQueue(["a"] * 7), asyncio.Event()
    at_once = most = seen = 0

    async def handle(job: Job, worker: str) -> None:
        nonlocal at_once, most, seen
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        seen += 1
        if seen == 7:
            all_done.set()

    await work(Worker(queue, {"a": handle}, slots=3, lease_seconds=9), all_done)
    assert (most, seen, queue.released) == (3, 7, [])


async def test_a_failure_is_tried_later_and_an_outage_is_no_attempt() -> None:
    queue, done = MemoryQueue(["bug", "outage", "unknown", "good"]), asyncio.Event()

    async def bug(job: Job, worker: str) -> None:
        raise ZeroDivisionError

    async def outage(job: Job, worker: str) -> None:
        raise VisionUnavailable("no bundle")

    async def good(job: Job, worker: str) -> None:
        done.set()

    jobs = Tally(("outcome",), [("failed",)])
    await work(Worker(queue, {"bug": bug, "outage": outage, "good": good}, slots=4, lease_seconds=9, jobs=jobs), done)
    assert jobs.figure().values == {("failed",): 1, ("waits",): 1, ("done",): 1}
    assert sorted((job, counted) for job, _, counted in queue.postponed) == [(0, True), (1, False), (2, True)]


async def test_it_tells_which_bundles_it_has() -> None:
    queue, done = MemoryQueue(["a"]), asyncio.Event()

    async def good(job: Job, worker: str) -> None:
        done.set()

    async def here() -> list[str]:
        return ["v1", "v2"]

    await work(Worker(queue, {"a": good}, slots=1, lease_seconds=9, bundles=here), done)
    assert queue.told == ["v1", "v2"]


async def test_a_folder_of_bundles_that_cannot_be_read_costs_no_lease() -> None:
    queue, done = MemoryQueue(["a"]), asyncio.Event()

    async def slow(job: Job, worker: str) -> None:
        await asyncio.sleep(0.3)
        done.set()

    async def here() -> list[str]:
        raise PermissionError("bundles")

    await work(Worker(queue, {"a": slow}, slots=1, lease_seconds=0.4, bundles=here), done)
    assert [0] in queue.renewed


async def test_where_the_bundle_is_gone_each_try_counts_and_they_are_far_apart() -> None:
    """So a run whose bundle nobody has ends, and a re-indexing can begin."""
    queue, tried = MemoryQueue(["a", "b"]), asyncio.Event()

    async def without(job: Job, worker: str) -> None:
        raise BundleNotKept("bundle x is not kept here")

    async def good(job: Job, worker: str) -> None:
        tried.set()

    await work(Worker(queue, {"a": without, "b": good}, slots=2, lease_seconds=9), tried)
    assert [(job, seconds >= 10, counted) for job, seconds, counted in queue.postponed] == [(0, True, True)]


async def test_who_cannot_see_leaves_the_jobs_to_those_who_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OUTAGE_DELAY", 0.1)
    queue, done = MemoryQueue(["see", "see", "see", "other"]), asyncio.Event()
    tried: list[float] = []

    async def see(job: Job, worker: str) -> None:
        tried.append(asyncio.get_running_loop().time())
        if len(tried) == 3:
            done.set()
        raise VisionUnavailable("no bundle")

    async def other(job: Job, worker: str) -> None:
        assert len(tried) == 1

    worker = Worker(queue, {"see": see, "other": other}, slots=1, lease_seconds=9)
    await work(worker, done)
    first, second, third = tried
    assert 0.1 <= second - first < 0.2 <= third - second
    assert [seconds for _, seconds, _ in queue.postponed] == [0.1] * 3


async def test_what_cannot_be_stored_is_tried_more_and_more_rarely() -> None:
    queue, done = MemoryQueue(["full"] * 4 + ["good", "full"]), asyncio.Event()

    async def full(job: Job, worker: str) -> None:
        if job.id == 5:
            done.set()
        raise StorageUnavailable("the disk is full")

    async def good(job: Job, worker: str) -> None:
        pass

    await work(Worker(queue, {"full": full, "good": good}, slots=1, lease_seconds=9), done)
    assert queue.postponed == [(0, 2, False), (1, 4, False), (2, 8, False), (3, 16, False), (5, 2, False)]


class Unwell(MemoryQueue):
    """Fails in a way that nobody foresaw, at first."""

    def __init__(self, kinds: Sequence[str]) -> None:
        super().__init__(kinds)
        self.failures = {"claim": 1, "renew": 1}

    def _fail(self, what: str) -> None:
        if self.failures[what]:
            self.failures[what] -= 1
            raise ZeroDivisionError(what)

    async def claim(self, worker: str, lease_seconds: float, without: Sequence[str] = ()) -> Job | None:
        self._fail("claim")
        return await super().claim(worker, lease_seconds, without)

    async def renew(self, worker: str, jobs: Sequence[int], lease_seconds: float, bundles: Sequence[str] = ()) -> None:
        self._fail("renew")
        await super().renew(worker, jobs, lease_seconds, bundles)


async def test_an_unforeseen_error_of_the_queue_ends_neither_the_worker_nor_its_leases() -> None:
    queue, done = Unwell(["slow"]), asyncio.Event()

    async def slow(job: Job, worker: str) -> None:
        while [0] not in queue.renewed:
            await asyncio.sleep(0.01)
        done.set()

    await work(Worker(queue, {"slow": slow}, slots=1, lease_seconds=0.4), done)
    assert queue.failures == {"claim": 0, "renew": 0}


async def test_a_job_claimed_twice_by_the_same_worker_is_in_hand_until_both_end() -> None:
    """Its lease ran out while it was being done."""
    queue, first, second = MemoryQueue([]), asyncio.Event(), asyncio.Event()
    queue.ready = [Job(7, "a", "s", {}, attempts, None) for attempts in (1, 2)]
    worker, began = Worker(queue, {}, slots=3, lease_seconds=0.2), asyncio.Event()

    async def handle(job: Job, name: str) -> None:
        if job.attempts == 1:
            await first.wait()
            return
        began.set()
        await second.wait()

    worker._handlers["a"] = handle
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop, 0.05))
    await asyncio.wait_for(began.wait(), 5)
    assert worker.in_hand == 2
    first.set()
    await asyncio.sleep(0.2)
    assert worker.in_hand == 1
    queue.renewed.clear()
    await asyncio.sleep(0.2)
    assert [7] in queue.renewed
    stop.set()
    await asyncio.wait_for(running, 5)
    assert queue.released == [7]


async def test_of_kinds_that_wait_for_strangers_one_is_in_hand() -> None:
    """Forty receivers that never answer hold one slot, and index runs have the others."""
    queue, done, over = MemoryQueue(["hook"] * 3 + ["chunk"] * 4), asyncio.Event(), asyncio.Event()
    chunks = hooks = most = 0

    async def hook(job: Job, worker: str) -> None:
        nonlocal hooks, most
        hooks += 1
        most = max(most, hooks)
        await over.wait()
        hooks -= 1
        if not queue.ready and not hooks:
            done.set()

    async def chunk(job: Job, worker: str) -> None:
        nonlocal chunks
        chunks += 1
        if chunks == 4:
            over.set()

    worker = Worker(queue, {"hook": hook, "chunk": chunk}, slots=3, lease_seconds=9, narrow=("hook",))
    await work(worker, done)
    assert (most, chunks, queue.ready) == (1, 4, [])


async def test_a_queue_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_QUEUE_SECONDS", "_LAST_WORD_SECONDS"):
        monkeypatch.setattr(f"placket.jobs.worker.{name}", 0.05)

    class Frozen(MemoryQueue):
        async def claim(self, *_: object) -> Job | None:  # type: ignore[override]
            asked.set()
            await asyncio.sleep(60)
            return None

        renew = release = claim  # type: ignore[assignment]

    asked, stop = asyncio.Event(), asyncio.Event()
    with structlog.testing.capture_logs() as lines:
        running = asyncio.create_task(Worker(Frozen([]), {}, slots=1, lease_seconds=9).run(stop, 0.05))
        await asyncio.wait_for(asked.wait(), 5)
        await asyncio.sleep(0.2)
        stop.set()
        await asyncio.wait_for(running, 5)
    assert {(line["event"], line["log_level"], line.get("exc_info", False)) for line in lines} == {
        ("the queue cannot be reached", "warning", False),
        ("leases could not be renewed", "warning", False),
    }


async def test_a_job_that_is_claimed_just_as_it_stops_is_its_own() -> None:
    """The database has committed the claim; its answer is on the way when the worker is told to stop."""

    class Committed(MemoryQueue):
        async def claim(self, worker: str, lease_seconds: float, without: Sequence[str] = ()) -> Job | None:
            job = await super().claim(worker, lease_seconds, without)
            asked.set()
            await asyncio.sleep(0.1)
            return job

    async def stuck(job: Job, worker: str) -> None:
        await asyncio.sleep(60)

    queue, asked = Committed(["a"]), asyncio.Event()
    await work(Worker(queue, {"a": stuck}, slots=1, lease_seconds=9), asked, grace=0.05)
    assert queue.released == [0]


async def test_leases_are_renewed_while_a_job_runs() -> None:
    queue, done = MemoryQueue(["slow"]), asyncio.Event()

    async def slow(job: Job, worker: str) -> None:
        await asyncio.sleep(0.5)
        done.set()

    await work(Worker(queue, {"slow": slow}, slots=1, lease_seconds=0.4), done)
    assert sum(jobs == [0] for jobs in queue.renewed) >= 3


async def test_what_does_not_end_within_the_grace_is_handed_back() -> None:
    queue, begun = MemoryQueue(["stuck", "stuck"]), asyncio.Event()

    async def stuck(job: Job, worker: str) -> None:
        if job.id == 1:
            begun.set()
        await asyncio.sleep(60)

    await work(Worker(queue, {"stuck": stuck}, slots=2, lease_seconds=9), begun, grace=0.05)
    assert sorted(queue.released) == [0, 1]
    assert queue.postponed == []


async def test_a_job_that_ends_within_the_grace_is_not_handed_back() -> None:
    queue, begun = MemoryQueue(["brief"]), asyncio.Event()
    ended = False

    async def brief(job: Job, worker: str) -> None:
        nonlocal ended
        begun.set()
        await asyncio.sleep(0.2)
        ended = True

    await work(Worker(queue, {"brief": brief}, slots=2, lease_seconds=9), begun, grace=2)
    assert ended
    assert queue.released == []


async def test_it_outlives_a_database_that_is_away() -> None:
    queue, done = MemoryQueue(["a"]), asyncio.Event()
    queue.away = 3

    async def handle(job: Job, worker: str) -> None:
        done.set()

    with structlog.testing.capture_logs() as lines:
        await work(Worker(queue, {"a": handle}, slots=1, lease_seconds=9), done)
    assert [(line["log_level"], line["event"], line.get("what")) for line in lines] == [
        ("warning", "the queue cannot be reached", None),
        ("info", "this is over", "the queue cannot be reached"),
    ]


async def test_schedules_repeat_and_survive_errors() -> None:
    queue, thrice = MemoryQueue([]), asyncio.Event()
    calls = 0

    async def action() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            thrice.set()
        raise ValueError("again")

    await work(Worker(queue, {}, slots=1, lease_seconds=9, schedules=[Schedule("x", 0.01, action)]), thrice)
    assert calls >= 3
