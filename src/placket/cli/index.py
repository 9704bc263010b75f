"""`placket index`: a catalogue file or a folder of photos into a service."""

import enum
import shlex
from pathlib import Path
from typing import Annotated

import typer

from placket.cli.output import fail
from placket.cli.remote import USAGE, AsJson, ProfileName, ServiceOption, asking, plain


class Format(enum.StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


Source = Annotated[
    str, typer.Argument(metavar="FILE|URL|DIR", help="JSONL or CSV file, its URL, or a folder of photos.")
]
Columns = Annotated[
    Path | None,
    typer.Option(help="CSV with the other columns of a folder's products; else the one CSV in it, or beside it."),
]
ByFolder = Annotated[
    bool,
    typer.Option(
        "--by-folder",
        help="Each folder below DIR holds the photos of one product: its name is their s1, and begins their ids.",
    ),
]
Shrink = Annotated[
    bool,
    typer.Option(
        "--shrink", help="Make a folder's photos small JPEGs on this machine first: any size, TIFF and HEIC too."
    ),
]
CallbackUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Called with the run of a file when it has ended.")
]
AtOnce = Annotated[int, typer.Option(min=1, max=64, help="Photos of a folder that are on their way at once.")]


def index(
    source: Source,
    service: ServiceOption,
    format: Annotated[Format | None, typer.Option(help="Of the file, where its name does not end so.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the run of a file until it has ended.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check; nothing changes.")] = False,
    columns: Columns = None,
    by_folder: ByFolder = False,
    shrink: Shrink = False,
    callback_url: CallbackUrl = None,
    at_once: AtOnce = 8,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Add products to a service, or replace or delete them.

    A file is an index run on the server. A folder's photos are uploaded as products: a photo's name without its ending
    is the product's id. Exit code 1 when some products failed.
    """
    if "://" not in source and Path(source).is_dir():
        from placket.cli.index_folder import index_folder

        if callback_url is not None:
            raise typer.BadParameter("a folder is no run whose end could be told", param_hint="--callback-url")
        index_folder(
            Path(source),
            columns,
            service,
            at_once,
            profile,
            by_folder=by_folder,
            shrink=shrink,
            dry_run=dry_run,
            as_json=as_json,
        )
        return
    for chosen, option in ((by_folder, "--by-folder"), (shrink, "--shrink")):
        if chosen:
            raise typer.BadParameter("what is indexed is no folder", param_hint=option)
    from placket.cli.index_report import follow, show_reserved

    if "://" not in source:
        _refuse_exports(Path(source))
    with asking(profile) as placket:
        given = source if "://" in source else Path(source)
        run = placket.runs.submit(service, given, format=format, dry_run=dry_run, callback_url=callback_url)
    if wait or dry_run:
        follow(profile, run, as_json)
    else:
        show_reserved(profile, run, as_json)


def _refuse_exports(file: Path) -> None:
    """Of shop systems: the server would only say that their first line is wrong."""
    from placket.shops.formats import format_of_file

    if not file.is_file():
        # What is read out of a pipe is gone.
        return
    try:
        with file.open("rb") as opened:
            format = format_of_file(opened)
    except OSError:
        # Whoever sends it says so.
        return
    if format is not None:
        again = f"`placket convert {shlex.quote(str(file))} -o rows.jsonl` makes an index file of it"
        raise fail(plain(f"{file} is an export of the format {format.value}: {again}"), USAGE)
