"""The clothing dataset out of archives that are whole, broken and hostile."""

import random
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from placket.cli.demo import archive as archive_module
from placket.cli.demo import dataset as dataset_module
from placket.cli.demo import unpack as unpack_module
from placket.cli.demo.archive import ArchiveDamaged, ArchiveRefused
from placket.cli.demo.dataset import products_in
from placket.cli.demo.failure import DemoFailed
from placket.cli.demo.goods import Product
from placket.cli.demo.unpack import Photos, Unpacked
from tests.support.clothing_archive import ROOT, dataset, photo_id, table_of, write_tar_gz, write_zip

Write = Callable[[Path, Mapping[str, bytes]], Path]
TARGET = f"{ROOT}images/{photo_id(0)}.jpg"


@pytest.fixture(scope="module")
def content() -> dict[str, bytes]:
    return dataset(6)


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    return Photos(tmp_path / "photos")


def unpack(photos: Photos, archive: Path, source: str = "a") -> Unpacked:
    return photos.unpack(archive, source, lambda done, total: None)


def files(folder: Path) -> set[str]:
    return {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize("write", [write_zip, write_tar_gz])
def test_a_whole_archive(photos: Photos, tmp_path: Path, content: dict[str, bytes], write: Write) -> None:
    seen: list[tuple[int, int]] = []
    archive = write(tmp_path / "archive", content)
    assert not photos.has("a")
    result = photos.unpack(archive, "a", lambda done, total: seen.append((done, total)))
    assert result == Unpacked("a", photos=6, skipped=0, complete=True)
    assert seen == [(i, 6) for i in range(1, 7)]
    expected = {f"images/{photo_id(i)}.jpg" for i in range(6)}
    assert files(photos.folder) == {*expected, "images.csv", "unpacked.json"}, "and nothing else"
    for path in expected | {"images.csv"}:
        assert (photos.folder / path).read_bytes() == content[ROOT + path]
    assert photos.has("a") and not photos.has("b")
    (photos.images / f"{photo_id(0)}.jpg").unlink()
    assert not photos.has("a"), "a photo was removed"


@pytest.mark.parametrize("write", [write_zip, write_tar_gz])
def test_a_break_is_resumed(photos: Photos, tmp_path: Path, content: dict[str, bytes], write: Write) -> None:
    archive = write(tmp_path / "archive", content)

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        photos.unpack(archive, "a", stop)
    assert not photos.has("a") and len(files(photos.images)) == 3 and not (photos.folder / "plain.tar").exists()
    stamps = {f.name: f.stat().st_mtime_ns for f in photos.images.iterdir()}
    assert unpack(photos, archive).photos == 6 and photos.has("a")
    assert all((photos.images / name).stat().st_mtime_ns == stamp for name, stamp in stamps.items()), "written once"


def test_another_archive_replaces_the_first(photos: Photos, tmp_path: Path, content: dict[str, bytes]) -> None:
    unpack(photos, write_zip(tmp_path / "one", content))
    fewer = {p: b for p, b in content.items() if p != TARGET}
    assert unpack(photos, write_zip(tmp_path / "two", fewer), "b").photos == 5
    assert photos.has("b") and not (photos.images / f"{photo_id(0)}.jpg").exists()


@pytest.mark.parametrize("body", [b"", b"GIF89a not a photo", b"\xff\xd8\xff\xe0 cut", b"<html>"])
def test_what_is_no_jpeg_is_skipped(photos: Photos, tmp_path: Path, content: dict[str, bytes], body: bytes) -> None:
    result = unpack(photos, write_zip(tmp_path / "a", {**content, TARGET: body}))
    assert (result.photos, result.skipped, photos.has("a")) == (5, 1, True)
    assert not (photos.images / f"{photo_id(0)}.jpg").exists()


def test_the_size_of_a_photo_at_its_edge(
    photos: Photos, tmp_path: Path, content: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max(len(b) for p, b in content.items() if p.endswith(".jpg"))
    monkeypatch.setattr(unpack_module, "MAX_PHOTO_BYTES", largest)
    assert unpack(photos, write_zip(tmp_path / "a", content)).skipped == 0
    monkeypatch.setattr(unpack_module, "MAX_PHOTO_BYTES", largest - 1)
    assert unpack(photos, write_zip(tmp_path / "a", content), "b").skipped == 1


@pytest.mark.parametrize("path", ["../out.jpg", f"{ROOT}../../out", "/etc/out", f"{ROOT}images\\..\\out.jpg", "C:out"])
@pytest.mark.parametrize("write", [write_zip, write_tar_gz])
def test_a_path_that_leads_out_is_refused(
    photos: Photos, tmp_path: Path, content: dict[str, bytes], path: str, write: Write
) -> None:
    with pytest.raises(ArchiveRefused, match="leads out"):
        unpack(photos, write(tmp_path / "a", {**content, path: b"x"}))
    assert files(tmp_path) == {"a"}, "nothing was written"


def test_links_are_refused(photos: Photos, tmp_path: Path, content: dict[str, bytes]) -> None:
    rest = {p: b for p, b in content.items() if p != TARGET}
    with pytest.raises(ArchiveRefused, match="as a link"):
        unpack(photos, write_tar_gz(tmp_path / "a", rest, {TARGET: "/etc/passwd"}))
    zipped = write_zip(tmp_path / "b", rest)
    with zipfile.ZipFile(zipped, "a") as archive:
        link = zipfile.ZipInfo(TARGET)
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveRefused, match="as a link"):
        unpack(photos, zipped)
    assert files(tmp_path) == {"a", "b"}


def test_what_is_not_the_dataset_is_refused(photos: Photos, tmp_path: Path, content: dict[str, bytes]) -> None:
    table = f"{ROOT}images.csv"
    for changed, words in (
        ({p: b for p, b in content.items() if p != table}, "has no images.csv"),
        ({**content, "other/images.csv": content[table]}, "more than one"),
        ({**content, table: b"name,price\nshirt,3\n"}, "no columns"),
        ({**content, table: b"\xff\xfe\x00"}, "cannot be read"),
        ({**content, table: table_of([])}, "names no photo"),
    ):
        with pytest.raises(ArchiveRefused, match=words):
            unpack(photos, write_zip(tmp_path / "a", changed))
    (tmp_path / "a").write_bytes(b"Rar!")
    with pytest.raises(ArchiveRefused, match="neither"):
        unpack(photos, tmp_path / "a")
    assert not photos.has("a") and files(photos.folder) == set()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_photo_twice_is_refused(photos: Photos, tmp_path: Path, content: dict[str, bytes]) -> None:
    zipped = write_zip(tmp_path / "a", content)
    with zipfile.ZipFile(zipped, "a") as archive:
        archive.writestr(TARGET, b"another")
    with pytest.raises(ArchiveRefused, match="twice"):
        unpack(photos, zipped)


def test_changed_bytes_are_found(photos: Photos, tmp_path: Path, content: dict[str, bytes]) -> None:
    zipped = write_zip(tmp_path / "a", content, zipfile.ZIP_STORED)
    whole = zipped.read_bytes()
    at = whole.index(content[TARGET]) + len(content[TARGET]) // 2
    zipped.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(ArchiveDamaged, match="CRC"):
        unpack(photos, zipped)
    packed = write_tar_gz(tmp_path / "b", content)
    whole = packed.read_bytes()
    packed.write_bytes(whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:])
    with pytest.raises(ArchiveDamaged, match="CRC"):
        unpack(photos, packed)
    assert files(tmp_path) == {"a", "b"}, "nothing is left of either"


@pytest.mark.parametrize("write", [write_zip, write_tar_gz])
def test_any_damage_ends_in_a_sentence(photos: Photos, tmp_path: Path, write: Write) -> None:
    archive = write(tmp_path / "a", dataset(1))
    whole, chance = archive.read_bytes(), random.Random(5)
    for trial in range(60):
        broken = bytearray(whole[: chance.randrange(len(whole))] if trial % 3 == 0 else whole)
        for _ in range(0 if trial % 3 == 0 else 3):
            broken[chance.choice([chance.randrange(len(whole)), -1 - chance.randrange(300)])] = chance.randrange(256)
        archive.write_bytes(broken)
        try:
            unpack(photos, archive, str(trial))
        except DemoFailed:
            assert files(photos.folder) == set()


def test_the_limits_of_an_archive_at_their_edges(
    photos: Photos, tmp_path: Path, content: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped, packed = write_zip(tmp_path / "a", content), write_tar_gz(tmp_path / "b", content)
    monkeypatch.setattr(archive_module, "MAX_ENTRIES", len(content) + 1)
    assert unpack(photos, zipped, "0").complete, "with its folder"
    for count, archive in ((len(content), zipped), (len(content) - 1, packed)):
        monkeypatch.setattr(archive_module, "MAX_ENTRIES", count)
        with pytest.raises(ArchiveRefused, match="entries"):
            unpack(photos, archive)
    monkeypatch.undo()
    bomb = write_tar_gz(tmp_path / "c", {**content, f"{ROOT}zeros": bytes(3_000_000)})
    monkeypatch.setattr(archive_module, "MAX_BYTES", 3_000_000)
    with pytest.raises(ArchiveRefused, match="holds more than 3,000,000"):
        unpack(photos, bomb)
    size = sum(len(b) for p, b in content.items() if p.endswith(".jpg"))
    monkeypatch.setattr(dataset_module, "MAX_BYTES", size)
    assert unpack(photos, zipped).complete
    monkeypatch.setattr(dataset_module, "MAX_BYTES", size - 1)
    with pytest.raises(ArchiveRefused, match="bytes of photos"):
        unpack(photos, zipped)
    monkeypatch.setattr(archive_module, "_MOST_AT_ONCE", 100)
    with pytest.raises(ArchiveRefused, match="longer than 100"):
        unpack(photos, zipped)


def test_a_small_disk_is_said_at_once(
    photos: Photos, tmp_path: Path, content: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=64_000_000))
    with pytest.raises(DemoFailed, match="has room for 64,000,000"):
        unpack(photos, write_zip(tmp_path / "a", content))
    assert files(photos.images) == set()


def test_rows_of_the_table() -> None:
    a, b, c = (photo_id(i) for i in range(3))
    rows = [(a, "T-Shirt", False), (b, "Not sure", True), ("../../x", "Hat", False), (a, "Hat", True), (c, "", False),
            (c, "x" * 73, False), (c, "x" * 72, False)]  # fmt: skip
    assert products_in(table_of(rows)) == [
        Product(a, "T-Shirt", "T-Shirt", s1="adults"),
        Product(b, "Not sure, kids", "Not sure", s1="kids"),
        Product(c, "x" * 72, "x" * 72, s1="adults"),
    ]
    short = b"image,sender_id,label,kids\n" + a.encode() + b"\n"
    assert products_in(short) == [], "a row that is cut off"
