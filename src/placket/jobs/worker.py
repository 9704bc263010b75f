"""The worker: claims jobs while it has room, keeps their leases, and hands back what it cannot finish."""

import asyncio
import contextlib
import math
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from placket.domain.errors import BundleNotKept, PlacketError, StorageUnavailable, VisionUnavailable
from placket.services.stores import Bell, Job, JobQueue
from placket.services.tallies import DONE, FAILED, WAITS, Tallies
from placket.services.tally import Tally

_log = structlog.get_logger()
_IDLE_SECONDS = 2.0
_MOST_DELAY = 60.0
_OUTAGE_DELAY = 2.0
_BUNDLE_DELAY = 30.0
_QUIET_SECONDS = 10.0
_QUEUE_SECONDS, _LAST_WORD_SECONDS = 30.0, 5.0
"""After which the queue counts as away: a database that is frozen says nothing."""
T = TypeVar("T")

Handler = Callable[[Job, str], Awaitable[None]]
"""``handler(job, worker)``: does the job and ends it, in the transaction that stores its result."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """``action`` runs about every ``seconds`` in every worker, so it must not mind company."""

    name: str
    seconds: float
    action: Callable[[], Awaitable[Any]]


def worker_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Worker:
    """``slots``: jobs in hand at once; of ``narrow`` kinds, which wait for strangers, only one of them all.
    ``lease_seconds``: a worker silent for so long has lost its jobs. ``jobs``: counted by how it lets go of them.
    ``bundles``: tells those that it has."""

    def __init__(
        self,
        queue: JobQueue,
        handlers: Mapping[str, Handler],
        *,
        slots: int,
        lease_seconds: float,
        narrow: Collection[str] = (),
        schedules: Sequence[Schedule] = (),
        name: str | None = None,
        jobs: Tally | None = None,
        bundles: Callable[[], Awaitable[Sequence[str]]] | None = None,
    ) -> None:
        self.name = name or worker_name()
        self._queue = queue
        self._handlers = dict(handlers)
        self._slots = slots
        self._lease = lease_seconds
        self._narrow = tuple(narrow)
        self._schedules = tuple(schedules)
        # By claim: a job whose lease ran out may be claimed again by the worker that still has it.
        self._in_hand: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._narrow_in_hand = 0
        self._room = asyncio.Event()
        self._room.set()
        self._outage = _Outage()
        self._rests: dict[str, _Rest] = {}
        self._waits = 0
        self._jobs = jobs or Tallies().jobs
        self._bundles = bundles or _none
        self._here: Sequence[str] = ()

    @property
    def in_hand(self) -> int:
        return len(self._in_hand)

    async def run(self, stop: asyncio.Event, grace_seconds: float) -> None:
        """Work until ``stop`` is set; then finish what is in hand within the grace, and hand the rest back."""
        background = [asyncio.create_task(self._keep_leases())]
        background += [asyncio.create_task(self._repeat(s)) for s in self._schedules]
        try:
            async with self._queue.waiting() as bell:
                await self._claim_until(stop, bell)
        finally:
            await self._leave(grace_seconds)
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)

    async def _claim_until(self, stop: asyncio.Event, bell: Bell) -> None:
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await _first(stopping, self._room.wait())
                if stop.is_set():
                    return
                try:
                    # Cut short, it may come through all the same, and nobody would know whose job it is.
                    job = await _first(stopping, self._claim(), _LAST_WORD_SECONDS)
                except StorageUnavailable as error:
                    self._outage.tell("the queue cannot be reached", error)
                    await _first(stopping, asyncio.sleep(1.0))
                    continue
                except Exception:
                    # Whatever it was: the server beside this worker goes on answering, and the next try may do.
                    _log.exception("no job could be claimed")
                    await _first(stopping, asyncio.sleep(1.0))
                    continue
                self._outage.over("the queue cannot be reached")
                if job is None:
                    await _first(stopping, bell.wait(_IDLE_SECONDS))
                else:
                    self._begin(job)
        finally:
            stopping.cancel()

    async def _claim(self) -> Job | None:
        now = time.monotonic()
        resting = [kind for kind, rest in self._rests.items() if now < rest.until]
        without = [*resting, *(self._narrow if self._narrow_in_hand else ())]
        return await _in_time(self._queue.claim(self.name, self._lease, without))

    def _begin(self, job: Job) -> None:
        task = asyncio.create_task(self._do(job))
        self._in_hand[job.id, job.attempts] = task
        self._narrow_in_hand += job.kind in self._narrow
        if len(self._in_hand) >= self._slots:
            self._room.clear()
        task.add_done_callback(lambda _: self._ended(job))

    def _ended(self, job: Job) -> None:
        self._in_hand.pop((job.id, job.attempts), None)
        self._narrow_in_hand -= job.kind in self._narrow
        self._room.set()

    async def _do(self, job: Job) -> None:
        handler = self._handlers.get(job.kind)
        try:
            if handler is None:
                # A newer version enqueued it; one of its workers will know what to do.
                await self._queue.postpone(job, _MOST_DELAY)
                return
            await handler(job, self.name)
            self._jobs.add(DONE)
            self._waits = 0
            self._rests.pop(job.kind, None)
        except BundleNotKept as error:
            self._jobs.add(WAITS)
            # Counted, unlike other waiting: nothing that happens by itself brings the bundle back.
            _log.warning("a job has no bundle here", kind=job.kind, subject=job.subject, error=error.detail)
            await self._try_later(job, _BUNDLE_DELAY, counted=True)
        except PlacketError as error:
            self._jobs.add(WAITS)
            _log.warning(
                "a job has to wait", kind=job.kind, subject=job.subject, reason=error.reason, error=error.detail
            )
            await self._try_later(job, self._delay_after(job, error), counted=False)
        except Exception:
            self._jobs.add(FAILED)
            _log.exception("a job failed", kind=job.kind, subject=job.subject)
            await self._try_later(job, min(_MOST_DELAY, 0.5 * 2 ** min(job.attempts, 10)), counted=True)

    def _delay_after(self, job: Job, error: PlacketError) -> float:
        if isinstance(error, VisionUnavailable):
            # So it would be for the next job of the kind, which a worker that sees may be waiting for.
            self._rests[job.kind] = _longer(self._rests.get(job.kind))
            return _OUTAGE_DELAY
        # Nobody's database takes it, as when its disk is full: what was computed, and fetched, was so in vain.
        delay = min(_MOST_DELAY, _OUTAGE_DELAY * 2.0 ** min(self._waits, 10))
        self._waits += 1
        return delay

    async def _try_later(self, job: Job, seconds: float, *, counted: bool) -> None:
        # Where even this fails, the lease runs out and the job is claimed again.
        with contextlib.suppress(StorageUnavailable):
            await self._queue.postpone(job, seconds, counted=counted)

    async def _keep_leases(self) -> None:
        while True:
            try:
                bundles = await self._bundles_here()
                jobs = sorted({job for job, _ in self._in_hand})
                await _in_time(self._queue.renew(self.name, jobs, self._lease, bundles))
            except StorageUnavailable as error:
                self._outage.tell("leases could not be renewed", error)
                await asyncio.sleep(0.5)
                continue
            except Exception:
                _log.exception("leases could not be renewed")
                await asyncio.sleep(0.5)
                continue
            self._outage.over("leases could not be renewed")
            await asyncio.sleep(self._lease / 4)

    async def _bundles_here(self) -> Sequence[str]:
        # A folder that cannot be read just now costs no lease.
        with contextlib.suppress(OSError):
            self._here = await self._bundles()
        return self._here

    async def _repeat(self, schedule: Schedule) -> None:
        while True:
            try:
                await schedule.action()
            except StorageUnavailable as error:
                _log.warning("a scheduled task has to wait", task=schedule.name, error=error.detail)
            except Exception:
                _log.exception("a scheduled task failed", task=schedule.name)
            await asyncio.sleep(schedule.seconds)

    async def _leave(self, grace_seconds: float) -> None:
        tasks = dict(self._in_hand)
        if tasks:
            await asyncio.wait(tasks.values(), timeout=grace_seconds)
        left = [claim for claim, task in tasks.items() if not task.done()]
        for claim in left:
            tasks[claim].cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        with contextlib.suppress(StorageUnavailable, TimeoutError):
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                await self._queue.release(self.name, sorted({job for job, _ in left}))


@dataclass(frozen=True, slots=True)
class _Rest:
    """No job of a kind is claimed ``until`` then."""

    until: float
    seconds: float


def _longer(rest: _Rest | None) -> _Rest:
    """Than the last one; one that is not over yet is told of by another job that began before it."""
    now = time.monotonic()
    if rest is not None and now < rest.until:
        return rest
    seconds = _OUTAGE_DELAY if rest is None else min(_MOST_DELAY, rest.seconds * 2)
    return _Rest(now + seconds, seconds)


class _Outage:
    """Tells what is tried again and again once in a while, and when it is over: one may last for a night."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def tell(self, what: str, error: StorageUnavailable) -> None:
        now = time.monotonic()
        if now - self._told.get(what, -math.inf) >= _QUIET_SECONDS:
            self._told[what] = now
            _log.warning(what, error=error.detail)

    def over(self, what: str) -> None:
        if self._told.pop(what, None) is not None:
            _log.info("this is over", what=what)


async def _none() -> Sequence[str]:
    return ()


async def _in_time(asked: Awaitable[T]) -> T:
    """Raises StorageUnavailable also for a queue that says nothing, which a traceback would not make any clearer."""
    try:
        async with asyncio.timeout(_QUEUE_SECONDS):
            return await asked
    except TimeoutError:
        raise StorageUnavailable(f"the database does not answer within {_QUEUE_SECONDS:g} s") from None


async def _first(stopping: "asyncio.Task[Any]", other: Awaitable[T], patience: float = 0.0) -> T | None:
    """Wait for either; ``stopping`` is never cancelled, the other one when it has not come ``patience`` seconds later.

    Returns what the other one gave, if it came.
    """
    task = asyncio.ensure_future(other)
    try:
        await asyncio.wait((stopping, task), return_when=asyncio.FIRST_COMPLETED)
        if patience and not task.done():
            await asyncio.wait((task,), timeout=patience)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    return task.result() if task.done() and not task.cancelled() else None
