"""One large file from a web server that breaks off, changes its mind, lies and refuses."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from placket.cli.demo.download import download
from placket.cli.demo.failure import DemoFailed
from tests.support.shelf import Shelf, served

BODY = bytes(range(256)) * 2000
HALF = 200_000


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served(BODY) as made:
        yield made


def fetch(shelf: Shelf, folder: Path, attempts: int = 1, max_bytes: int = 10_000_000) -> list[tuple[int, int | None]]:
    seen: list[tuple[int, int | None]] = []
    download(
        shelf.url,
        folder / "file",
        lambda got, total: seen.append((got, total)),
        max_bytes=max_bytes,
        attempts=attempts,
        pause=0.01,
    )
    return seen


def leftovers(folder: Path) -> list[str]:
    return sorted(f.name for f in folder.iterdir())


def test_a_whole_file_once(shelf: Shelf, tmp_path: Path) -> None:
    seen = fetch(shelf, tmp_path)
    assert seen[-1] == (len(BODY), len(BODY)) and [s[0] for s in seen] == sorted(s[0] for s in seen)
    assert (tmp_path / "file").read_bytes() == BODY and leftovers(tmp_path) == ["file"]
    assert fetch(shelf, tmp_path) == [] and shelf.requests == [""], "it is there"


def test_a_cut_is_continued_by_the_next_attempt(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [HALF, HALF]
    seen = fetch(shelf, tmp_path, attempts=3)
    assert (tmp_path / "file").read_bytes() == BODY
    assert shelf.requests[0] == "" and shelf.requests[1] == f"bytes={HALF}-"
    assert shelf.requests[2] == f"bytes={2 * HALF}-" and seen[-1] == (len(BODY), len(BODY))


def test_a_cut_is_continued_by_the_next_call(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [HALF]
    with pytest.raises(DemoFailed, match=r"200,000 of 512,000 bytes are kept"):
        fetch(shelf, tmp_path)
    assert leftovers(tmp_path) == ["file.part", "file.part.json"]
    fetch(shelf, tmp_path)
    assert (tmp_path / "file").read_bytes() == BODY and shelf.requests == ["", f"bytes={HALF}-"]


def test_a_file_that_has_changed_is_fetched_anew(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [HALF]
    with pytest.raises(DemoFailed):
        fetch(shelf, tmp_path)
    shelf.body, shelf.etag = BODY[::-1], '"two"'
    fetch(shelf, tmp_path)
    assert (tmp_path / "file").read_bytes() == BODY[::-1] and leftovers(tmp_path) == ["file"]


def test_a_range_of_another_length_is_never_joined(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [HALF]
    with pytest.raises(DemoFailed):
        fetch(shelf, tmp_path)
    shelf.total = len(BODY) + 1
    with pytest.raises(DemoFailed, match="has changed"):
        fetch(shelf, tmp_path)
    assert leftovers(tmp_path) == [], "what cannot be continued is not kept"
    fetch(shelf, tmp_path)
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize(
    ("etag", "ranges", "length"), [('W/"one"', True, True), ('"one"', False, True), ('"one"', True, False)]
)
def test_without_a_strong_etag_ranges_or_a_length_it_starts_over(
    shelf: Shelf, tmp_path: Path, etag: str, ranges: bool, length: bool
) -> None:
    shelf.etag, shelf.ranges = etag, ranges
    shelf.cuts = [HALF]
    with pytest.raises(DemoFailed):
        fetch(shelf, tmp_path)
    shelf.etag, shelf.length = (etag, True) if length else ('"two"', False)
    fetch(shelf, tmp_path)
    assert (tmp_path / "file").read_bytes() == BODY and leftovers(tmp_path) == ["file"]


def test_the_size_cap_at_its_edge(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(DemoFailed, match="more than the 511,999"):
        fetch(shelf, tmp_path, max_bytes=len(BODY) - 1)
    shelf.length = False
    with pytest.raises(DemoFailed, match="more than the 511,999"):
        fetch(shelf, tmp_path, max_bytes=len(BODY) - 1)
    assert leftovers(tmp_path) == []
    assert fetch(shelf, tmp_path, max_bytes=len(BODY))[-1] == (len(BODY), None)


def test_refusals_are_final_and_a_busy_server_is_asked_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.statuses = [404]
    with pytest.raises(DemoFailed, match="404 Not Found"):
        fetch(shelf, tmp_path, attempts=3)
    assert len(shelf.requests) == 1 and leftovers(tmp_path) == []
    shelf.statuses = [503, 429]
    fetch(shelf, tmp_path, attempts=3)
    assert len(shelf.requests) == 4 and (tmp_path / "file").read_bytes() == BODY


def test_a_range_that_cannot_be_satisfied_starts_over(shelf: Shelf, tmp_path: Path) -> None:
    shelf.cuts = [HALF]
    with pytest.raises(DemoFailed):
        fetch(shelf, tmp_path)
    shelf.statuses = [416]
    fetch(shelf, tmp_path, attempts=2)
    assert shelf.requests[1:] == [f"bytes={HALF}-", ""] and (tmp_path / "file").read_bytes() == BODY


def test_no_network_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DemoFailed, match=r"cannot connect to 127\.0\.0\.1"):
        download("http://127.0.0.1:1/file", tmp_path / "file", lambda got, total: None, max_bytes=10)


def test_a_full_disk_is_said_before_the_download(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(DemoFailed, match="512,000 bytes are still to come"):
        fetch(shelf, tmp_path)
