"""Documents and their garments; also what search engines load from."""

import asyncio
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.applying import Computed, Plan, PlannedRow, plan_chunk
from placket.domain.corrections import Correction, with_correction
from placket.domain.errors import BundleMismatch, DocumentQuotaExceeded, NoSuchProduct
from placket.domain.garments import Analysis
from placket.domain.labels import LabelCondition
from placket.domain.runs import FIELDS, FILTER_FIELDS, FilterField, Outcome
from placket.services.ports import IndexedProduct, Rewound
from placket.services.stores import Document, Known, Service
from placket.storage.corrections import (
    Stored,
    forget_corrections,
    forget_other_photos,
    of_photo,
    read_corrections,
    read_seen,
    replace_corrections,
    rewrite_derived,
)
from placket.storage.database import Database, storable
from placket.storage.document_rows import document_of, indexed_of, known_of
from placket.storage.garment_rows import garment_rows, insert_garments
from placket.storage.label_conditions import with_labels
from placket.storage.row_locks import lock_service

_COLUMNS = f"id, product_id, revision, image_sha256, width, height, created_at, updated_at, {', '.join(FIELDS)}"
# All products of a chunk at once: each statement is a journey to the server, and the service is locked meanwhile.
_UPSERT = text(
    f"""
    INSERT INTO documents (service_id, product_id, revision, image_sha256, width, height, {", ".join(FIELDS)})
    SELECT :service_id, product_id, revision, image_sha256, width, height, {", ".join(FIELDS)}
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(product_id text, revision bigint, image_sha256 text,
        width integer, height integer, {", ".join(f + " text" for f in FIELDS)})
    ON CONFLICT (service_id, product_id) DO UPDATE SET
        revision = excluded.revision, deleted = false, updated_at = now(),
        created_at = CASE WHEN documents.deleted THEN now() ELSE documents.created_at END,
        image_sha256 = excluded.image_sha256, width = excluded.width, height = excluded.height,
        {", ".join(f"{f} = excluded.{f}" for f in FIELDS)}
    RETURNING product_id, id
    """
)
_BURY = text(
    f"""
    UPDATE documents SET deleted = true, revision = :revision + number, updated_at = now(), image_sha256 = '',
        {", ".join(f"{f} = ''" for f in FIELDS)}
    FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS buried(id, number)
    WHERE service_id = :service_id AND product_id = buried.id RETURNING documents.id
    """
)


_SWITCHED = "the service has switched to bundle {} meanwhile; try again"


async def present_products(connection: AsyncConnection, service_id: int, product_ids: Iterable[str]) -> set[str]:
    rows = await connection.execute(
        text("SELECT product_id FROM documents WHERE service_id = :s AND product_id = ANY(:ids) AND NOT deleted"),
        {"s": service_id, "ids": list(product_ids)},
    )
    return set(rows.scalars())


# What was put at a time that is yet to come was put before the clock was put back, and so before what came since.
PUT_AFTER = "put_at > {accepted} AND (put_at <= clock_timestamp() OR {accepted} > clock_timestamp())"


async def written_since(
    connection: AsyncConnection, service_id: int, product_ids: Iterable[str], accepted: datetime
) -> set[str]:
    """Which of these products were put or deleted by themselves after a file had been accepted."""
    rows = await connection.execute(
        text(
            "SELECT product_id FROM documents WHERE service_id = :s AND product_id = ANY(:ids)"
            f" AND {PUT_AFTER.format(accepted='CAST(:accepted AS timestamptz)')}"
        ),
        {"s": service_id, "ids": list(product_ids), "accepted": accepted},
    )
    return set(rows.scalars())


async def _written_by_itself(connection: AsyncConnection, service_id: int, product_id: str) -> None:
    """The service's row is locked, so this is when the write took place, not when it began to wait."""
    await connection.execute(
        text("UPDATE documents SET put_at = clock_timestamp() WHERE service_id = :s AND product_id = :p"),
        {"s": service_id, "p": product_id},
    )


async def write_plan(connection: AsyncConnection, service_id: int, revision: int, bundle: str, plan: Plan) -> None:
    """Carry a plan out and move the service's revision; its row must be locked."""
    if plan.deletes:
        await _bury(connection, service_id, revision, sorted(plan.deletes))
        revision += len(plan.deletes)
    await _drop_uploads(connection, service_id, [*plan.deletes, *plan.writes])
    await forget_corrections(connection, service_id, plan.deletes)
    stored = await read_corrections(connection, service_id, plan.writes)
    if plan.writes:
        await _write(connection, service_id, revision, bundle, plan, stored)
        revision += len(plan.writes)
    await connection.execute(
        text("UPDATE services SET revision = :revision, document_count = :documents WHERE id = :id"),
        {"revision": revision, "documents": plan.documents, "id": service_id},
    )


async def _bury(connection: AsyncConnection, service_id: int, revision: int, product_ids: list[str]) -> None:
    # A product that the chunk itself added and deleted was never stored.
    values = {"service_id": service_id, "revision": revision, "ids": product_ids}
    buried = (await connection.execute(_BURY, values)).scalars().all()
    await connection.execute(text("DELETE FROM garments WHERE document_id = ANY(:ids)"), {"ids": list(buried)})


async def _drop_uploads(connection: AsyncConnection, service_id: int, product_ids: list[str]) -> None:
    await connection.execute(
        text("DELETE FROM uploads WHERE service_id = :s AND product_id = ANY(:ids)"),
        {"s": service_id, "ids": product_ids},
    )


def _written_rows(plan: Plan) -> Iterator[tuple[PlannedRow, Analysis]]:
    for row, analysis in plan.writes.values():
        assert analysis is not None
        yield row, analysis


async def _write(
    connection: AsyncConnection, service_id: int, revision: int, bundle: str, plan: Plan, stored: Stored
) -> None:
    ids = await _upsert(connection, service_id, revision, plan)
    garments = list[dict[str, Any]]()
    for row, analysis in _written_rows(plan):
        corrections = of_photo(stored, row.product_id, analysis.sha256)
        garments += garment_rows(ids[row.product_id], bundle, analysis, corrections)
    await connection.execute(text("DELETE FROM garments WHERE document_id = ANY(:ids)"), {"ids": list(ids.values())})
    await insert_garments(connection, garments)
    photos = {row.product_id: analysis.sha256 for row, analysis in _written_rows(plan)}
    await forget_other_photos(connection, service_id, photos, stored)


async def _upsert(connection: AsyncConnection, service_id: int, revision: int, plan: Plan) -> dict[str, int]:
    """Product id to document; their revisions follow the given one, in the plan's order."""
    rows = [
        {
            "product_id": row.product_id,
            "revision": n,
            "image_sha256": analysis.sha256,
            "width": analysis.width,
            "height": analysis.height,
            **{f: row.fields.get(f, "") for f in FIELDS},
        }
        for n, (row, analysis) in enumerate(_written_rows(plan), start=revision + 1)
    ]
    values = {"service_id": service_id, "rows": json.dumps(rows, ensure_ascii=False)}
    return {row.product_id: row.id for row in await connection.execute(_UPSERT, values)}


class PostgresDocuments:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def _turn(self, service_id: int) -> asyncio.Lock:
        """One writer of this process at a time waits for a service's row, so that many do not hold all connections."""
        return self._turns.setdefault(service_id, asyncio.Lock())

    async def get(self, service: Service, product_id: str) -> Document:
        found = await self.get_many(service, [product_id])
        if product_id not in found:
            raise NoSuchProduct(f"there is no product {product_id!r}")
        return found[product_id]

    async def get_many(self, service: Service, product_ids: Sequence[str]) -> dict[str, Document]:
        wanted = [p for p in product_ids if storable(p)]
        return {d.product_id: d for d in await self._select(service, "product_id = ANY(:ids)", {"ids": wanted})}

    async def page(
        self, service: Service, after: str, limit: int, labels: Sequence[LabelCondition] = ()
    ) -> list[Document]:
        condition, values = with_labels(labels)
        values |= {"after": after, "limit": limit}
        return await self._select(service, f"product_id > :after{condition}", values, "LIMIT :limit")

    async def _select(
        self, service: Service, condition: str, values: Mapping[str, Any], tail: str = ""
    ) -> list[Document]:
        async with self._database.read() as connection:
            return await _select(connection, service.id, service.bundle, condition, values, tail)

    async def put(
        self, service: Service, row: PlannedRow, analysis: Analysis, image: bytes | None, quota: int
    ) -> tuple[Outcome, Document]:
        async with self._turn(service.id), self._database.begin() as connection:
            state = await lock_service(connection, service.id)
            if state.bundle != analysis.bundle:
                raise BundleMismatch(_SWITCHED.format(state.bundle))
            plan = plan_chunk(
                [row],
                [Computed(row.position, analysis)],
                present=await present_products(connection, service.id, [row.product_id]),
                documents=state.documents,
                quota=quota,
            )
            verdict = plan.verdicts[0]
            if verdict.outcome is Outcome.FAILED:
                raise DocumentQuotaExceeded(verdict.detail)
            await write_plan(connection, service.id, state.revision, analysis.bundle, plan)
            await _written_by_itself(connection, service.id, row.product_id)
            if image is not None:
                await connection.execute(
                    text("INSERT INTO uploads (service_id, product_id, image) VALUES (:s, :p, :i)"),
                    {"s": service.id, "p": row.product_id, "i": image},
                )
            return verdict.outcome, await _written(connection, service.id, state.bundle, row.product_id)

    async def correct(self, service: Service, product_id: str, correction: Correction | None) -> Document:
        async with self._turn(service.id), self._database.begin() as connection:
            state = await lock_service(connection, service.id)
            document = await _changed(connection, service.id, state.revision + 1, product_id, {})
            seen = await read_seen(connection, document.id)
            kept: list[Correction] = []
            if correction is not None:
                stored = await read_corrections(connection, service.id, [product_id])
                old = of_photo(stored, product_id, document.image_sha256)
                kept = with_correction(old, correction, seen.get(state.bundle, []))
            await replace_corrections(connection, service.id, product_id, document.image_sha256, kept)
            await rewrite_derived(connection, document.id, seen, kept)
            return await _written(connection, service.id, state.bundle, product_id)

    async def refilter(self, service: Service, product_id: str, values: Mapping[FilterField, str]) -> Document:
        async with self._turn(service.id), self._database.begin() as connection:
            state = await lock_service(connection, service.id)
            await _changed(connection, service.id, state.revision + 1, product_id, values)
            await _written_by_itself(connection, service.id, product_id)
            return await _written(connection, service.id, state.bundle, product_id)

    async def delete(self, service: Service, product_id: str) -> None:
        async with self._turn(service.id), self._database.begin() as connection:
            state = await lock_service(connection, service.id)
            if not storable(product_id) or not await present_products(connection, service.id, [product_id]):
                raise NoSuchProduct(f"there is no product {product_id!r}")
            plan = Plan(state.documents - 1, deletes={product_id})
            await write_plan(connection, service.id, state.revision, state.bundle, plan)
            await _written_by_itself(connection, service.id, product_id)

    async def known(self, service_id: int, bundle: str, product_ids: Sequence[str]) -> dict[str, Known]:
        async with self._database.read() as connection:
            found = await connection.execute(
                text(
                    "SELECT d.product_id, d.image_url, d.width, d.height, d.image_sha256,"
                    " g.data, g.embedding, g.made_from, g.etag"
                    " FROM documents d JOIN garments g ON g.document_id = d.id AND g.bundle = :bundle"
                    " WHERE d.service_id = :s AND d.product_id = ANY(:ids) AND NOT d.deleted AND g.made_from <> ''"
                    " ORDER BY d.product_id, g.ordinal"
                ),
                {"s": service_id, "bundle": bundle, "ids": [p for p in product_ids if storable(p)]},
            )
            groups = [list(rows) for _, rows in itertools.groupby(found.all(), key=lambda r: r.product_id)]
        return {rows[0].product_id: known_of(bundle, rows) for rows in groups}

    async def upload(self, service_id: int, product_id: str) -> bytes | None:
        async with self._database.read() as connection:
            found = await connection.execute(
                text("SELECT image FROM uploads WHERE service_id = :s AND product_id = :p"),
                {"s": service_id, "p": product_id},
            )
            image = found.scalar_one_or_none()
        return None if image is None else bytes(image)

    async def changes(
        self, service: int, bundle: str, since: int, limit: int, newest: str = ""
    ) -> list[IndexedProduct]:
        statement = text(
            "SELECT d.*, g.embedding, g.labels, s.bundle AS serving, s.revision AS reached, :newest = '' OR EXISTS"
            " (SELECT 1 FROM documents WHERE service_id = :service AND product_id = :newest AND revision >= :since)"
            " AS known"
            " FROM services s LEFT JOIN"
            f" (SELECT id, product_id, revision, image_sha256, {', '.join(FILTER_FIELDS)} FROM documents"
            " WHERE service_id = :service AND revision > :since ORDER BY revision LIMIT :limit) d ON true"
            " LEFT JOIN garments g ON g.document_id = d.id AND g.bundle = :bundle"
            " WHERE s.id = :service ORDER BY d.revision, g.ordinal"
        )
        async with self._database.read() as connection:
            found = await connection.execute(
                statement, {"service": service, "bundle": bundle, "since": since, "limit": limit, "newest": newest}
            )
            rows = found.all()
        if rows and (rows[0].reached < since or not rows[0].known):
            raise Rewound
        changed = [r for r in rows if r.id is not None]
        if changed and changed[0].serving != bundle:
            # Its garments of this bundle may be gone already: that is not to be taken for products without any.
            raise BundleMismatch(_SWITCHED.format(changed[0].serving))
        return [indexed_of(list(group)) for _, group in itertools.groupby(changed, key=lambda r: r.id)]


async def _select(
    connection: AsyncConnection, service_id: int, bundle: str, condition: str, values: Mapping[str, Any], tail: str = ""
) -> list[Document]:
    # One statement, so one snapshot: a document never comes with another version's garments.
    statement = text(
        f"SELECT d.*, g.data, g.embedding, g.correction FROM (SELECT {_COLUMNS} FROM documents"
        f" WHERE service_id = :service AND NOT deleted AND {condition} ORDER BY product_id {tail}) d"
        " LEFT JOIN garments g ON g.document_id = d.id AND g.bundle = :bundle ORDER BY d.product_id, g.ordinal"
    )
    found = await connection.execute(statement, {"service": service_id, "bundle": bundle, **values})
    return [document_of(list(group)) for _, group in itertools.groupby(found.all(), key=lambda r: r.id)]


async def _changed(
    connection: AsyncConnection, service_id: int, revision: int, product_id: str, values: Mapping[FilterField, str]
) -> Any:
    """The row's ``id`` and ``image_sha256``, once it and the service have come to ``revision``, by which search learns
    of it. Raises NoSuchProduct."""
    columns = [*(f"{f} = :{f}" for f in values), "revision = :revision", "updated_at = now()"]
    changed = await connection.execute(
        text(
            f"UPDATE documents SET {', '.join(columns)} WHERE service_id = :s AND product_id = :p AND NOT deleted"
            " RETURNING id, image_sha256"
        ),
        {
            "s": service_id,
            "p": product_id if storable(product_id) else "",
            "revision": revision,
            **dict[str, str](values.items()),
        },
    )
    document = changed.one_or_none()
    if document is None:
        raise NoSuchProduct(f"there is no product {product_id!r}")
    await connection.execute(
        text("UPDATE services SET revision = :revision WHERE id = :s"), {"s": service_id, "revision": revision}
    )
    return document


async def _written(connection: AsyncConnection, service_id: int, bundle: str, product_id: str) -> Document:
    """A document within the transaction that wrote it: whoever comes next may delete or replace it."""
    (document,) = await _select(connection, service_id, bundle, "product_id = :p", {"p": product_id})
    return document
