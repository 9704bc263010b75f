"""Conditions on labels as SQL."""

from collections.abc import Sequence
from typing import Any

from placket.domain.labels import LabelCondition


def with_labels(conditions: Sequence[LabelCondition]) -> tuple[str, dict[str, Any]]:
    """(what to add to a condition on ``documents``, its parameters): one garment of ``:bundle`` for which all hold."""
    if not conditions:
        return "", {}
    parts, values = [], {}
    for number, condition in enumerate(conditions):
        name = f"labels{number}"
        values[name] = list(condition.labels)
        parts.append(f"{'NOT ' if condition.negated else ''}f.labels && CAST(:{name} AS text[])")
    return (
        " AND EXISTS (SELECT 1 FROM garments f WHERE f.document_id = documents.id AND f.bundle = :bundle"
        f" AND {' AND '.join(parts)})",
        values,
    )
