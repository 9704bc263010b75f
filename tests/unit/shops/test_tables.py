"""Exports that are tables, however they were saved."""

import csv

import pytest

from placket.shops.catalogue import ExportInvalid
from tests.unit.shops.reading import convert

NAMES = "Handle,Title,Image Src\n"
ROW = "a,Kleid grün,https://shop.example/a.jpg\n"


@pytest.mark.parametrize(
    "body",
    [
        (NAMES + ROW).encode(),
        (NAMES + ROW).replace("\n", "\r\n").encode("utf-8-sig"),
        (NAMES + ROW).replace(",", "\t").encode("utf-16"),
        (NAMES + ROW).replace(",", ";").encode(),
        (NAMES + "\n,,\n" + ROW).encode(),
        (NAMES.replace("\n", ",Body (HTML)\n") + ROW.replace("\n", f',"{"x" * 1_000_000}"\n')).encode(),
        (NAMES.replace("\n", ",Handle\n") + ROW).encode(),
    ],
)
def test_what_is_read(body: bytes) -> None:
    limit = csv.field_size_limit()
    (row,) = convert(body)[0]
    assert (row["product_id"], row["name"]) == ("a", "Kleid grün")
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the file is empty"),
        ((NAMES + ROW).encode("cp1252"), r"not UTF-8: line 2 cannot be read; in a spreadsheet, save it as CSV UTF-8"),
        (b"PK\x03\x04\xff", "a workbook"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (NAMES.encode("utf-16")[:-1], "begins as UTF-16"),
        ((NAMES + 'a,"T\n' + ROW * 200_000).encode(), "line 2: not a CSV record: field larger"),
        ((NAMES + "x" * 6_000_000).encode(), "line 2 has 5,000,000 characters or more"),
        ((NAMES + ROW + 'b,"T"x,c\n').encode(), "line 3: not a CSV record"),
        (b"ID,Typ,SKU,Name,Ver\xc3\xb6ffentlicht,Bilder\n", "choose English in your WordPress profile"),
        (b"product_id,name,image_url\n", "the columns of no export that is known"),
    ],
)
def test_what_is_not(body: bytes, words: str) -> None:
    with pytest.raises(ExportInvalid, match=words):
        convert(body)


def test_there_is_an_end_to_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.shops.catalogue._MOST", 3)
    with pytest.raises(ExportInvalid, match="more than 3 products and variants"):
        convert(NAMES + "".join(f"{n},Dress,https://shop.example/a.jpg\n" for n in range(4)))
