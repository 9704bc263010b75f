"""Rows of documents and their garments, as they are read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pgvector import Vector

from placket.domain.corrections import Correction, correct_all
from placket.domain.garments import Analysis, Embedding, Garment
from placket.domain.runs import FIELDS, FILTER_FIELDS
from placket.services.ports import IndexedProduct
from placket.services.stores import Document, Known


def _embedding(value: Any) -> Embedding:
    """pgvector's value as a float32 row."""
    if isinstance(value, bytes):
        # The type was made anew since the session began, as by a restore: the driver knows the old one's number.
        value = Vector.from_binary(value)
    array = value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value)
    return array.astype(np.float32, copy=False)


def document_of(rows: Sequence[Any]) -> Document:
    """Rows of one document, one a garment; a single one without ``data`` when it has none."""
    row = rows[0]
    found = [r for r in rows if r.data is not None]
    garments, corrected = correct_all(
        [Garment.from_json(r.data, _embedding(r.embedding)) for r in found],
        [None if r.correction is None else Correction.from_json(r.correction) for r in found],
    )
    return Document(
        product_id=row.product_id,
        revision=row.revision,
        fields={f: getattr(row, f) for f in FIELDS},
        image_sha256=row.image_sha256,
        width=row.width,
        height=row.height,
        garments=garments,
        created_at=row.created_at,
        updated_at=row.updated_at,
        corrected=corrected,
    )


def known_of(bundle: str, rows: Sequence[Any]) -> Known:
    """Rows of one document, one a garment of the bundle."""
    row = rows[0]
    garments = tuple(Garment.from_json(r.data, _embedding(r.embedding)) for r in rows)
    seen = Analysis(row.width, row.height, garments, bundle, row.image_sha256, row.made_from, row.etag)
    return Known(row.image_url, seen)


def indexed_of(rows: Sequence[Any]) -> IndexedProduct:
    """Rows of one document, one a garment; a single one without ``embedding`` when it has none."""
    row = rows[0]
    return IndexedProduct(
        product_id=row.product_id,
        revision=row.revision,
        fields={f: getattr(row, f) for f in FILTER_FIELDS},
        image_sha256=row.image_sha256,
        vectors=[_embedding(r.embedding) for r in rows if r.embedding is not None],
        labels=[r.labels for r in rows if r.embedding is not None],
    )
