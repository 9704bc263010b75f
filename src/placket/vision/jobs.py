"""Photos that wait for a vision process."""

from collections import OrderedDict, deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from placket.domain.garments import Analysis
from placket.services.ports import Priority
from placket.vision.protocol import Frame, Kind, Order

Answer = Analysis | bytes
"""Garments, or the JPEG of an order that only makes a photo small."""

INTERACTIVE_TURNS = 8
"""So many photos that somebody waits for go first; then one of a batch has its turn, so that none starves."""


@dataclass(slots=True)
class Job:
    """``deaths``: how often its process has died over it. ``deadline``: when it counts as one that hangs. ``project``:
    whose photo it is."""

    id: int
    order: Order
    image: bytes
    project: int | None = None
    result: "Future[Answer]" = field(default_factory=Future)
    deaths: int = 0
    begun: bool = False
    deadline: float = 0.0

    def frame(self) -> Frame:
        return Frame(Kind.PHOTO, self.id, self.order.encode(), self.image)


class _InTurn:
    """Projects take turns, so that who sends a thousand photos keeps nobody else waiting for more than one of them; of
    one project, first in, first out."""

    def __init__(self) -> None:
        self.count = 0
        self._of: OrderedDict[int | None, deque[Job]] = OrderedDict()

    def append(self, job: Job) -> None:
        self._of.setdefault(job.project, deque()).append(job)
        self.count += 1

    def appendleft(self, job: Job) -> None:
        self._of.setdefault(job.project, deque()).appendleft(job)
        self._of.move_to_end(job.project, last=False)
        self.count += 1

    def popleft(self) -> Job:
        project, jobs = next(iter(self._of.items()))
        job = jobs.popleft()
        self._of.move_to_end(project)
        if not jobs:
            del self._of[project]
        self.count -= 1
        return job


class JobQueue:
    """By priority, in turn between projects. Not for several threads; any may ask for its counts."""

    def __init__(self) -> None:
        self._waiting: dict[Priority, _InTurn] = {p: _InTurn() for p in Priority}
        self._turns = 0

    def count(self, priority: Priority) -> int:
        return self._waiting[priority].count

    def put(self, job: Job) -> None:
        self._waiting[Priority(job.order.priority)].append(job)

    def put_back(self, job: Job) -> None:
        """To the front: it had its turn and was not begun."""
        self._waiting[Priority(job.order.priority)].appendleft(job)

    def take(self) -> Job | None:
        """The next job that somebody still wants."""
        while (job := self._next()) is not None:
            if job.result.running() or job.result.set_running_or_notify_cancel():
                return job
        return None

    def _next(self) -> Job | None:
        first, second = self._waiting[Priority.INTERACTIVE], self._waiting[Priority.BATCH]
        if first.count and second.count:
            self._turns += 1
            if self._turns > INTERACTIVE_TURNS:
                self._turns = 0
                return second.popleft()
            return first.popleft()
        self._turns = 0
        if first.count:
            return first.popleft()
        return second.popleft() if second.count else None
