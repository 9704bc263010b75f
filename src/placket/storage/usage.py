"""What every key has used, by day (UTC), and what it may use in a month."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.tagger.errors import UsageExceeded
from placket.services.stores import Caller
from placket.services.task_stores import Allowance, Idempotency, UsageDay
from placket.storage.database import Database
from placket.storage.replies import claim

_TODAY = "CAST(now() AT TIME ZONE 'UTC' AS date)"
_ALLOWANCE = text(
    """
    SELECT k.images_per_month AS limit, coalesce((
        SELECT sum(u.images) FROM usage_days u
        WHERE u.key_id = k.id AND u.day >= CAST(date_trunc('month', now() AT TIME ZONE 'UTC') AS date)
    ), 0) AS spent FROM api_keys k WHERE k.id = :key
    """
)


async def spend_images(connection: AsyncConnection, key_id: str, images: int) -> None:
    """Within the caller's transaction; a key's requests queue up at its row, so that no two spend the same rest.

    Raises UsageExceeded: the caller's transaction has to be rolled back.
    """
    await connection.execute(
        text(
            f"INSERT INTO usage_days (key_id, day, requests, images) SELECT id, {_TODAY}, 1, :images"
            " FROM (SELECT id FROM api_keys WHERE id = :key FOR NO KEY UPDATE) AS own"
            " ON CONFLICT (key_id, day) DO UPDATE"
            " SET requests = usage_days.requests + 1, images = usage_days.images + excluded.images"
        ),
        {"key": key_id, "images": images},
    )
    found = await _allowance(connection, key_id)
    if found.limit is not None and found.spent > found.limit:
        rest = max(0, found.limit - (found.spent - images))
        raise UsageExceeded(
            f"the key may tag {found.limit} images a month and has {rest} left; the request has {images}"
        )


async def _allowance(connection: AsyncConnection, key_id: str) -> Allowance:
    row = (await connection.execute(_ALLOWANCE, {"key": key_id})).one()
    return Allowance(row.limit, int(row.spent))


class PostgresUsage:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def spend(self, caller: Caller, images: int, once: Idempotency | None) -> None:
        async with self._database.begin() as connection:
            if once is None or (await claim(connection, caller.project_id, once)).first:
                await spend_images(connection, caller.key_id, images)

    async def settle(self, caller: Caller, once: Idempotency, digest: bytes) -> None:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    "UPDATE request_replies SET reply = coalesce(reply, :digest)"
                    " WHERE project_id = :project AND key = :key RETURNING reply"
                ),
                {"digest": digest, "project": caller.project_id, "key": once.key},
            )
            first = found.scalar_one_or_none()
            if first is not None and bytes(first) != digest:
                await spend_images(connection, caller.key_id, 1)

    async def allowance(self, key_id: str) -> Allowance:
        async with self._database.begin() as connection:
            return await _allowance(connection, key_id)

    async def days(self, *, project_id: int | None, first: date, last: date) -> list[UsageDay]:
        async with self._database.begin() as connection:
            found = await connection.execute(
                text(
                    "SELECT u.key_id, u.day, u.requests, u.images FROM usage_days u JOIN api_keys k ON k.id = u.key_id"
                    " WHERE u.day BETWEEN :first AND :last"
                    " AND (CAST(:project AS bigint) IS NULL OR k.project_id = :project) ORDER BY u.day, u.key_id"
                ),
                {"first": first, "last": last, "project": project_id},
            )
            return [UsageDay(**row) for row in found.mappings()]
