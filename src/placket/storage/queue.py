"""The job queue: rows claimed with a lease, fairly between projects, and between the runs and tasks of a project.

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

from placket.services.stores import Bell, Job, QueueState
from placket.storage.database import Database, connect_options

CHANNEL = "placket_jobs"

# One pass over all jobs says whose turn it is: the project's that has the fewest in hand, or waits longest; within it
# the run's or task's of which the same is true. Only the first job of that subject is then looked for and locked. Who
# was never served waits since it was enqueued, so that a stream of new small tasks does not hold up an old large one.
# A lease that ends later than any setting allows, and a minute for transactions that began before it was given, is of a
# clock that was put back since.
_LEASED = "coalesce(lease_until > now() AND lease_until <= now() + interval '360 seconds', false)"
# So is a pause that ends later than any: an hour for a webhook, five minutes for the rest.
_OVER = (
    "(not_before <= now() OR not_before >"
    " now() + CASE WHEN kind LIKE '%webhook' THEN interval '3660 seconds' ELSE interval '360 seconds' END)"
)
_READY = f"kind <> ALL(:without) AND {_OVER} AND NOT {_LEASED}"
# What needs a bundle that this worker lacks is left to those who have it. Where none of them lives, all may try.
_MINE_TO_TAKE = (
    f"{_READY} AND coalesce(payload ->> 'bundle', '') <> ALL(CAST((SELECT bundles FROM elsewhere) AS text[]))"
)
_CLAIM = text(
    f"""
    WITH elsewhere AS (
        SELECT coalesce(array_agg(DISTINCT b), '{{}}') AS bundles FROM workers w CROSS JOIN unnest(w.bundles) AS b
        WHERE w.seen_at BETWEEN now() - make_interval(secs => :lease) AND now() + interval '1 minute'
            AND NOT EXISTS (SELECT 1 FROM workers me WHERE me.name = :worker AND b = ANY(me.bundles))
    ), subjects AS (
        SELECT project_id, subject, count(*) FILTER (WHERE {_LEASED}) AS busy,
            min(created_at) AS since, min(id) FILTER (WHERE {_MINE_TO_TAKE}) AS first
        FROM jobs GROUP BY project_id, subject
    ), shares AS (
        SELECT *, sum(busy) OVER (PARTITION BY project_id) AS project_busy FROM subjects
    ), turns AS (
        SELECT s.project_id, s.subject, s.first FROM shares s
        LEFT JOIN queue_turns p ON p.project_id = s.project_id
        LEFT JOIN subject_turns t ON t.subject = s.subject
        WHERE s.first IS NOT NULL
        ORDER BY s.project_busy, p.last_claim NULLS FIRST, s.busy, coalesce(t.last_claim, s.since), s.first
    ), next AS (
        SELECT j.id FROM turns CROSS JOIN LATERAL (
            SELECT id FROM jobs
            WHERE subject = turns.subject AND project_id IS NOT DISTINCT FROM turns.project_id
                AND id >= turns.first AND {_MINE_TO_TAKE}
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) AS j LIMIT 1
    ), claimed AS (
        UPDATE jobs
        SET worker = :worker, lease_until = now() + make_interval(secs => :lease), attempts = attempts + 1
        FROM next WHERE jobs.id = next.id
        RETURNING jobs.id, kind, subject, payload, attempts, project_id
    ), project_turn AS (
        INSERT INTO queue_turns SELECT project_id, clock_timestamp() FROM claimed WHERE project_id IS NOT NULL
        ON CONFLICT (project_id) DO UPDATE SET last_claim = excluded.last_claim
    ), subject_turn AS (
        INSERT INTO subject_turns SELECT subject, clock_timestamp() FROM claimed
        ON CONFLICT (subject) DO UPDATE SET last_claim = excluded.last_claim
    )
    SELECT * FROM claimed
    """
)

# A pause and a clock that was put back leave times that are yet to come.
_STATE = text(
    f"""
    SELECT count(*) AS jobs, count(*) FILTER (WHERE {_LEASED}) AS in_hand, count(*) FILTER (WHERE {_READY}) AS waiting,
        greatest(0, extract(epoch FROM
            now() - min(greatest(created_at, not_before)) FILTER (WHERE {_READY}))) AS oldest,
        (SELECT count(*) FROM workers WHERE seen_at > now() - make_interval(secs => :silence)) AS workers
    FROM jobs
    """
)

# Several jobs are always locked in the order of their ids, so that nobody waits in a circle.
_MINE = "SELECT id FROM jobs WHERE id = ANY(:ids) AND worker = :worker ORDER BY id FOR UPDATE"
# One that is just being ended needs no longer lease: its lock keeps others away, and may last.
_MINE_IN_HAND = f"{_MINE} SKIP LOCKED"


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
            # Without a delay at any time: even at one that, by a clock put back since, is yet to come.
            " SELECT :kind, :subject, p, :project,"
            " CASE WHEN :delay > 0 THEN now() + make_interval(secs => :delay) ELSE '-infinity' END"
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


async def delay_job(
    connection: AsyncConnection, job: Job, worker: str, seconds: float, more: Mapping[str, Any]
) -> bool:
    """Hand a job back within the caller's transaction, as if never claimed, with ``more`` in its payload; False when it
    belongs to somebody else by now."""
    handed_back = await connection.execute(
        text(
            "UPDATE jobs SET worker = NULL, lease_until = NULL, attempts = attempts - 1,"
            " payload = payload || CAST(:more AS jsonb), not_before = now() + make_interval(secs => :seconds)"
            " WHERE id = :id AND worker = :worker AND attempts = :attempts"
        ),
        {"id": job.id, "worker": worker, "attempts": job.attempts, "seconds": seconds, "more": json.dumps(more)},
    )
    return bool(handed_back.rowcount)


async def move_job(connection: AsyncConnection, job: Job, worker: str, more: Mapping[str, Any]) -> bool:
    """Keep a job within the caller's transaction, with ``more`` in its payload: what it was for is done, and this is
    what comes next. False when it belongs to somebody else by now."""
    moved = await connection.execute(
        text(
            "UPDATE jobs SET payload = payload || CAST(:more AS jsonb)"
            " WHERE id = :id AND worker = :worker AND attempts = :attempts"
        ),
        {"id": job.id, "worker": worker, "attempts": job.attempts, "more": json.dumps(more)},
    )
    return bool(moved.rowcount)


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

    async def claim(self, worker: str, lease_seconds: float, without: Sequence[str] = ()) -> Job | None:
        async with self._database.begin() as connection:
            values = {"worker": worker, "lease": lease_seconds, "without": list(without)}
            found = await connection.execute(_CLAIM, values)
            row = found.one_or_none()
            if row is None:
                return None
            return Job(row.id, row.kind, row.subject, row.payload, row.attempts, row.project_id)

    async def renew(self, worker: str, jobs: Sequence[int], lease_seconds: float, bundles: Sequence[str] = ()) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE jobs SET lease_until = now() + make_interval(secs => :lease)"
                    f" FROM ({_MINE_IN_HAND}) AS mine WHERE jobs.id = mine.id"
                ),
                {"ids": list(jobs), "worker": worker, "lease": lease_seconds},
            )
            await connection.execute(
                text(
                    "INSERT INTO workers (name, seen_at, bundles) VALUES (:worker, now(), :bundles)"
                    " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, bundles = excluded.bundles"
                ),
                {"worker": worker, "bundles": list(bundles)},
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

    async def tidy(self) -> None:
        """Forget whose turn it was among subjects that have no job left."""
        async with self._database.begin() as connection:
            await connection.execute(
                text(
                    "DELETE FROM subject_turns USING (SELECT subject FROM subject_turns t"
                    " WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.subject = t.subject)"
                    " FOR UPDATE SKIP LOCKED) AS idle WHERE subject_turns.subject = idle.subject"
                )
            )

    async def state(self, silence: float) -> QueueState:
        async with self._database.read() as connection:
            found = (await connection.execute(_STATE, {"silence": silence, "without": []})).one()
            return QueueState(found.jobs, found.in_hand, found.waiting, float(found.oldest), found.workers)

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
                    self._conninfo, autocommit=True, **connect_options(self._conninfo)
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
