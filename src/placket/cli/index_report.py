"""Index runs as people see them, while they go and when they have ended."""

from collections.abc import Iterable, Sequence
from typing import Literal

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from placket.cli.json_lines import write_json
from placket.cli.local_sources import shown
from placket.cli.output import console, errors
from placket.cli.progress import progress_bar
from placket.cli.remote import MOST_SHOWN, SOME_FAILED, of_profile, waiting
from placket.client.shapes.placket import Run, RunRow

_ID_LENGTH = 36
_COUNTS: tuple[Literal["added", "updated", "deleted", "failed", "pending"], ...]
_COUNTS = ("added", "updated", "deleted", "failed", "pending")
_WHAT = {"index": "Indexed", "check": "Checked", "reindex": "Reindexed"}


def follow(profile: str | None, run: Run, as_json: bool) -> None:
    """Until it has ended; interrupted, the run goes on. Raises typer.Exit when some rows failed."""
    service = run["service"]
    with waiting(profile, _wait_command(profile, run)) as placket:
        with progress_bar("waiting", None, "rows", quiet=as_json) as bar:

            def show(state: Run) -> None:
                total = state["total"]
                bar.set(total - state["pending"], total, state["status"])

            run = placket.runs.wait(service, run["id"], progress=show)
        failed = list(placket.runs.rows(service, run["id"], outcome="failed"))
    if as_json:
        write_json({**run, "failures": failed})
    else:
        show_run(run, failed)
        if failed:
            _say_what_next(profile, run)
    if failed or run["status"] == "failed":
        raise typer.Exit(SOME_FAILED)


def _say_what_next(profile: str | None, run: Run) -> None:
    of_run = f"{run['id']} --service {run['service']}"
    errors.print(of_profile(f"As CSV: `placket runs rows {of_run} --failed --csv", profile) + "`", soft_wrap=True)
    if run["kind"] == "index":
        again = of_profile(
            f"Once more, but for those that are wrong in themselves: `placket runs repeat {of_run}", profile
        )
        errors.print(again + "`", soft_wrap=True)


def show_reserved(profile: str | None, run: Run, as_json: bool) -> None:
    if as_json:
        write_json(run)
        return
    console.print(f"Run {run['id']} is reserved: `{_wait_command(profile, run)}` follows it.", soft_wrap=True)


def _wait_command(profile: str | None, run: Run) -> str:
    return of_profile(f"placket runs wait {run['id']} --service {run['service']}", profile)


def id_table(first: str, *others: str) -> Table:
    """As wide as a terminal of 80 columns: an id, of the first column, is there to be copied, and stays whole."""
    table = Table(show_edge=False, pad_edge=False, show_lines=True)
    table.add_column(first, overflow="fold", width=_ID_LENGTH)
    for heading in others:
        table.add_column(heading, overflow="fold")
    return table


def run_table(runs: Iterable[Run]) -> Table:
    table = id_table("run and file", "status", "rows", "requested")
    for r in runs:
        kind = "" if r["kind"] == "index" else f"{r['kind']} "
        what = two_lines(r["id"], f"{kind}{r['filename']}")
        table.add_row(what, status(r), _rows(r), moment(r["requestedAt"]).replace(" ", "\n"))
    return table


def facts_table() -> Table:
    """A name and a fact a line; a long one goes on in the next."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def two_lines(what: str, more: str) -> Text:
    return Text.assemble(shown(what), "\n", (shown(more), "dim")) if what or more else Text()


def _rows(run: Run) -> str:
    """Those counts that are not 0."""
    return ", ".join(f"{run[k]:,} {k}" for k in _COUNTS if run[k]) or "none"


def run_details(run: Run) -> Table:
    """All of one run, a line a fact."""
    facts = {
        "run": run["id"],
        "service": run["service"],
        "kind": run["kind"],
        "file": shown(run["filename"]),
        "status": status(run),
        "rows": f"{run['total']:,}, {run['pending']:,} of them not done: {counts(run)}",
        "bundle": run["bundle"],
        "requested": moment(run["requestedAt"]),
        "started": moment(run["startedAt"]),
        "finished": moment(run["finishedAt"]),
    }
    table = facts_table()
    for name, fact in facts.items():
        if fact:
            table.add_row(name, escape(fact))
    return table


def status(run: Run) -> str:
    return "cancelled" if run["cancelled"] else run["status"]


def moment(time: str | None) -> str:
    return (time or "")[:16].replace("T", " ")


def counts(run: Run) -> str:
    """``3 added, 0 updated, 0 deleted, 1 failed``."""
    return ", ".join(f"{run[k]:,} {k}" for k in ("added", "updated", "deleted", "failed"))


def summary(run: Run) -> str:
    return f"{_WHAT[run['kind']]} {run['total']:,} rows: {counts(run)}."


def show_run(run: Run, failed: list[RunRow]) -> None:
    console.print(summary(run), soft_wrap=True)
    show_failures([(f"line {r['line']}", r["product_id"], r["reason"], r["detail"]) for r in failed])


def show_rows(rows: Sequence[RunRow]) -> None:
    table = id_table("product and line", "outcome", "what was wrong")
    for r in rows:
        wrong = two_lines(r["reason"], r["detail"])
        table.add_row(two_lines(r["product_id"], f"line {r['line']:,}"), r["outcome"] or "not yet", wrong)
    console.print(table)


def show_failures(failures: list[tuple[str, str, str, str]]) -> None:
    """(where, product, reason, detail) of each."""
    if not failures:
        return
    table = id_table("product and where", "what was wrong")
    for where, product, reason, detail in failures[:MOST_SHOWN]:
        table.add_row(two_lines(product, where), two_lines(reason, detail))
    console.print(table)
    if len(failures) > MOST_SHOWN:
        console.print(f"and {len(failures) - MOST_SHOWN:,} more; --json lists all", style="dim")
