"""Reading an index file: bytes from a stranger to rows, each good or with its reason.

The whole file is refused for its size, its row count, its encoding and its first line; any later bad row fails alone.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from placket.domain.encodings import not_utf8
from placket.domain.errors import IndexFileEmpty, IndexFileInvalid, IndexFileTooLarge, InvalidParameter
from placket.domain.json_values import has_more_values
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
_NUL = re.compile(r"\x00")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_PLAIN_FIELDS = re.compile(r'(?:(?!")[^,\r\n]*+,)*+')
_WITHIN_QUOTES = re.compile(r'[^"]*+(?:""[^"]*+)*+')
_MOST_LINE = 100_000
"""Characters of a CSV record that is looked into: the columns of a good one, all doubled, have a twentieth of these."""
_MOST_VALUES = 10_000
"""Commas and brackets of a JSON row, those in strings not counted. A good one has nine columns; more may be there."""

_TOO_LONG = f"the row has more than {_MOST_LINE:,} characters"

_WANTED = f"; a line of CSV holds, with no header above it, {','.join(COLUMNS)}"

Record = tuple[int, dict[str, str] | None, str]
"""Line number, columns, problem. With a problem the columns are None, or hold at least the ``product_id``."""


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
        raise IndexFileInvalid(f"the file is {not_utf8(body, error)}") from None
    reader = _json_records if format == "jsonl" else _csv_records
    rows: list[Row] = []
    for line, columns, problem in reader(text):
        if len(rows) == max_rows:
            raise IndexFileTooLarge(f"the file has more than {max_rows} rows")
        rows.append(_row(line, columns, problem))
    if rows[0].reason:
        raise IndexFileInvalid(f"line 1: {rows[0].detail}{_usual_mistake(text, format)}")
    return rows


def _usual_mistake(text: str, format: str) -> str:
    """What else to say of a first line that is wrong."""
    if format == "jsonl":
        return "; JSONL is one object a line, not an array of them" if text.lstrip().startswith("[") else ""
    first = next(_lines(text))
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if first.count(mark) >= len(COLUMNS) - 1 > first.count(","):
            return f", which are parted by commas and not by {name}{_WANTED}"
    if first.count(",") >= len(COLUMNS):
        return f"{_WANTED}; of a shop system's export, `placket convert` makes such rows"
    return _WANTED


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
        if has_more_values(line.encode(), _MOST_VALUES):
            yield number, None, f"the row has more than {_MOST_VALUES:,} commas and brackets"
            continue
        try:
            # Numbers are taken as their digits: 1.0 and 1 are different ids, and 10**400 is no float.
            value = json.loads(line, parse_int=str, parse_float=str, parse_constant=_no_constant)
        except RecursionError:
            yield number, None, "not a JSON object: nested too deep"
            continue
        except ValueError as error:
            yield number, None, f"not a JSON object: {error}"
            continue
        if not isinstance(value, dict):
            yield number, None, "not a JSON object"
            continue
        yield number, *_json_columns(value)


def _no_constant(word: str) -> str:
    raise ValueError(f"{word} is not JSON")


def _json_columns(value: dict[str, Any]) -> tuple[dict[str, str], str]:
    columns, problem = dict.fromkeys(COLUMNS, ""), ""
    for name in COLUMNS:
        cell = value.get(name)
        if isinstance(cell, str):
            columns[name] = cell
        elif cell is not None:
            problem = problem or f"{name} must be a string"
    return columns, problem


def _csv_records(text: str) -> Iterator[Record]:
    """Records as RFC 4180 has them. One that is none fails with its first line, and reading goes on at the second: a
    quote that was never closed costs its own row, not all that follow.

    But what stands within the quotes of a whole record never acts by itself, however long and wrong the record is:
    whoever writes a product's name does not write rows.
    """
    start, number, astray = 0, 1, 0
    while start < len(text):
        end = _end_of_line(text, start)
        # Up to where a record before went astray, each line stands alone: a quote that one of them leaves open would go
        # astray at the same place. So no part of a file is gone through again and again.
        if end > astray:
            reached, whole = _end_of_record(text, start)
            end, astray = (reached, 0) if whole else (end, reached)
        record = text[start:end]
        lines = sum(1 for _ in _lines(record))
        columns, problem = _csv_columns(record)
        if lines > 1 and (problem := problem or _problem_of(columns or {})):
            problem += f" (lines {number} to {number + lines - 1}: is a quote not closed?)"
        yield number, columns, problem
        start, number = end, number + lines


def _end_of_line(text: str, start: int) -> int:
    found = _LINE_BREAK.search(text, start)
    return found.end() if found else len(text)


def _end_of_record(text: str, start: int) -> tuple[int, bool]:
    """(where the record ends, True); (where it goes astray, False) when a quote is not closed, or something follows one
    that is."""
    at = start
    while True:
        at = _PLAIN_FIELDS.match(text, at).end()  # type: ignore[union-attr]
        if not text.startswith('"', at):
            return _end_of_line(text, at), True
        at = _WITHIN_QUOTES.match(text, at + 1).end() + 1  # type: ignore[union-attr]
        if at == len(text) or text[at : at + 1] in ("\r", "\n"):
            return _end_of_line(text, at), True
        if text[at : at + 1] != ",":
            return at, False
        at += 1


def _csv_columns(record: str) -> tuple[dict[str, str] | None, str]:
    if len(record.rstrip("\r\n")) > _MOST_LINE:
        return None, _TOO_LONG
    try:
        cells = next(csv.reader(_lines(record), strict=True))
    except csv.Error as error:
        never_closed = "end of data" in str(error)
        return None, "a quote is not closed" if never_closed else f"not a CSV record: {error}"
    if not cells or (len(cells) == 1 and not cells[0].strip()):
        return None, "the line is blank"
    if len(cells) != len(COLUMNS):
        known = {"product_id": cells[0]} if len(cells) > 1 else None
        return known, f"{len(cells)} columns instead of {len(COLUMNS)}"
    return dict(zip(COLUMNS, cells, strict=True)), ""


def _row(line: int, columns: dict[str, str] | None, problem: str) -> Row:
    product_id = columns["product_id"] if columns else ""
    if columns is None or problem:
        return Row(line, _printable(product_id), Status.ENABLE, {}, INVALID_ROW, problem)
    status = columns["status"]
    fields = {k: v for k, v in columns.items() if k not in ("product_id", "status")}
    try:
        _check(columns)
    except _BadRow as bad:
        known = Status.DISABLE if status == Status.DISABLE else Status.ENABLE
        return Row(line, _printable(product_id), known, {}, bad.reason, bad.detail)
    return Row(line, product_id, Status(status), fields)


def check_product(product_id: str, fields: Mapping[Any, str]) -> None:
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
        # A name is for people: the guide bounds its length alone, and word processors leave line breaks of their own.
        if (_NUL if name == "name" else _CONTROL).search(value):
            raise _BadRow(INVALID_ROW, f"{name} has a control character")
        if not _encodable(value):
            raise _BadRow(INVALID_ROW, f"{name} has half a surrogate pair")


def _problem_of(columns: Mapping[str, str]) -> str:
    try:
        _check(columns)
    except _BadRow as bad:
        return bad.detail
    return ""


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
