"""What is past its time goes in portions, each a short transaction: nothing waits for it, vacuum among others, and a
statement's time limit is enough, however large a service was.

In several processes at once each takes what no other has; who finds nothing left leaves the rest to them.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.errors import IndexRequestInProgress
from placket.services.ports import DELETIONS_KEPT
from placket.storage.database import Database

_RUNS_AT_ONCE = 5
_PRODUCTS_AT_ONCE = 200
_MOST_CHECKS = 20
_FORGOTTEN_AT_ONCE = 5000

_OLD_RUNS = text(
    "DELETE FROM index_runs WHERE id IN (SELECT id FROM index_runs WHERE finished_at < now() - CAST(:kept AS interval)"
    " ORDER BY finished_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
)
# Whatever was under way when it was deleted is through after a minute.
_GONE = "SELECT id FROM services WHERE deleted_at < now() - interval '1 minute'"
_RUNS_OF_GONE = text(
    f"DELETE FROM index_runs WHERE id IN (SELECT id FROM index_runs WHERE service_id IN ({_GONE})"
    " LIMIT :limit FOR UPDATE SKIP LOCKED)"
)
_UPLOADS_OF_GONE = text(
    "DELETE FROM uploads WHERE (service_id, product_id) IN (SELECT service_id, product_id FROM uploads"
    f" WHERE service_id IN ({_GONE}) LIMIT :limit FOR UPDATE SKIP LOCKED)"
)
_PRODUCTS_OF_GONE = text(
    f"DELETE FROM documents WHERE id IN (SELECT id FROM documents WHERE service_id IN ({_GONE})"
    " LIMIT :limit FOR UPDATE SKIP LOCKED)"
)
_EMPTY = text(
    f"DELETE FROM services WHERE id IN ({_GONE} FOR UPDATE SKIP LOCKED)"
    + "".join(
        f" AND NOT EXISTS (SELECT 1 FROM {table} WHERE service_id = services.id)"
        for table in ("documents", "uploads", "index_runs")
    )
)
# What is locked is being put back, and waits for nobody.
_FORGET_DELETED = text(
    "DELETE FROM documents WHERE id IN (SELECT id FROM documents WHERE deleted"
    " AND updated_at < now() - CAST(:kept AS interval) ORDER BY updated_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
)
_SILENT_WORKERS = text("DELETE FROM workers WHERE seen_at < now() - interval '1 day'")


async def make_room_for_check(connection: AsyncConnection, service_id: int) -> None:
    """Within the caller's transaction, which has locked the service. Of dry runs the latest are kept: no quota counts
    them, and each holds all of its file. Raises IndexRequestInProgress where so many have not ended yet."""
    found = await connection.execute(
        text(
            "SELECT id, finished_at FROM index_runs WHERE service_id = :service AND kind = 'check'"
            " ORDER BY sequence DESC OFFSET :kept"
        ),
        {"service": service_id, "kept": _MOST_CHECKS - 1},
    )
    old = found.all()
    if any(row.finished_at is None for row in old):
        raise IndexRequestInProgress(f"{_MOST_CHECKS} files of this service are still to be checked; wait for them")
    await connection.execute(text("DELETE FROM index_runs WHERE id = ANY(:ids)"), {"ids": [row.id for row in old]})


async def purge(database: Database, kept: timedelta) -> int:
    """Records of runs that ended longer ago, deleted services and what they held, silent workers, deletions that no
    search engine asks for any more. Returns how many runs and services."""
    old = await _portions(database, _OLD_RUNS, {"kept": kept, "limit": _RUNS_AT_ONCE})
    await _portions(database, _RUNS_OF_GONE, {"limit": _RUNS_AT_ONCE})
    await _portions(database, _UPLOADS_OF_GONE, {"limit": _PRODUCTS_AT_ONCE})
    await _portions(database, _PRODUCTS_OF_GONE, {"limit": _PRODUCTS_AT_ONCE})
    async with database.begin() as connection:
        services = await connection.execute(_EMPTY)
        await connection.execute(_SILENT_WORKERS)
        await connection.execute(_FORGET_DELETED, {"kept": DELETIONS_KEPT, "limit": _FORGOTTEN_AT_ONCE})
        return int(old + services.rowcount)


async def _portions(database: Database, statement: Any, values: Mapping[str, Any]) -> int:
    """Carry it out until it finds nothing; how many rows it removed."""
    removed = 0
    while True:
        async with database.begin() as connection:
            found = (await connection.execute(statement, values)).rowcount
        if not found:
            return removed
        removed += found
