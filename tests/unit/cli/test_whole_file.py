"""What a command writes is whole, or what was there before."""

import os
from pathlib import Path

import pytest

from placket.cli.whole_file import is_stream, whole_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def written(out: Path, text: str = "new") -> None:
    with whole_file(out) as file:
        file.write(text.encode())


def test_a_new_file_an_older_one_and_one_behind_a_link(tmp_path: Path) -> None:
    out, link = tmp_path / "out", tmp_path / "link"
    written(out, "first")
    link.symlink_to("out")
    written(link)
    assert (out.read_text(), link.is_symlink(), names(tmp_path)) == ("new", True, ["link", "out"])


def test_an_older_file_stays_where_the_new_one_fails_at_its_very_end(tmp_path: Path) -> None:
    out = tmp_path / "out"
    written(out, "old")
    with pytest.raises(OSError, match="Bad file"), whole_file(out) as file:
        file.write(b"not yet on the disk")
        os.close(file.fileno())
    with pytest.raises(KeyboardInterrupt), whole_file(out) as file:
        raise KeyboardInterrupt
    assert (out.read_text(), names(tmp_path)) == ("old", ["out"])


def test_a_device_stays_one(tmp_path: Path) -> None:
    """Who may write everywhere, as root, would have lost /dev/stdout to a file."""
    assert all(is_stream(Path(f"/dev/{name}")) for name in ("null", "stdout", "fd/1"))
    pipe, device = tmp_path / "pipe", tmp_path / "device"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    written(pipe)
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    device.symlink_to("/dev/null")
    written(device)
    assert pipe.is_fifo() and device.is_char_device()
    assert names(tmp_path) == ["device", "pipe"]


def test_what_fails_is_told_by_the_name_that_was_given(tmp_path: Path) -> None:
    out = tmp_path / ("x" * 250)
    with pytest.raises(OSError, match="too long") as told:
        written(out)
    assert told.value.filename == str(out)
