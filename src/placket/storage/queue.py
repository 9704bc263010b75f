"""The job queue: rows claimed with a lease, fairly between projects.

A job ends in the transaction that stores its result, and is enqueued in the one that needs it; so the queue is
tables of our own beside the data (docs/adr/0003) rather than a library's.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.services.stores import Bell, Job
from placket.storage.database import Database

CHANNEL = "placket_jobs"

_CLAIM = text(
    """
    WITH busy AS (
        SELECT project_id, count(*) AS jobs FROM jobs WHERE lease_until > now() GROUP BY project_id
    ), next AS (
        SELECT j.id FROM jobs j
        LEFT JOIN busy ON busy.project_id = j.project_id
        LEFT JOIN queue_turns t ON t.project_id = j.project_id
        WHERE j.not_before <= now() AND (j.lease_until IS NULL OR j.lease_until <= now())
        ORDER BY coalesce(busy.jobs, 0), t.last_claim NULLS FIRST, j.id
        LIMIT 1 FOR UPDATE OF j SKIP LOCKED
    )
    UPDATE jobs SET worker = :worker, lease_until = now() + make_interval(secs => :lease), attempts = attempts + 1
    FROM next WHERE jobs.id = next.id
    RETURNING jobs.id, kind, subject, payload, attempts, project_id
    """
)

# Several jobs are always locked in the order of their ids, so that nobody waits in a circle.
_MINE = "SELECT id FROM jobs WHERE id = ANY(:ids) AND worker = :worker ORDER BY id FOR UPDATE"


async def enqueue(
    connection: AsyncConnection,
    kind: str,
    subject: str,
    payloads: Sequence[Mapping[str, Any]],
    project_id: int | None,
    delay: float = 0.0,
) -> None:
    """Add jobs within the caller's transaction; workers hear of it when that commits. ``delay``: seconds to wait."""
    if not payloads:
        return
    await connection.execute(
        text(
            "INSERT INTO jobs (kind, subject, payload, project_id, not_before)"
            " SELECT :kind, :subject, p, :project, now() + make_interval(secs => :delay)"
            " FROM jsonb_array_elements(CAST(:payloads AS jsonb)) WITH ORDINALITY AS t(p, n) ORDER BY n"
        ),
        {
            "kind": kind,
            "subject": subject,
            "payloads": json.dumps(list(payloads)),
            "project": project_id,
            "delay": delay,
        },
    )
    await connection.execute(text(f"NOTIFY {CHANNEL}"))


async def end_job(connection: AsyncConnection, job: Job, worker: str) -> bool:
    """Remove a job within the caller's transaction; False when it belongs to somebody else by now.

    ``attempts`` tells two claims of the same worker apart: a lease may run out while its holder still works.
    """
    gone = await connection.execute(
        text("DELETE FROM jobs WHERE id = :id AND worker = :worker AND attempts = :attempts"),
        {"id": job.id, "worker": worker, "attempts": job.attempts},
    )
    return bool(gone.rowcount)


async def delete_jobs(
    connection: AsyncConnection, subjects: Sequence[str], kinds: Sequence[str] = ("run", "chunk")
) -> None:
    """Remove what is still to be done for these runs or tasks, within the caller's transaction."""
    await connection.execute(
        text(
            "DELETE FROM jobs USING (SELECT id FROM jobs WHERE kind = ANY(:kinds) AND subject = ANY(:subjects)"
            " ORDER BY id FOR UPDATE) AS gone WHERE jobs.id = gone.id"
        ),
        {"subjects": list(subjects), "kinds": list(kinds)},
    )


class PostgresQueue:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, worker: str, lease_seconds: float) -> Job | None:
        async with self._database.begin() as connection:
            found = await connection.execute(_CLAIM, {"worker": worker, "lease": lease_seconds})
            row = found.one_or_none()
            if row is None:
                return None
            if row.project_id is not None:
                await connection.execute(
                    text(
                        "INSERT INTO queue_turns VALUES (:project, clock_timestamp())"
                        " ON CONFLICT (project_id) DO UPDATE SET last_claim = excluded.last_claim"
                    ),
                    {"project": row.project_id},
                )
            return Job(row.id, row.kind, row.subject, row.payload, row.attempts, row.project_id)

    async def renew(self, worker: str, jobs: Sequence[int], lease_seconds: float) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE jobs SET lease_until = now() + make_interval(secs => :lease)"
                    f" FROM ({_MINE}) AS mine WHERE jobs.id = mine.id"
                ),
                {"ids": list(jobs), "worker": worker, "lease": lease_seconds},
            )
            await connection.execute(
                text(
                    "INSERT INTO workers VALUES (:worker, now())"
                    " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at"
                ),
                {"worker": worker},
            )

    async def release(self, worker: str, jobs: Sequence[int]) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE jobs SET worker = NULL, lease_until = NULL, attempts = greatest(attempts - 1, 0)"
                    f" FROM ({_MINE}) AS mine WHERE jobs.id = mine.id"
                ),
                {"ids": list(jobs), "worker": worker},
            )
            await connection.execute(text("DELETE FROM workers WHERE name = :worker"), {"worker": worker})
            await connection.execute(text(f"NOTIFY {CHANNEL}"))

    async def postpone(self, job: Job, seconds: float, *, counted: bool = True) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE jobs SET worker = NULL, lease_until = NULL, attempts = attempts - :refund,"
                    " not_before = now() + make_interval(secs => :seconds) WHERE id = :id AND attempts = :attempts"
                ),
                {"id": job.id, "attempts": job.attempts, "seconds": seconds, "refund": 0 if counted else 1},
            )

    async def finish(self, job: Job) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                text("DELETE FROM jobs WHERE id = :id AND attempts = :attempts"),
                {"id": job.id, "attempts": job.attempts},
            )

    async def depth(self) -> int:
        async with self._database.begin() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM jobs"))).scalar_one())

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[Bell]:
        """A bell that rings on NOTIFY; without a connection to listen on, it only counts the seconds."""
        bell = _ListeningBell(self._database.conninfo)
        try:
            yield bell
        finally:
            await bell.aclose()


class _ListeningBell:
    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def wait(self, seconds: float) -> None:
        try:
            if self._connection is None:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, connect_timeout=10
                )
                await self._connection.execute(f"LISTEN {CHANNEL}")
                return  # something may have been enqueued before we listened
            async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                return
        except psycopg.Error:
            await self.aclose()
            await asyncio.sleep(min(seconds, 1.0))

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()
