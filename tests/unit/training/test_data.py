"""A folder of training data as a shop makes it: some of the sets, few labels, mistakes, and changes afterwards."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from placket.domain.errors import InvalidParameter

pytest.importorskip("pyarrow", reason="training data lies in Parquet files")

from placket.training.cache import Store, build_all, write_store
from placket.training.detector.find import known_groups
from placket.training.detector.targets import load_samples
from placket.training.encoder.items import Item, load_items
from placket.training.encoder.predict import originals
from placket.training.sources import part_of, read_records, read_taxonomy
from tests.support.photos import encoded
from tests.support.training_data import record, write_lines, write_pictures, write_taxonomy

BOX = [0.1, 0.2, 0.5, 0.9]
OTHER = [0.5, 0.1, 0.9, 0.9]


def garment(key: str, **more: Any) -> dict[str, Any]:
    return {"dataset": "hm", "id": key, "category": "dress", "box": BOX, **more}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three photos of one set: two with a garment that has a box of its own, one with two of them."""
    folder = tmp_path / "data"
    folder.mkdir()
    write_taxonomy(folder)
    write_lines(folder / "records" / "hm.jsonl", [record("a"), record("b"), record("c", box=BOX)])
    write_lines(
        folder / "garments.jsonl",
        [garment("a", colors=["red"]), garment("b"), garment("b", category="handbag", box=OTHER),
         {"dataset": "hm", "id": "c", "category": "jeans"}],
    )  # fmt: skip
    write_pictures(folder, {key: encoded(Image.new("RGB", (30, 40), key_colour(key))) for key in "abc"})
    return folder


def key_colour(key: str) -> tuple[int, int, int]:
    return {"a": (200, 0, 0), "b": (0, 200, 0), "c": (0, 0, 200)}[key]


def test_one_set_alone_will_do_and_garments_lie_in_their_own_boxes(data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    stores = build_all(data, cache)
    assert list(stores) == ["hm"]
    items = load_items(data, cache, stores)
    assert [(i.id, i.tags["category"], list(i.box), i.boxed) for i in items] == [
        ("a", "dress", BOX, True), ("b", "dress", BOX, True), ("b", "handbag", OTHER, True), ("c", "jeans", BOX, True),
    ]  # fmt: skip
    # Two garments of a photo are no two views of one product.
    assert len({i.product for i in items}) == 4
    samples = load_samples(data, cache, stores)
    assert [(s.key, s.groups.tolist()) for s in samples] == [("a", [2]), ("b", [2, 5]), ("c", [1])]
    assert np.allclose(samples[1].boxes, [BOX, OTHER])


def set_line(data: Path, name: str, number: int, **changes: Any) -> None:
    path = data / name
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[number] = {k: v for k, v in {**rows[number], **changes}.items() if v != "gone"}
    write_lines(path, rows)


def add_line(data: Path, name: str, row: dict[str, Any]) -> None:
    with (data / name).open("a") as file:
        file.write(json.dumps(row) + "\n")


def as_street(data: Path) -> None:
    for path in [*data.glob("*/hm*")]:
        path.rename(path.with_name(path.name.replace("hm", "ccp")))
    write_lines(data / GARMENTS, [garment("a", dataset="ccp", box=None)])


def change_taxonomy(data: Path, *, sort_keys: bool = False, **changes: Any) -> None:
    path = data / "taxonomy.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}, sort_keys=sort_keys))


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:400] = b"\xff" * 396
    path.write_bytes(content)


def as_studio(data: Path, parse: bytes) -> None:
    write_pictures(data, dict.fromkeys("abc", encoded(Image.new("RGB", (30, 40)))), parse=parse)
    for path in data.glob("*/hm*"):
        path.rename(path.with_name(path.name.replace("hm", "viton")))
    (data / GARMENTS).write_text("")


RECORDS, GARMENTS = "records/hm.jsonl", "garments.jsonl"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda d: set_line(d, RECORDS, 1, split="gone"), "hm.jsonl, line 2: 'split' is missing"),
        (lambda d: set_line(d, RECORDS, 1, split="test"), "line 2: `split` is train or val, not 'test'"),
        (lambda d: set_line(d, RECORDS, 2, box=[10, 20, 300, 400]), "line 3: a box is x0, y0, x1, y1 as fractions"),
        (lambda d: set_line(d, GARMENTS, 0, box=[0.5, 0.1, 0.4, 0.9]), "garments.jsonl, line 1: a box is"),
        (lambda d: set_line(d, GARMENTS, 0, category="blouson"), "line 1: 'blouson' is no label of category"),
        (lambda d: set_line(d, GARMENTS, 0, category={"id": "dress"}), "line 1: {'id': 'dress'} is no label"),
        (lambda d: set_line(d, GARMENTS, 0, colors="red"), "line 1: colors is a list, not 'red'"),
        (lambda d: set_line(d, GARMENTS, 0, colours=["red"]), "line 1: 'colours' is no attribute"),
        (lambda d: set_line(d, GARMENTS, 0, dataset=["hm"]), "line 1: no record of a in records/['hm'].jsonl"),
        (lambda d: set_line(d, GARMENTS, 0, id="x"), "line 1: no record of x in records/hm.jsonl"),
        (lambda d: set_line(d, GARMENTS, 2, box=None), "line 3: another garment of b; each needs the box"),
        (lambda d: add_line(d, GARMENTS, garment("b", category="handbag", box=OTHER)), "line 5: a garment of b in"),
        (lambda d: add_line(d, RECORDS, record("a")), "line 4: a second record of a"),
        (lambda d: set_line(d, RECORDS, 1, group="a", split="val"), "the group a is in `train` and in `val`"),
        (lambda d: set_line(d, RECORDS, 1, group=None), "line 2: `group` is a word or a whole number, not null"),
        (lambda d: set_line(d, RECORDS, 1, group=float("nan")), "line 2: `group` is a word or a whole number, not NaN"),
        (lambda d: set_line(d, RECORDS, 1, id=None), "line 2: `id` is a word or a whole number, not null"),
        (lambda d: set_line(d, RECORDS, 1, width=0), "line 2: a picture of 0 x 40 pixels"),
        (lambda d: set_line(d, RECORDS, 1, width=float("inf")), "line 2: cannot convert float infinity"),
        (lambda d: (d / GARMENTS).write_text("[" * 100_000), "garments.jsonl, line 1: nested too deep"),
        (lambda d: as_street(d), "garments.jsonl, line 1: a garment of ccp, whose photos show whole"),
        (lambda d: as_studio(d, b"\x89PNG"), "viton-NN.parquet, a: `parse` is no picture of label numbers"),
        (lambda d: as_studio(d, encoded(Image.new("RGB", (30, 40)), "PNG")), "a: `parse` is no picture of label"),
        (lambda d: write_pictures(d, {"a": "photos/a.jpg"}), "hm-00.parquet: `image` is the bytes of the picture's"),
        (lambda d: write_pictures(d, {"a": {"bytes": b"", "path": "a"}}), "the picture's file, not struct<bytes: bin"),
        (lambda d: damage(d / "images" / "hm-00.parquet"), "hm-00.parquet: Couldn't deserialize thrift"),
        (lambda d: add_line(d, RECORDS, record("x")), "no picture of x"),
        (lambda d: (d / RECORDS).unlink(), "records has none of hm.jsonl"),
        (lambda d: (d / GARMENTS).write_text("{"), "garments.jsonl, line 1: Expecting"),
        (lambda d: (d / "terms.json").write_text('{"shop": "ours"}'), "terms.json: it is an object of sets"),
        (lambda d: (d / "terms.json").write_text('{"hm": ""}'), "terms.json: the terms of a set are words"),
        (lambda d: (d / "taxonomy.json").write_text('{"groups": {}}'), "is not the product's own"),
        (lambda d: change_taxonomy(d, applies=None), "is not the product's own: its `applies` are"),
        (lambda d: change_taxonomy(d, sort_keys=True), "is not the product's own: its `groups` are"),
        (lambda d: (d / "images" / "hm-00.parquet").write_text("no"), "hm-00.parquet: Parquet"),
        (lambda d: write_pictures(d, dict.fromkeys("abc", b"\xff\xd8\xff")), "hm-NN.parquet, a: the JPEG cannot be"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(
    data: Path, tmp_path: Path, spoil: Callable[[Path], Any], said: str
) -> None:
    spoil(data)
    for _ in range(2):
        # A second try is no better.
        with pytest.raises(InvalidParameter, match=r".*") as told:
            build_all(data, tmp_path / "cache")
        assert said in told.value.detail


def test_masks_of_numbers_without_a_name_are_refused(data: Path, tmp_path: Path) -> None:
    as_street(data)
    (data / GARMENTS).write_text("")
    mask = encoded(Image.new("L", (30, 40), 2), "PNG")
    pictures = data / "images" / "ccp-00.parquet"
    write_pictures(data, {key: encoded(Image.new("RGB", (30, 40))) for key in "abc"}, mask=mask)
    (data / "images" / "hm-00.parquet").rename(pictures)
    stores = build_all(data, tmp_path / "cache")
    names = data / "ccp_mask_labels.json"
    for content, said in (
        (None, "is missing"),
        ('{"0": "null"}', "list of names"),
        ('["null", "skin"]', "a: `mask` has 2, which"),
    ):
        if content:
            names.write_text(content)
        with pytest.raises(InvalidParameter) as told:
            load_samples(data, tmp_path / "cache", stores)
        assert said in told.value.detail
    names.write_text('["null", "skin", "dress"]')
    assert load_samples(data, tmp_path / "cache", stores)[0].groups.tolist() == [2]


def test_a_cache_forgets_what_was_made_of_other_data(data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_items(data, cache, build_all(data, cache))
    (cache / "found_boxes.json").write_text("{}")
    set_line(data, GARMENTS, 0, category="skirt")
    assert load_items(data, cache, build_all(data, cache))[0].tags["category"] == "skirt"
    assert (cache / "found_boxes.json").exists()
    write_pictures(data, {key: encoded(Image.new("RGB", (20, 20))) for key in "abc"})
    assert build_all(data, cache)["hm"]["a"].shape == (20, 20, 3)
    assert not (cache / "found_boxes.json").exists()


def test_copied_data_is_the_same_data(data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_items(data, cache, build_all(data, cache))
    (cache / "found_boxes.json").write_text("{}")
    store = (cache / "hm.bin").stat()
    for path in data.rglob("*"):
        os.utime(path, ns=(1, 1))
    build_all(data, cache)
    assert (cache / "found_boxes.json").exists()
    assert (cache / "hm.bin").stat().st_mtime_ns == store.st_mtime_ns
    # As long as before, and another.
    lines = (data / GARMENTS).read_text()
    (data / GARMENTS).write_text(lines.replace('"dress"', '"skirt"'))
    assert load_items(data, cache, build_all(data, cache))[0].tags["category"] == "skirt"


def test_a_store_that_is_written_anew_and_interrupted_is_not_taken_for_whole(tmp_path: Path) -> None:
    def broken() -> Any:
        yield "one", np.zeros((4, 4, 3), np.uint8)
        raise KeyboardInterrupt

    write_store(tmp_path / "set", [("one", np.zeros((9, 9, 3), np.uint8))])
    with pytest.raises(KeyboardInterrupt):
        write_store(tmp_path / "set", broken())
    with pytest.raises(FileNotFoundError):
        Store(tmp_path / "set")


def test_a_column_of_a_shops_own_means_nothing(data: Path, tmp_path: Path) -> None:
    picture = encoded(Image.new("RGB", (30, 40)))
    write_pictures(data, dict.fromkeys("abc", picture), mask="masks/a.png", product_image=b"?")
    assert list(build_all(data, tmp_path / "cache")["hm"].where) == ["a", "b", "c"]


def test_pictures_are_seen_as_the_server_sees_them(data: Path, tmp_path: Path) -> None:
    lying = Image.new("RGB", (40, 20), (9, 9, 9))
    exif = lying.getexif()
    exif[0x0112] = 6
    cut_out = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    write_pictures(data, {"a": encoded(lying, exif=exif), "b": encoded(cut_out, "PNG"), "c": encoded(lying)})
    store = build_all(data, tmp_path / "cache")["hm"]
    assert store["a"].shape == (40, 20, 3) and store["c"].shape == (20, 40, 3)
    assert (store["b"] == 255).all()


def test_a_photo_whose_record_was_made_of_its_side_view_is_refused(data: Path, tmp_path: Path) -> None:
    lying = Image.new("RGB", (200, 100), (9, 9, 9))
    exif = lying.getexif()
    exif[0x0112] = 6
    write_pictures(data, {key: encoded(lying, exif=exif) for key in "abc"})
    for number in range(3):
        set_line(data, RECORDS, number, width=100, height=200)
    assert build_all(data, tmp_path / "cache")["hm"]["a"].shape == (200, 100, 3)
    set_line(data, RECORDS, 1, width=200, height=100)
    with pytest.raises(InvalidParameter, match=r"b has 100 x 200 pixels upright, but records/hm\.jsonl says 200 x 100"):
        build_all(data, tmp_path / "another-cache")


def test_json_of_the_data_may_begin_with_a_byte_order_mark(data: Path, tmp_path: Path) -> None:
    (data / "terms.json").write_text('{"hm": "ours"}')
    for name in (RECORDS, GARMENTS, "taxonomy.json", "terms.json"):
        (data / name).write_bytes(b"\xef\xbb\xbf" + (data / name).read_bytes())
    assert len(load_items(data, tmp_path / "cache", build_all(data, tmp_path / "cache"))) == 4


def test_a_label_chooses_a_box_only_where_it_is_learnt_from(data: Path) -> None:
    """What is set aside to calibrate on is cut as the server cuts a photo that nobody labelled."""
    for number, split in enumerate(("train", "train", "val")):
        set_line(data, "records/hm.jsonl", number, split=split)
    apart = next(name for n in range(1000) if part_of("hm", name := f"apart-{n}", "train") == "calib")
    set_line(data, "records/hm.jsonl", 1, group=apart)
    set_line(data, "garments.jsonl", 0, category="handbag")
    records = read_records(data, "hm")
    assert [records[key].part for key in "abc"] == ["train", "calib", "val"]
    group = known_groups(data, "hm", read_taxonomy(data))
    assert [group(records[key]) for key in "abc"] == ["BAG", None, None]


def test_figures_are_of_pictures_as_they_lie_in_the_source(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pictures = [encoded(Image.new("RGB", size)) for size in ((400, 500), (400, 90))]
    (tmp_path / "images").mkdir()
    table = pa.table({"id": ["1", "2"], "image": pictures, "product_image": [pictures[1], None]})
    pq.write_table(table, tmp_path / "images" / "viton-00.parquet")
    items = [Item("viton", key, "1", "val", (0, 0, 1, 1), "1", "1", True, True, "viton") for key in ("1", "1/product")]
    found = originals(items, tmp_path, tmp_path)["viton"]
    assert (found["1"].shape, found["1/product"].shape) == ((500, 400, 3), (90, 400, 3))
    assert (found["1"].shape, found["1"].shape) == ((500, 400, 3), (500, 400, 3))
    assert [path.name for path in tmp_path.iterdir()] == ["images"]
    with pytest.raises(KeyError):
        found["2"]
