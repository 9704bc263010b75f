"""CSV for spreadsheets on standard output."""

import sys
from collections.abc import Iterable, Sequence
from itertools import chain, islice

import typer

from placket.domain.spreadsheets import BYTE_ORDER_MARK, csv_line


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The names of the columns, then each row as it comes; nothing where the first one does not come."""
    coming = iter(rows)
    first = list(islice(coming, 1))
    # Without the mark Excel takes the letters of other countries for those of its own. An encoding that has no mark is
    # the terminal's, and Excel's too. There is no output at all where whoever started the command closed it.
    encoding = (sys.stdout and sys.stdout.encoding) or ""
    mark = BYTE_ORDER_MARK if encoding.lower().replace("-", "") == "utf8" else ""
    typer.echo(mark + csv_line(columns).removesuffix("\r\n"))
    for row in chain(first, coming):
        typer.echo(csv_line(row).removesuffix("\r\n"))
