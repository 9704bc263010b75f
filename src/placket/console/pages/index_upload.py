"""An index file: looked at first, then sent."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from placket.console.errors import Told
from placket.console.guard import Page, read_upload
from placket.console.visit import Visit
from placket.domain.index_file import COLUMNS, read_index_file
from placket.domain.runs import Row
from placket.services.indexing import IndexFile
from placket.services.stores import Service

_FIRST_ROWS = 10
_FIRST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What an index file holds. ``rows``: the first; ``errors``: the first of the ``bad`` ones."""

    total: int
    good: int
    bad: int
    deletions: int
    rows: list[Row]
    errors: list[Row]


def preview_of(rows: list[Row]) -> Preview:
    errors = [r for r in rows if r.reason]
    return Preview(
        total=len(rows),
        good=len(rows) - len(errors),
        bad=len(errors),
        deletions=sum(r.status == "disable" and not r.reason for r in rows),
        rows=rows[:_FIRST_ROWS],
        errors=errors[:_FIRST_ERRORS],
    )


async def form(visit: Visit) -> Response:
    service = await visit.parts.catalogue.service(visit.caller, visit.path("service"))
    return _form(visit, service)


def _form(visit: Visit, service: Service, **seen: Any) -> Response:
    most = visit.parts.indexing.most_file_bytes
    return visit.render("index.html", service=service, columns=COLUMNS, max_bytes=most, **{"preview": None, **seen})


async def _file(visit: Visit) -> tuple[str, bytes, str]:
    """(name, content, format). Raises InvalidParameter, TooLarge."""
    upload = await read_upload(visit, "file", visit.parts.indexing.most_file_bytes)
    if upload is None:
        raise Told(visit.words("index.nothing"))
    name, content = upload
    return name, content, _format(name, content)


def _format(name: str, content: bytes) -> str:
    """By its name, else by its first character."""
    if name.lower().endswith((".jsonl", ".ndjson", ".json")):
        return "jsonl"
    if name.lower().endswith((".csv", ".txt")):
        return "csv"
    return "jsonl" if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


async def look(visit: Visit) -> Response:
    """What would be indexed; nothing is kept. Raises IndexFileTooLarge, IndexFileEmpty, IndexFileInvalid."""
    service = await visit.parts.catalogue.service(visit.caller, visit.path("service"))
    name, content, kind = await _file(visit)
    most = visit.parts.indexing.most_file_bytes
    rows = await asyncio.to_thread(read_index_file, content, kind, max_bytes=most, max_rows=visit.parts.max_rows)
    seen: dict[str, Any] = {"filename": name, "format": kind, "preview": preview_of(rows)}
    return (
        visit.render("_preview.html", service=service, **seen) if visit.is_fragment else _form(visit, service, **seen)
    )


async def send(visit: Visit) -> Response:
    """A run of the file. Raises as :meth:`Indexing.submit`, and IndexRequestInProgress."""
    service = await visit.parts.catalogue.service(visit.caller, visit.path("service"))
    name, content, kind = await _file(visit)
    async with visit.parts.indexing.receiving(service):
        run = await visit.parts.indexing.submit(
            service, IndexFile(kind, content, name, check_only=visit.text("check_only") == "yes")
        )
    return visit.redirect(f"/services/{service.name}/runs/{run.id}")


async def again(visit: Visit) -> Response:
    """To the form. Without a script the preview's address stays in the browser, which may come back to it."""
    return visit.redirect(f"/services/{visit.path('service')}/index")


GET: dict[str, Page] = {"/services/{service}/index": form, "/services/{service}/index/preview": again}
POST: dict[str, Page] = {"/services/{service}/index/preview": look, "/services/{service}/index": send}
