"""Files to take away: whole, and harmless in a spreadsheet."""

import csv
import io
from dataclasses import replace
from itertools import combinations

import pytest
from openpyxl import load_workbook

from placket.console.exports import TASK_COLUMNS, csv_rows, task_headings, task_json, task_rows, workbook
from placket.console.garments import Drawn, overlay, shown
from placket.console.words import Words
from placket.domain.garments import Box
from placket.domain.spreadsheets import csv_line
from placket.domain.tagger.tasks import EntryResult
from tests.support.memory_vision import garment

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", *"\uff1d\uff0b\uff0d\uff20"]


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_formula_is_text_in_csv(cell: str) -> None:
    ((read,),) = csv.reader(io.StringIO(csv_line([cell]), newline=""))
    assert read == "'" + cell.replace("\r", "\r'").replace("\n", "\n'")


@pytest.mark.parametrize(
    "cell", ["x;=1+1", "x;+1;-1", 'Dress; "red";@SUM(A1)', "x\n=1+1", "x\r\n-1", *(f"{d};{d}" for d in DANGEROUS)]
)
def test_a_formula_is_text_in_csv_where_semicolons_part_cells(cell: str) -> None:
    line = csv_line(["1", cell, "x"])
    # As Excel reads it in Germany, France or Brazil: quotes count at the beginning of a cell alone.
    cells = [c for row in csv.reader(io.StringIO(line, newline=""), delimiter=";") for c in row]
    assert not [c for c in cells if c.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))]


@pytest.mark.parametrize("cell", ["a=1", "a; b;c", "a-b", 'quote"d', "comma, here", "한글", "two\nlines"])
def test_other_cells_come_back_as_they_were(cell: str) -> None:
    assert list(csv.reader(io.StringIO(csv_line([cell, "x"]), newline=""))) == [[cell, "x"]]


def test_every_cell_of_a_workbook_is_text() -> None:
    book = load_workbook(io.BytesIO(workbook("Tags", ["id"], [[d] for d in DANGEROUS] + [["a\x00b"], [12]])))
    cells = [row[0] for row in book["Tags"].iter_rows()]
    assert {c.data_type for c in cells} == {"s"}
    assert [c.value for c in cells[1:6]] == ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"]
    assert [c.value for c in cells[-2:]] == ["ab", "12"]


def test_rows_of_a_task() -> None:
    done = EntryResult("a", ("TOP",), (garment(0), garment(1)), url="https://x.example/a.jpg")
    rows = task_rows(done)
    assert [r[:6] for r in rows] == [
        ["a", "https://x.example/a.jpg", "", 1, "TOP", "shirt"],
        ["a", "https://x.example/a.jpg", "", 2, "TOP", "shirt"],
    ]
    assert "red" in rows[0]
    assert task_rows(EntryResult("b", ("SHOES",), (garment(0),), url="u")) == [["b", "u", ""]]
    failed = EntryResult("c", ("TOP",), None, "FetchFailed", "404", "u")
    assert task_rows(failed) == [["c", "u", "FetchFailed: 404"]]
    assert '"reason": "FetchFailed"' in task_json(failed, "en")
    assert '"taggingResult"' in task_json(done, "ko")


def test_every_line_of_csv_is_as_wide_as_the_heading() -> None:
    """A database's loader, and a strict reader, refuse a file for one line that is not."""
    garments = (garment(0),)
    entries = [
        EntryResult("done", ("TOP",), garments, url="u"),
        EntryResult("nothing", ("SHOES",), garments, url="u"),
        EntryResult("failed", ("TOP",), None, "FetchFailed", "404", "u"),
    ]
    for entry in entries:
        (cells,) = csv.reader(io.StringIO(csv_rows(TASK_COLUMNS, task_rows(entry)), newline=""))
        assert (cells[0], len(cells)) == (entry.image_id, len(TASK_COLUMNS))


def test_a_workbook_is_in_the_reader_s_words() -> None:
    korean = Words("ko")
    headings = task_headings(korean)
    (row,) = task_rows(EntryResult("a", ("TOP",), (garment(),), url="u"), korean)
    told = dict(zip(headings, row, strict=True))
    assert (told["종류"], told["카테고리"], told["색상"]) == ("상의", "셔츠", "레드")
    assert len(set(headings)) == len(TASK_COLUMNS)
    (failed,) = task_rows(EntryResult("c", ("TOP",), None, "FetchFailed", "404", "u"), korean)
    assert failed[2] == "사진 주소가 제대로 응답하지 않습니다. 404"
    (unknown,) = task_rows(EntryResult("c", ("TOP",), None, "Unheard", "of", "u"), korean)
    assert unknown[2] == "Unheard: of"


def test_a_garment_in_two_languages() -> None:
    english, korean = shown(garment(), Words("en")), shown(garment(), Words("ko"))
    assert (english.name, korean.name) == ("Shirt", "셔츠")
    assert english.tags[0].bars[0].score == 0.875
    assert [t.attribute for t in english.tags] == ["Category", "Colour", "Pattern"]


def test_boxes_lie_in_pixels_of_the_photo_and_labels_inside_it() -> None:
    drawn = overlay([garment()], Words("en"), 400, 800).boxes[0]
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (100, 100, 200, 600)
    assert 0 <= drawn.label_y < drawn.y
    flat = overlay([garment()], Words("en"), 4000, 100).boxes[0]
    assert flat.label_y == flat.y


def test_the_label_of_a_tall_photo_leaves_room_for_the_garment() -> None:
    label = overlay([garment()], Words("en"), 400, 4000).boxes[0]
    assert label.label_width < 200


def labels(boxes: list[Box], width: int = 400, height: int = 800) -> list[Drawn]:
    return list(overlay([replace(garment(), box=b) for b in boxes], Words("en"), width, height).boxes)


@pytest.mark.parametrize(
    "boxes",
    [
        [Box(0.25, 0.2, 0.75, 0.9), Box(0.3, 0.2, 0.7, 0.5)],
        [Box(0.25, 0.0, 0.75, 0.9), Box(0.3, 0.0, 0.7, 0.5), Box(0.3, 0.01, 0.7, 0.5)],
        [Box(0.25, 0.97, 0.75, 1.0)] * 12,
        [Box(0.0, 0.2 + n / 100, 1.0, 0.9) for n in range(5)],
    ],
)
def test_labels_do_not_cover_one_another(boxes: list[Box]) -> None:
    drawn = labels(boxes)
    tall = 1.5 * 800 / 38
    for one, other in combinations(drawn, 2):
        assert abs(one.label_y - other.label_y) >= tall
    assert all(0 <= d.label_y <= 800 - tall for d in drawn)
    assert drawn[0] == labels(boxes[:1])[0]


def test_a_label_keeps_its_place_beside_others_and_where_there_is_no_room() -> None:
    first, other = labels([Box(0.0, 0.2, 0.4, 0.9), Box(0.6, 0.2, 1.0, 0.9)])
    assert first.label_y == other.label_y < first.y
    assert len({d.label_y for d in labels([Box(0.0, 0.5, 1.0, 0.9)] * 40)}) <= 26
