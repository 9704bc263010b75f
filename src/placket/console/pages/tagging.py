"""Tagging tasks: how far they are, a gallery of what was found, files to take away."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from placket.console.exports import TASK_COLUMNS, csv_rows, task_headings, task_json, task_rows, workbook
from placket.console.garments import shown
from placket.console.guard import Page
from placket.console.visit import Visit
from placket.domain.errors import FetchError, ImageError
from placket.domain.spreadsheets import BYTE_ORDER_MARK, csv_line
from placket.domain.tagger.errors import NoSuchTask
from placket.domain.tagger.tasks import EntryResult, Task

_TASKS = 50
_PAGE = 24
_EXPORT_PAGE = 500
_KEPT_SECONDS = 3600
_MISSING_SECONDS = 60


async def index(visit: Visit) -> Response:
    found = await visit.parts.tagging_tasks.tasks(visit.caller, before=visit.number("before") or None, limit=_TASKS + 1)
    tasks = found[:_TASKS]
    more = tasks[-1].sequence if len(found) > _TASKS else None
    return visit.render("tasks.html", tasks=tasks, more=more)


async def show(visit: Visit) -> Response:
    offset = visit.number("offset")
    page = await visit.parts.tagging_tasks.results_so_far(visit.caller, visit.path("task"), offset, _PAGE)
    entries = [(e, [shown(g, visit.words) for g in e.garments or () if g.group in e.detection]) for e in page.entries]
    more = offset + _PAGE if offset + _PAGE < page.task.total else None
    back = max(0, offset - _PAGE) if offset else None
    growing = page.task.processing > 0 and len(entries) < _PAGE
    return visit.render(
        "task.html", task=page.task, entries=entries, offset=offset, more=more, back=back, growing=growing
    )


async def progress(visit: Visit) -> Response:
    task = await visit.parts.tagging_tasks.task(visit.caller, visit.path("task"))
    return visit.render("_task_progress.html", task=task)


async def photo(visit: Visit) -> Response:
    """The photo of the entry ``id`` near ``offset``, small; its address comes from the task, not from the request."""
    offset = visit.number("offset")
    page = await visit.parts.tagging_tasks.results_so_far(visit.caller, visit.path("task"), offset, _PAGE)
    entry = next((e for e in page.entries if e.image_id == visit.argument("id")), None)
    if entry is None:
        raise NoSuchTask("the task has no such image")
    limits, thumbnails = visit.parts.tagging_limits, visit.house.thumbnails
    try:
        small = await thumbnails.get(f"url {entry.url}", 320, thumbnails.of_url(entry.url, limits), limits)
    except (ImageError, FetchError):
        return Response(status_code=404, headers={"Cache-Control": f"private, max-age={_MISSING_SECONDS}"})
    return Response(small, media_type="image/jpeg", headers={"Cache-Control": f"private, max-age={_KEPT_SECONDS}"})


async def _entries(visit: Visit, task: Task) -> AsyncIterator[EntryResult]:
    for offset in range(0, task.total, _EXPORT_PAGE):
        page = await visit.parts.tagging_tasks.results_so_far(visit.caller, str(task.id), offset, _EXPORT_PAGE)
        for entry in page.entries:
            yield entry


def _download(task: Task, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="tags-{task.id}.{ending}"'}


async def as_csv(visit: Visit) -> Response:
    task = await visit.parts.tagging_tasks.task(visit.caller, visit.path("task"))

    async def lines() -> AsyncIterator[str]:
        yield BYTE_ORDER_MARK + csv_line(TASK_COLUMNS)
        async for entry in _entries(visit, task):
            yield csv_rows(TASK_COLUMNS, task_rows(entry))

    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=_download(task, "csv"))


async def as_json(visit: Visit) -> Response:
    task = await visit.parts.tagging_tasks.task(visit.caller, visit.path("task"))

    async def pieces() -> AsyncIterator[str]:
        before = "[\n"
        async for entry in _entries(visit, task):
            yield before + task_json(entry, visit.words.language)
            before = ",\n"
        yield "\n]\n" if before == ",\n" else "[]\n"

    return StreamingResponse(pieces(), media_type="application/json", headers=_download(task, "json"))


async def as_workbook(visit: Visit) -> Response:
    task = await visit.parts.tagging_tasks.task(visit.caller, visit.path("task"))
    rows = [row async for entry in _entries(visit, task) for row in task_rows(entry, visit.words)]
    return Response(
        await asyncio.to_thread(workbook, "Tags", task_headings(visit.words), rows),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers=_download(task, "xlsx"),
    )


async def delete(visit: Visit) -> Response:
    await visit.parts.tagging_tasks.delete(visit.caller, visit.path("task"))
    return visit.redirect("/tagging")


GET: dict[str, Page] = {
    "/tagging": index,
    "/tagging/{task}": show,
    "/tagging/{task}/progress": progress,
    "/tagging/{task}/tags.csv": as_csv,
    "/tagging/{task}/tags.json": as_json,
    "/tagging/{task}/tags.xlsx": as_workbook,
}
PICTURES: dict[str, Page] = {"/tagging/{task}/photo": photo}
POST: dict[str, Page] = {"/tagging/{task}/delete": delete}
