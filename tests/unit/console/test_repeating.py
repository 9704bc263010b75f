"""Failed rows of an index run, once more from its page."""

import pytest

from placket.domain.runs import Row, Run, RunKind, Status
from tests.support.memory import MemoryInstallation
from tests.unit.console.conftest import Browser

FIELDS = {"name": "a", "category1_id": "x", "image_url": "https://shop.example/a.jpg"}


async def repeatable(installation: MemoryInstallation, filename: str) -> Run:
    """An ended run whose rows 1 and 2 can be repeated, 3 and 4 cannot."""
    service = await installation.services.get(1, "shoes")
    rows = [
        *(Row(n, f"p{n}", Status.ENABLE, FIELDS, "ImageTimeoutError") for n in (1, 2)),
        *(Row(n, f"p{n}", Status.ENABLE, {}, "InvalidRow") for n in (3, 4)),
    ]
    return await installation.runs.accept(service, kind=RunKind.INDEX, filename=filename, rows=rows, daily_quota=None)


async def test_failed_rows_are_repeated_under_the_files_name(admin: Browser, installation: MemoryInstallation) -> None:
    run = await repeatable(installation, "spring.csv")
    answer = await admin.post(f"/services/shoes/runs/{run.id}/repeat")
    _, again, rows, _ = installation.runs.runs[-1]
    assert (again.filename, [r.line for r in rows]) == ("spring.csv", [1, 2])
    assert answer.headers["location"] == f"/console/services/shoes/runs/{again.id}?left_out=2"
    page = await admin.get(answer.headers["location"].removeprefix("/console"))
    assert "the row itself is wrong or out of date: 2." in page.text
    assert "left_out" not in (await admin.get(f"/services/shoes/runs/{run.id}")).text


@pytest.mark.parametrize(
    ("reasons", "offered"),
    [(("InvalidRow",), False), (("InvalidRow", "Superseded"), False), (("InvalidRow", "ImageTimeoutError"), True)],
)
async def test_what_could_not_be_repeated_is_not_offered_to_be(
    admin: Browser, installation: MemoryInstallation, reasons: tuple[str, ...], offered: bool
) -> None:
    service = await installation.services.get(1, "shoes")
    rows = [
        Row(n, f"p{n}", Status.ENABLE, {} if reason == "InvalidRow" else FIELDS, reason)
        for n, reason in enumerate(reasons, 1)
    ]
    run = await installation.runs.accept(service, kind=RunKind.INDEX, filename="a", rows=rows, daily_quota=None)
    page = (await admin.get(f"/services/shoes/runs/{run.id}")).text
    assert (f"/runs/{run.id}/failed.csv" in page, f"/runs/{run.id}/repeat" in page) == (True, offered)


async def test_nothing_is_said_of_rows_left_out_where_there_are_none(
    admin: Browser, installation: MemoryInstallation
) -> None:
    service = await installation.services.get(1, "shoes")
    rows = [Row(1, "p1", Status.ENABLE, FIELDS, "ImageTimeoutError")]
    run = await installation.runs.accept(service, kind=RunKind.INDEX, filename="a", rows=rows, daily_quota=None)
    answer = await admin.post(f"/services/shoes/runs/{run.id}/repeat")
    again = installation.runs.runs[-1][1]
    assert answer.headers["location"] == f"/console/services/shoes/runs/{again.id}"
    assert "the row itself is wrong" not in (await admin.get(f"/services/shoes/runs/{again.id}")).text
