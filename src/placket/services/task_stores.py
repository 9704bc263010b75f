"""What the tagging use cases need from storage. Implementations are in :mod:`placket.storage`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from placket.domain.hints import NO_HINTS, Hints
from placket.domain.tagger.bulk import BulkRequest
from placket.domain.tagger.tasks import EntryResult, ImageOutcome, Submission, Task, TaskRules
from placket.services.stores import Caller, Job

CHUNK_JOB = "tag_chunk"
WEBHOOK_JOB = "tag_webhook"
"""Kinds of the jobs of tagging tasks."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's ``Idempotency-Key`` and the hash of all that the request asks for."""

    key: str
    request_hash: bytes


class TaskStore(Protocol):
    async def create(
        self, caller: Caller, request: BulkRequest, rules: TaskRules, idempotency: Idempotency | None
    ) -> Submission:
        """Store the task, its entries and its jobs in one transaction.

        An Idempotency-Key that came before with the same request gets the answer of then.
        Raises NothingAccepted, UsageExceeded, KeyReused; then nothing is stored.
        """
        ...

    async def append(
        self, caller: Caller, task_id: UUID, request: BulkRequest, rules: TaskRules, idempotency: Idempotency | None
    ) -> Submission:
        """As :meth:`create`, to a task whose window is open; raises NoSuchTask and TaskExpired too."""
        ...

    async def page(self, project_id: int, *, before: int | None, limit: int | None) -> list[Task]:
        """Newest first; ``before``: only those of a smaller sequence."""
        ...

    async def get(self, project_id: int, task_id: UUID) -> Task:
        """Raises NoSuchTask, and TaskExpired when the results are past their time."""
        ...

    async def window(self, task: Task, offset: int, size: int) -> list[EntryResult]:
        """Ended entries of the positions ``offset`` to ``offset + size - 1``, in order."""
        ...

    async def delete(self, project_id: int, task_id: UUID) -> None:
        """With all that belongs to it; what waits in the queue is dropped. Raises NoSuchTask."""
        ...

    async def purge(self, rules: TaskRules) -> int:
        """Remove results, stubs and replies that are past their time. How many tasks changed."""
        ...


@dataclass(frozen=True, slots=True)
class TaskImage:
    """One distinct image of a task: a URL, and what those entries say of it that say the same."""

    number: int
    url: str
    hints: Hints = NO_HINTS


@dataclass(frozen=True, slots=True)
class SetAside:
    """Images of a chunk that wait ``delay`` seconds for their host; ``times_down``: how often in a row it was down."""

    numbers: tuple[int, ...]
    times_down: int
    delay: float
    suspect: bool = False


class TaskProgress(Protocol):
    """Every method that ends a job does nothing when the job belongs to somebody else by now."""

    async def chunk(self, task_id: UUID, numbers: Sequence[int]) -> list[TaskImage]:
        """Those of the images that have not ended yet; none when the task is gone."""
        ...

    async def complete(
        self,
        task_id: UUID,
        job: Job,
        worker: str,
        outcomes: Sequence[ImageOutcome],
        rules: TaskRules,
        *,
        asides: Sequence[SetAside] = (),
    ) -> None:
        """Store what became of a chunk's images and end its job, which ``asides`` follow, in one transaction."""
        ...

    async def split(self, task_id: UUID, job: Job, worker: str, numbers: Sequence[int]) -> None:
        """A job for each image, now a suspect, instead of this one."""
        ...

    async def begin_trial(self, task_id: UUID, number: int) -> int:
        """How often this image was begun alone before; this time is counted."""
        ...

    async def drop(self, job: Job, worker: str) -> None: ...


@dataclass(frozen=True, slots=True)
class UsageDay:
    """Tagging requests that were accepted, and their images, of one key and day (UTC)."""

    key_id: str
    day: date
    requests: int
    images: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """Images of a key in this month (UTC); ``limit`` is None where there is none."""

    limit: int | None
    spent: int


class UsageStore(Protocol):
    async def spend(self, caller: Caller, images: int, once: Idempotency | None) -> None:
        """Count one request and its images; not again where ``once`` came before with the same request.

        Raises UsageExceeded beyond the month's rest, and KeyReused; then nothing is counted.
        """
        ...

    async def settle(self, caller: Caller, once: Idempotency, digest: bytes) -> None:
        """``digest``: of the image that a request spent ``once`` for. Another one than the first time is counted too.

        Raises UsageExceeded; then nothing is counted.
        """

    async def allowance(self, key_id: str) -> Allowance: ...

    async def days(self, *, project_id: int | None, first: date, last: date) -> list[UsageDay]:
        """Days with any use, by day and key; of every project where none is given."""
        ...
