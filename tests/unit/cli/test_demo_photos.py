"""The photos that the demo shows: from a web server or a file, once."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from placket.cli.demo.failure import DemoFailed
from placket.cli.demo.goods import Assortment
from placket.cli.demo.home import Home
from placket.cli.demo.photos import photographed, seen_again
from tests.support.clothing_archive import ROOT, dataset, photo_id, table_of, write_tar_gz, write_zip
from tests.support.shelf import Shelf, served


@pytest.fixture(scope="module")
def content() -> dict[str, bytes]:
    return dataset(6)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "demo", tmp_path / "demo" / "data")
    made.folder.mkdir()
    return made


@pytest.fixture
def shelf(tmp_path: Path, content: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served(write_zip(tmp_path / "a.zip", content).read_bytes()) as made:
        yield made


def seen(goods: Assortment, content: dict[str, bytes]) -> list[str]:
    """Product ids, after a look at what is served for them."""
    for product in goods.products:
        assert goods.pictures[f"/{product.id}.jpg"] == content[f"{ROOT}images/{product.id}.jpg"]
    assert len(goods.pictures) == len(goods.products) + 2 == len(list(goods.pictures))
    for name in ("/camera.jpg", "/outfit.jpg"):
        Image.open(io.BytesIO(goods.pictures[name])).load()
    assert "/unknown.jpg" not in goods.pictures and "/images.csv" not in goods.pictures
    return [p.id for p in goods.products]


def test_the_download_is_unpacked_once(home: Home, shelf: Shelf, content: dict[str, bytes]) -> None:
    goods = photographed(home, None, None, shelf.url)
    assert seen(goods, content) == [photo_id(i) for i in range(6)] and goods.service == "demo-photos"
    assert sorted(f.name for f in home.photos.iterdir()) == ["images", "images.csv", "unpacked.json"]
    again = photographed(home, None, 3, shelf.url)
    assert seen(again, content) == [photo_id(i) for i in range(3)] and len(shelf.requests) == 1
    (home.photos / "images" / f"{photo_id(2)}.jpg").unlink()
    assert len(photographed(home, None, None, shelf.url).products) == 6 and len(shelf.requests) == 2


def test_a_damaged_download_is_not_kept(home: Home, shelf: Shelf) -> None:
    whole = shelf.body
    shelf.body = whole[:-100]
    with pytest.raises(DemoFailed, match="run it again"):
        photographed(home, None, None, shelf.url)
    assert list(home.photos.glob("archive*")) == []
    shelf.body = whole
    assert len(photographed(home, None, None, shelf.url).products) == 6


def test_a_failed_download_names_the_other_way(home: Home, shelf: Shelf) -> None:
    shelf.statuses = [404]
    with pytest.raises(DemoFailed, match=r"404 Not Found\n.*--archive FILE"):
        photographed(home, None, None, shelf.url)


def test_a_file_that_is_given(home: Home, tmp_path: Path, content: dict[str, bytes]) -> None:
    archive = write_tar_gz(tmp_path / "mine.tar.gz", content)
    goods = photographed(home, archive, None)
    assert len(seen(goods, content)) == 6 and archive.exists(), "it is the user's"
    stamp = (home.photos / "unpacked.json").stat().st_mtime_ns
    photographed(home, archive, None)
    assert (home.photos / "unpacked.json").stat().st_mtime_ns == stamp, "it was not unpacked again"
    fewer = {p: b for p, b in content.items() if photo_id(0) not in p}
    os.utime(write_tar_gz(archive, fewer), ns=(1, 1))
    assert seen(photographed(home, archive, None), content) == [photo_id(i) for i in range(1, 6)], (
        "rows without a photo"
    )


def test_photos_that_cannot_be_decoded_are_not_asked_with(
    home: Home, tmp_path: Path, content: dict[str, bytes]
) -> None:
    cut = {p: b[: len(b) // 4] if p.endswith(".jpg") and photo_id(3) not in p else b for p, b in content.items()}
    goods = photographed(home, write_zip(tmp_path / "a", cut), None)
    assert len(goods.products) == 6, "a header is all that is looked at"
    assert photo_id(3) in goods.camera and photo_id(3) in goods.outfit
    del cut[f"{ROOT}images/{photo_id(3)}.jpg"]
    with pytest.raises(DemoFailed, match="none of the photos can be decoded"):
        photographed(home, write_zip(tmp_path / "b", cut), None)


def test_a_table_of_other_photos(home: Home, tmp_path: Path, content: dict[str, bytes]) -> None:
    other = {**content, f"{ROOT}images.csv": table_of([(photo_id(99), "Hat", False)])}
    with pytest.raises(DemoFailed, match="no photo that its table names"):
        photographed(home, write_zip(tmp_path / "a", other), None)


def test_another_photo_of_the_same() -> None:
    out = io.BytesIO()
    Image.new("RGB", (3000, 1500), (200, 100, 50)).save(out, "JPEG")
    image = Image.open(io.BytesIO(seen_again(out.getvalue())))
    assert image.size == (1024 - 2 * 40, 512 - 2 * 20)
    assert image.getpixel((400, 200)) == pytest.approx((170, 85, 42), abs=4), "darker"
    with pytest.raises(ValueError, match="cannot be decoded"):
        seen_again(b"no photo")
