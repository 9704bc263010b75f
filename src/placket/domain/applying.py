"""What a chunk of an index run does to a service's documents: pure, so that its counts can be proven.

Rows act in file order. A repeated id adds, then updates; a failed update leaves the old document; a row that would
make one document too many fails; so does one whose product was written by itself since the file was accepted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from placket.domain import reasons
from placket.domain.errors import FetchError
from placket.domain.garments import Analysis
from placket.domain.runs import Outcome, Status
from placket.domain.urls import check_url

_WRITTEN_SINCE = "the product was put, refiltered or deleted by itself after the file was accepted"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row as it is stored: ``reason`` is set when it failed on reading."""

    position: int
    line: int
    product_id: str
    status: Status
    fields: Mapping[str, str]
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """What vision made of a row's image: an analysis, or why there is none."""

    position: int
    analysis: Analysis | None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    position: int
    outcome: Outcome
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class Plan:
    """``writes`` holds the last successful row of each product, in order; ``documents`` is the count afterwards."""

    documents: int
    verdicts: list[Verdict] = field(default_factory=list)
    writes: dict[str, tuple[PlannedRow, Analysis | None]] = field(default_factory=dict)
    deletes: set[str] = field(default_factory=set)


def plan_chunk(
    rows: Sequence[PlannedRow],
    computed: Iterable[Computed],
    *,
    present: Iterable[str],
    documents: int,
    quota: int,
    check_only: bool = False,
    newer: Collection[str] = (),
) -> Plan:
    """Decide every row of a chunk. ``present``: which of the rows' products exist; ``documents``: how many in all;
    ``newer``: which of them were put or deleted after the file was accepted."""
    by_position = {c.position: c for c in computed}
    existing = set(present)
    plan = Plan(documents)
    for row in rows:
        if row.product_id in newer and not row.reason:
            verdict = Verdict(row.position, Outcome.FAILED, reasons.SUPERSEDED, _WRITTEN_SINCE)
        else:
            verdict = _decide(row, by_position.get(row.position), existing, plan.documents, quota, check_only)
        plan.verdicts.append(verdict)
        if verdict.outcome is Outcome.DELETED:
            existing.discard(row.product_id)
            plan.documents -= 1
            plan.writes.pop(row.product_id, None)
            plan.deletes.add(row.product_id)
        elif verdict.outcome in (Outcome.ADDED, Outcome.UPDATED):
            plan.documents += verdict.outcome is Outcome.ADDED
            existing.add(row.product_id)
            plan.deletes.discard(row.product_id)
            # Reinserted at the end: revisions follow the order of the last writes.
            plan.writes.pop(row.product_id, None)
            found = by_position.get(row.position)
            plan.writes[row.product_id] = (row, found.analysis if found else None)
    return plan


def _decide(
    row: PlannedRow, found: Computed | None, existing: set[str], documents: int, quota: int, check_only: bool
) -> Verdict:
    def failed(reason: str, detail: str) -> Verdict:
        return Verdict(row.position, Outcome.FAILED, reason, detail)

    if row.reason:
        return failed(row.reason, row.detail)
    if row.status is Status.DISABLE:
        if row.product_id not in existing:
            return failed(reasons.NOT_FOUND, "no such product to delete")
        return Verdict(row.position, Outcome.DELETED)
    if check_only:
        try:
            check_url(row.fields["image_url"])
        except FetchError as error:
            return failed(reasons.reason_of(error), error.detail)
    else:
        if found is None:
            return failed(reasons.ABANDONED, "the image was never analysed")
        if found.analysis is None:
            return failed(found.reason, found.detail)
    if row.product_id in existing:
        return Verdict(row.position, Outcome.UPDATED)
    if documents >= quota:
        return failed(reasons.DOCUMENT_QUOTA, f"the service holds {quota} products")
    return Verdict(row.position, Outcome.ADDED)
