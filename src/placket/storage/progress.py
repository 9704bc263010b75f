"""Moving runs: chunks are computed in any order by anybody, and applied in file order by whoever holds the run's row.

Everything that a chunk changes (documents, row verdicts, counts, the job itself) is one transaction, so a killed
worker leaves either all of it or none.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.applying import Computed, Plan, PlannedRow, Verdict, plan_chunk
from placket.domain.errors import NoSuchService
from placket.domain.garments import Analysis, Garment
from placket.domain.runs import Outcome, RunKind, RunState, Status, end_state
from placket.services.stores import ChunkWork, Job, RunEnded
from placket.services.tally import Tally
from placket.storage.database import Database
from placket.storage.documents import (
    lock_service,
    present_products,
    write_plan,
    written_since,
)
from placket.storage.queue import delay_job, end_job, enqueue
from placket.storage.reindexing import apply_reindexed, switch_bundle
from placket.storage.run_rows import as_if_written
from placket.storage.runs import announce_end, promote_next


def pack(computed: Sequence[Computed]) -> bytes:
    """Results of a chunk that has to wait for the chunks before it."""
    return zlib.compress(json.dumps([_as_json(c) for c in computed]).encode(), 1)


def unpack(data: bytes) -> list[Computed]:
    return [_from_json(c) for c in json.loads(zlib.decompress(data))]


def _as_json(computed: Computed) -> dict[str, Any]:
    found = computed.analysis
    analysis = found and {
        "width": found.width,
        "height": found.height,
        "bundle": found.bundle,
        "sha256": found.sha256,
        "made_from": found.made_from,
        "etag": found.etag,
        "garments": [
            [g.to_json(), base64.b64encode(np.asarray(g.embedding, "<f4").tobytes()).decode()] for g in found.garments
        ],
    }
    return {"position": computed.position, "reason": computed.reason, "detail": computed.detail, "analysis": analysis}


def _from_json(data: dict[str, Any]) -> Computed:
    found = data["analysis"]
    analysis = found and Analysis(
        found["width"],
        found["height"],
        tuple(Garment.from_json(g, np.frombuffer(base64.b64decode(e), "<f4")) for g, e in found["garments"]),
        found["bundle"],
        found["sha256"],
        # Not there in what a server of an older version put aside.
        found.get("made_from", ""),
        found.get("etag", ""),
    )
    return Computed(data["position"], analysis, data["reason"], data["detail"])


async def _planned_rows(connection: AsyncConnection, run_id: UUID, number: int) -> list[PlannedRow]:
    found = await connection.execute(
        text(
            "SELECT r.position, r.line, r.product_id, r.status, r.fields, r.reason, r.detail"
            " FROM index_chunks c JOIN index_rows r ON r.run_id = c.run_id"
            " AND r.position BETWEEN c.first_position AND c.last_position"
            " WHERE c.run_id = :run AND c.number = :number ORDER BY r.position"
        ),
        {"run": run_id, "number": number},
    )
    return [
        PlannedRow(r.position, r.line, r.product_id, Status(r.status), r.fields or {}, r.reason, r.detail)
        for r in found
    ]


class PostgresProgress:
    """``rows``: counts those of runs and re-indexings that have ended; a dry run's are nobody's trouble."""

    def __init__(self, database: Database, rows: Tally) -> None:
        self._database = database
        self._rows = rows

    async def start(self, run_id: UUID, job: Job, worker: str) -> RunEnded | None:
        async with self._database.begin() as connection:
            # The run's locks before the job's, as everywhere; the other order would deadlock with a cancellation.
            run = await self._lock_run(connection, run_id)
            if not await end_job(connection, job, worker):
                return None
            if run is None or run.state != RunState.RESERVED:
                return None
            await connection.execute(
                text("UPDATE index_runs SET state = 'running', started_at = now() WHERE id = :run"), {"run": run_id}
            )
            await self._enqueue_chunks(connection, run_id, 0, run.chunk_count)
            if run.chunk_count == 0:
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
            text("SELECT s.project_id FROM index_runs r JOIN services s ON s.id = r.service_id WHERE r.id = :run"),
            {"run": run_id},
        )
        late = {"round": late_round} if late_round else {}
        payloads = [{"number": n, **late} for n in range(first, last)]
        await enqueue(connection, "chunk", str(run_id), payloads, found.scalar_one())

    @staticmethod
    async def _lock_run(connection: AsyncConnection, run_id: UUID) -> Any:
        # The service first, then the run: the order in which everybody locks them.
        await connection.execute(
            text("SELECT 1 FROM services WHERE id = (SELECT service_id FROM index_runs WHERE id = :run) FOR UPDATE"),
            {"run": run_id},
        )
        found = await connection.execute(
            text(
                "SELECT service_id, kind, bundle, state, reserved_at, next_chunk, chunk_count, total_cnt, add_cnt,"
                " fail_cnt, delete_cnt, update_cnt FROM index_runs WHERE id = :run FOR UPDATE"
            ),
            {"run": run_id},
        )
        return found.one_or_none()

    async def chunk(self, run_id: UUID, number: int) -> ChunkWork | None:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    "SELECT r.kind, r.service_id, r.bundle, s.bundle AS service_bundle FROM index_runs r"
                    " JOIN services s ON s.id = r.service_id"
                    " WHERE r.id = :run AND r.state = 'running' AND s.deleted_at IS NULL"
                ),
                {"run": run_id},
            )
            run = found.one_or_none()
            if run is None:
                return None
            kind = RunKind(run.kind)
            known = await self._partial(connection, run_id, number)
            # A run that waited behind a re-indexing computes with the bundle that the service has now.
            bundle = run.bundle if kind is RunKind.REINDEX else run.service_bundle
            rows = await _planned_rows(connection, run_id, number)
            return ChunkWork(run_id, number, kind, run.service_id, bundle, tuple(rows), known)

    @staticmethod
    async def _partial(connection: AsyncConnection, run_id: UUID, number: int) -> tuple[Computed, ...]:
        found = await connection.execute(
            text("SELECT partial FROM index_chunks WHERE run_id = :run AND number = :number"),
            {"run": run_id, "number": number},
        )
        stored = found.scalar_one_or_none()
        return () if stored is None else tuple(unpack(bytes(stored)))

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
        async with self._database.begin() as connection:
            # The locks first: chunks of one run that end together queue up here, each with its whole result.
            run = await self._lock_run(connection, work.run_id)
            if not await end_job(connection, job, worker):
                return None
            if run is None or run.state != RunState.RUNNING:
                return None
            if work.number != run.next_chunk:
                await connection.execute(
                    text("UPDATE index_chunks SET results = :results WHERE run_id = :run AND number = :number"),
                    {"results": pack(computed), "run": work.run_id, "number": work.number},
                )
                return None
            try:
                verdicts = await self._apply_from(connection, work, run, computed, document_quota)
            except NoSuchService:
                return None
            ended = await self._end_if_through(connection, work.run_id, job.payload.get("round", 0))
        # Not before it is sure to last.
        if work.kind is not RunKind.CHECK:
            for verdict in verdicts:
                self._rows.add(work.kind, verdict.outcome, verdict.reason)
        return ended

    async def _apply_from(
        self, connection: AsyncConnection, work: ChunkWork, run: Any, computed: Sequence[Computed], quota: int
    ) -> list[Verdict]:
        """Apply this chunk, and those after it that were waiting for it."""
        number = work.number
        told: list[Verdict] = []
        results: Sequence[Computed] | None = computed
        while results is not None:
            rows = await _planned_rows(connection, work.run_id, number)
            if work.kind is RunKind.REINDEX:
                verdicts, dropped = await apply_reindexed(connection, work, rows, results)
            else:
                accepted = run.reserved_at
                verdicts, dropped = await self._apply_indexed(connection, work, accepted, rows, results, quota), 0
            number += 1
            told += verdicts
            await self._record(connection, work.run_id, verdicts, dropped, number)
            found = await connection.execute(
                text("SELECT results FROM index_chunks WHERE run_id = :run AND number = :number"),
                {"run": work.run_id, "number": number},
            )
            stored = found.scalar_one_or_none()
            results = None if stored is None else unpack(bytes(stored))
        return told

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
        present, documents = await present_products(connection, work.service_id, named), service.document_count
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
        run = await self._lock_run(connection, run_id)
        if run.next_chunk < run.chunk_count:
            return None
        if run.kind == RunKind.REINDEX and (more := await switch_bundle(connection, run_id, run, late_round)):
            await self._enqueue_chunks(connection, run_id, run.chunk_count, run.chunk_count + more, late_round + 1)
            return None
        state = end_state(run.add_cnt + run.update_cnt + run.delete_cnt)
        if run.total_cnt == 0:
            state = RunState.FINISHED
        await connection.execute(
            text("UPDATE index_runs SET state = :state, finished_at = now() WHERE id = :run"),
            {"state": state, "run": run_id},
        )
        await connection.execute(text("DELETE FROM index_chunks WHERE run_id = :run"), {"run": run_id})
        await promote_next(connection, run.service_id)
        return await announce_end(connection, run_id)
