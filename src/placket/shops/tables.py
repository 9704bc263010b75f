"""Exports that are tables: a first line that names the columns, then one record after another, never all at once."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import AnyStr, TypeAlias

from placket.domain.encodings import UTF16_MARKS, kind_of
from placket.shops.catalogue import Catalogue, ExportInvalid

_MOST_CELL = 5_000_000
"""Characters of a cell, and of a line. The csv module takes 131,072 by itself, and descriptions with pictures pasted
into them have more; a quote that is never closed ends here too."""
_SEPARATORS = (",", ";", "\t")

Row: TypeAlias = Mapping[str, str]
"""A record's cells, trimmed, by what they mean. One that the table has no column for is empty."""
Columns: TypeAlias = Mapping[str, Sequence[str]]
"""What a cell means, and the names that its column may have, in lower case."""
Placed: TypeAlias = tuple[int, Row]
"""With the line where it begins, as an editor counts."""


@dataclass(frozen=True, slots=True)
class Table:
    """``names``: the cells of the first record, trimmed, in lower case."""

    names: list[str]
    _records: Iterator[tuple[int, list[str]]]

    def rows(self, columns: Columns, catalogue: Catalogue, names: Sequence[str] | None = None) -> Iterator[Placed]:
        """Those that are not blank; one with too many cells is a problem. ``names``: in the place of the table's own.

        Raises ExportInvalid.
        """
        names = names or self.names
        places = {
            meaning: next((names.index(n) for n in known if n in names), None) for meaning, known in columns.items()
        }
        for line, cells in self._records:
            if len(cells) > len(names):
                catalogue.refuse(line, cells[0], f"{len(cells)} columns instead of {len(names)}")
            elif any(cell.strip() for cell in cells):
                yield line, {m: cells[p].strip() if p is not None and p < len(cells) else "" for m, p in places.items()}


@contextmanager
def long_cells() -> Iterator[None]:
    """While a table is read: the csv module knows one limit for all of a process."""
    before = csv.field_size_limit(_MOST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def open_table(file: io.BufferedReader) -> Table:
    """Commas, semicolons or tabs part the cells: what the first line has most of. Raises ExportInvalid."""
    beginning = file.peek(8)
    if beginning.startswith(UTF16_MARKS):
        lines = _limited(io.TextIOWrapper(file, encoding="utf-16", newline="").readline)
    elif kind := kind_of(beginning):
        raise ExportInvalid(f"the file is not UTF-8: it is {kind}")
    else:
        lines = _decoded(_limited(file.readline))
    first = next(lines, "")
    records = _records(chain([first], lines), max(_SEPARATORS, key=first.count))
    _, names = next(records, (1, []))
    return Table([name.strip().lower() for name in names], records)


def _limited(readline: Callable[[int], AnyStr]) -> Iterator[AnyStr]:
    number = 0
    try:
        while line := readline(_MOST_CELL):
            number += 1
            if len(line) == _MOST_CELL:
                raise ExportInvalid(f"line {number} has {_MOST_CELL:,} characters or more")
            yield line
    except UnicodeError:
        raise ExportInvalid("the file begins as UTF-16 and goes on as something else") from None


def _decoded(lines: Iterator[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            where = f"line {number} cannot be read"
            raise ExportInvalid(f"the file is not UTF-8: {where}; in a spreadsheet, save it as CSV UTF-8") from None


def _records(lines: Iterator[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, strict=True, delimiter=separator)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise ExportInvalid(f"line {line}: not a CSV record: {error}") from None
