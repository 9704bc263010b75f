"""Rows of runs, and the chunks that they are cut into, as SQL makes them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.runs import Outcome
from placket.storage.documents import PUT_AFTER

# The offset keeps the planner to one look into the index a document. As a join, with a bundle so new that the table's
# statistics do not know it, it would compare every document with every new garment.
LACKS_GARMENTS = "NOT EXISTS (SELECT 1 FROM garments g WHERE g.document_id = d.id AND g.bundle = :bundle OFFSET 0)"


async def insert_chunks(connection: AsyncConnection, run_id: UUID, first: int, total: int, chunk_size: int) -> int:
    """Cut the rows from position ``first`` on into chunks, after those that are there. Returns how many were made."""
    made = await connection.execute(
        text(
            """
            INSERT INTO index_chunks (run_id, number, first_position, last_position)
            SELECT :run, :base + n, :first + n * size, least(:first + (n + 1) * size, total) - 1
            FROM (SELECT CAST(:size AS integer) AS size, CAST(:total AS integer) AS total) AS v,
                 generate_series(0, (total - :first + size - 1) / size - 1) AS n
            """
        ),
        {
            "run": run_id,
            "base": await _chunk_count(connection, run_id),
            "first": first,
            "total": total,
            "size": chunk_size,
        },
    )
    return made.rowcount


async def _chunk_count(connection: AsyncConnection, run_id: UUID) -> int:
    found = await connection.execute(text("SELECT count(*) FROM index_chunks WHERE run_id = :run"), {"run": run_id})
    return int(found.scalar_one())


async def insert_documents_as_rows(
    connection: AsyncConnection, run_id: UUID, service_id: int, bundle: str, first: int
) -> int:
    """Rows from position ``first`` on for every document that lacks garments of the bundle; how many.

    A document that this run has already tried in its present revision is left out.
    """
    made = await connection.execute(
        text(
            f"""
            INSERT INTO index_rows (run_id, position, line, product_id, status, fields)
            SELECT :run, :first + row_number() OVER (ORDER BY d.product_id) - 1,
                   :first + row_number() OVER (ORDER BY d.product_id), d.product_id, 'enable',
                   jsonb_build_object('name', d.name, 'image_url', d.image_url, 'revision', d.revision::text)
            FROM documents d
            WHERE d.service_id = :service AND NOT d.deleted
              AND {LACKS_GARMENTS}
              AND NOT EXISTS (SELECT 1 FROM index_rows x WHERE x.run_id = :run AND x.product_id = d.product_id
                              AND x.fields ->> 'revision' = d.revision::text AND x.outcome IS NOT NULL)
            """
        ),
        {"run": run_id, "first": first, "service": service_id, "bundle": bundle},
    )
    return made.rowcount


_PUT_SINCE = f"""
    SELECT x.line FROM index_runs r JOIN index_rows x ON x.run_id = r.id
    JOIN documents d ON d.service_id = r.service_id AND d.product_id = x.product_id
    WHERE r.id = :run AND r.service_id = :service AND {PUT_AFTER.format(accepted="r.reserved_at")}
"""
# A row that still waits counts: it acts before a run that is accepted now. One that failed has changed nothing. Sorted,
# not joined by product: where the statistics do not know the runs yet, a join would compare every row with every other.
_SAID_SINCE = """
    SELECT line FROM (
        SELECT y.line, y.outcome, later.id, bool_or(y.outcome IS DISTINCT FROM 'failed') OVER (
            PARTITION BY y.product_id ORDER BY later.sequence DESC, y.position DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS said
        FROM index_runs r
        JOIN index_runs later ON later.service_id = r.service_id AND later.sequence >= r.sequence
            AND (later.kind = 'index' OR later.id = r.id)
        JOIN index_rows y ON y.run_id = later.id
        WHERE r.id = :run AND r.service_id = :service
    ) AS words
    WHERE id = :run AND outcome = 'failed' AND said
"""


async def superseded_lines(connection: AsyncConnection, service_id: int, run_id: UUID) -> set[int]:
    """Lines of the run whose products have had a later word: by themselves, in a later row of the run, or in a run that
    was accepted after it."""
    found = await connection.execute(text(f"{_PUT_SINCE} UNION {_SAID_SINCE}"), {"run": run_id, "service": service_id})
    return set(found.scalars())


async def as_if_written(
    connection: AsyncConnection, run_id: UUID, position: int, present: Iterable[str], product_ids: Sequence[str]
) -> tuple[set[str], int]:
    """What the rows of a check before ``position`` would have made of ``present``, and how many documents they would
    have added, less those that they would have deleted."""
    said = await connection.execute(
        text(
            "SELECT DISTINCT ON (product_id) product_id, outcome FROM index_rows WHERE run_id = :run"
            " AND position < :position AND product_id = ANY(:ids) AND outcome <> 'failed'"
            " ORDER BY product_id, position DESC"
        ),
        {"run": run_id, "position": position, "ids": list(product_ids)},
    )
    there = set(present)
    for product_id, outcome in said:
        (there.discard if outcome == Outcome.DELETED else there.add)(product_id)
    more = await connection.execute(
        text("SELECT add_cnt - delete_cnt FROM index_runs WHERE id = :run"), {"run": run_id}
    )
    return there, int(more.scalar_one())
