"""The moves of a run that computes a service's embeddings anew: new garments beside the old ones, then one switch."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain import reasons
from placket.domain.applying import Computed, PlannedRow, Verdict
from placket.domain.garments import Analysis
from placket.domain.runs import Outcome
from placket.services.stores import ChunkWork
from placket.storage.corrections import of_photo, read_corrections
from placket.storage.database import take_time
from placket.storage.garment_rows import garment_rows, replace_garments
from placket.storage.leftovers import leave
from placket.storage.row_locks import LockedRun, lock_service
from placket.storage.run_rows import insert_chunks, insert_documents_as_rows

_GIVEN_UP = "the image was never analysed"
_LATE_CHUNK = 32
"""Images in a chunk of documents that changed while their service was being re-indexed."""
_MOST_ROUNDS = 8
"""Of documents that changed meanwhile. Where they change faster than they are computed, there would be ever more: the
service switches, from when on puts are of the new bundle, and what is late follows."""


async def apply_reindexed(
    connection: AsyncConnection, work: ChunkWork, rows: list[PlannedRow], computed: Sequence[Computed]
) -> tuple[list[Verdict], int]:
    """New garments beside the old ones. A document that changed meanwhile leaves this chunk and comes again."""
    service = await lock_service(connection, work.service_id)
    found = await connection.execute(
        text(
            "SELECT product_id, id, revision, image_sha256 FROM documents"
            " WHERE service_id = :s AND product_id = ANY(:ids) AND NOT deleted"
        ),
        {"s": work.service_id, "ids": [r.product_id for r in rows]},
    )
    documents = {r.product_id: r for r in found}
    corrections = await read_corrections(connection, work.service_id, documents)
    by_position = {c.position: c for c in computed}
    verdicts: list[Verdict] = []
    changed: list[int] = []
    written: list[int] = []
    photos: dict[int, Analysis] = {}
    garments: list[dict[str, Any]] = []
    for row in rows:
        document = documents.get(row.product_id)
        result = by_position.get(row.position) or Computed(row.position, None, reasons.ABANDONED, _GIVEN_UP)
        if document is None or str(document.revision) != row.fields["revision"]:
            changed.append(row.position)
        elif result.analysis is None:
            verdicts.append(Verdict(row.position, Outcome.FAILED, result.reason, result.detail))
        else:
            found_anew = result.analysis
            known = of_photo(corrections, row.product_id, found_anew.sha256)
            garments += garment_rows(document.id, work.bundle, found_anew, known)
            if found_anew.sha256 != document.image_sha256:
                photos[row.position] = found_anew
            verdicts.append(Verdict(row.position, Outcome.UPDATED))
            written.append(document.id)
    if photos:
        await _note_photos(connection, work.run_id, photos)
    await replace_garments(connection, written, work.bundle, garments)
    if service.bundle == work.bundle:
        await _show_photos(connection, work.service_id, work.run_id, work.bundle)
        await _touch(connection, work.service_id, service.revision, written)
    await connection.execute(
        text("DELETE FROM index_rows WHERE run_id = :run AND position = ANY(:changed)"),
        {"run": work.run_id, "changed": changed},
    )
    return verdicts, len(changed)


async def switch_bundle(connection: AsyncConnection, run_id: UUID, run: LockedRun, rounds: int) -> int:
    """Serve the new embeddings from now on. Not yet when documents came or changed meanwhile, unless there were enough
    ``rounds`` of them: how many chunks of them were added to the run, whose row is locked."""
    await take_time(connection)
    more = await _add_late(connection, run_id, run)
    if not more or rounds >= _MOST_ROUNDS:
        await _serve_new(connection, run_id, run)
    return more


async def _add_late(connection: AsyncConnection, run_id: UUID, run: LockedRun) -> int:
    """A chunk or more of the documents that came or changed since the run looked for them last; how many chunks."""
    first = (
        await connection.execute(
            text("SELECT coalesce(max(last_position) + 1, 0) FROM index_chunks WHERE run_id = :run"),
            {"run": run_id},
        )
    ).scalar_one()
    more = await insert_documents_as_rows(connection, run_id, run.service_id, run.bundle, first)
    if not more:
        return 0
    chunks = await insert_chunks(connection, run_id, first, first + more, _LATE_CHUNK)
    await connection.execute(
        text(
            "UPDATE index_runs SET total_cnt = total_cnt + :more, chunk_count = chunk_count + :chunks WHERE id = :run"
        ),
        {"more": more, "chunks": chunks, "run": run_id},
    )
    return chunks


async def _serve_new(connection: AsyncConnection, run_id: UUID, run: LockedRun) -> None:
    values = {"service": run.service_id, "bundle": run.bundle}
    if run.total and not await _has_garments(connection, values):
        return  # nothing could be computed: the old embeddings go on serving
    service = await lock_service(connection, run.service_id)
    if service.bundle != run.bundle:
        await _show_photos(connection, run.service_id, run_id, run.bundle)
        await connection.execute(text("UPDATE services SET bundle = :bundle WHERE id = :service"), values)
        await _touch_all(connection, run.service_id, service.revision, run_id)
    await leave(connection, run_id, run.service_id, run.bundle, service.project_id)


async def _has_garments(connection: AsyncConnection, values: dict[str, Any]) -> bool:
    found = await connection.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM documents d JOIN garments g ON g.document_id = d.id"
            " WHERE d.service_id = :service AND NOT d.deleted AND g.bundle = :bundle)"
        ),
        values,
    )
    return bool(found.scalar_one())


async def _note_photos(connection: AsyncConnection, run_id: UUID, changed: Mapping[int, Analysis]) -> None:
    """Keep beside the rows, by their positions, that their photos changed: a document is of the photo whose garments
    serve."""
    photos = [
        {
            "position": position,
            "photo": {
                "sha256": found.sha256,
                "width": found.width,
                "height": found.height,
                "made_from": found.made_from,
            },
        }
        for position, found in changed.items()
    ]
    await connection.execute(
        text(
            "UPDATE index_rows x SET fields = x.fields || p.photo"
            " FROM jsonb_to_recordset(CAST(:photos AS jsonb)) AS p(position integer, photo jsonb)"
            " WHERE x.run_id = :run AND x.position = p.position"
        ),
        {"photos": json.dumps(photos), "run": run_id},
    )


async def _show_photos(connection: AsyncConnection, service_id: int, run_id: UUID, bundle: str) -> None:
    """Documents of the photos that the run found changed behind their addresses; garments of the old ones go.

    Known by the garments made from them, not by the document's revision: a correction or new values of filters change
    that one, and leave the photo.
    """
    await connection.execute(
        text(
            "WITH shown AS (UPDATE documents d SET image_sha256 = x.fields ->> 'sha256',"
            " width = CAST(x.fields ->> 'width' AS integer), height = CAST(x.fields ->> 'height' AS integer)"
            " FROM index_rows x WHERE x.run_id = :run AND d.service_id = :service AND d.product_id = x.product_id"
            " AND x.fields ? 'sha256' AND EXISTS (SELECT 1 FROM garments g WHERE g.document_id = d.id"
            " AND g.bundle = :bundle AND g.made_from = x.fields ->> 'made_from') RETURNING d.id)"
            " DELETE FROM garments g USING shown WHERE g.document_id = shown.id AND g.bundle <> :bundle"
        ),
        {"run": run_id, "service": service_id, "bundle": bundle},
    )


async def _touch(connection: AsyncConnection, service_id: int, revision: int, documents: Sequence[int]) -> None:
    """Give documents new revisions, so that search engines see their new garments; the service must be locked."""
    await connection.execute(
        text(
            "UPDATE documents d SET revision = :revision + touched.number"
            " FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS touched(id, number) WHERE d.id = touched.id"
        ),
        {"revision": revision, "ids": list(documents)},
    )
    await connection.execute(
        text("UPDATE services SET revision = :revision WHERE id = :id"),
        {"revision": revision + len(documents), "id": service_id},
    )


async def _touch_all(connection: AsyncConnection, service_id: int, revision: int, run_id: UUID) -> None:
    """:func:`_touch` for every document: what an engine knows of the service's new bundle may be from a time when the
    service had it before. Rows of the run follow: their documents have not changed."""
    touched = await connection.execute(
        text(
            """
            WITH touched AS (
                UPDATE documents d SET revision = :revision + n.number FROM (
                    SELECT id, revision, row_number() OVER (ORDER BY revision) AS number FROM documents
                    WHERE service_id = :id AND NOT deleted
                ) n WHERE d.id = n.id RETURNING d.product_id, d.revision, n.revision AS before
            ), followed AS (
                UPDATE index_rows x SET fields = x.fields || jsonb_build_object('revision', t.revision::text)
                FROM touched t WHERE x.run_id = :run AND x.outcome IS DISTINCT FROM 'updated'
                    AND x.product_id = t.product_id AND x.fields ->> 'revision' = t.before::text
            )
            SELECT count(*) FROM touched
            """
        ),
        {"revision": revision, "id": service_id, "run": run_id},
    )
    await connection.execute(
        text("UPDATE services SET revision = :revision WHERE id = :id"),
        {"revision": revision + touched.scalar_one(), "id": service_id},
    )
