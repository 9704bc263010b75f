"""Photos that wait for a vision process."""

from concurrent.futures import Future
from dataclasses import dataclass, field

from placket.domain.garments import Analysis
from placket.services.in_turn import InTurn
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


class JobQueue:
    """By priority, in turn between projects. Not for several threads; any may ask for its counts."""

    def __init__(self) -> None:
        self._waiting: dict[Priority, InTurn[int | None, Job]] = {p: InTurn() for p in Priority}
        self._turns = 0

    def count(self, priority: Priority) -> int:
        return len(self._waiting[priority])

    def put(self, job: Job) -> None:
        self._waiting[Priority(job.order.priority)].put(job.project, job)

    def put_back(self, job: Job) -> None:
        """To the front: it had its turn and was not begun."""
        self._waiting[Priority(job.order.priority)].put_back(job.project, job)

    def take(self) -> Job | None:
        """The next job that somebody still wants."""
        while (job := self._next()) is not None:
            if job.result.running() or job.result.set_running_or_notify_cancel():
                return job
        return None

    def _next(self) -> Job | None:
        first, second = self._waiting[Priority.INTERACTIVE], self._waiting[Priority.BATCH]
        if not (first and second):
            self._turns = 0
            return (first or second).take()
        self._turns += 1
        if self._turns > INTERACTIVE_TURNS:
            self._turns = 0
            return second.take()
        return first.take()
