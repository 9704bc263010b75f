"""Index runs as people see them."""

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from placket.cli.local_sources import shown
from placket.cli.output import console
from placket.client.shapes.placket import Run, RunRow

_MOST_SHOWN = 50


def run_table(runs: Iterable[Run]) -> Table:
    table = Table("run", "file", "status", "added", "updated", "deleted", "failed", "of", "requested")
    for r in runs:
        counts = (r["added"], r["updated"], r["deleted"], r["failed"], r["total"])
        status = "cancelled" if r["cancelled"] else r["status"]
        requested = r["requestedAt"][:16].replace("T", " ")
        table.add_row(r["id"], escape(shown(r["filename"])), status, *(f"{c:,}" for c in counts), requested)
    return table


def show_run(run: Run, failed: list[RunRow]) -> None:
    console.print(summary(run), soft_wrap=True)
    if run["error"]:
        console.print(run["error"], style="red", markup=False, soft_wrap=True)
    show_failures([(f"line {r['line']}", r["product_id"], r["reason"], r["detail"]) for r in failed])


def summary(run: Run) -> str:
    what = "Checked" if run["kind"] == "check" else "Indexed"
    counts = ", ".join(f"{run[k]:,} {k}" for k in ("added", "updated", "deleted", "failed"))
    return f"{what} {run['total']:,} rows: {counts}."


def show_failures(failures: list[tuple[str, str, str, str]]) -> None:
    """(where, product, reason, detail) of each."""
    if not failures:
        return
    table = Table("where", "product", "reason", "what was wrong")
    for row in failures[:_MOST_SHOWN]:
        table.add_row(*(escape(shown(cell)) for cell in row))
    console.print(table)
    if len(failures) > _MOST_SHOWN:
        console.print(f"and {len(failures) - _MOST_SHOWN:,} more; --json lists all", style="dim")
