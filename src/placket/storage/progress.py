"""Moving runs: chunks are computed in any order by anybody, and applied in file order by whoever holds the run's row.

Everything that a chunk changes (documents, row verdicts, counts, the job itself) is one transaction, so a killed
worker leaves either all of it or none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.applying import Computed, Plan, PlannedRow, Verdict, plan_chunk
from placket.domain.errors import NoSuchService
from placket.domain.runs import Outcome, RunKind, RunState, Status, end_state
from placket.services.stores import ChunkWork, Job, RunEnded
from placket.services.tally import Tally
from placket.storage.chunk_results import pack, unpack
from placket.storage.database import Database
from placket.storage.documents import (
    present_products,
    write_plan,
    written_since,
)
from placket.storage.queue import delay_job, end_job, enqueue, move_job
from placket.storage.reindexing import apply_reindexed, switch_bundle
from placket.storage.row_locks import LockedRun, lock_run, lock_service
from placket.storage.run_rows import as_if_written
from placket.storage.runs import announce_end, promote_next

# Its ends as values, not as a join: where the statistics do not know the run yet, and so take it for a row, each chunk
# would read all rows of its run.
_ROWS_OF_CHUNK = text(
    """
    SELECT position, line, product_id, status, fields, reason, detail FROM index_rows
    WHERE run_id = :run
        AND position >= (SELECT first_position FROM index_chunks WHERE run_id = :run AND number = :number)
        AND position <= (SELECT last_position FROM index_chunks WHERE run_id = :run AND number = :number)
    ORDER BY position
    """
)


async def _planned_rows(connection: AsyncConnection, run_id: UUID, number: int) -> list[PlannedRow]:
    found = await connection.execute(_ROWS_OF_CHUNK, {"run": run_id, "number": number})
    return [
        PlannedRow(r.position, r.line, r.product_id, Status(r.status), r.fields or {}, r.reason, r.detail)
        for r in found
    ]


# A run that waited behind a re-indexing computes with the bundle that the service has now.
_BUNDLE = "CASE WHEN r.kind = 'reindex' THEN r.bundle ELSE s.bundle END"


@dataclass(frozen=True, slots=True)
class _Step:
    """What one transaction did. ``waiting``: the result of the chunk after it, which waited for it."""

    verdicts: Sequence[Verdict] = ()
    ended: RunEnded | None = None
    waiting: Sequence[Computed] | None = None


class PostgresProgress:
    """``rows``: counts those of runs and re-indexings that have ended; a dry run's are nobody's trouble."""

    def __init__(self, database: Database, rows: Tally) -> None:
        self._database = database
        self._rows = rows

    async def start(self, run_id: UUID, job: Job, worker: str) -> RunEnded | None:
        async with self._database.begin() as connection:
            # The run's locks before the job's, as everywhere; the other order would deadlock with a cancellation.
            run = await lock_run(connection, run_id)
            if not await end_job(connection, job, worker):
                return None
            if run is None or run.state is not RunState.RESERVED:
                return None
            await connection.execute(
                text("UPDATE index_runs SET state = 'running', started_at = now() WHERE id = :run"), {"run": run_id}
            )
            await self._enqueue_chunks(connection, run_id, 0, run.chunks)
            if run.chunks == 0:
                return await self._end_if_through(connection, run_id, 0)
            return None

    async def moves(self, work: ChunkWork, job: Job, worker: str) -> bool:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text("SELECT add_cnt + update_cnt + delete_cnt FROM index_runs WHERE id = :run"), {"run": work.run_id}
            )
            succeeded = found.scalar_one_or_none() or 0
            if succeeded <= job.payload.get("succeeded", 0):
                return False
            await connection.execute(
                text(
                    "UPDATE jobs SET worker = NULL, lease_until = NULL, attempts = 0,"
                    " payload = payload || CAST(:more AS jsonb)"
                    " WHERE id = :id AND worker = :worker AND attempts = :attempts"
                ),
                {
                    "id": job.id,
                    "worker": worker,
                    "attempts": job.attempts,
                    "more": json.dumps({"succeeded": succeeded}),
                },
            )
            return True

    async def drop(self, job: Job, worker: str) -> None:
        async with self._database.begin() as connection:
            await end_job(connection, job, worker)

    @staticmethod
    async def _enqueue_chunks(
        connection: AsyncConnection, run_id: UUID, first: int, last: int, late_round: int = 0
    ) -> None:
        found = await connection.execute(
            text(
                f"SELECT s.project_id, r.kind, {_BUNDLE} AS bundle"
                " FROM index_runs r JOIN services s ON s.id = r.service_id WHERE r.id = :run"
            ),
            {"run": run_id},
        )
        run = found.one()
        # A dry run looks at no photo.
        needs = {} if run.kind == RunKind.CHECK else {"bundle": run.bundle}
        late = {"round": late_round} if late_round else {}
        payloads = [{"number": n, **needs, **late} for n in range(first, last)]
        await enqueue(connection, "chunk", str(run_id), payloads, run.project_id)

    async def chunk(self, run_id: UUID, number: int) -> ChunkWork | None:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    f"SELECT r.kind, r.service_id, {_BUNDLE} AS bundle FROM index_runs r"
                    " JOIN services s ON s.id = r.service_id"
                    " WHERE r.id = :run AND r.state = 'running' AND s.deleted_at IS NULL"
                ),
                {"run": run_id},
            )
            run = found.one_or_none()
            if run is None:
                return None
            rows = await _planned_rows(connection, run_id, number)
            partial, results = await self._stored(connection, run_id, number)
            stored = partial if results is None else results
            known = () if stored is None else unpack(stored)
            kind, whole = RunKind(run.kind), results is not None
            return ChunkWork(run_id, number, kind, run.service_id, run.bundle, tuple(rows), tuple(known), whole)

    @staticmethod
    async def _stored(connection: AsyncConnection, run_id: UUID, number: int) -> tuple[bytes | None, bytes | None]:
        """(what was computed before the chunk had to wait for its hosts, the result that waits for its turn)."""
        found = await connection.execute(
            text("SELECT partial, results FROM index_chunks WHERE run_id = :run AND number = :number"),
            {"run": run_id, "number": number},
        )
        row = found.one_or_none()
        return (None, None) if row is None else (row.partial, row.results)

    async def set_aside(
        self,
        work: ChunkWork,
        job: Job,
        worker: str,
        computed: Sequence[Computed],
        delay: float,
        times_down: Mapping[str, int],
    ) -> None:
        async with self._database.begin() as connection:
            handed_back = await delay_job(connection, job, worker, delay, {"times_down": dict(times_down)})
            if handed_back and len(computed) > len(work.known):
                await connection.execute(
                    text("UPDATE index_chunks SET partial = :partial WHERE run_id = :run AND number = :number"),
                    {"partial": pack(computed), "run": work.run_id, "number": work.number},
                )

    async def complete(
        self, work: ChunkWork, job: Job, worker: str, computed: Sequence[Computed], document_quota: int
    ) -> RunEnded | None:
        while True:
            async with self._database.begin() as connection:
                step = await self._step(connection, work, job, worker, computed, document_quota)
            # Not before it is sure to last.
            if work.kind is not RunKind.CHECK:
                for verdict in step.verdicts:
                    self._rows.add(work.kind, verdict.outcome, verdict.reason)
            if step.waiting is None:
                return step.ended
            work, computed = replace(work, number=work.number + 1), step.waiting

    async def _step(
        self,
        connection: AsyncConnection,
        work: ChunkWork,
        job: Job,
        worker: str,
        computed: Sequence[Computed],
        quota: int,
    ) -> "_Step":
        # The locks first: chunks of one run that end together queue up here, each with its whole result.
        run = await lock_run(connection, work.run_id)
        has_its_turn = run is not None and run.state is RunState.RUNNING and work.number == run.next_chunk
        _, waiting = await self._stored(connection, work.run_id, work.number + 1) if has_its_turn else (None, None)
        # What waits for this chunk is applied next, by itself: all of it at once would hold the service for as long as
        # there is of it, and where connections break more often than that, would never come through. Should this
        # worker die before, the job is there for another.
        if waiting is None:
            held = await end_job(connection, job, worker)
        else:
            held = await move_job(connection, job, worker, {"number": work.number + 1})
        if not held or run is None or run.state is not RunState.RUNNING:
            return _Step()
        if not has_its_turn:
            await connection.execute(
                text("UPDATE index_chunks SET results = :results WHERE run_id = :run AND number = :number"),
                {"results": pack(computed), "run": work.run_id, "number": work.number},
            )
            return _Step()
        try:
            verdicts = await self._apply(connection, work, run, computed, quota)
        except NoSuchService:
            return _Step()
        ended = await self._end_if_through(connection, work.run_id, job.payload.get("round", 0))
        return _Step(verdicts, ended, None if waiting is None else unpack(waiting))

    async def _apply(
        self, connection: AsyncConnection, work: ChunkWork, run: LockedRun, computed: Sequence[Computed], quota: int
    ) -> list[Verdict]:
        rows = await _planned_rows(connection, work.run_id, work.number)
        if work.kind is RunKind.REINDEX:
            verdicts, dropped = await apply_reindexed(connection, work, rows, computed)
        else:
            verdicts, dropped = await self._apply_indexed(connection, work, run.reserved_at, rows, computed, quota), 0
        await self._record(connection, work.run_id, verdicts, dropped, work.number + 1)
        return verdicts

    @staticmethod
    async def _apply_indexed(
        connection: AsyncConnection,
        work: ChunkWork,
        accepted: datetime,
        rows: list[PlannedRow],
        computed: Sequence[Computed],
        quota: int,
    ) -> list[Verdict]:
        service = await lock_service(connection, work.service_id)
        check_only = work.kind is RunKind.CHECK
        named = [r.product_id for r in rows]
        present, documents = await present_products(connection, work.service_id, named), service.documents
        if check_only and rows:
            present, more = await as_if_written(connection, work.run_id, rows[0].position, present, named)
            documents += more
        plan: Plan = plan_chunk(
            rows,
            computed,
            present=present,
            documents=documents,
            quota=quota,
            check_only=check_only,
            newer=await written_since(connection, work.service_id, named, accepted),
        )
        if not check_only:
            await write_plan(connection, work.service_id, service.revision, service.bundle, plan)
        return plan.verdicts

    @staticmethod
    async def _record(
        connection: AsyncConnection, run_id: UUID, verdicts: list[Verdict], dropped: int, next_chunk: int
    ) -> None:
        if verdicts:
            # What succeeded needs its columns no longer; what failed keeps them, to be repeated. Of a re-indexing the
            # document's revision is needed to the end.
            await connection.execute(
                text(
                    "UPDATE index_rows SET outcome = :outcome, reason = :reason, detail = :detail,"
                    " fields = CASE WHEN :outcome = 'failed' THEN fields"
                    " WHEN fields ? 'revision' THEN fields - 'name' - 'image_url' END"
                    " WHERE run_id = :run AND position = :position"
                ),
                [
                    {
                        "run": run_id,
                        "position": v.position,
                        "outcome": v.outcome,
                        "reason": v.reason,
                        "detail": v.detail[:500],
                    }
                    for v in verdicts
                ],
            )
        counts = {o: sum(v.outcome is o for v in verdicts) for o in Outcome}
        await connection.execute(
            text(
                "UPDATE index_runs SET add_cnt = add_cnt + :added, fail_cnt = fail_cnt + :failed,"
                " delete_cnt = delete_cnt + :deleted, update_cnt = update_cnt + :updated,"
                " total_cnt = total_cnt - :dropped, next_chunk = :next WHERE id = :run"
            ),
            {**{str(o): n for o, n in counts.items()}, "dropped": dropped, "next": next_chunk, "run": run_id},
        )

    async def _end_if_through(self, connection: AsyncConnection, run_id: UUID, late_round: int) -> RunEnded | None:
        run = await lock_run(connection, run_id)
        assert run is not None
        if run.next_chunk < run.chunks:
            return None
        if run.kind is RunKind.REINDEX and (more := await switch_bundle(connection, run_id, run, late_round)):
            await self._enqueue_chunks(connection, run_id, run.chunks, run.chunks + more, late_round + 1)
            return None
        state = end_state(run.succeeded)
        if run.total == 0:
            state = RunState.FINISHED
        await connection.execute(
            text("UPDATE index_runs SET state = :state, finished_at = now() WHERE id = :run"),
            {"state": state, "run": run_id},
        )
        await connection.execute(text("DELETE FROM index_chunks WHERE run_id = :run"), {"run": run_id})
        await promote_next(connection, run.service_id)
        return await announce_end(connection, run_id)
