"""Tagging tasks as their callers see them: made, appended to, watched, read, deleted."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from placket.domain.tagger.bulk import BulkRequest, read_bulk
from placket.domain.tagger.errors import NoSuchTask, ResultsNotReady
from placket.domain.tagger.tasks import EntryResult, Submission, Task, TaskRules
from placket.services.key_turns import KeyTurns
from placket.services.repeats import idempotency_of
from placket.services.stores import Caller
from placket.services.task_stores import TaskStore

_MOST_OF_KEY = 32
"""Requests of a key that are stored or wait for that, in a process: each may have thousands of entries."""
_TASK_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ResultPage:
    """``entries``: those of the positions from ``offset`` on, ``size`` at most, in the order of the requests."""

    task: Task
    offset: int
    size: int
    entries: Sequence[EntryResult]


class TaggingTasks:
    def __init__(self, store: TaskStore, rules: TaskRules, max_entries: int, turns: KeyTurns | None = None) -> None:
        self._store = store
        self._rules = rules
        self._max_entries = max_entries
        self._turns = turns or KeyTurns()

    async def create(self, caller: Caller, body: bytes, idempotency_key: str | None = None) -> Submission:
        """``body``: the JSON of the request.

        Raises RateLimited, RequestMalformed, DetectionInvalid, RequestTooLarge, NothingAccepted, KeyReused,
        UsageExceeded.
        """
        idempotency = idempotency_of(idempotency_key, b"POST", body)
        async with self._turns.one(caller.key_id, _MOST_OF_KEY):
            request = await self._read(body)
            return await self._store.create(caller, request, self._rules, idempotency)

    async def append(self, caller: Caller, task_id: str, body: bytes, idempotency_key: str | None = None) -> Submission:
        """As :meth:`create`; raises NoSuchTask and TaskExpired too."""
        known = _task_id(task_id)
        idempotency = idempotency_of(idempotency_key, b"PUT " + known.bytes, body)
        async with self._turns.one(caller.key_id, _MOST_OF_KEY):
            request = await self._read(body)
            return await self._store.append(caller, known, request, self._rules, idempotency)

    async def _read(self, body: bytes) -> BulkRequest:
        # A thousand entries take tens of milliseconds, in which other callers are answered.
        return await asyncio.to_thread(read_bulk, body, max_entries=self._max_entries)

    async def tasks(self, caller: Caller, *, before: int | None = None, limit: int | None = None) -> list[Task]:
        """Newest first, but for those that are past their time; ``before``: of a smaller sequence."""
        return await self._store.page(caller.project_id, before=before, limit=limit)

    async def task(self, caller: Caller, task_id: str) -> Task:
        """Raises NoSuchTask, TaskExpired."""
        return await self._store.get(caller.project_id, _task_id(task_id))

    async def results(self, caller: Caller, task_id: str, offset: int, size: int) -> ResultPage:
        """Raises NoSuchTask, TaskExpired, ResultsNotReady."""
        task = await self.task(caller, task_id)
        if task.processing:
            raise ResultsNotReady(f"{task.processing} of {task.total} images are still being tagged")
        return ResultPage(task, offset, size, await self._store.window(task, offset, size))

    async def results_so_far(self, caller: Caller, task_id: str, offset: int, size: int) -> ResultPage:
        """As :meth:`results`, while images are still being tagged too. Raises NoSuchTask, TaskExpired."""
        task = await self.task(caller, task_id)
        return ResultPage(task, offset, size, await self._store.window(task, offset, size))

    async def delete(self, caller: Caller, task_id: str) -> None:
        """Raises NoSuchTask."""
        await self._store.delete(caller.project_id, _task_id(task_id))

    async def purge(self) -> None:
        """Remove what is past its time."""
        await self._store.purge(self._rules)


def _task_id(word: str) -> UUID:
    if not _TASK_ID.fullmatch(word):
        raise NoSuchTask("there is no such task")
    return UUID(word)
