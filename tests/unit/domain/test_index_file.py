"""Reading index files: whole-file refusals in their order, and rows that fail alone."""

import csv
import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain import index_file
from placket.domain.errors import IndexFileEmpty, IndexFileInvalid, IndexFileTooLarge
from placket.domain.index_file import COLUMNS, MAX_LENGTH, read_index_file
from placket.domain.runs import Row, Status

GOOD = {"product_id": "1", "status": "enable", "category1_id": "c", "image_url": "http://a.b/c.jpg"}


def jsonl(*rows: object) -> bytes:
    return b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in rows)


def read(body: bytes, format: str = "jsonl", max_bytes: int = 5_000_000, max_rows: int = 10_000) -> list[Row]:
    return read_index_file(body, format, max_bytes=max_bytes, max_rows=max_rows)


def test_jsonl_row() -> None:
    (row,) = read(jsonl({**GOOD, "name": "AAA red onepiece", "s1": "", "category2_id": 7, "unknown": [1]}))
    assert (row.line, row.product_id, row.status, row.reason) == (1, "1", Status.ENABLE, "")
    assert row.fields == {
        "name": "AAA red onepiece",
        "category1_id": "c",
        "category2_id": "7",
        "category3_id": "",
        "image_url": "http://a.b/c.jpg",
        "s1": "",
        "s2": "",
    }


def test_csv_rows_with_quotes_and_windows_line_ends() -> None:
    body = b'10001,enable,"AAA, ""red""",1,1,2,http://a.b/c.jpg,1,2\r\n10002,disable,,,,,,,\r\n'
    first, second = read(body, "csv")
    assert first.fields["name"] == 'AAA, "red"'
    assert (second.product_id, second.status, second.reason) == ("10002", Status.DISABLE, "")


@pytest.mark.parametrize("body", [b"", b"\n\n", b"   ", b"\xef\xbb\xbf", b"\r\n"])
@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_empty(body: bytes, format: str) -> None:
    with pytest.raises(IndexFileEmpty):
        read(body, format)


def test_byte_order_mark_and_trailing_newline_are_no_rows() -> None:
    assert len(read(b"\xef\xbb\xbf" + jsonl(GOOD) + b"\n")) == 1


def test_bytes_at_the_edge() -> None:
    body = jsonl(GOOD)
    assert len(read(body, max_bytes=len(body))) == 1
    with pytest.raises(IndexFileTooLarge):
        read(body, max_bytes=len(body) - 1)


def test_rows_at_the_edge() -> None:
    body = jsonl(*[GOOD] * 10)
    assert len(read(body, max_rows=10)) == 10
    with pytest.raises(IndexFileTooLarge):
        read(body, max_rows=9)


def test_size_is_checked_before_rows_and_rows_before_the_first_line() -> None:
    broken = b"nonsense\n" * 20
    with pytest.raises(IndexFileTooLarge):
        read(broken, max_bytes=10)
    with pytest.raises(IndexFileTooLarge):
        read(broken, max_rows=5)
    with pytest.raises(IndexFileInvalid):
        read(broken)


CSV = "1,enable,면 원피스,c,,,http://a.b/c.jpg,,\r\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (jsonl(GOOD) + b"\n\xff\xfe", r"not UTF-8: line 2 \(byte 94\) cannot be read"),
        (
            (CSV.replace("면 ", "x").replace("원피스", "y") * 2 + CSV).encode("cp949"),
            r"line 3 \(byte \d+\).*save it as CSV UTF-8",
        ),
        (("\r".join([CSV.strip().replace("면 원피스", ""), "表"])).encode("cp932"), r"line 2 "),
        (CSV.replace(",", "\t").encode("utf-16"), "it is UTF-16, as a spreadsheet's"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\xe1", "it is a workbook"),
        (b"\x1f\x8b\x08", "it is compressed"),
    ],
)
def test_not_utf8(body: bytes, words: str) -> None:
    with pytest.raises(IndexFileInvalid, match=words):
        read(body, "csv" if not body.startswith(b"{") else "jsonl")


def test_the_usual_mistakes_with_a_first_line_are_named() -> None:
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        with pytest.raises(IndexFileInvalid, match=rf"not by {name}; a line of CSV holds"):
            read(CSV.replace(",", mark).encode(), "csv")
    with pytest.raises(IndexFileInvalid, match="shop system's export, `placket convert` makes such rows"):
        read(b"Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Variant SKU,Image Src,Status\n", "csv")
    for array in (json.dumps([GOOD]), json.dumps([GOOD], indent=2)):
        with pytest.raises(IndexFileInvalid, match="one object a line, not an array of them"):
            read(array.encode())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"status": "on"}, "status"),
        ({"status": "ENABLE"}, "status"),
        ({"product_id": ""}, "product_id"),
        ({"category1_id": ""}, "category1_id"),
        ({"image_url": ""}, "image_url"),
        ({"name": True}, "name must be a string"),
        ({"name": ["x"]}, "name must be a string"),
        ({"name": "a\x00b"}, "control"),
        ({"product_id": "a\x0bb"}, "control"),
        ({"s1": "a\x1bb"}, "control"),
        ({"name": "\ud800"}, "surrogate"),
    ],
)
def test_a_bad_row_fails_alone_but_the_first_fails_the_file(change: dict[str, object], word: str) -> None:
    rows = read(jsonl(GOOD, {**GOOD, **change}, GOOD))
    assert [r.reason for r in rows] == ["", "InvalidRow", ""]
    assert word in rows[1].detail
    with pytest.raises(IndexFileInvalid, match=word):
        read(jsonl({**GOOD, **change}, GOOD))


def test_a_name_of_at_most_256_characters_is_taken_whatever_they_are() -> None:
    """Word's line break is a vertical tab."""
    name = "Coat\x0bwith a belt\x0c\x1f\x7f\x85\u2028"
    (row,) = read(jsonl({**GOOD, "name": name}))
    assert (row.reason, row.fields["name"]) == ("", name)
    (row,) = read(CSV.replace("면 원피스", name).encode(), "csv")
    assert (row.reason, row.fields["name"]) == ("", name)


@pytest.mark.parametrize("first", [b",".join(c.encode() for c in COLUMNS), b"p1;enable;Shirt;3", b"p1,enable"])
def test_a_refused_first_line_of_csv_is_told_what_a_line_holds(first: bytes) -> None:
    """A header, the semicolons of a spreadsheet in many a country, another shop's columns: the usual first attempts."""
    with pytest.raises(IndexFileInvalid, match=r"no header above it, product_id,status,name,.*,s1,s2$"):
        read(first + b"\n", "csv")


@pytest.mark.parametrize("line", [b"", b"  ", b"[1]", b"{", b"null", b'"x"', b"NaN", b"[" * 100_000])
def test_unreadable_lines_fail_alone(line: bytes) -> None:
    rows = read(jsonl(GOOD, line, GOOD))
    assert [(r.line, bool(r.reason)) for r in rows] == [(1, False), (2, True), (3, False)]


@pytest.mark.parametrize("name", [c for c in COLUMNS if c != "status"])
def test_lengths_at_the_edge_count_characters(name: str) -> None:
    longest = "가" * MAX_LENGTH[name]
    ok, too_long = read(jsonl({**GOOD, name: longest}, {**GOOD, name: longest + "가"}))
    assert not ok.reason
    assert str(MAX_LENGTH[name]) in too_long.detail


def test_numbers_are_taken_as_their_digits() -> None:
    (row,) = read(b'{"product_id": 1.0, "status": "enable", "category1_id": 12345678901234567890, "image_url": "x"}')
    assert (row.product_id, row.fields["category1_id"]) == ("1.0", "12345678901234567890")


@pytest.mark.parametrize("cells", [8, 10, 1])
def test_csv_with_the_wrong_number_of_columns(cells: int) -> None:
    good = "1,enable,n,1,,,http://a.b/c.jpg,,"
    rows = read((good + "\n" + ",".join("x" * cells) + "\n" + good).encode(), "csv")
    assert [r.reason for r in rows] == ["", "InvalidRow", ""]
    assert f"{cells} columns" in rows[1].detail


def csv_line(product: int, name: str = "n", url: str = "http://a.b/c.jpg") -> str:
    return f"{product},enable,{name},1,,,{url},,\n"


@pytest.mark.parametrize(
    ("bad", "later"),
    [
        (csv_line(2, '"never closed'), csv_line(3) + csv_line(4, '"quoted"') + csv_line(5)),
        (csv_line(2, '"never closed'), "".join(csv_line(n) for n in range(3, 200))),
        (csv_line(2, '"closed" too early'), csv_line(3)),
        (csv_line(2, '"' + "x" * 200_000 + '"'), csv_line(3)),
    ],
)
def test_a_quote_gone_astray_costs_one_row(bad: str, later: str) -> None:
    rows = read((csv_line(1) + bad + later).encode(), "csv")
    assert [r.line for r in rows] == list(range(1, 2 + len((bad + later).splitlines())))
    assert [r.line for r in rows if r.reason] == [2]


@pytest.mark.parametrize("format", ["jsonl", "csv"])
@pytest.mark.parametrize("rubbish", [b"ab\n", b"\r", b'"\n'], ids=["short lines", "breaks", "quotes"])
def test_a_file_of_far_too_many_lines_costs_little_more_than_itself(format: str, rubbish: bytes) -> None:
    body = (jsonl(GOOD) if format == "jsonl" else csv_line(1).encode().strip()) + b"\n" + rubbish * 1_500_000
    tracemalloc.start()
    with pytest.raises(IndexFileTooLarge, match="rows"):
        read(body, format, max_rows=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(body) + 3_000_000


@pytest.mark.parametrize("stray", ['a",b,"', '"', '"x', 'a,"b', '"",",', '""",', '"a""'])
def test_no_part_of_a_file_is_gone_through_again_and_again(monkeypatch: pytest.MonkeyPatch, stray: str) -> None:
    """Whichever way quotes go astray: a scan may go on to the end of the file, but not one a line."""
    gone_through = 0
    scan = index_file._end_of_record

    def counted(text: str, start: int) -> tuple[int, bool]:
        nonlocal gone_through
        end, whole = scan(text, start)
        gone_through += end - start
        return end, whole

    monkeypatch.setattr(index_file, "_end_of_record", counted)
    body = (csv_line(1) + (stray + "\n") * 5000).encode()
    rows = read(body, "csv")
    assert gone_through < 4 * len(body)
    assert not rows[0].reason and all(r.reason for r in rows[1:])


def test_a_csv_record_that_is_too_long_to_be_looked_into() -> None:
    good = csv_line(1).encode().strip()
    rows = read(b"\n".join([good, b"," * 100_000, b"," * 100_001, good]), "csv")
    assert [r.line for r in rows] == [1, 2, 3, 4]
    assert "columns" in rows[1].detail
    assert rows[2].detail == "the row has more than 100,000 characters" and not rows[3].reason


def test_a_json_row_may_be_long_but_not_of_endless_values() -> None:
    def with_list(values: int) -> bytes:
        return json.dumps({**GOOD, "more": [0] * values}).encode()

    padded = json.dumps({**GOOD, "more": "[{," * 100_000}).encode() + b" " * 1_000_000
    edge = 10_000 - len(GOOD) - 1  # a comma before each name but the first, two brackets, a comma less than values
    rows = read(b"\n".join([jsonl(GOOD), padded, with_list(edge), with_list(edge + 1)]))
    assert [r.reason for r in rows] == ["", "", "", "InvalidRow"]
    assert rows[3].detail == "the row has more than 10,000 commas and brackets"


LONG = "n" * 150
ROW_IN_IT = "victim,disable,,,,,,,"


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (f'2,enable,"{LONG}\n{ROW_IN_IT}\n{LONG}",1,,,u,,', "characters"),
        (f'2,enable,"{LONG * 100}\n{ROW_IN_IT}\n{LONG * 2000}",1,,,u,,', "characters"),
        (f'2,enable,"one\n{ROW_IN_IT}\ntwo",1,,,u,,,more', "10 columns"),
        (f'2,enabled,"one\n{ROW_IN_IT}\ntwo",1,,,u,,', "status"),
        (f'2,enable,"one ""quoted""\n{ROW_IN_IT}\n""two",1,,,,,', "image_url"),
        (
            f'2,enable,"never closed,1,,,u,,\n{ROW_IN_IT}\n3,enable,5"",{LONG},,,u,,\n4,enable,{LONG}6",1,,,u,,',
            "lines 2 to 5",
        ),
    ],
)
def test_what_stands_in_a_quoted_field_never_acts(bad: str, word: str) -> None:
    rows = read((csv_line(1) + bad + "\n" + csv_line(9)).encode(), "csv")
    assert [(r.product_id, bool(r.reason)) for r in rows][::2] == [("1", False), ("9", False)]
    assert len(rows) == 3 and rows[1].reason and word in rows[1].detail
    assert rows[2].line == 2 + len(bad.split("\n"))


@pytest.mark.parametrize(
    ("format", "bad"),
    [
        ("jsonl", json.dumps({**GOOD, "product_id": "p2", "category1_id": True})),
        ("csv", "p2,enable,n,1,,,u"),
        ("csv", "p2,enable,n,1,,,u,,,"),
        ("csv", "p2,disabled,n,1,,,u,,"),
    ],
)
def test_a_bad_row_keeps_the_product_that_it_is_about(format: str, bad: str) -> None:
    good = json.dumps(GOOD) if format == "jsonl" else csv_line(1).strip()
    row = read(f"{good}\n{bad}".encode(), format)[1]
    assert row.product_id == "p2" and row.reason and not row.fields


@given(st.text(alphabet='"",\n\rab', max_size=60))
def test_records_are_those_of_the_csv_module_where_it_can_read_them(tail: str) -> None:
    text = csv_line(1) + tail
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected = []
    try:
        for cells in reader:
            expected.append((cells[0] if len(cells) > 1 else "", reader.line_num))
    except csv.Error:
        return
    found = read(text.encode(), "csv")
    ends = [r.line - 1 for r in found[1:]] + [expected[-1][1]]
    assert list(zip([r.product_id for r in found], ends, strict=True)) == expected


def test_csv_record_as_long_as_can_be() -> None:
    longest = {name: '"' * length for name, length in MAX_LENGTH.items()} | {"status": "enable", "name": '"\n' * 128}
    line = ",".join('"' + value.replace('"', '""') + '"' for value in longest.values())
    rows = read(f"{csv_line(1)}{line}\r\n{csv_line(3)}".encode(), "csv")
    assert [(r.line, r.reason) for r in rows] == [(1, ""), (2, ""), (2 + 129, "")]
    assert rows[1].fields["name"] == longest["name"]


@given(st.binary(max_size=300), st.sampled_from(["jsonl", "csv"]))
def test_any_bytes_after_a_good_row_lose_nothing(tail: bytes, format: str) -> None:
    first = jsonl(GOOD) if format == "jsonl" else b"1,enable,n,1,,,http://a.b/c.jpg,,"
    try:
        rows = read(first + b"\n" + tail, format)
    except IndexFileInvalid as error:
        assert "UTF-8" in error.detail
        return
    assert not rows[0].reason
    for row in rows:
        row.product_id.encode()
        assert row.reason or row.product_id
