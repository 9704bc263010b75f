"""Files to take away. No cell of theirs is one that a spreadsheet would run.

In CSV a cell that could be a formula gets an apostrophe before it (:mod:`placket.domain.spreadsheets`); in a workbook
every cell is of the type text, which no program evaluates. CSV is for programs too: it has the taxonomy's ids; the
workbook is in the reader's words.
"""

import io
import json
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from placket.console.choices import attribute_name, value_name
from placket.console.words import Words
from placket.domain.garments import Garment
from placket.domain.runs import FIELDS, RowResult
from placket.domain.spreadsheets import csv_line
from placket.domain.tagger.result import tagging_result
from placket.domain.tagger.tasks import EntryResult
from placket.domain.taxonomy import taxonomy
from placket.services.stores import Document

_MOST_CELL = 32_767
"""Characters that a workbook's cell holds."""

FAILED_COLUMNS = ("line", "product_id", "reason", "detail", *FIELDS)
PRODUCT_COLUMNS = ("product_id", *FIELDS, "garment", "group", "category", *taxonomy().attributes)
TASK_COLUMNS = ("id", "url", "reason", "garment", "group", "category", "box", *taxonomy().attributes)
_TASK_HEADINGS = ("tasks.id", "tasks.url", "run.reason", "look.garment", "tag.group", "tag.category", "tasks.box")


def workbook(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """An Excel workbook of one sheet; every cell is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in (columns, *rows):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value))[:_MOST_CELL])
            # Whatever it begins with: a leading = would have made it a formula.
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lines of CSV as wide as their heading: what loads a table refuses one with fewer cells."""
    return "".join(csv_line([*row, *[""] * (len(columns) - len(row))]) for row in rows)


def failed_row(row: RowResult) -> list[object]:
    fields = row.fields or {}
    return [row.line, row.product_id, row.reason, row.detail, *(fields.get(f, "") for f in FIELDS)]


def product_row(document: Document) -> list[object]:
    """The product and the tags of its main garment."""
    own: list[object] = [document.product_id, *(document.fields.get(f, "") for f in FIELDS)]
    return [*own, *_garment_cells(document.garments[0], 1)] if document.garments else own


def task_headings(words: Words) -> list[str]:
    """What the columns of :func:`task_rows` are called in the reader's words."""
    return [*(words(key) for key in _TASK_HEADINGS), *(attribute_name(a, words) for a in taxonomy().attributes)]


def task_rows(entry: EntryResult, words: Words | None = None) -> list[list[object]]:
    """A row a garment; one row for an image without any, or one that failed. Without ``words`` in ids."""
    if entry.garments is None:
        known = words.reason(entry.reason) if words else ""
        return [[entry.image_id, entry.url, f"{known or f'{entry.reason}:'} {entry.detail}"]]
    wanted = [g for g in entry.garments if g.group in entry.detection]
    return [
        [entry.image_id, entry.url, "", *_garment_cells(g, n, box=True, words=words)] for n, g in enumerate(wanted, 1)
    ] or [[entry.image_id, entry.url, ""]]


def _garment_cells(garment: Garment, number: int, *, box: bool = False, words: Words | None = None) -> list[object]:
    def told(attribute: str, value: str) -> str:
        return value_name(attribute, value, words) if words else value

    place = [" ".join(f"{v:.4f}" for v in garment.box.as_list())] if box else []
    tags = (", ".join(told(a, x.id) for x in garment.tags.get(a, ())) for a in taxonomy().attributes)
    return [number, told("group", garment.group), told("category", garment.category.id), *place, *tags]


def task_json(entry: EntryResult, language: str) -> str:
    """An entry as the Tagger API gives it, on one line."""
    if entry.garments is None:
        content: dict[str, object] = {"id": entry.image_id, "error": {"reason": entry.reason, "message": entry.detail}}
    else:
        result = tagging_result(entry.garments, entry.detection, language)
        content = {"id": entry.image_id, "url": entry.url, "taggingResult": result}
    return json.dumps(content, ensure_ascii=False)
