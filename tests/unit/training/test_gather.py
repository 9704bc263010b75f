"""`placket train gather`: a shop's photos and its table, as a folder that training reads."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from placket.cli.main import app
from placket.training.checks import check_data
from placket.training.sources import iter_images, read_garments, read_own_terms, read_records
from tests.support.photos import RED, drawn, encoded

pytest.importorskip("pyarrow", reason="training data is in Parquet, and pyarrow is not installed here")

PRODUCTS = 40


def shop(folder: Path, header: str, *rows: str) -> Path:
    """Photos `0.png` and so on in `folder / photos`, and a table of these rows beside them."""
    (folder / "photos" / "more").mkdir(parents=True, exist_ok=True)
    for number in range(PRODUCTS):
        (folder / "photos" / f"{number}.png").write_bytes(encoded(drawn(60, 80, RED), "PNG"))
    (folder / "photos" / "more" / "0.png").write_bytes(encoded(drawn(80, 60, RED), "PNG"))
    (folder / "labels.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder


def gather(folder: Path, *words: str) -> Result:
    paths = ["train", "gather", f"{folder}/photos", "--labels", f"{folder}/labels.csv", "--out", f"{folder}/data"]
    return CliRunner().invoke(app, [*paths, *words])


def test_photos_and_a_table_become_a_folder_that_is_whole(tmp_path: Path) -> None:
    rows = [f'{n}.png,T-Shirt,"Navy, white",,sku-{n // 2},Tee' for n in range(PRODUCTS)]
    shop(tmp_path, "photo,category,colors,pattern,product,name", *rows, "more/0.png,dress,,stripe,sku-x,")
    result = gather(tmp_path, "--terms", "ours")
    assert result.exit_code == 0, result.output
    data = tmp_path / "data"
    check_data(data)
    records = read_records(data, "hm")
    # Two files of one name are two photos.
    assert len(records) == PRODUCTS + 1 and {"0.png", "more/0.png"} <= set(records)
    assert (records["more/0.png"].width, records["more/0.png"].height) == (80, 60)
    assert {key for key, _ in iter_images(data, "hm")} == set(records)
    garments = {g.id: g for g in read_garments(data)}
    assert garments["0.png"].category == "t_shirt" and garments["0.png"].tags == {"colors": ["navy", "white"]}
    assert garments["more/0.png"].tags == {"pattern": "stripe"}
    assert records["0.png"].labels == {"name": "Tee"} and records["more/0.png"].labels == {}
    assert records["0.png"].group == records["1.png"].group == "sku-0"
    assert 0 < sum(r.split == "val" for r in records.values()) < PRODUCTS / 2
    assert read_own_terms(data) == {"hm": "ours"}
    assert "held apart to measure on" in result.output and "fewer than 10 examples" in result.output


def test_another_set_is_added_and_the_same_one_takes_its_own_place(tmp_path: Path) -> None:
    shop(tmp_path, "photo,category", "0.png,dress")
    assert gather(tmp_path).exit_code == 0
    shop(tmp_path, "photo;category;price", "1.png;skirt;9", "2.png;skirt;9")
    result = gather(tmp_path, "--set", "cd")
    assert result.exit_code == 0 and "not read: price" in result.output
    shop(tmp_path, "photo,category", "3.png,coat")
    assert gather(tmp_path).exit_code == 0
    told = [(g.dataset, g.id, g.category) for g in read_garments(tmp_path / "data")]
    assert told == [("cd", "1.png", "skirt"), ("cd", "2.png", "skirt"), ("hm", "3.png", "coat")]
    assert set(read_own_terms(tmp_path / "data")) == {"hm", "cd"}


def test_every_mistake_is_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    shop(
        tmp_path,
        "photo,category,colors,fit,box,product,split",
        "0.png,dres,,,,,",
        "1.png,sari,,,,,",
        "nowhere.png,dress,,,,,",
        "2.png,dress,,\"slim, loose\",,,",
        '3.png,dress,,,"10,20,300,400",,',
        "4.png,dress,,,,,test",
        "5.png,,,,,,",
        "6.png,dress,,,,,",
        "6.png,skirt,,,,,",
        "7.png,dress,,,,a,train",
        "8.png,dress,,,,a,val",
    )  # fmt: skip
    (tmp_path / "photos" / "9.png").write_text("no picture")
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("9.png,dress,,,,,\n")
    result = gather(tmp_path)
    assert result.exit_code == 1
    for words in (
        "line 2: 'dres' is no label of category: did you mean dress?", "line 3: 'sari' is no label of category",
        "line 4: there is no photo", "line 5: fit is one label", "line 6: a box has fractions",
        "line 7: `split` is train or val", "line 8: nothing is told", "line 10: another garment of 6.png",
        "8.png: the product a is in `train` and in `val`", "9.png: ", "the labels of category: t_shirt, ",
    ):  # fmt: skip
        assert words in result.output
    assert not [p for p in (tmp_path / "data").rglob("*") if p.is_file()]


def test_several_garments_of_a_photo_have_their_boxes(tmp_path: Path) -> None:
    shop(tmp_path, "photo,category,fit,box", '0.png,t_shirt,,"0,0,1,0.5"', '0.png,shoes_x,,"0,0.5,1,1"')
    assert gather(tmp_path).exit_code == 1
    shop(tmp_path, "photo,category,fit,box", '0.png,t_shirt,,"0,0,1,0.5"', '0.png,briefs,loose,"0,0.5,1,1"')
    result = gather(tmp_path)
    # An attribute that the category has not is no mistake of the photo, and teaches nothing.
    assert (
        result.exit_code == 0 and "left out, because the one has no such attribute: fit of briefs (1)" in result.output
    )
    assert [(g.box, g.tags) for g in read_garments(tmp_path / "data")] == [
        ((0, 0, 1, 0.5), {}), ((0, 0.5, 1, 1), {}),
    ]  # fmt: skip


def test_a_table_without_photos_is_no_table(tmp_path: Path) -> None:
    shop(tmp_path, "file,category", "0.png,dress")
    assert "no column 'photo'" in gather(tmp_path).output
    shop(tmp_path, "photo,category")
    assert "no line below its first one" in gather(tmp_path).output
