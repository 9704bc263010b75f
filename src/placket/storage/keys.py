"""Projects, keys and the installation's own secrets."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.access import Access
from placket.domain.errors import KeyNameTaken, NoSuchKey
from placket.services.stores import Caller, KeyRecord, Project
from placket.storage.database import Database

_RECORD = """
    SELECT k.id, k.name, p.name AS project, k.created_at, k.revoked_at, k.rate_per_second,
        k.images_per_month, k.access
    FROM api_keys k JOIN projects p ON p.id = k.project_id
"""

_LONGEST_STEP = 1e8
"""Seconds between two requests, some three years: what an interval can hold."""
# The generic cell rate algorithm: ``next_at`` is when the key would be idle again if its requests came evenly. Further
# ahead than this rate can bring it, it is of a lower rate that the key had, or of a clock that was put back.
_OBSOLETE = "t.next_at > clock_timestamp() + CAST(:room AS interval)"
_TURN = text(
    f"""
    INSERT INTO key_turns AS t (key_id, next_at) VALUES (:key, clock_timestamp() + CAST(:step AS interval))
    ON CONFLICT (key_id) DO UPDATE SET next_at = CAST(:step AS interval)
        + CASE WHEN {_OBSOLETE} THEN clock_timestamp() ELSE greatest(t.next_at, clock_timestamp()) END
    WHERE t.next_at + CAST(:step AS interval) <= clock_timestamp() + CAST(:room AS interval) OR {_OBSOLETE}
    RETURNING 1
    """
)
_WAIT = text(
    """
    SELECT extract(epoch FROM next_at + CAST(:step AS interval) - CAST(:room AS interval) - clock_timestamp())
    FROM key_turns WHERE key_id = :key
    """
)
_SHORTEST_WAIT = 0.001


def _record(row: Mapping[Any, Any]) -> KeyRecord:
    return KeyRecord(**{**row, "access": Access(row["access"])})


class PostgresKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        *,
        key_id: str,
        name: str,
        project: str | None,
        secret_hash: bytes,
        rate: float | None,
        images_per_month: int | None = None,
        access: Access = Access.FULL,
    ) -> KeyRecord:
        async with self._database.begin() as connection:
            if project is None:
                project_id = await self._new_project(connection, name)
            else:
                found = await connection.execute(text("SELECT id FROM projects WHERE name = :name"), {"name": project})
                known = found.scalar_one_or_none()
                if known is None:
                    raise NoSuchKey(f"there is no project {project!r}")
                project_id = int(known)
            await connection.execute(
                text(
                    "INSERT INTO api_keys"
                    " (id, project_id, name, secret_hash, rate_per_second, images_per_month, access)"
                    " VALUES (:id, :project, :name, :hash, :rate, :images, :access)"
                ),
                {
                    "id": key_id,
                    "project": project_id,
                    "name": name,
                    "hash": secret_hash,
                    "rate": rate,
                    "images": images_per_month,
                    "access": access,
                },
            )
            row = await connection.execute(text(_RECORD + " WHERE k.id = :id"), {"id": key_id})
            return _record(row.mappings().one())

    @staticmethod
    async def _new_project(connection: AsyncConnection, name: str) -> int:
        try:
            made = await connection.execute(
                text("INSERT INTO projects (name) VALUES (:name) RETURNING id"), {"name": name}
            )
        except IntegrityError:
            raise KeyNameTaken(
                f"there is a project {name!r} already; give its name as project (--project) for another key of it"
            ) from None
        return int(made.scalar_one())

    async def list(self) -> list[KeyRecord]:
        async with self._database.begin() as connection:
            rows = await connection.execute(text(_RECORD + " ORDER BY k.created_at, k.id"))
            return [_record(row) for row in rows.mappings()]

    async def projects(self) -> Sequence[Project]:
        async with self._database.begin() as connection:
            rows = await connection.execute(text("SELECT id, name FROM projects ORDER BY name"))
            return [Project(**row) for row in rows.mappings()]

    async def revoke(self, key_id: str) -> None:
        async with self._database.begin() as connection:
            done = await connection.execute(
                text("UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = :id"), {"id": key_id}
            )
            if done.rowcount == 0:
                raise NoSuchKey(f"there is no key {key_id!r}; see `placket keys list`")

    async def set_limits(self, key_id: str, *, rate: float | None, images_per_month: int | None) -> KeyRecord:
        async with self._database.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE api_keys SET"
                    " rate_per_second = nullif(coalesce(CAST(:rate AS double precision), rate_per_second), 0),"
                    " images_per_month = nullif(coalesce(CAST(:images AS integer), images_per_month), 0)"
                    " WHERE id = :id"
                ),
                {"id": key_id, "rate": rate, "images": images_per_month},
            )
            found = (await connection.execute(text(_RECORD + " WHERE k.id = :id"), {"id": key_id})).mappings()
            row = found.one_or_none()
            if row is None:
                raise NoSuchKey(f"there is no key {key_id!r}; see `placket keys list`")
            return _record(row)

    async def find(self, key_id: str) -> tuple[bytes, Caller] | None:
        async with self._database.read() as connection:
            found = await connection.execute(
                text(
                    "SELECT k.secret_hash, k.project_id, p.name, k.rate_per_second, k.access FROM api_keys k"
                    " JOIN projects p ON p.id = k.project_id WHERE k.id = :id AND k.revoked_at IS NULL"
                ),
                {"id": key_id},
            )
            row = found.one_or_none()
        if row is None:
            return None
        return bytes(row[0]), Caller(row[1], row[2], key_id, row[3], Access(row[4]))

    async def take_turn(self, key_id: str, rate: float) -> float:
        step = min(1.0 / rate, _LONGEST_STEP)
        values = {"key": key_id, "step": timedelta(seconds=step), "room": timedelta(seconds=max(1.0, step))}
        async with self._database.begin() as connection:
            if (await connection.execute(_TURN, values)).first() is not None:
                return 0.0
            wait = (await connection.execute(_WAIT, values)).scalar_one_or_none()
            return max(_SHORTEST_WAIT, float(wait or 0.0))

    async def installation_secret(self, name: str, proposal: str) -> str:
        async with self._database.begin() as connection:
            await connection.execute(
                text("INSERT INTO installation (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING"),
                {"name": name, "value": proposal},
            )
            found = await connection.execute(text("SELECT value FROM installation WHERE name = :name"), {"name": name})
            return str(found.scalar_one())

    async def replace_installation_secret(self, name: str, value: str) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO installation (name, value) VALUES (:name, :value)"
                    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                ),
                {"name": name, "value": value},
            )
