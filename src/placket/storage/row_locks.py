"""The rows under which a service's documents and runs change, one transaction after another.

The service first, then the run, then the run's jobs: the order in which everybody locks them.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.errors import NoSuchService
from placket.domain.runs import RunKind, RunState

# In microseconds: where a restore or a failover has lost the last changes, new ones do not take the numbers by which
# running servers know the lost ones.
_REVISION = "greatest(revision, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))"


@dataclass(frozen=True, slots=True)
class LockedService:
    """``revision``: the one to count on from."""

    project_id: int
    revision: int
    documents: int
    bundle: str


@dataclass(frozen=True, slots=True)
class LockedRun:
    """``chunks``: of these, all before ``next_chunk`` are applied. ``total``, ``succeeded``: rows."""

    service_id: int
    kind: RunKind
    bundle: str
    state: RunState
    reserved_at: datetime
    next_chunk: int
    chunks: int
    total: int
    succeeded: int


async def lock_service(connection: AsyncConnection, service_id: int) -> LockedService:
    """Raises NoSuchService."""
    found = await connection.execute(
        text(
            f"SELECT project_id, {_REVISION}, document_count, bundle FROM services"
            " WHERE id = :id AND deleted_at IS NULL FOR UPDATE"
        ),
        {"id": service_id},
    )
    row = found.one_or_none()
    if row is None:
        raise NoSuchService("the service was deleted")
    return LockedService(*row)


async def lock_run(connection: AsyncConnection, run_id: UUID) -> LockedRun | None:
    """Its service too, which may be deleted by now; None where the run is gone."""
    await connection.execute(
        text("SELECT 1 FROM services WHERE id = (SELECT service_id FROM index_runs WHERE id = :run) FOR UPDATE"),
        {"run": run_id},
    )
    found = await connection.execute(
        text(
            "SELECT service_id, kind, bundle, state, reserved_at, next_chunk, chunk_count, total_cnt,"
            " add_cnt + update_cnt + delete_cnt FROM index_runs WHERE id = :run FOR UPDATE"
        ),
        {"run": run_id},
    )
    row = found.one_or_none()
    if row is None:
        return None
    return LockedRun(row.service_id, RunKind(row.kind), row.bundle, RunState(row.state), *row[4:])
