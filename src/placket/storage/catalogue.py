"""Services: named catalogues of a project."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.errors import NoSuchService, ServiceExists, ServiceQuotaExceeded
from placket.services.stores import Service
from placket.storage.database import Database, storable
from placket.storage.queue import delete_jobs

_COLUMNS = "id, project_id, name, bundle, revision, document_count, created_at"
_LIVE = "project_id = :project AND deleted_at IS NULL"


class PostgresServices:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, project_id: int, name: str, bundle: str, quota: int) -> Service:
        async with self._database.begin() as connection:
            # The project's row is the lock under which its services are counted.
            await connection.execute(
                text("SELECT 1 FROM projects WHERE id = :project FOR UPDATE"), {"project": project_id}
            )
            found = await connection.execute(text(f"SELECT name FROM services WHERE {_LIVE}"), {"project": project_id})
            names = found.scalars().all()
            if name in names:
                raise ServiceExists(f"there is a service {name!r} already")
            if len(names) >= quota:
                raise ServiceQuotaExceeded(f"a project may have {quota} services")
            made = await connection.execute(
                text(
                    "INSERT INTO services (project_id, name, bundle) VALUES (:project, :name, :bundle)"
                    f" RETURNING {_COLUMNS}"
                ),
                {"project": project_id, "name": name, "bundle": bundle},
            )
            return Service(*made.one())

    async def delete(self, project_id: int, name: str) -> int:
        if not storable(name):
            raise NoSuchService("there is no such service")
        async with self._database.begin() as connection:
            gone = await connection.execute(
                text(f"UPDATE services SET deleted_at = now() WHERE {_LIVE} AND name = :name RETURNING id"),
                {"project": project_id, "name": name},
            )
            service_id = gone.scalar_one_or_none()
            if service_id is None:
                raise NoSuchService(f"there is no service {name!r}")
            await self._stop_runs(connection, service_id)
            return int(service_id)

    @staticmethod
    async def _stop_runs(connection: AsyncConnection, service_id: int) -> None:
        stopped = await connection.execute(
            text(
                "UPDATE index_runs SET state = 'failed', cancelled = true, finished_at = now()"
                " WHERE service_id = :service AND state IN ('reserved', 'running') RETURNING id"
            ),
            {"service": service_id},
        )
        await delete_jobs(connection, [str(run) for run in stopped.scalars()])

    async def list(self, project_id: int) -> list[Service]:
        async with self._database.read() as connection:
            rows = await connection.execute(
                text(f"SELECT {_COLUMNS} FROM services WHERE {_LIVE} ORDER BY name"), {"project": project_id}
            )
            return [Service(*row) for row in rows]

    async def get(self, project_id: int, name: str) -> Service:
        if not storable(name):
            raise NoSuchService("there is no such service")
        async with self._database.read() as connection:
            found = await connection.execute(
                text(f"SELECT {_COLUMNS} FROM services WHERE {_LIVE} AND name = :name"),
                {"project": project_id, "name": name},
            )
            row = found.one_or_none()
        if row is None:
            raise NoSuchService(f"there is no service {name!r}")
        return Service(*row)

    async def everywhere(self) -> Sequence[tuple[str, Service]]:
        columns = ", ".join("s." + c for c in _COLUMNS.split(", "))
        async with self._database.read() as connection:
            rows = await connection.execute(
                text(
                    f"SELECT p.name, {columns} FROM services s JOIN projects p ON p.id = s.project_id"
                    " WHERE s.deleted_at IS NULL ORDER BY p.name, s.name"
                )
            )
            return [(row[0], Service(*row[1:])) for row in rows]

    async def bundles(self) -> dict[str, int]:
        """How many services each bundle has; none yet, where one is just being re-indexed with it."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                text(
                    "SELECT bundle, sum(services)::int FROM ("
                    "SELECT bundle, count(*) AS services FROM services WHERE deleted_at IS NULL GROUP BY bundle"
                    " UNION ALL SELECT r.bundle, 0 FROM index_runs r JOIN services s ON s.id = r.service_id"
                    " WHERE s.deleted_at IS NULL AND r.kind = 'reindex' AND r.finished_at IS NULL"
                    ") AS used GROUP BY bundle ORDER BY bundle"
                )
            )
            return {row[0]: row[1] for row in rows}

    async def now(self) -> datetime:
        async with self._database.read() as connection:
            now: datetime = (await connection.execute(text("SELECT now()"))).scalar_one()
            return now

    async def requests_since(self, service_ids: Sequence[int], since: datetime) -> dict[int, int]:
        async with self._database.read() as connection:
            rows = await connection.execute(
                text(
                    "SELECT service_id, count(*) FROM index_runs"
                    " WHERE service_id = ANY(:services) AND kind = 'index' AND reserved_at >= :since GROUP BY 1"
                ),
                {"services": list(service_ids), "since": since},
            )
            return {row[0]: row[1] for row in rows}
