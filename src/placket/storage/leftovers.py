"""Clearing away what a re-indexing has replaced, in portions: nobody waits for a service's row until all of it is gone.

What is left meanwhile harms nothing, and may serve: garments of another bundle than the service's, of the photos and
the names that their products have.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.errors import NoSuchService
from placket.services.stores import Job
from placket.storage.database import Database
from placket.storage.queue import end_job, enqueue
from placket.storage.row_locks import lock_service

LEFTOVERS_JOB = "leftovers"
_PRODUCTS_AT_ONCE = 500

# Not what a re-indexing has under way, nor the only garments that a product has. The offset keeps the planner to one
# look into the index a product: where the statistics are of before the re-indexing, each portion would read them all.
CLEAR = text(
    """
    WITH page AS (
        SELECT id, product_id FROM documents WHERE service_id = :service AND product_id > :after
        ORDER BY product_id LIMIT :limit
    ), cleared AS (
        DELETE FROM garments g USING page WHERE g.document_id = page.id AND g.bundle <> :bundle
            AND g.bundle <> ALL(ARRAY(SELECT bundle FROM index_runs
                WHERE service_id = :service AND kind = 'reindex' AND finished_at IS NULL))
            AND EXISTS (SELECT 1 FROM garments n WHERE n.document_id = page.id AND n.bundle = :bundle OFFSET 0)
    )
    SELECT max(product_id) FROM page
    """
)


async def leave(connection: AsyncConnection, run_id: UUID, service_id: int, bundle: str, project_id: int) -> None:
    """Have the garments of other bundles than this one cleared away, once the caller's transaction has ended."""
    payload = {"service": service_id, "bundle": bundle}
    await enqueue(connection, LEFTOVERS_JOB, str(run_id), [payload], project_id)


class PostgresLeftovers:
    def __init__(self, database: Database, at_once: int = _PRODUCTS_AT_ONCE) -> None:
        self._database = database
        self._at_once = at_once

    async def clear(self, job: Job, worker: str) -> None:
        """From the beginning each time: where it was before, there is nothing left to do."""
        last: str | None = ""
        while last is not None:
            async with self._database.begin() as connection:
                last = await self._clear_after(connection, job.payload, last)
        async with self._database.begin() as connection:
            await end_job(connection, job, worker)

    async def _clear_after(self, connection: AsyncConnection, payload: Mapping[str, Any], last: str) -> str | None:
        """The last product of the portion; None where there is none, or nothing of it is left over any more."""
        try:
            service = await lock_service(connection, payload["service"])
        except NoSuchService:
            return None
        if service.bundle != payload["bundle"]:
            return None  # It has switched again, and that has left a job of its own.
        values = {**payload, "after": last, "limit": self._at_once}
        found: str | None = (await connection.execute(CLEAR, values)).scalar_one()
        return found
