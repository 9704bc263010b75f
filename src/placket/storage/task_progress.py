"""How a tagging task goes forward: chunks read, computed elsewhere, and stored with the end of their job."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.tagger.tasks import ImageOutcome, TaskRules
from placket.services.stores import Job
from placket.services.tallies import FAILED, OK
from placket.services.tally import Tally
from placket.services.task_stores import CHUNK_JOB, SetAside, TaskImage
from placket.storage.database import Database
from placket.storage.queue import end_job, enqueue
from placket.storage.task_rows import hints_from_row, tell_if_done

_MAX_DETAIL = 500

_STORE = text(
    """
    UPDATE tag_images i
    SET state = CASE WHEN o.garments IS NULL THEN 'failed' ELSE 'done' END,
        garments = o.garments, reason = o.reason, detail = o.detail
    FROM jsonb_to_recordset(CAST(:outcomes AS jsonb)) AS o(number integer, garments jsonb, reason text, detail text)
    WHERE i.task_id = :task AND i.number = o.number AND i.state IS NULL
    RETURNING i.number, i.state
    """
)
_COUNT = text(
    """
    UPDATE tag_tasks t SET done = t.done + c.done, failed = t.failed + c.failed,
        results_expire_at = now() + CAST(:keep AS interval)
    FROM (
        SELECT count(*) FILTER (WHERE image = ANY(:done)) AS done,
            count(*) FILTER (WHERE image = ANY(:failed)) AS failed
        FROM tag_entries WHERE task_id = :task AND image = ANY(:ended)
    ) AS c WHERE t.id = :task
    """
)


class PostgresTaskProgress:
    """``images``: counts those that have ended."""

    def __init__(self, database: Database, images: Tally) -> None:
        self._database = database
        self._images = images

    async def chunk(self, task_id: UUID, numbers: Sequence[int]) -> list[TaskImage]:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    "SELECT number, url, hints FROM tag_images"
                    " WHERE task_id = :task AND number = ANY(:numbers) AND state IS NULL ORDER BY number"
                ),
                {"task": task_id, "numbers": list(numbers)},
            )
            return [TaskImage(row.number, row.url, hints_from_row(row.hints)) for row in found]

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
        async with self._database.begin() as connection:
            # The task first, as appends lock it: an entry that names one of these images is there before, or after.
            await connection.execute(text("SELECT 1 FROM tag_tasks WHERE id = :task FOR UPDATE"), {"task": task_id})
            if not await end_job(connection, job, worker):
                return
            for aside in asides:
                payload = {"numbers": aside.numbers, "times_down": aside.times_down, "suspect": aside.suspect}
                await enqueue(connection, CHUNK_JOB, str(task_id), [payload], job.project_id, delay=aside.delay)
            stored = await self._store(connection, task_id, outcomes, rules) if outcomes else set()
        # Not before it is sure to last.
        for outcome in outcomes:
            if outcome.number in stored:
                self._images.add(FAILED if outcome.garments is None else OK, outcome.reason)

    @staticmethod
    async def _store(
        connection: AsyncConnection, task_id: UUID, outcomes: Sequence[ImageOutcome], rules: TaskRules
    ) -> set[int]:
        """The numbers of those that had not ended before."""
        found = await connection.execute(
            _STORE, {"task": task_id, "outcomes": json.dumps([_as_json(o) for o in outcomes])}
        )
        ended = found.all()
        await connection.execute(
            _COUNT,
            {
                "task": task_id,
                "keep": rules.keep_results,
                "ended": [number for number, _ in ended],
                "done": [number for number, state in ended if state == "done"],
                "failed": [number for number, state in ended if state == "failed"],
            },
        )
        if ended:
            await tell_if_done(connection, task_id)
        return {number for number, _ in ended}

    async def split(self, task_id: UUID, job: Job, worker: str, numbers: Sequence[int]) -> None:
        async with self._database.begin() as connection:
            if await end_job(connection, job, worker):
                alone: list[Mapping[str, Any]] = [{"numbers": [n], "suspect": True} for n in numbers]
                await enqueue(connection, CHUNK_JOB, str(task_id), alone, job.project_id)

    async def begin_trial(self, task_id: UUID, number: int) -> int:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    "UPDATE tag_images SET trials = trials + 1 WHERE task_id = :task AND number = :number"
                    " RETURNING trials - 1"
                ),
                {"task": task_id, "number": number},
            )
            return int(found.scalar_one_or_none() or 0)

    async def drop(self, job: Job, worker: str) -> None:
        async with self._database.begin() as connection:
            await end_job(connection, job, worker)


def _as_json(outcome: ImageOutcome) -> dict[str, Any]:
    return {
        "number": outcome.number,
        "garments": None if outcome.garments is None else [g.to_json() for g in outcome.garments],
        "reason": outcome.reason,
        "detail": _storable(outcome.detail)[:_MAX_DETAIL],
    }


def _storable(detail: str) -> str:
    """A host's words may be in it: PostgreSQL takes neither NUL nor half a surrogate pair."""
    return detail.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
