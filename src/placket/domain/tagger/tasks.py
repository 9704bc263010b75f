"""Tagging tasks: what is known of one, and of each of its images."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from placket.domain.garments import Garment


class TaskStatus(enum.StrEnum):
    """Back and forth: an append within the window makes a done task process again."""

    PROCESSING = "TASK_PROCESSING"
    DONE = "TASK_DONE"


@dataclass(frozen=True, slots=True)
class Task:
    """``expires_at`` ends the window for appends; ``results_expire_at`` the time of its results. Counts are entries."""

    id: UUID
    sequence: int
    album_name: str
    description: str
    created_at: datetime
    expires_at: datetime
    results_expire_at: datetime
    total: int
    done: int
    failed: int

    @property
    def processing(self) -> int:
        return self.total - self.done - self.failed

    @property
    def status(self) -> TaskStatus:
        return TaskStatus.PROCESSING if self.processing else TaskStatus.DONE

    def counts(self) -> dict[str, int]:
        return {"total": self.total, "done": self.done, "processing": self.processing, "failure": self.failed}


@dataclass(frozen=True, slots=True)
class TaskRules:
    """``window``: for appends, from creation and from each append, at most ``window_max`` from now.

    ``keep_results``: after the last change; ``keep_stub``: how long an expired task is still known; ``keep_replies``:
    how long an Idempotency-Key is remembered; ``chunk``: images in a job.
    """

    window: timedelta
    window_max: timedelta
    keep_results: timedelta
    keep_stub: timedelta
    keep_replies: timedelta
    chunk: int


@dataclass(frozen=True, slots=True)
class Submission:
    """The answer to a create or an append. ``rejected``: (entry as sent, what to mend), in the order of the request."""

    task_id: UUID
    album_name: str
    expires_at: datetime
    accepted: int
    rejected: tuple[tuple[Any, str], ...]


@dataclass(frozen=True, slots=True)
class EntryResult:
    """``garments`` are None for an entry that failed, which has a ``reason`` and a ``detail`` instead."""

    image_id: str
    detection: Sequence[str]
    garments: tuple[Garment, ...] | None
    reason: str = ""
    detail: str = ""
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ImageOutcome:
    """What became of one image of a task; ``number`` counts its distinct images. As in :class:`EntryResult`."""

    number: int
    garments: tuple[Garment, ...] | None
    reason: str = ""
    detail: str = ""


def done_event(task_id: UUID, album_name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """What a webhook tells when a task is done."""
    return {
        "event": "tagging_task.done",
        "taskId": str(task_id),
        "albumName": album_name,
        "taskStatus": str(TaskStatus.DONE),
        "count": dict(counts),
    }
