"""Index runs: accepted with all their rows in one transaction, read, cancelled, purged."""

import dataclasses
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain import reasons
from placket.domain.errors import (
    IndexQuotaExceeded,
    NoSuchRun,
    NoSuchService,
    NothingToRepeat,
    RunNotCancellable,
)
from placket.domain.runs import Outcome, Row, RowResult, Run, RunKind, RunState, Status
from placket.services.stores import RunEnded, Service
from placket.storage.database import Database, take_time
from placket.storage.queue import delete_jobs, enqueue
from placket.storage.receiving import ReceivingPlaces
from placket.storage.retention import make_room_for_check, purge
from placket.storage.run_rows import LACKS_GARMENTS, insert_chunks, insert_documents_as_rows, superseded_lines

RUN_COLUMNS = """
    r.id, s.name AS service, r.kind, r.filename, r.state, r.reserved_at, r.started_at, r.finished_at,
    r.add_cnt AS added, r.fail_cnt AS failed, r.delete_cnt AS deleted, r.update_cnt AS updated, r.total_cnt AS total,
    r.bundle, r.cancelled
"""
_FROM = "FROM index_runs r JOIN services s ON s.id = r.service_id"
_ORDER = {
    "reserved_at": "r.sequence",
    "started_at": "coalesce(r.started_at, 'epoch')",
    "finished_at": "coalesce(r.finished_at, 'epoch')",
    "added": "r.add_cnt",
    "failed": "r.fail_cnt",
    "deleted": "r.delete_cnt",
    "updated": "r.update_cnt",
    "total": "r.total_cnt",
}


def as_run(row: Any) -> Run:
    values = dict(row)
    return Run(**{**values, "kind": RunKind(values["kind"]), "state": RunState(values["state"])})


async def select_run(connection: AsyncConnection, run_id: UUID) -> Run:
    found = await connection.execute(text(f"SELECT {RUN_COLUMNS} {_FROM} WHERE r.id = :id"), {"id": run_id})
    return as_run(found.mappings().one())


async def promote_next(connection: AsyncConnection, service_id: int) -> None:
    """Let the service's oldest waiting run begin, if none is at work; runs of a service go one after another."""
    found = await connection.execute(
        text(
            "SELECT r.id, s.project_id, r.state FROM index_runs r JOIN services s ON s.id = r.service_id"
            " WHERE r.service_id = :service AND r.state IN ('reserved', 'running') ORDER BY r.sequence LIMIT 1"
        ),
        {"service": service_id},
    )
    row = found.one_or_none()
    if row is None or row.state == RunState.RUNNING:
        return
    waiting = await connection.execute(
        text("SELECT 1 FROM jobs WHERE kind = 'run' AND subject = :run"), {"run": str(row.id)}
    )
    if waiting.first() is None:
        await enqueue(connection, "run", str(row.id), [{}], row.project_id)


class PostgresRuns:
    """What is known of runs; :class:`placket.storage.progress.PostgresProgress` moves them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places = ReceivingPlaces(database.conninfo)

    def receiving(self, service_id: int) -> AbstractAsyncContextManager[None]:
        return self._places.hold(service_id)

    async def accept(
        self,
        service: Service,
        *,
        kind: RunKind,
        filename: str,
        rows: Sequence[Row],
        chunk_size: int,
        daily_quota: int | None,
        day_start: datetime,
        callback_url: str = "",
        repeats: UUID | None = None,
    ) -> Run:
        run_id = uuid4()
        async with self._database.begin() as connection:
            await self._lock(connection, service.id)
            if repeats is not None:
                # Under the lock: what is written from now on is newer than this run.
                rows = await _not_superseded(connection, service.id, repeats, rows)
            if daily_quota is not None and kind is RunKind.INDEX:
                await self._check_quota(connection, service.id, daily_quota, day_start)
            if kind is RunKind.CHECK:
                await make_room_for_check(connection, service.id)
            await self._insert_run(connection, run_id, service, kind, filename, len(rows), callback_url)
            await self._copy_rows(connection, run_id, rows)
            await self._cut(connection, run_id, len(rows), chunk_size)
            await promote_next(connection, service.id)
            return await select_run(connection, run_id)

    async def accept_reindex(self, service: Service, bundle: str, chunk_size: int) -> Run:
        run_id = uuid4()
        async with self._database.begin() as connection:
            await self._lock(connection, service.id)
            if (under_way := await _reindexing(connection, service.id, bundle)) is not None:
                return await select_run(connection, under_way)
            await take_time(connection)
            reindexed = dataclasses.replace(service, bundle=bundle)
            await self._insert_run(connection, run_id, reindexed, RunKind.REINDEX, "", 0, "")
            total = await insert_documents_as_rows(connection, run_id, service.id, bundle, 0)
            await connection.execute(
                text("UPDATE index_runs SET total_cnt = :total WHERE id = :run"), {"total": total, "run": run_id}
            )
            await self._cut(connection, run_id, total, chunk_size)
            await promote_next(connection, service.id)
            return await select_run(connection, run_id)

    @staticmethod
    async def _lock(connection: AsyncConnection, service_id: int) -> None:
        found = await connection.execute(
            text("SELECT 1 FROM services WHERE id = :id AND deleted_at IS NULL FOR UPDATE"), {"id": service_id}
        )
        if found.first() is None:
            raise NoSuchService("the service was deleted")

    @staticmethod
    async def _check_quota(connection: AsyncConnection, service_id: int, quota: int, day_start: datetime) -> None:
        found = await connection.execute(
            text("SELECT count(*) FROM index_runs WHERE service_id = :s AND kind = 'index' AND reserved_at >= :day"),
            {"s": service_id, "day": day_start},
        )
        if found.scalar_one() >= quota:
            raise IndexQuotaExceeded(f"a service may make {quota} index requests a day")

    @staticmethod
    async def _insert_run(
        connection: AsyncConnection,
        run_id: UUID,
        service: Service,
        kind: RunKind,
        filename: str,
        total: int,
        callback_url: str,
    ) -> None:
        await connection.execute(
            text(
                "INSERT INTO index_runs"
                " (id, service_id, kind, filename, bundle, state, total_cnt, chunk_count, callback_url)"
                " VALUES (:id, :service, :kind, :filename, :bundle, 'reserved', :total, 0, :callback)"
            ),
            {
                "id": run_id,
                "service": service.id,
                "kind": kind,
                "filename": filename,
                "bundle": service.bundle,
                "total": total,
                "callback": callback_url,
            },
        )

    @staticmethod
    async def _copy_rows(connection: AsyncConnection, run_id: UUID, rows: Sequence[Row]) -> None:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        async with (
            driver.cursor() as cursor,
            cursor.copy(
                "COPY index_rows (run_id, position, line, product_id, status, fields, reason, detail) FROM STDIN"
            ) as copy,
        ):
            for position, row in enumerate(rows):
                fields = json.dumps(dict(row.fields), ensure_ascii=False) if row.fields else None
                await copy.write_row(
                    (run_id, position, row.line, row.product_id, row.status, fields, row.reason, row.detail)
                )

    @staticmethod
    async def _cut(connection: AsyncConnection, run_id: UUID, total: int, chunk_size: int) -> None:
        chunks = await insert_chunks(connection, run_id, 0, total, chunk_size)
        await connection.execute(
            text("UPDATE index_runs SET chunk_count = :chunks WHERE id = :run"), {"chunks": chunks, "run": run_id}
        )

    async def list(
        self,
        service: Service,
        *,
        start: int,
        limit: int,
        order: tuple[str, bool],
        states: Sequence[RunState] = (),
        kinds: Sequence[RunKind] = (RunKind.INDEX,),
    ) -> tuple[int, list[Run]]:
        field, descending = order
        direction = "DESC" if descending else "ASC"
        condition = "r.service_id = :service AND r.kind = ANY(:kinds) AND (:all OR r.state = ANY(:states))"
        values: dict[str, Any] = {
            "service": service.id,
            "all": not states,
            "states": [str(s) for s in states],
            "kinds": [str(k) for k in kinds],
        }
        async with self._database.begin() as connection:
            total = await connection.execute(text(f"SELECT count(*) FROM index_runs r WHERE {condition}"), values)
            rows = await connection.execute(
                text(
                    f"SELECT {RUN_COLUMNS} {_FROM} WHERE {condition}"
                    f" ORDER BY {_ORDER[field]} {direction}, r.sequence {direction} LIMIT :limit OFFSET :start"
                ),
                {**values, "limit": limit, "start": start},
            )
            return int(total.scalar_one()), [as_run(row) for row in rows.mappings()]

    async def get(self, service: Service, run_id: UUID) -> Run:
        async with self._database.begin() as connection:
            return await self._get(connection, service, run_id)

    @staticmethod
    async def _get(connection: AsyncConnection, service: Service, run_id: UUID) -> Run:
        found = await connection.execute(
            text(f"SELECT {RUN_COLUMNS} {_FROM} WHERE r.id = :id AND r.service_id = :service"),
            {"id": run_id, "service": service.id},
        )
        row = found.mappings().one_or_none()
        if row is None:
            raise NoSuchRun(f"there is no index run {run_id}")
        return as_run(row)

    async def rows(
        self, service: Service, run_id: UUID, *, outcome: Outcome | None, start: int, limit: int
    ) -> Sequence[RowResult]:
        async with self._database.begin() as connection:
            await self._get(connection, service, run_id)
            found = await connection.execute(
                text(
                    "SELECT line, product_id, status, outcome, reason, detail, fields FROM index_rows"
                    " WHERE run_id = :run AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)"
                    " ORDER BY position LIMIT :limit OFFSET :start"
                ),
                {"run": run_id, "outcome": outcome, "limit": limit, "start": start},
            )
            return [
                RowResult(
                    r.line,
                    r.product_id,
                    Outcome(r.outcome) if r.outcome else None,
                    r.reason,
                    r.detail,
                    r.fields,
                    Status(r.status),
                )
                for r in found
            ]

    async def documents_without(self, service: Service, bundle: str) -> int:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    "SELECT count(*) FROM documents d WHERE d.service_id = :service AND NOT d.deleted"
                    f" AND {LACKS_GARMENTS}"
                ),
                {"service": service.id, "bundle": bundle},
            )
            return int(found.scalar_one())

    async def cancel(self, service: Service, run_id: UUID) -> Run:
        async with self._database.begin() as connection:
            await self._get(connection, service, run_id)
            await self._lock(connection, service.id)
            locked = await connection.execute(
                text("SELECT state FROM index_runs WHERE id = :run FOR UPDATE"), {"run": run_id}
            )
            if RunState(locked.scalar_one()).ended:
                raise RunNotCancellable("the run has ended")
            values = {"run": run_id, "reason": reasons.CANCELLED}
            await delete_jobs(connection, [str(run_id)])
            failed = await connection.execute(
                text(
                    "UPDATE index_rows SET outcome = 'failed', reason = :reason, detail = 'the run was cancelled'"
                    " WHERE run_id = :run AND outcome IS NULL"
                ),
                values,
            )
            await connection.execute(
                text(
                    "UPDATE index_runs SET fail_cnt = fail_cnt + :failed, cancelled = true, finished_at = now(),"
                    " state = CASE WHEN add_cnt + update_cnt + delete_cnt > 0 THEN 'finished' ELSE 'failed' END"
                    " WHERE id = :run"
                ),
                {"run": run_id, "failed": failed.rowcount},
            )
            await connection.execute(text("DELETE FROM index_chunks WHERE run_id = :run"), values)
            await promote_next(connection, service.id)
            return (await announce_end(connection, run_id)).run

    async def purge(self, kept: timedelta) -> int:
        return await purge(self._database, kept)

    async def ended_run(self, run_id: UUID) -> RunEnded | None:
        async with self._database.begin() as connection:
            return await _ended_run(connection, run_id)


async def _reindexing(connection: AsyncConnection, service_id: int, bundle: str) -> UUID | None:
    """The re-indexing after which the service will have this bundle, if one waits or runs."""
    found = await connection.execute(
        text(
            "SELECT id, bundle FROM index_runs WHERE service_id = :service AND kind = 'reindex'"
            " AND finished_at IS NULL ORDER BY sequence DESC LIMIT 1"
        ),
        {"service": service_id},
    )
    last = found.one_or_none()
    return last.id if last is not None and last.bundle == bundle else None


async def _not_superseded(
    connection: AsyncConnection, service_id: int, run_id: UUID, rows: Sequence[Row]
) -> Sequence[Row]:
    """Of the run's failed rows those that nothing later stands against. Raises NothingToRepeat."""
    superseded = await superseded_lines(connection, service_id, run_id)
    rows = [row for row in rows if row.line not in superseded]
    if not rows:
        raise NothingToRepeat
    return rows


async def _ended_run(connection: AsyncConnection, run_id: UUID) -> RunEnded | None:
    found = await connection.execute(
        text(f"SELECT {RUN_COLUMNS}, s.project_id, r.callback_url {_FROM} WHERE r.id = :id"), {"id": run_id}
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    project, callback = values.pop("project_id"), values.pop("callback_url")
    return RunEnded(as_run(values), project, callback)


async def announce_end(connection: AsyncConnection, run_id: UUID) -> RunEnded:
    """The run as it ended; its webhook, if it has one, becomes a job of the same transaction."""
    ended = await _ended_run(connection, run_id)
    assert ended is not None
    if ended.callback_url:
        await enqueue(connection, "webhook", str(run_id), [{}], ended.project_id)
    return ended
