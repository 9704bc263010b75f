"""`placket index`: a catalogue file or a folder of photos into a service."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.json_lines import write_json
from placket.cli.output import console
from placket.cli.progress import progress_bar
from placket.cli.remote import SOME_FAILED, AsJson, ProfileName, ServiceOption, asking, usage_errors

if TYPE_CHECKING:
    from placket.client import Placket
    from placket.client.shapes.placket import Run


class Format(enum.StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


def index(
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL|DIR", help="JSONL or CSV file, its URL, or a folder of photos.")
    ],
    service: ServiceOption,
    format: Annotated[Format | None, typer.Option(help="Of the file, where its name does not end so.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run of a file until it has ended.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check; nothing changes.")] = False,
    columns: Annotated[
        Path | None,
        typer.Option(help="CSV with the other columns of a folder's products; else the one CSV in it, or beside it."),
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Photos of a folder that are on their way at once.")] = 8,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Add products to a service, or replace or delete them.

    A file is an index run on the server. A folder's photos are uploaded as products: a photo's name without its ending
    is the product's id. Exit code 1 when some products failed.
    """
    if "://" not in source and Path(source).is_dir():
        from placket.cli.index_folder import index_folder

        index_folder(Path(source), columns, service, at_once, profile, dry_run=dry_run, as_json=as_json)
        return
    with asking(profile) as placket, usage_errors():
        given = source if "://" in source else Path(source)
        run = placket.runs.submit(service, given, format=format, dry_run=dry_run)
        if wait or dry_run:
            _follow(placket, run, as_json)
        elif as_json:
            write_json(run)
        else:
            console.print(f"Run {run['id']} is reserved: `placket services info {service}` shows how it goes.")


def _follow(placket: "Placket", run: "Run", as_json: bool) -> None:
    """Until it has ended; interrupted, the run goes on."""
    service = run["service"]
    with progress_bar("waiting", None, "rows", quiet=as_json) as bar:

        def show(state: "Run") -> None:
            total = state["total"]
            bar.set(total - state["pending"], total, state["status"])

        run = placket.runs.wait(service, run["id"], progress=show)
    failed = list(placket.runs.rows(service, run["id"], outcome="failed"))
    if as_json:
        write_json({**run, "failures": failed})
    else:
        from placket.cli.index_report import show_run

        show_run(run, failed)
    if failed or run["status"] == "failed":
        raise typer.Exit(SOME_FAILED)
