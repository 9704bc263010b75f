"""Index runs: how far they are, what failed and why."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from uuid import UUID

from starlette.responses import Response, StreamingResponse

from placket.console.exports import FAILED_COLUMNS, csv_rows, failed_row
from placket.console.guard import Page
from placket.console.visit import Visit
from placket.domain.errors import NoSuchRun, PlacketError
from placket.domain.reasons import SUPERSEDED
from placket.domain.runs import Outcome, Run, RunKind
from placket.domain.spreadsheets import BYTE_ORDER_MARK, csv_line
from placket.services.stores import Service

_PAGE = 50
_SHOWN_FAILURES = 100
_EXPORT_PAGE = 1000
_LOOK_SECONDS = 0.5
_STREAM_SECONDS = 8.0
"""A stream of events is short, and the browser asks again: so a page that is left open holds up no shutdown."""


async def index(visit: Visit) -> Response:
    service = await visit.parts.catalogue.service(visit.caller, visit.path("service"))
    start = visit.number("start")
    total, runs = await visit.parts.indexing.list(service, start=start, limit=_PAGE, kinds=tuple(RunKind))
    more = start + _PAGE if start + _PAGE < total else None
    return visit.render("runs.html", service=service, runs=runs, total=total, more=more)


async def _run(visit: Visit) -> tuple[Service, Run]:
    service = await visit.parts.catalogue.service(visit.caller, visit.path("service"))
    try:
        run_id = UUID(visit.path("run"))
    except ValueError:
        raise NoSuchRun("there is no such index run") from None
    return service, await visit.parts.indexing.get(service, run_id)


async def show(visit: Visit) -> Response:
    service, run = await _run(visit)
    failures = await visit.parts.indexing.rows(service, run.id, outcome=Outcome.FAILED, start=0, limit=_SHOWN_FAILURES)
    left_out = visit.number("left_out")
    # Those beyond the ones shown may be: then it is tried, and said if not.
    repeatable = run.failed > len(failures) or any(row.fields and row.reason != SUPERSEDED for row in failures)
    return visit.render(
        "run.html",
        service=service,
        run=run,
        failures=failures,
        speed=_speed(run),
        left_out=left_out,
        repeatable=repeatable,
    )


def _speed(run: Run) -> tuple[float, float] | None:
    """(rows a second, seconds left) of a run that is under way."""
    done = run.total - run.pending
    if run.started_at is None or run.state.ended or not done:
        return None
    passed = max(time.time() - run.started_at.timestamp(), 0.1)
    return done / passed, run.pending * passed / done


async def events(visit: Visit) -> Response:
    """Server-sent events: the progress part of the page, whenever it changes; ``end`` when the run has ended."""
    service, run = await _run(visit)

    def progress(run: Run) -> str:
        page = visit.render("_progress.html", service=service, run=run, speed=_speed(run))
        return bytes(page.body).decode()

    async def stream() -> AsyncIterator[str]:
        yield "retry: 500\n\n"
        current, last, until = run, "", time.monotonic() + _STREAM_SECONDS
        while True:
            shown = progress(current)
            if shown != last:
                yield f"data: {json.dumps(shown)}\n\n"
                last = shown
            if current.state.ended:
                yield "event: end\ndata: {}\n\n"
                return
            if time.monotonic() > until:
                return
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                current = await visit.parts.indexing.get(service, run.id)
            except PlacketError:
                # The service was deleted or the database is away: the page's next question gets the answer.
                return

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def failed_rows(visit: Visit) -> Response:
    service, run = await _run(visit)

    async def lines() -> AsyncIterator[str]:
        yield BYTE_ORDER_MARK + csv_line(FAILED_COLUMNS)
        start = 0
        while page := await visit.parts.indexing.rows(
            service, run.id, outcome=Outcome.FAILED, start=start, limit=_EXPORT_PAGE
        ):
            yield csv_rows(FAILED_COLUMNS, map(failed_row, page))
            start += len(page)

    headers = {"Content-Disposition": f'attachment; filename="{service.name}-{run.id}-failed.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


async def cancel(visit: Visit) -> Response:
    service, run = await _run(visit)
    await visit.parts.indexing.cancel(service, run.id)
    return visit.redirect(f"/services/{service.name}/runs/{run.id}")


async def repeat(visit: Visit) -> Response:
    service, run = await _run(visit)
    new = await visit.parts.indexing.repeat_failed(service, run.id)
    page = f"/services/{service.name}/runs/{new.id}"
    # A re-index has the rows that need it now, whatever failed before.
    left_out = 0 if run.kind is RunKind.REINDEX else run.failed - new.total
    return visit.redirect(f"{page}?left_out={left_out}" if left_out else page)


GET: dict[str, Page] = {
    "/services/{service}/runs": index,
    "/services/{service}/runs/{run}": show,
    "/services/{service}/runs/{run}/events": events,
    "/services/{service}/runs/{run}/failed.csv": failed_rows,
}
POST: dict[str, Page] = {
    "/services/{service}/runs/{run}/cancel": cancel,
    "/services/{service}/runs/{run}/repeat": repeat,
}
