"""`placket reindex`: bring services to the bundle in use."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from placket.cli.output import console, fail, run_safely
from placket.cli.plain import is_wanted
from placket.cli.settings import read_settings
from placket.domain.errors import StorageUnavailable
from placket.domain.runs import Outcome, Run

if TYPE_CHECKING:
    from placket.bootstrap import Application
    from placket.services.stores import Service

_POLL_SECONDS = 0.5
_SHOWN_FAILURES = 20
_OUTAGE_SECONDS = 120.0
"""How long the database may be away while it is waited for: the run goes on when it is back."""


def reindex(
    service: Annotated[str | None, typer.Argument(help="Name of a service; without it, all of them.")] = None,
    project: Annotated[str | None, typer.Option(help="Only services of this project.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the runs and list what failed.")] = True,
) -> None:
    """Compute the embeddings of services anew with the bundle of this command's own PLACKET_BUNDLE.

    It must be that of the servers; `placket services reindex` asks a server, whose bundle counts.

    Searches are answered with the old embeddings until a service is through; a running server or worker does the work.
    A product whose photo cannot be had again keeps its document and is listed.
    """
    with run_safely():
        raise typer.Exit(asyncio.run(_reindex(service, project, wait)))


async def _reindex(name: str | None, project: str | None, wait: bool) -> int:
    from placket.bootstrap import open_application
    from placket.logs import configure_logging

    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format)
    async with open_application(settings) as application:
        found = [
            (owner, s)
            for owner, s in await application.services.everywhere()
            if (name is None or s.name == name) and (project is None or owner == project)
        ]
        if not found and name is not None:
            raise fail(f"there is no service {name!r}")
        begun = await _begin(application, found)
        if begun:
            console.print(_whose(settings.bundle), markup=False, soft_wrap=True)
        return await _follow(application, begun) if wait and begun else 0


def _whose(bundle: str | None) -> str:
    """Servers keep theirs to themselves, and a shell without their settings would bring services to another one."""
    here = "PLACKET_BUNDLE is not set here, so it is the one that Placket brings"
    if bundle is not None:
        here = f"PLACKET_BUNDLE is {bundle} here"
    return f"{here}. If the servers have another: `placket services reindex` takes theirs."


async def _begin(application: "Application", found: "Sequence[tuple[str, Service]]") -> "list[tuple[Service, Run]]":
    begun = []
    for owner, service in found:
        run = await application.indexing.reindex(service)
        if run is None:
            console.print(f"{owner}/{service.name}: has bundle {service.bundle} already", markup=False)
        else:
            console.print(f"{owner}/{service.name}: {service.bundle} -> {run.bundle}, run {run.id}", markup=False)
            begun.append((service, run))
    return begun


async def _follow(application: "Application", begun: "Sequence[tuple[Service, Run]]") -> int:
    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=is_wanted()) as progress:
        for service, run in begun:
            task = progress.add_task(service.name, total=max(run.total, 1))
            while not run.state.ended:
                await asyncio.sleep(_POLL_SECONDS)
                run = await _look(application, service, run)
                progress.update(task, completed=run.total - run.pending, total=max(run.total, 1))
            failed += run.failed
    for service, run in begun:
        await _list_failures(application, service, run)
    return 1 if failed else 0


async def _look(application: "Application", service: "Service", run: Run) -> Run:
    """How the run is doing, once the database says so. Raises StorageUnavailable after a while."""
    given_up = time.monotonic() + _OUTAGE_SECONDS
    while True:
        try:
            return await application.indexing.get(service, run.id)
        except StorageUnavailable as error:
            if time.monotonic() > given_up:
                raise StorageUnavailable(f"{error.detail}; the re-indexing goes on when the database is back") from None
        await asyncio.sleep(_POLL_SECONDS)


async def _list_failures(application: "Application", service: "Service", run: Run) -> None:
    rows = await application.indexing.rows(service, run.id, outcome=Outcome.FAILED, start=0, limit=_SHOWN_FAILURES)
    for row in rows:
        console.print(f"{service.name}: {row.product_id} kept as it was: {row.reason} ({row.detail})", markup=False)
