"""CSV files of the commands, as spreadsheets of many countries and shop systems write them."""

from pathlib import Path

import pytest

from placket.cli.csv_table import TableInvalid
from placket.cli.index_photos import read_columns
from placket.cli.tasks_input import EntriesInvalid, read_request
from placket.client.tagger import entry

A, B = "http://a.test/1.jpg", "http://a.test/w_400,h_300/2.jpg"
ROWS = [["id", "url", "name"], ["1", A, "면 원피스"], ["00123", A, "x"]]


def joined(separator: str, end: str = "\r\n") -> str:
    return "".join(separator.join(row) + end for row in ROWS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "images.csv"


@pytest.mark.parametrize(
    "content",
    [
        joined(",").encode(),
        joined(",").encode("utf-8-sig"),
        joined(";").encode("utf-8-sig"),
        joined(",", "\r").encode(),
        joined("\t").encode("utf-16"),
        joined(",").replace("id,url,name", '"ID", Url ,NAME,,').replace("x", "x,,").encode() + b"\r\n,,,,\r\n  ,\r\n",
        joined(";").replace("id;url;name", '"id";"url";"name"').encode(),
    ],
)
def test_what_spreadsheets_write(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert read_request(file).entries == [entry("1", A, name="면 원피스"), entry("00123", A, name="x")]


def test_a_comma_without_quotes_does_not_cut_a_url_off(file: Path) -> None:
    file.write_text(f'id,url\n1,"{B}"\n2,{B}\n')
    with pytest.raises(
        TableInvalid, match=r"line 3: 3 columns instead of 2; a text with a comma in it stands in quotes"
    ):
        read_request(file)
    # Where further columns are empty it would not even be told from what a spreadsheet adds.
    file.write_text(f"id,url,name\n1,{B},\n")
    with pytest.raises(TableInvalid, match=r"line 2: 4 columns instead of 3"):
        read_request(file)
    file.write_text(f'id,url\n1,"{B}"\n2\n')
    assert read_request(file).entries == [entry("1", B), entry("2", "")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (joined(",").encode("cp949"), r"not UTF-8: line 2 \(byte \d+\) cannot be read.*save it as CSV UTF-8"),
        (b"PK\x03\x04\xff", "a workbook"),
        (b'id,url\n1,"a\nb"\n2,"http://a\n3,http://b\n', "line 4: not a CSV file"),
        (b"id,name\n1,x\n", "must name the columns id and url"),
        (b"id,url,ID\n1,http://a,2\n", "named twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    with pytest.raises((TableInvalid, EntriesInvalid), match=words):
        read_request(file)


def test_refused_entries_are_found_in_their_file(file: Path) -> None:
    file.write_text(f'id,url,name\n1,{A},"two\nlines"\n\n2,{A},\n,,\n1,{A},"two\nlines"\n2,{A},\n2,{A},\n,{A},\n')
    request = read_request(file)
    refused = [entry("1", A, name="two\nlines"), entry("2", A), entry("2", A), entry("", A), entry("3", A)]
    assert request.lines_of(refused) == [7, 9, 10, 11, None]


def test_ids_of_digits_are_taken_as_in_an_index_file(file: Path) -> None:
    lines = file.with_suffix(".jsonl")
    lines.write_text(f'{{"id": 5, "url": "{A}"}}\n')
    assert read_request(lines).entries == [entry("5", A)]
    lines.write_text(f'{{"id": true, "url": "{A}"}}\n')
    with pytest.raises(EntriesInvalid, match="line 1"):
        read_request(lines)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_columns_of_a_folder(file: Path, separator: str) -> None:
    rows = [
        ["Product_ID ", "name", "s1", "", ""],
        ["1", '"two\nlines"', "x", "", ""],
        ["", "", "", "", ""],
        ["2", "", "y", "", ""],
    ]
    file.write_bytes("\r\n".join(separator.join(row) for row in rows).encode("utf-8-sig"))
    assert read_columns(file) == {"1": (2, {"name": "two\nlines", "s1": "x"}), "2": (5, {"name": "", "s1": "y"})}


def test_a_cell_below_no_name_is_not_dropped(file: Path) -> None:
    file.write_text("product_id,name,\n1,x,\n2,y,lost\n")
    with pytest.raises(TableInvalid, match="line 3: 3 columns instead of 2"):
        read_columns(file)
