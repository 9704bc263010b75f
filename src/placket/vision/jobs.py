"""Photos that wait for a vision process."""

from collections import deque
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
    """``deaths``: how often its process has died over it. ``deadline``: when it counts as one that hangs."""

    id: int
    order: Order
    image: bytes
    result: "Future[Answer]" = field(default_factory=Future)
    deaths: int = 0
    begun: bool = False
    deadline: float = 0.0

    def frame(self) -> Frame:
        return Frame(Kind.PHOTO, self.id, self.order.encode(), self.image)


class JobQueue:
    """First in, first out within a priority. Not for several threads."""

    def __init__(self) -> None:
        self._waiting: dict[Priority, deque[Job]] = {p: deque() for p in Priority}
        self._turns = 0

    def __len__(self) -> int:
        return sum(len(jobs) for jobs in self._waiting.values())

    def count(self, priority: Priority) -> int:
        return len(self._waiting[priority])

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
        if first and second:
            self._turns += 1
            if self._turns > INTERACTIVE_TURNS:
                self._turns = 0
                return second.popleft()
            return first.popleft()
        self._turns = 0
        if first:
            return first.popleft()
        return second.popleft() if second else None
