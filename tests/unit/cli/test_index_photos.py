"""A folder of photos becomes a plan: every photo and every line of the CSV is in it, once."""

import unicodedata
from pathlib import Path

import pytest

from placket.cli.csv_table import TableInvalid
from placket.cli.index_photos import Planned, find_columns, plan_folder, read_columns


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    made.mkdir()
    return made


def photo(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_columns_go_to_their_photo(folder: Path) -> None:
    photo(folder, "1.png", "2.jpg", "sub/3.gif", "4.png", "4.jpg")
    (folder / "c.csv").write_text(
        "s1,product_id,status,name\nx,1,enable,One\n,3,disable,\n,5,disable,\n,6,,Six\n,4,,\n"
    )
    plan = plan_folder(folder, None)
    assert plan.products == [
        Planned("1", folder / "1.png", {"name": "One", "s1": "x"}, str(folder / "1.png")),
        Planned("2", folder / "2.jpg", {}, str(folder / "2.jpg")),
        Planned("3", None, {}, "line 3"),
        Planned("5", None, {}, "line 4"),
    ]
    assert [(r.product_id, r.where, r.reason) for r in plan.refused] == [
        ("4", f"{folder / '4.jpg'}, {folder / '4.png'}", "SameName"),
        ("6", "line 5", "NoPhoto"),
    ]
    assert plan.others == {}


def test_what_is_no_photo_is_counted(folder: Path) -> None:
    photo(folder, "1.png", "1.psd", "sub/2.PSD", "sub/old.csv", ".hidden.psd")
    (folder / "c.csv").write_text("product_id\n")
    assert plan_folder(folder, None).others == {".psd": 2, ".csv": 1}
    (folder.parent / "beside.csv").write_text("product_id\n")
    assert plan_folder(folder, folder.parent / "beside.csv").others == {".psd": 2, ".csv": 2}


def test_a_folder_for_each_product(folder: Path) -> None:
    """Cameras count, and studios call photos, alike in every folder."""
    dress = unicodedata.normalize("NFD", "Kleid grün #1")
    photo(
        folder, f"{dress}/front.jpg", f"{dress}/v1.2 back.png", "원피스/front.jpg", "원피스/more/front.jpg", "top.jpg"
    )
    (folder / "c.csv").write_text("product_id,s1,name\n원피스/front,D7,Dress\n", encoding="utf-8")
    plan = plan_folder(folder, None, by_folder=True)
    assert [(p.product_id, p.fields) for p in plan.products] == [
        ("Kleid grün #1/front", {"s1": "Kleid grün #1"}),
        ("Kleid grün #1/v1.2 back", {"s1": "Kleid grün #1"}),
        ("top", {}),
        ("원피스/front", {"s1": "D7", "name": "Dress"}),
        ("원피스/more/front", {"s1": "원피스/more"}),
    ]
    assert plan.refused == []
    apart = plan_folder(folder, None).refused[0]
    assert (apart.product_id, apart.reason, "--by-folder" in apart.detail) == ("front", "SameName", True)
    photo(folder, f"{'x' * 73}/y.jpg")
    assert [r.reason for r in plan_folder(folder, None, by_folder=True).refused] == ["InvalidRow"]


def test_limits_of_the_columns(folder: Path) -> None:
    photo(folder, f"{'x' * 72}.png", f"{'y' * 73}.png", "long.png", "edge.png")
    (folder / "c.csv").write_text(f"product_id,name\nlong,{'n' * 257}\nedge,{'n' * 256}\n")
    plan = plan_folder(folder, None)
    assert [p.product_id for p in plan.products] == ["edge", "x" * 72]
    assert {(r.product_id, r.reason) for r in plan.refused} == {("long", "InvalidRow"), ("y" * 73, "InvalidRow")}


def test_names_are_compared_composed(folder: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "빨강é")
    photo(folder, f"{decomposed}.png")
    (folder / "c.csv").write_text("product_id,name\n빨강é,x\n", encoding="utf-8")
    (planned,) = plan_folder(folder, None).products
    assert (planned.product_id, planned.fields) == ("빨강é", {"name": "x"})


def test_the_nine_columns_of_an_index_file(folder: Path) -> None:
    file = folder / "c.csv"
    file.write_text('1,enable,"A, b",7,,,http://x/1.png,,s\n')
    assert read_columns(file) == {
        "1": (
            1,
            {
                "status": "enable",
                "name": "A, b",
                "category1_id": "7",
                "category2_id": "",
                "category3_id": "",
                "image_url": "http://x/1.png",
                "s1": "",
                "s2": "s",
            },
        )
    }
    columns = "product_id,status,name,category1_id,category2_id,category3_id,image_url,s1,s2"
    file.write_text(f"{columns}\n1,,,,,,,,\n")
    assert list(read_columns(file)) == ["1"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,name\n1,x\n", "name the columns"),
        (b"product_id,colour\n", "'colour'"),
        (b"product_id,name,name\n", "named twice"),
        (b"product_id,name\n1\n", "line 2: 1 columns instead of 2"),
        (b"product_id,status\n1,gone\n", "line 2: status"),
        (b"product_id\n1\n\n1\n", "line 4: '1' has a line already: 2"),
        (b'product_id\n"1\n', "not a CSV file"),
        (b"product_id\n\xff\n", "not UTF-8"),
    ],
)
def test_a_file_that_says_something_else_is_refused(folder: Path, content: bytes, words: str) -> None:
    file = folder / "c.csv"
    file.write_bytes(content)
    with pytest.raises(TableInvalid, match=words):
        read_columns(file)


def test_which_file(folder: Path) -> None:
    assert find_columns(folder) is None
    beside = folder.with_name("photos.csv")
    beside.write_text("")
    assert find_columns(folder) == beside
    assert read_columns(beside) == {}
    (folder / "a.CSV").write_text("")
    assert find_columns(folder) == folder / "a.CSV"
    (folder / "b.csv").write_text("")
    with pytest.raises(TableInvalid, match="--columns"):
        find_columns(folder)
