"""CSV as spreadsheets of all countries save it: a first line that names the columns, then one row a record.

The form of these files is the commands' own, so more is taken than RFC 4180: semicolons and tabs for commas, UTF-16
with its mark, blank rows, blank columns at the end. The index files of AI Fashion are read elsewhere, by their guide.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from placket.domain.encodings import UTF16_MARKS, not_utf8
from placket.domain.errors import PlacketError

_SEPARATORS = (",", ";", "\t")


class TableInvalid(PlacketError):
    reason = "TableInvalid"


@dataclass(frozen=True, slots=True)
class Record:
    """``line``: where it begins, as an editor counts."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """``records``: those that are not blank, the first line's among them. ``names``: the first one's cells, trimmed, in
    lower case, without the blank ones at their end that spreadsheets add to every row."""

    file: Path
    names: list[str]
    records: list[Record]

    def cells(self, record: Record, most: int, *, fewer: bool = False) -> list[str]:
        """The first ``most``; the others have to be blank.

        A record has as many cells as the first one, or ``fewer`` if that is allowed. One that has more has a comma that
        is not in quotes: taken as it is, a URL would be cut off at it. Raises TableInvalid.
        """
        found, width = len(record.cells), len(self.records[0].cells)
        if found > width or (found < width and not fewer) or any(cell.strip() for cell in record.cells[most:]):
            hint = "; a text with a comma in it stands in quotes" if found > width else ""
            wanted = width if found != width else most
            raise TableInvalid(f"{self.file}, line {record.line}: {found} columns instead of {wanted}{hint}")
        return record.cells[:most]


def read_text(file: Path) -> str:
    """Raises TableInvalid, OSError."""
    body = file.read_bytes()
    try:
        return body.decode("utf-16" if body.startswith(UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableInvalid(f"{file} is {not_utf8(body, error)}") from None


def read_table(file: Path, column: str) -> Table:
    """``column`` is one that the names have, which tells what the cells are parted by: commas, where no reading has it.

    Raises TableInvalid, OSError.
    """
    text = read_text(file)
    separator = next((s for s in _SEPARATORS if _has(file, text, s, column)), ",")
    records = list(_records(file, text, separator))
    return Table(file, _names(records[0]) if records else [], records)


def _has(file: Path, text: str, separator: str, column: str) -> bool:
    try:
        return column in _names(next(_records(file, text, separator), Record(0, [])))
    except TableInvalid:
        return False


def _names(first: Record) -> list[str]:
    names = [cell.strip().lower() for cell in first.cells]
    while names and not names[-1]:
        names.pop()
    return names


def _records(file: Path, text: str, separator: str) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Record(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableInvalid(f"{file}, line {line}: not a CSV file: {error}") from None
