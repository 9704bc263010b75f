"""CSV for spreadsheets on standard output."""

import sys
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Annotated

import typer

from placket.domain.spreadsheets import BYTE_ORDER_MARK, csv_line

AsCsv = Annotated[
    bool,
    typer.Option("--csv", help="Print CSV for spreadsheets: in UTF-8 with its mark, ' before what they would run."),
]


class CsvLines:
    """The names of the columns go out before the first row."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._begun = False

    def begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        # Without the mark Excel takes the letters of other countries for those of its own. An encoding that has no mark
        # is the terminal's, and Excel's too. There is no output at all where whoever started the command closed it.
        encoding = (sys.stdout and sys.stdout.encoding) or ""
        mark = BYTE_ORDER_MARK if encoding.lower().replace("-", "") == "utf8" else ""
        typer.echo(mark + csv_line(self._columns).removesuffix("\r\n"))

    def write(self, row: Sequence[object]) -> None:
        self.begin()
        typer.echo(csv_line(row).removesuffix("\r\n"))


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The names of the columns, then each row as it comes; nothing where the first one does not come."""
    coming = iter(rows)
    first = list(islice(coming, 1))
    lines = CsvLines(columns)
    lines.begin()
    for row in chain(first, coming):
        lines.write(row)


def one_form(as_csv: bool, as_json: bool) -> None:
    """Raises typer.BadParameter."""
    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other")
