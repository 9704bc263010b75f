"""Index runs: their states, their rows, and what became of each row."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID


class RunState(enum.StrEnum):
    """``reserved`` -> ``running`` -> ``finished`` or ``failed`` (no row succeeded); only forward."""

    RESERVED = "reserved"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (RunState.FINISHED, RunState.FAILED)


class RunKind(enum.StrEnum):
    INDEX = "index"
    CHECK = "check"
    REINDEX = "reindex"


class Outcome(enum.StrEnum):
    ADDED = "added"
    UPDATED = "updated"
    DELETED = "deleted"
    FAILED = "failed"


class Status(enum.StrEnum):
    """The ``status`` column of an index file."""

    ENABLE = "enable"
    DISABLE = "disable"


FIELDS = ("name", "category1_id", "category2_id", "category3_id", "image_url", "s1", "s2")
FilterField = Literal["category1_id", "category2_id", "category3_id", "s1", "s2"]
FILTER_FIELDS: tuple[FilterField, ...] = get_args(FilterField)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an index file. A ``reason`` means that it failed when it was read."""

    line: int
    product_id: str
    status: Status
    fields: Mapping[str, str]
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RowResult:
    line: int
    product_id: str
    outcome: Outcome | None
    reason: str = ""
    detail: str = ""
    fields: Mapping[str, str] | None = None
    status: Status = Status.ENABLE


@dataclass(frozen=True, slots=True)
class Run:
    id: UUID
    service: str
    kind: RunKind
    filename: str
    state: RunState
    reserved_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    added: int
    failed: int
    deleted: int
    updated: int
    total: int
    bundle: str
    cancelled: bool = False

    @property
    def pending(self) -> int:
        return self.total - self.added - self.failed - self.deleted - self.updated


def end_state(succeeded: int) -> RunState:
    """``failed`` means that every row failed; a partial failure is ``finished``."""
    return RunState.FINISHED if succeeded else RunState.FAILED
