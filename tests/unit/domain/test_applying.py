"""Rows of a file whose products were written by themselves since."""

from placket.domain.applying import PlannedRow, plan_chunk
from placket.domain.runs import Outcome, Status


def test_a_row_that_could_not_be_read_keeps_its_own_reason() -> None:
    good = PlannedRow(0, 1, "p", Status.DISABLE, {})
    bad = PlannedRow(1, 2, "p", Status.ENABLE, {}, "InvalidRow", "category1_id is empty")
    plan = plan_chunk([good, bad], [], present=["p"], documents=1, quota=9, newer={"p"})
    assert [(v.outcome, v.reason) for v in plan.verdicts] == [
        (Outcome.FAILED, "Superseded"),
        (Outcome.FAILED, "InvalidRow"),
    ]
    assert (plan.documents, plan.deletes, plan.writes) == (1, set(), {})
