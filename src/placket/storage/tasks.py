"""Tagging tasks: accepted with all their entries and jobs in one transaction, read, deleted, purged."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.garments import EMBEDDING_DIM, Garment
from placket.domain.tagger.bulk import BulkRequest, Entry, Settled, settle
from placket.domain.tagger.errors import NoSuchTask, TaskExpired
from placket.domain.tagger.tasks import EntryResult, Submission, Task, TaskRules
from placket.services.stores import Caller
from placket.services.task_stores import CHUNK_JOB, WEBHOOK_JOB, Idempotency
from placket.storage.database import Database
from placket.storage.queue import delete_jobs
from placket.storage.replies import claim_reply, store_reply
from placket.storage.task_rows import add_entries, enqueue_chunks, taken_ids, tell_if_done
from placket.storage.usage import spend_images

_COLUMNS = "id, sequence, album_name, description, created_at, expires_at, results_expire_at, total, done, failed"
_PAST = "(gone_at IS NOT NULL OR (results_expire_at <= now() AND done + failed = total))"
_PURGE_AT_ONCE = 50
_NO_EMBEDDING = np.zeros(EMBEDDING_DIM, dtype=np.float32)

Work = Callable[[AsyncConnection], Awaitable[Submission]]


class PostgresTasks:
    """What is known of tasks; :class:`placket.storage.task_progress.PostgresTaskProgress` moves them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, caller: Caller, request: BulkRequest, rules: TaskRules, idempotency: Idempotency | None
    ) -> Submission:
        async def work(connection: AsyncConnection) -> Submission:
            settled = settle(request.items, (), strict=request.strict)
            task_id = uuid4()
            await self._insert(connection, task_id, caller.project_id, request, rules)
            return await self._add(connection, caller, task_id, settled, rules)

        return await self._once(caller, idempotency, work)

    async def append(
        self, caller: Caller, task_id: UUID, request: BulkRequest, rules: TaskRules, idempotency: Idempotency | None
    ) -> Submission:
        async def work(connection: AsyncConnection) -> Submission:
            await self._lock_open(connection, caller.project_id, task_id)
            ids = [item.image_id for item in request.items if isinstance(item, Entry)]
            taken = await taken_ids(connection, task_id, ids)
            settled = settle(request.items, taken, strict=request.strict)
            await connection.execute(
                text(
                    "UPDATE tag_tasks SET expires_at = least(expires_at + CAST(:window AS interval),"
                    " now() + CAST(:most AS interval)),"
                    " callback_url = CASE WHEN :callback = '' THEN callback_url ELSE :callback END WHERE id = :task"
                ),
                {"window": rules.window, "most": rules.window_max, "callback": request.callback_url, "task": task_id},
            )
            return await self._add(connection, caller, task_id, settled, rules)

        return await self._once(caller, idempotency, work)

    async def _once(self, caller: Caller, idempotency: Idempotency | None, work: Work) -> Submission:
        async with self._database.begin() as connection:
            if idempotency is None:
                return await work(connection)
            before = await claim_reply(connection, caller.project_id, idempotency)
            if before is not None:
                return before
            answer = await work(connection)
            await store_reply(connection, caller.project_id, idempotency, answer)
            return answer

    @staticmethod
    async def _insert(
        connection: AsyncConnection, task_id: UUID, project_id: int, request: BulkRequest, rules: TaskRules
    ) -> None:
        await connection.execute(
            text(
                "INSERT INTO tag_tasks"
                " (id, project_id, album_name, description, expires_at, results_expire_at, callback_url)"
                " VALUES (:id, :project, coalesce(nullif(:album, ''),"
                " to_char(now() AT TIME ZONE 'UTC', '\"album-\"YYYYMMDD-HH24MISS')), :description,"
                " now() + CAST(:window AS interval), now() + CAST(:keep AS interval), :callback)"
            ),
            {
                "id": task_id,
                "project": project_id,
                "album": request.album_name,
                "description": request.description,
                "window": rules.window,
                "keep": rules.keep_results,
                "callback": request.callback_url,
            },
        )

    @staticmethod
    async def _lock_open(connection: AsyncConnection, project_id: int, task_id: UUID) -> None:
        found = await connection.execute(
            text(
                f"SELECT expires_at <= now() OR {_PAST} AS expired FROM tag_tasks"
                " WHERE id = :task AND project_id = :project FOR UPDATE"
            ),
            {"task": task_id, "project": project_id},
        )
        row = found.one_or_none()
        if row is None:
            raise NoSuchTask(f"there is no task {task_id}")
        if row.expired:
            raise TaskExpired("the time to append to this task is over; make a new task")

    @staticmethod
    async def _add(
        connection: AsyncConnection, caller: Caller, task_id: UUID, settled: Settled, rules: TaskRules
    ) -> Submission:
        await spend_images(connection, caller.key_id, len(settled.accepted))
        found = await connection.execute(
            text("SELECT total, images FROM tag_tasks WHERE id = :task"), {"task": task_id}
        )
        total, images = found.one()
        added = await add_entries(connection, task_id, settled.accepted, first=total, first_image=images)
        updated = await connection.execute(
            text(
                "UPDATE tag_tasks SET total = total + :entries, images = images + :images, done = done + :done,"
                " results_expire_at = now() + CAST(:keep AS interval) WHERE id = :task"
                " RETURNING album_name, expires_at"
            ),
            {
                "entries": len(settled.accepted),
                "images": len(added.numbers),
                "done": added.done,
                "keep": rules.keep_results,
                "task": task_id,
            },
        )
        album_name, expires_at = updated.one()
        await enqueue_chunks(connection, task_id, added.numbers, rules.chunk, caller.project_id)
        await tell_if_done(connection, task_id)
        rejected = tuple((r.sent, r.message) for r in settled.rejected)
        return Submission(task_id, album_name, expires_at, len(settled.accepted), rejected)

    async def page(self, project_id: int, *, before: int | None, limit: int | None) -> list[Task]:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    f"SELECT {_COLUMNS} FROM tag_tasks WHERE project_id = :project AND NOT {_PAST}"
                    " AND (CAST(:before AS bigint) IS NULL OR sequence < :before)"
                    " ORDER BY sequence DESC LIMIT CAST(:limit AS bigint)"
                ),
                {"project": project_id, "before": before, "limit": limit},
            )
            return [Task(**row) for row in found.mappings()]

    async def get(self, project_id: int, task_id: UUID) -> Task:
        async with self._database.read() as connection:
            found = await connection.execute(
                text(f"SELECT {_COLUMNS}, {_PAST} AS past FROM tag_tasks WHERE id = :task AND project_id = :project"),
                {"task": task_id, "project": project_id},
            )
            row = found.mappings().one_or_none()
        if row is None:
            raise NoSuchTask(f"there is no task {task_id}")
        values = dict(row)
        if values.pop("past"):
            raise TaskExpired("the results of this task are past their time and were removed")
        return Task(**values)

    async def window(self, task: Task, offset: int, size: int) -> list[EntryResult]:
        async with self._database.read() as connection:
            found = await connection.execute(
                text(
                    "SELECT e.image_id, e.detection, i.garments, i.reason, i.detail, i.url FROM tag_entries e"
                    " JOIN tag_images i ON i.task_id = e.task_id AND i.number = e.image"
                    " WHERE e.task_id = :task AND e.position >= :first AND e.position < :last AND i.state IS NOT NULL"
                    " ORDER BY e.position"
                ),
                {"task": task.id, "first": min(offset, task.total), "last": min(offset + size, task.total)},
            )
            return [
                EntryResult(r.image_id, tuple(r.detection), _garments(r.garments), r.reason, r.detail, r.url)
                for r in found
            ]

    async def delete(self, project_id: int, task_id: UUID) -> None:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text("SELECT 1 FROM tag_tasks WHERE id = :task AND project_id = :project FOR UPDATE"),
                {"task": task_id, "project": project_id},
            )
            if found.first() is None:
                raise NoSuchTask(f"there is no task {task_id}")
            await _drop_jobs(connection, [task_id])
            await connection.execute(text("DELETE FROM tag_tasks WHERE id = :task"), {"task": task_id})

    async def purge(self, rules: TaskRules) -> int:
        changed = 0
        while emptied := await self._empty_some():
            changed += emptied
        async with self._database.begin() as connection:
            stubs = await connection.execute(
                text("DELETE FROM tag_tasks WHERE gone_at < now() - CAST(:keep AS interval)"), {"keep": rules.keep_stub}
            )
            await connection.execute(
                text("DELETE FROM request_replies WHERE created_at < now() - CAST(:keep AS interval)"),
                {"keep": rules.keep_replies},
            )
            return changed + stubs.rowcount

    async def _empty_some(self) -> int:
        """Leave stubs of some tasks that are past their time; in several processes at once, each its own."""
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    "SELECT id FROM tag_tasks WHERE gone_at IS NULL AND results_expire_at <= now()"
                    " AND done + failed = total LIMIT :most FOR UPDATE SKIP LOCKED"
                ),
                {"most": _PURGE_AT_ONCE},
            )
            ids = list(found.scalars())
            if ids:
                await _drop_jobs(connection, ids)
                for table in ("tag_entries", "tag_images"):
                    await connection.execute(text(f"DELETE FROM {table} WHERE task_id = ANY(:ids)"), {"ids": ids})
                await connection.execute(
                    text(
                        "UPDATE tag_tasks SET gone_at = now(), album_name = '', description = '', callback_url = ''"
                        " WHERE id = ANY(:ids)"
                    ),
                    {"ids": ids},
                )
            return len(ids)


async def _drop_jobs(connection: AsyncConnection, task_ids: Sequence[UUID]) -> None:
    await delete_jobs(connection, [str(task_id) for task_id in task_ids], kinds=(CHUNK_JOB, WEBHOOK_JOB))


def _garments(data: Any) -> tuple[Garment, ...] | None:
    return None if data is None else tuple(Garment.from_json(g, _NO_EMBEDDING) for g in data)
