"""A run of `placket embed` that is broken off goes on where it ended."""

import json
import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.cli.conftest import Local
from tests.support.server import picture, placket_program

COUNT = 120


@pytest.fixture
def photos(folder: Path) -> Path:
    (folder / "photos").mkdir()
    for number in range(COUNT):
        colour = (200 - number % 150, 30, 40 + number % 100)
        (folder / "photos" / f"{number:03d}.png").write_bytes(picture(colour, size=(160, 240)))
    return folder / "photos"


def arrays(path: str) -> dict[str, object]:
    with np.load(path) as file:
        return {name: file[name].tolist() for name in file}


def broken_off(how: signal.Signals) -> "subprocess.Popen[bytes]":
    """Once some photos are through."""
    command = [placket_program(), "embed", "photos", "-o", "vectors.npz"]
    # In the background of a script, as `make test &`, it would be deaf to Ctrl-C.
    hearing = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ, preexec_fn=hearing)
    kept, end = Path("vectors.npz.partial"), time.monotonic() + 60
    while not kept.exists() or kept.read_bytes().count(b"\n") < 20:
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(how)
    return process


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_is_done_is_not_done_again(local: Local, photos: Path, how: signal.Signals) -> None:
    with broken_off(how) as process:
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    assert ("photos are kept in vectors.npz.partial: the same command goes on" in told) == (how != signal.SIGKILL)
    assert not Path("vectors.npz").exists()
    with Path("vectors.npz.partial").open("ab") as file:
        file.write(b'{"path": "photos/119.png", "rows": [["TO')
    # A photo that has changed is looked at again, one that is gone has no rows.
    (photos / "001.png").write_bytes(picture((0, 200, 0), size=(160, 240)))
    (photos / "002.png").unlink()
    done = local("embed", "photos", "-o", "vectors.npz")
    before, _, rest = done.err.partition(" of 119 were done before")
    assert (done.code, int(before) > 10, rest.strip()) == (0, True, "")
    resumed = arrays("vectors.npz")
    assert not Path("vectors.npz.partial").exists()
    done = local("embed", "photos", "-o", "whole.npz", "--json")
    assert len(done.lines) == COUNT - 1
    assert resumed == arrays("whole.npz")


def test_groups_may_be_others_and_whole_images_may_not(local: Local, photos: Path) -> None:
    with broken_off(signal.SIGKILL):
        pass
    done = local("embed", "photos", "-o", "vectors.npz", "--whole-image")
    assert done.code == 2
    assert "this one is of whole images, bundle tiny-1: delete that file, or write to another one" in " ".join(
        done.err.split()
    )
    done = local("embed", "photos", "-o", "vectors.npz", "--group", "BAG", "--json")
    assert [line["path"] for line in done.lines] == [f"photos/{number:03d}.png" for number in range(COUNT)]
    groups = arrays("vectors.npz")["groups"]
    assert isinstance(groups, list)
    assert len(groups) == sum(line["rows"] for line in done.lines)
    assert set(groups) <= {"BAG"}


def test_two_runs_and_what_is_no_such_file(local: Local, photos: Path) -> None:
    with broken_off(signal.SIGSTOP) as first:
        done = local("embed", "photos/000.png", "-o", "vectors.npz")
        first.send_signal(signal.SIGCONT)
        assert (done.code, "another run is writing vectors.npz" in done.err) == (2, True)
    assert first.returncode == 0
    Path("own.npz.partial").write_text("a note of mine\n")
    done = local("embed", "photos/000.png", "-o", "own.npz")
    assert (done.code, "own.npz.partial has what a run of something else has done" in done.err) == (2, True)
    assert Path("own.npz.partial").read_text() == "a note of mine\n"


def test_a_photo_that_was_broken_is_tried_again(local: Local, photos: Path) -> None:
    whole = (photos / "003.png").read_bytes()
    (photos / "003.png").write_bytes(whole[:100])
    with broken_off(signal.SIGKILL):
        pass
    kept = [json.loads(line) for line in Path("vectors.npz.partial").read_bytes().splitlines()[1:]]
    assert "photos/003.png" not in [line["path"] for line in kept]
    (photos / "003.png").write_bytes(whole)
    assert local("embed", "photos", "-o", "vectors.npz").code == 0
    paths = arrays("vectors.npz")["paths"]
    assert isinstance(paths, list)
    assert paths == sorted(paths)
    assert "photos/003.png" in paths


def test_a_disk_that_is_full(local: Local, photos: Path) -> None:
    script = f"ulimit -f 60; exec '{placket_program()}' embed photos -o vectors.npz"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "error: vectors.npz cannot be written: File too large" in done.stderr
    assert "photos are kept in vectors.npz.partial" in done.stderr
    assert local("embed", "photos", "-o", "vectors.npz").code == 0
    local("embed", "photos", "-o", "whole.npz")
    assert arrays("vectors.npz") == arrays("whole.npz")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_takes_nothing_is_told_before_the_work(local: Local, photos: Path, folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o500)
    done = local("embed", "photos", "-o", "locked/vectors.npz")
    assert (done.code, "cannot be written: Permission denied" in done.err) == (1, True)
