"""Writing the garments of documents, as vision saw them, with what follows from corrections."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.corrections import Correction
from placket.domain.garments import Analysis
from placket.storage.corrections import derived


def garment_rows(
    document_id: int, bundle: str, analysis: Analysis, corrections: Sequence[Correction]
) -> list[dict[str, Any]]:
    """``corrections``: of the same photo."""
    garments = analysis.garments
    return [
        {
            "document_id": document_id,
            "bundle": bundle,
            "ordinal": ordinal,
            "data": json.dumps(garment.to_json()),
            "embedding": np.asarray(garment.embedding, dtype=np.float32),
            "made_from": analysis.made_from,
            "etag": analysis.etag,
            **columns,
        }
        for ordinal, (garment, columns) in enumerate(zip(garments, derived(garments, corrections), strict=True))
    ]


async def replace_garments(
    connection: AsyncConnection, documents: Sequence[int], bundle: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put these in the place of those that the documents have of this bundle."""
    await connection.execute(
        text("DELETE FROM garments WHERE document_id = ANY(:documents) AND bundle = :bundle"),
        {"documents": list(documents), "bundle": bundle},
    )
    await insert_garments(connection, rows)


async def insert_garments(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await connection.execute(
            text(
                "INSERT INTO garments"
                " (document_id, bundle, ordinal, data, embedding, made_from, etag, correction, labels)"
                " VALUES (:document_id, :bundle, :ordinal, CAST(:data AS jsonb), :embedding, :made_from, :etag,"
                " CAST(:correction AS jsonb), CAST(:labels AS text[]))"
            ),
            list(rows),
        )
