"""Reading an index file: bytes from a stranger to rows, each good or with its reason.

The whole file is refused for its size, its row count, its encoding and its first line; any later bad row fails alone.
"""

import csv
import itertools
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from placket.domain.errors import IndexFileEmpty, IndexFileInvalid, IndexFileTooLarge, InvalidParameter
from placket.domain.reasons import INVALID_ROW
from placket.domain.runs import Row, Status

MAX_LENGTH = {
    "product_id": 72,
    "status": 7,
    "name": 256,
    "category1_id": 72,
    "category2_id": 72,
    "category3_id": 72,
    "image_url": 1000,
    "s1": 72,
    "s2": 72,
}
"""Columns in the order of a CSV line, with their most characters (AI Fashion v1.0 guide, "File Data Format")."""

COLUMNS = tuple(MAX_LENGTH)
_BOM = "\ufeff"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_MOST_RECORD = 2 * sum(MAX_LENGTH.values()) + 3 * len(MAX_LENGTH)
"""Characters of the longest good CSV record: every one of them a doubled quote, quotes around and a separator each."""
_MOST_LINE = 100_000
"""Characters of a line that is looked into: the columns of a good one, all of them escaped, have a quarter of these."""

_TOO_LONG = f"the line has more than {_MOST_LINE:,} characters"

Record = tuple[int, dict[str, str] | None, str]
"""Line number, the columns (None when unreadable), and why it is unreadable."""


class _BadRow(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read_index_file(body: bytes, format: str, *, max_bytes: int, max_rows: int) -> list[Row]:
    """Rows of an index file, in order.

    Raises IndexFileTooLarge, IndexFileEmpty or IndexFileInvalid (not UTF-8, bad first line), in this order of checks.
    """
    if len(body) > max_bytes:
        raise IndexFileTooLarge(f"the file has more than {max_bytes} bytes")
    if not body.strip() or body.strip() == _BOM.encode():
        raise IndexFileEmpty("the file has no rows")
    try:
        text = body.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        raise IndexFileInvalid(f"the file is not UTF-8: byte {error.start} cannot be read") from None
    reader = _json_records if format == "jsonl" else _csv_records
    rows: list[Row] = []
    for line, columns, problem in reader(text):
        if len(rows) == max_rows:
            raise IndexFileTooLarge(f"the file has more than {max_rows} rows")
        rows.append(_row(line, columns, problem))
    if rows[0].reason:
        raise IndexFileInvalid(f"line 1: {rows[0].detail}")
    return rows


def _lines(text: str) -> Iterator[str]:
    """Lines with their LF, CRLF or CR (a U+2028 in a product name ends none); one trailing break is no line.

    One at a time: of a file of breaks alone no more is made than the rows that are taken.
    """
    start = 0
    for found in _LINE_BREAK.finditer(text):
        yield text[start : found.end()]
        start = found.end()
    if start < len(text):
        yield text[start:]


def _json_records(text: str) -> Iterator[Record]:
    for number, whole in enumerate(_lines(text), start=1):
        line = whole.rstrip("\r\n")
        if not line.strip():
            yield number, None, "the line is blank"
            continue
        if len(line) > _MOST_LINE:
            yield number, None, _TOO_LONG
            continue
        try:
            # Numbers are taken as their digits: 1.0 and 1 are different ids, and 10**400 is no float.
            value = json.loads(line, parse_int=str, parse_float=str, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            yield number, None, f"not a JSON object: {error}"
            continue
        if not isinstance(value, dict):
            yield number, None, "not a JSON object"
            continue
        yield number, *_json_columns(value)


def _no_constant(word: str) -> str:
    raise ValueError(f"{word} is not JSON")


def _json_columns(value: dict[str, Any]) -> tuple[dict[str, str] | None, str]:
    columns = dict.fromkeys(COLUMNS, "")
    for name in COLUMNS:
        cell = value.get(name)
        if cell is None:
            continue
        if not isinstance(cell, str):
            return None, f"{name} must be a string"
        columns[name] = cell
    return columns, ""


def _csv_records(text: str) -> Iterator[Record]:
    """A record over several lines that is none fails with its first line; reading goes on at the second.

    So a quote that was never closed costs its own row, and not every row up to the next quote.
    """
    lines, ahead, number = _lines(text), deque[str](), 1
    while _look_ahead(lines, ahead, 1):
        columns, problem, read = _csv_record(lines, ahead)
        yield number, columns, problem
        number += read
        for _ in range(read):
            ahead.popleft()


def _look_ahead(lines: Iterator[str], ahead: deque[str], count: int) -> bool:
    """Whether there are so many lines more, which are ``ahead`` then."""
    ahead.extend(itertools.islice(lines, max(0, count - len(ahead))))
    return len(ahead) >= count


def _csv_record(lines: Iterator[str], ahead: deque[str]) -> tuple[dict[str, str] | None, str, int]:
    """The columns of the record that begins ``ahead``, its problem, and how many lines it takes."""
    if len(ahead[0].rstrip("\r\n")) > _MOST_LINE:
        return None, _TOO_LONG, 1
    reader = csv.reader(_lines_of_record(lines, ahead), strict=True)
    try:
        columns, problem = _csv_columns(next(reader))
    except csv.Error as error:
        columns, problem = None, f"not a CSV record: {error}"
    if columns is not None and reader.line_num > 1 and (name := _too_long(columns)):
        columns, problem = None, f"{name} goes on over several lines and is too long: a quote is not closed"
    return columns, problem, 1 if columns is None else reader.line_num


def _lines_of_record(lines: Iterator[str], ahead: deque[str]) -> Iterator[str]:
    """The first line ``ahead``, and as many more as the longest good record may have: no line is read too often."""
    room = _MOST_RECORD - len(ahead[0])
    yield ahead[0]
    number = 1
    while _look_ahead(lines, ahead, number + 1) and (room := room - len(ahead[number])) >= 0:
        yield ahead[number]
        number += 1


def _csv_columns(cells: list[str]) -> tuple[dict[str, str] | None, str]:
    if not cells or (len(cells) == 1 and not cells[0].strip()):
        return None, "the line is blank"
    if len(cells) != len(COLUMNS):
        return None, f"{len(cells)} columns instead of {len(COLUMNS)}"
    return dict(zip(COLUMNS, cells, strict=True)), ""


def _too_long(columns: Mapping[str, str]) -> str:
    """The name of the first column that has too many characters."""
    return next((name for name, value in columns.items() if len(value) > MAX_LENGTH[name]), "")


def _row(line: int, columns: dict[str, str] | None, problem: str) -> Row:
    if columns is None:
        return Row(line, "", Status.ENABLE, {}, INVALID_ROW, problem)
    product_id = columns["product_id"]
    status = columns["status"]
    fields = {k: v for k, v in columns.items() if k not in ("product_id", "status")}
    try:
        _check(columns)
    except _BadRow as bad:
        known = Status.DISABLE if status == Status.DISABLE else Status.ENABLE
        return Row(line, _printable(product_id), known, {}, bad.reason, bad.detail)
    return Row(line, product_id, Status(status), fields)


def check_product(product_id: str, fields: Mapping[str, str]) -> None:
    """The same rules for a product that comes by itself, its image with it. Raises InvalidParameter."""
    try:
        _check_texts({"product_id": product_id, **fields})
    except _BadRow as bad:
        raise InvalidParameter(str(bad)) from None
    if not product_id:
        raise InvalidParameter("product_id is empty")


def _check_texts(columns: Mapping[str, str]) -> None:
    for name, value in columns.items():
        if len(value) > MAX_LENGTH[name]:
            raise _BadRow(INVALID_ROW, f"{name} has {len(value)} characters, more than {MAX_LENGTH[name]}")
        if _CONTROL.search(value):
            raise _BadRow(INVALID_ROW, f"{name} has a control character")
        if not _encodable(value):
            raise _BadRow(INVALID_ROW, f"{name} has half a surrogate pair")


def _check(columns: Mapping[str, str]) -> None:
    _check_texts(columns)
    if not columns["product_id"]:
        raise _BadRow(INVALID_ROW, "product_id is empty")
    if columns["status"] not in (Status.ENABLE, Status.DISABLE):
        raise _BadRow(INVALID_ROW, "status must be enable or disable")
    if columns["status"] == Status.ENABLE:
        for name in ("category1_id", "image_url"):
            if not columns[name]:
                raise _BadRow(INVALID_ROW, f"{name} is empty")


def _encodable(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _printable(product_id: str) -> str:
    """What of a bad row's id can be stored and shown."""
    return _CONTROL.sub("", product_id.encode("utf-8", "replace").decode("utf-8"))[:72]
