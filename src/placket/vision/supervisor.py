"""Keeps vision processes alive and busy, in a thread of its own: no event loop's delays and no fork of the server.

A process that dies or hangs is replaced. The photos that it had begun are each tried once more, alone in a process of
their own; one that ends that process too is given up. Photos that it had not begun just go to the next process.
"""

import contextlib
import os
import selectors
import threading
import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any

import structlog

from placket.domain.errors import ImageError, PlacketError, VisionCrashed, VisionUnavailable
from placket.domain.garments import Analysis
from placket.services.ports import Priority
from placket.vision.jobs import Answer, Job, JobQueue
from placket.vision.process import Process
from placket.vision.protocol import (
    BrokenFrame,
    Frame,
    Kind,
    Options,
    Order,
    decode_analysis,
    decode_failure,
    decode_picture,
)
from placket.vision.statistics import VisionStatistics

_START_SECONDS = 60.0
_FIRST_DELAY = 0.25
_LONGEST_DELAY = 30.0
_HOPELESS_AFTER = 3
_LONGEST_WAIT = 60.0


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one process. ``failures``: deaths in a row that no photo explains; ``not_before``: next start."""

    alone: bool
    process: Process | None = None
    failures: int = 0
    not_before: float = 0.0
    reason: str = ""


@dataclass(slots=True)
class _Counts:
    done: int = 0
    refused: int = 0
    crashed: int = 0
    restarts: int = 0
    failed_starts: int = 0


class Supervisor:
    """``threads``: of each process; it holds one photo more than it has threads, so that none of them waits for us."""

    def __init__(self, options: Options, *, processes: int, timeout: float, log: Any = None) -> None:
        self._options = options
        self._log = log or structlog.get_logger()
        self._timeout = timeout
        self._slots = [Slot(alone=False) for _ in range(processes)]
        self._ward = Slot(alone=True)
        self._queue = JobQueue()
        self._suspects: deque[Job] = deque()
        self._counts = _Counts()
        self._lock = threading.Lock()
        self._incoming: deque[Job] = deque()
        self._waiters: list[Future[None]] = []
        self._next_id = 1
        self._down = ""
        self._closing = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        # Children ask the kernel to be killed when the thread that started them ends, so it must outlive them.
        self._thread = threading.Thread(target=self._run, name="vision-supervisor", daemon=True)
        self._thread.start()

    # --- called from any thread

    def submit(self, order: Order, image: bytes, project: int | None = None) -> "Future[Answer]":
        """Raises VisionUnavailable when nothing runs and nothing comes up."""
        with self._lock:
            self._check_open()
            if self._down:
                raise VisionUnavailable(self._down)
            job = Job(self._next_id, order, image, project)
            self._next_id += 1
            self._incoming.append(job)
            self._ring()
        return job.result

    def when_ready(self) -> "Future[None]":
        """Done when a process can take photos; fails with VisionUnavailable when none comes up."""
        waiter: Future[None] = Future()
        with self._lock:
            self._check_open()
            if self._down:
                waiter.set_exception(VisionUnavailable(self._down))
            else:
                self._waiters.append(waiter)
                self._ring()
        return waiter

    def close(self) -> None:
        """End the processes at once; whoever waits gets VisionUnavailable."""
        with self._lock:
            if not self._closing:
                self._closing = True
                self._ring()
        self._thread.join()

    @property
    def closed(self) -> bool:
        return self._closing

    def pids(self) -> list[int]:
        """Of the processes that take photos."""
        return [s.process.pid for s in self._slots if s.process is not None and s.process.ready]

    def statistics(self) -> VisionStatistics:
        processes = [p for s in (*self._slots, self._ward) if (p := s.process) is not None]
        counts = self._counts
        return VisionStatistics(
            queued_interactive=self._queue.count(Priority.INTERACTIVE),
            queued_batch=self._queue.count(Priority.BATCH),
            in_hand=sum(len(p.in_hand) for p in processes),
            processes=sum(p.ready for p in processes),
            done=counts.done,
            refused=counts.refused,
            crashed=counts.crashed,
            restarts=counts.restarts,
            failed_starts=counts.failed_starts,
        )

    def _check_open(self) -> None:
        if self._closing:
            raise VisionUnavailable("the vision processes are closed")

    def _ring(self) -> None:
        """Under the lock, before the end: once closed, the pipe's number may be that of somebody's connection."""
        # A full pipe rings already.
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b"!")

    # --- the thread

    def _run(self) -> None:
        try:
            while not self._closing:
                self._take_in()
                self._end_overdue()
                self._start_missing()
                self._hand_out()
                self._listen()
        except Exception:
            self._log.exception("vision supervisor failed")
        finally:
            self._end_all()

    def _take_in(self) -> None:
        with self._lock:
            while self._incoming:
                self._queue.put(self._incoming.popleft())
            if any(s.process and s.process.ready for s in self._slots):
                _finish(self._waiters, "")

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for slot in (*self._slots, self._ward):
            if slot.process is not None and slot.process.overdue(now):
                self._drain(slot)
                if slot.process is not None and slot.process.overdue(now):
                    self._lose(slot, "it hangs" if slot.process.ready else "it did not start in time")

    def _drain(self, slot: Slot) -> None:
        while slot.process is not None and self._hear(slot):
            pass

    def _start_missing(self) -> None:
        now = time.monotonic()
        for slot in (*self._slots, self._ward):
            if slot.process is not None or now < slot.not_before or (slot.alone and not self._suspects):
                continue
            capacity = 1 if slot.alone else self._options.threads + 1
            try:
                slot.process = Process(self._options, capacity, alone=slot.alone, ready_by=now + _START_SECONDS)
            except OSError as error:
                self._failed(slot, f"it cannot be started: {error.strerror}", was_ready=False)
            else:
                self._selector.register(slot.process.connection, selectors.EVENT_READ, slot)

    def _hand_out(self) -> None:
        while free := [p for s in self._slots if (p := s.process) and p.ready and len(p.in_hand) < p.capacity]:
            job = self._queue.take()
            if job is None:
                break
            min(free, key=lambda p: len(p.in_hand)).give(job, 2 * self._timeout)
        ward = self._ward.process
        if ward is not None and ward.ready and not ward.in_hand and self._suspects:
            ward.give(self._suspects.popleft(), 2 * self._timeout)

    def _listen(self) -> None:
        for slot in (*self._slots, self._ward):
            if slot.process is not None:
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if slot.process.writing else 0)
                self._selector.modify(slot.process.connection, events, slot)
        for key, events in self._selector.select(self._patience()):
            slot = key.data
            if slot is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 4096)
                continue
            if events & selectors.EVENT_WRITE and slot.process is not None:
                slot.process.write()
            if events & selectors.EVENT_READ and slot.process is not None:
                self._hear(slot)

    def _patience(self) -> float:
        """Seconds until something is due."""
        now = time.monotonic()
        times = [now + _LONGEST_WAIT]
        for slot in (*self._slots, self._ward):
            if slot.process is not None:
                times += slot.process.deadlines()
            elif not slot.alone or self._suspects:
                times.append(slot.not_before)
        return max(0.0, min(times) - now)

    # --- what processes say, and how they end

    def _hear(self, slot: Slot) -> bool:
        """Whether it said anything."""
        process = slot.process
        assert process is not None
        try:
            frames = process.read()
            if frames is None:
                self._lose(slot, "")
                return False
            for frame in frames:
                if slot.process is process:
                    self._answer(slot, process, frame)
        except BrokenFrame as error:
            self._lose(slot, f"it speaks nonsense: {error}")
            return False
        return bool(frames)

    def _answer(self, slot: Slot, process: Process, frame: Frame) -> None:
        if frame.kind is Kind.READY:
            process.ready = True
            if not slot.alone:
                self._down = ""
            return
        if frame.kind is Kind.UNFIT:
            slot.reason = decode_failure(frame).detail
            return
        job = process.in_hand.get(frame.job)
        if job is None or frame.kind is Kind.PHOTO:
            raise BrokenFrame(f"{frame.kind.name} for a photo that it does not have")
        if frame.kind is Kind.STARTED:
            job.begun = True
            job.deadline = time.monotonic() + self._timeout
            return
        answer = _read_answer(job, frame)
        del process.in_hand[job.id]
        slot.failures = 0
        self._settle(job, answer)
        if slot.alone:
            self._forget(slot)

    def _settle(self, job: Job, answer: Answer | PlacketError) -> None:
        if isinstance(answer, VisionCrashed):
            self._counts.crashed += 1
        elif isinstance(answer, ImageError):
            self._counts.refused += 1
        elif isinstance(answer, Analysis):
            self._counts.done += 1
        with contextlib.suppress(InvalidStateError):
            if isinstance(answer, PlacketError):
                job.result.set_exception(answer)
            else:
                job.result.set_result(answer)

    def _forget(self, slot: Slot) -> str:
        """End the slot's process; how it ended."""
        assert slot.process is not None
        self._selector.unregister(slot.process.connection)
        how = slot.process.end()
        slot.process = None
        return how

    def _lose(self, slot: Slot, why: str) -> None:
        process = slot.process
        assert process is not None
        how = self._forget(slot)
        begun = [job for job in process.in_hand.values() if job.begun]
        for job in reversed([job for job in process.in_hand.values() if not job.begun]):
            if slot.alone:
                self._suspects.appendleft(job)
            else:
                self._queue.put_back(job)
        if not begun:
            self._failed(slot, why or slot.reason or how, was_ready=process.ready)
            return
        self._counts.restarts += 1
        self._log.warning("vision process lost", pid=process.pid, reason=why or how, photos=len(begun))
        for job in begun:
            job.deaths += 1
            if job.deaths == 1:
                self._suspects.append(job)
            else:
                self._settle(job, VisionCrashed(f"the vision process was lost twice over this photo: {why or how}"))

    def _failed(self, slot: Slot, reason: str, *, was_ready: bool) -> None:
        """A process ended that had begun no photo."""
        slot.failures += 1
        self._counts.restarts += was_ready
        self._counts.failed_starts += not was_ready
        if not (was_ready and slot.failures == 1):
            slot.not_before = time.monotonic() + min(_LONGEST_DELAY, _FIRST_DELAY * 2**slot.failures)
        slot.reason = ""
        self._log.warning("vision process failed", reason=reason, failures=slot.failures)
        if slot.failures < _HOPELESS_AFTER:
            return
        error = f"the vision process does not come up: {reason}"
        if slot.alone:
            self._refuse(self._suspects, error)
        elif all(s.failures >= _HOPELESS_AFTER for s in self._slots):
            with self._lock:
                self._down = error
                _finish(self._waiters, error)
            self._refuse_queue(error)

    def _refuse_queue(self, detail: str) -> None:
        while (job := self._queue.take()) is not None:
            self._settle(job, VisionUnavailable(detail))

    def _refuse(self, jobs: "deque[Job]", detail: str) -> None:
        while jobs:
            self._settle(jobs.popleft(), VisionUnavailable(detail))

    def _end_all(self) -> None:
        detail = "the vision processes are closed"
        with self._lock:
            self._closing = True
            incoming, self._incoming = self._incoming, deque()
            _finish(self._waiters, detail)
        for slot in (*self._slots, self._ward):
            if slot.process is not None:
                jobs = deque(slot.process.in_hand.values())
                self._forget(slot)
                self._refuse(jobs, detail)
        self._refuse(incoming, detail)
        self._refuse(self._suspects, detail)
        self._refuse_queue(detail)
        self._selector.close()
        os.close(self._woken)
        os.close(self._wake)


def _read_answer(job: Job, frame: Frame) -> Answer | PlacketError:
    """Raises BrokenFrame, also for the answer to another kind of order."""
    if frame.kind is Kind.FAILED:
        return decode_failure(frame)
    if frame.kind is not (Kind.DONE if job.order.side is None else Kind.PICTURE):
        raise BrokenFrame(f"{frame.kind.name} answers another order")
    return decode_analysis(frame) if frame.kind is Kind.DONE else decode_picture(frame)


def _finish(waiters: "list[Future[None]]", error: str) -> None:
    for waiter in waiters:
        if waiter.set_running_or_notify_cancel():
            if error:
                waiter.set_exception(VisionUnavailable(error))
            else:
                waiter.set_result(None)
    waiters.clear()
