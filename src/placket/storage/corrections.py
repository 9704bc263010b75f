"""Corrections of tags: a table of their own, and what they mean for the garments that are stored.

``corrections`` is what people said. A garment's ``correction`` and ``labels`` follow from it and from ``data``, and are
written whenever one of the two changes, so that reading and filtering have nothing to work out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.corrections import Correction, apply, by_garment
from placket.domain.garments import Garment
from placket.domain.labels import label_words

Stored = Mapping[str, Sequence[tuple[str, Correction]]]
"""Product id to (hash of the photo, correction), oldest first."""

_NO_EMBEDDING = np.zeros(0, np.float32)


async def read_corrections(connection: AsyncConnection, service_id: int, product_ids: Iterable[str]) -> Stored:
    rows = await connection.execute(
        text(
            "SELECT product_id, image_sha256, data FROM corrections"
            " WHERE service_id = :s AND product_id = ANY(:ids) ORDER BY id"
        ),
        {"s": service_id, "ids": list(product_ids)},
    )
    found: dict[str, list[tuple[str, Correction]]] = {}
    for row in rows:
        found.setdefault(row.product_id, []).append((row.image_sha256, Correction.from_json(row.data)))
    return found


def of_photo(stored: Stored, product_id: str, image_sha256: str) -> list[Correction]:
    """Those that were made on this photo of the product."""
    return [c for sha256, c in stored.get(product_id, ()) if sha256 == image_sha256]


async def forget_corrections(connection: AsyncConnection, service_id: int, product_ids: Iterable[str]) -> None:
    await connection.execute(
        text("DELETE FROM corrections WHERE service_id = :s AND product_id = ANY(:ids)"),
        {"s": service_id, "ids": list(product_ids)},
    )


async def forget_other_photos(
    connection: AsyncConnection, service_id: int, photos: Mapping[str, str], stored: Stored
) -> None:
    """``photos``: product id to the hash of its photo now; what was said about another photo ends."""
    for product_id in stored:
        if any(sha256 != photos[product_id] for sha256, _ in stored[product_id]):
            await connection.execute(
                text("DELETE FROM corrections WHERE service_id = :s AND product_id = :p AND image_sha256 <> :sha256"),
                {"s": service_id, "p": product_id, "sha256": photos[product_id]},
            )


async def replace_corrections(
    connection: AsyncConnection, service_id: int, product_id: str, image_sha256: str, corrections: Sequence[Correction]
) -> None:
    await forget_corrections(connection, service_id, [product_id])
    if corrections:
        await connection.execute(
            text(
                "INSERT INTO corrections (service_id, product_id, image_sha256, data)"
                " VALUES (:s, :p, :sha256, CAST(:data AS jsonb))"
            ),
            [
                {"s": service_id, "p": product_id, "sha256": image_sha256, "data": json.dumps(c.to_json())}
                for c in corrections
            ],
        )


def derived(garments: Sequence[Garment], corrections: Sequence[Correction]) -> list[dict[str, Any]]:
    """The columns ``correction`` and ``labels`` of a document's garments."""
    return [
        {
            "correction": None if c is None else json.dumps(c.to_json()),
            "labels": label_words(g if c is None else apply(g, c)),
        }
        for g, c in zip(garments, by_garment(garments, corrections), strict=True)
    ]


async def read_seen(connection: AsyncConnection, document_id: int) -> dict[str, list[Garment]]:
    """Bundle to the document's garments as vision saw them, without their embeddings."""
    rows = await connection.execute(
        text("SELECT bundle, data FROM garments WHERE document_id = :d ORDER BY bundle, ordinal"), {"d": document_id}
    )
    found: dict[str, list[Garment]] = {}
    for row in rows:
        found.setdefault(row.bundle, []).append(Garment.from_json(row.data, _NO_EMBEDDING))
    return found


async def rewrite_derived(
    connection: AsyncConnection,
    document_id: int,
    seen: Mapping[str, Sequence[Garment]],
    corrections: Sequence[Correction],
) -> None:
    """Let the stored garments of every bundle follow the corrections."""
    rows = [
        {"d": document_id, "bundle": bundle, "ordinal": n, **columns}
        for bundle, garments in seen.items()
        for n, columns in enumerate(derived(garments, corrections))
    ]
    if rows:
        await connection.execute(
            text(
                "UPDATE garments SET correction = CAST(:correction AS jsonb), labels = CAST(:labels AS text[])"
                " WHERE document_id = :d AND bundle = :bundle AND ordinal = :ordinal"
            ),
            rows,
        )
