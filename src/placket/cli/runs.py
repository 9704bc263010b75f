"""`placket runs`: index runs of a service."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, cast

import typer

from placket.cli.csv_lines import AsCsv, one_form, write_csv
from placket.cli.json_lines import write_json
from placket.cli.output import console, errors
from placket.cli.remote import AsJson, Limit, ProfileName, ServiceOption, asking, for_table
from placket.domain.runs import Outcome, RunKind, RunState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placket.client.shapes import placket as shapes

runs_app = typer.Typer(
    no_args_is_help=True, help="Index runs of a service: every file that was sent to it, row by row."
)

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `placket runs list` shows it.")]
_ROW_COLUMNS = ("line", "product_id", "outcome", "reason", "detail")


@runs_app.command("list")
def list_runs(
    service: ServiceOption,
    status: Annotated[list[RunState] | None, typer.Option(help="Only those; may be repeated.")] = None,
    kind: Annotated[
        list[RunKind] | None,
        typer.Option(help="Only those: check is a file that was only checked. May be repeated."),
    ] = None,
    limit: Limit = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Runs, newest first."""
    states = cast("Sequence[shapes.RunStatus]", status or ())
    kinds = cast("Sequence[shapes.RunKind]", kind or ())
    with asking(profile) as placket:
        found = placket.runs.list(service, status=states or None, kind=kinds or None)
        if as_json:
            write_json(list(islice(found, limit)))
            return
        runs, more = for_table(found, limit)
    from placket.cli.index_report import run_table

    console.print(run_table(runs))
    if more:
        console.print("and more; --limit shows them, --json lists all", style="dim")


@runs_app.command()
def show(run_id: RunId, service: ServiceOption, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """One run: how far it is, and what became of its rows."""
    with asking(profile) as placket:
        run = placket.runs.get(service, run_id)
    if as_json:
        write_json(run)
    else:
        from placket.cli.index_report import run_details

        console.print(run_details(run))


@runs_app.command()
def rows(
    run_id: RunId,
    service: ServiceOption,
    outcome: Annotated[Outcome | None, typer.Option(help="Only those.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed: --outcome failed.")] = False,
    as_csv: AsCsv = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Rows of a run in the order of its file: what became of each product, and why.

    With --json one line a row: line, product_id, outcome (null until its turn has come), reason, detail.
    """
    if failed and outcome not in (None, Outcome.FAILED):
        raise typer.BadParameter(f"it contradicts --outcome {outcome}", param_hint="--failed")
    one_form(as_csv, as_json)
    wanted = cast("shapes.Outcome | None", Outcome.FAILED if failed else outcome)
    with asking(profile) as placket:
        found = placket.runs.rows(service, run_id, outcome=wanted)
        if as_csv:
            write_csv(_ROW_COLUMNS, map(_cells, found))
        elif as_json:
            for row in found:
                write_json(row)
        else:
            _show_rows(found)


@runs_app.command()
def wait(run_id: RunId, service: ServiceOption, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Follow a run until it has ended, and list what failed; exit code 1 when some rows did.

    With --json the run as it ended, with its failures.
    """
    from placket.cli.index_report import follow

    with asking(profile) as placket:
        run = placket.runs.get(service, run_id)
    follow(profile, run, as_json)


@runs_app.command()
def cancel(run_id: RunId, service: ServiceOption, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Cancel a run. What it did stays; its rows not done fail as Cancelled."""
    with asking(profile) as placket:
        run = placket.runs.cancel(service, run_id)
    if as_json:
        write_json(run)
    else:
        from placket.cli.index_report import counts

        console.print(f"Run {run_id} is cancelled: {counts(run)}.", markup=False, soft_wrap=True)


@runs_app.command()
def repeat(
    run_id: RunId,
    service: ServiceOption,
    follow: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the new run until it has ended.")] = True,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Make a new run of the rows of an ended one that failed, but for those that could not be read (InvalidRow) or are
    out of date: later rows or runs have said what holds of their products.
    """
    from placket.cli import index_report

    with asking(profile) as placket:
        failed = placket.runs.get(service, run_id)["failed"]
        run = placket.runs.repeat(service, run_id)
        if (left_out := failed - run["total"]) > 0 and run["kind"] != "reindex":
            why = "wrong in themselves (InvalidRow), or their products have had a later word"
            errors.print(f"{left_out} failed rows are left out: {why}.")
    if follow:
        index_report.follow(profile, run, as_json)
    else:
        index_report.show_reserved(profile, run, as_json)


def _cells(row: "shapes.RunRow") -> tuple[object, ...]:
    return row["line"], row["product_id"], row["outcome"] or "", row["reason"], row["detail"]


def _show_rows(rows: "Iterator[shapes.RunRow]") -> None:
    from placket.cli.index_report import show_rows

    shown, more = for_table(rows, None)
    show_rows(shown)
    if more:
        console.print("and more; --json and --csv list all", style="dim")
