"""`placket tag`, `detect`, `embed` without a server, on a bundle that nobody trained."""

import contextlib
import csv
import io
import json
import os
import pty
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest

from placket.domain.taxonomy import taxonomy
from tests.e2e.cli.conftest import Local
from tests.support.server import ImageHost, picture, placket_program, plain

RED, BLUE = (200, 30, 40), (30, 40, 200)


@pytest.fixture
def photos(folder: Path) -> Path:
    below = folder / "photos" / "sub"
    below.mkdir(parents=True)
    (below / "red.png").write_bytes(picture(RED))
    (folder / "photos" / "blue.jpg").write_bytes(picture(BLUE, format="JPEG", size=(160, 240)))
    (folder / "photos" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (folder / "photos" / "plain.WEBP").write_bytes(plain())
    (folder / "photos" / "notes.txt").write_text("no picture")
    (folder / "photos" / "._red.png").write_bytes(b"hidden")
    return folder / "photos"


def test_tags_of_a_folder(local: Local, photos: Path) -> None:
    done = local("tag", "photos", "--json", "--lang", "ko")
    assert done.code == 1
    assert [line["path"] for line in done.lines] == [
        "photos/blue.jpg",
        "photos/broken.png",
        "photos/plain.WEBP",
        "photos/sub/red.png",
    ]
    blue, broken, plain_, red = done.lines
    assert set(broken) == {"path", "error"}
    assert (plain_["items"], set(plain_)) == ([], {"path", "width", "height", "items"})
    assert (blue["width"], blue["height"], len(blue["items"])) == (160, 240, 2)
    (item,) = red["items"]
    assert list(item) == ["type", "group", "category", "box", "score", "tags", "colors"]
    assert item["type"] == item["category"].upper()
    assert item["group"] == taxonomy().group_of(item["category"])
    assert all(0 <= v <= 1 for v in item["box"])
    assert list(item["tags"]) == list(taxonomy().attributes)
    assert len(item["tags"]) == 14
    for attribute, labels in item["tags"].items():
        assert all(set(label) == {"id", "label", "score"} for label in labels)
        assert all(label["id"] in taxonomy().attributes[attribute] for label in labels)
        if not taxonomy().applies(attribute, item["category"]):
            assert labels == []
    assert item["colors"][0]["name"] == "red"
    assert set(item["colors"][0]) == {"hex", "name", "label", "share"}
    assert any("\uac00" <= c <= "\ud7a3" for labels in item["tags"].values() for x in labels for c in x["label"])
    assert done.err == ""


def test_a_table_for_people(local: Local, photos: Path) -> None:
    done = local("tag", "photos/sub/red.png", "photos/broken.png", "photos/plain.WEBP")
    assert done.code == 1
    assert "photos/sub/red.png  160 x 160" in done.out
    assert "nothing was found" in done.out
    assert "photos/broken.png: the PNG cannot be decoded" in done.err
    assert "1 of 3 could not be used" in done.err


def test_a_table_for_spreadsheets(local: Local, photos: Path) -> None:
    (photos / "sub" / "=1+1.png").write_bytes(picture(RED))
    done = local("tag", "photos", "=x.png", "--csv", "--lang", "ko")
    assert done.code == 1
    assert done.out.startswith("\ufeffpath,error,width,height,garment,category,score,measured_colors,colors,pattern,")
    rows = list(csv.DictReader(io.StringIO(done.out.removeprefix("\ufeff"))))
    assert [(row["path"], row["garment"], row["width"]) for row in rows] == [
        ("photos/blue.jpg", "1", "160"),
        ("photos/blue.jpg", "2", "160"),
        ("photos/broken.png", "", ""),
        ("photos/plain.WEBP", "", "160"),
        ("photos/sub/=1+1.png", "1", "160"),
        ("photos/sub/red.png", "1", "160"),
        ("'=x.png", "", ""),
    ]
    assert [bool(row["error"]) for row in rows] == [False, False, True, False, False, False, True]
    assert set(taxonomy().attributes) < set(rows[0])
    assert any("\uac00" <= c <= "\ud7a3" for c in rows[-2]["category"] + rows[-2]["measured_colors"])
    assert "2 of 6 could not be used" in done.err
    assert "broken" not in done.err
    places = list(csv.DictReader(io.StringIO(local("detect", "photos/sub/red.png", "--csv").out)))
    assert [0 <= float(places[0][side]) <= 1 for side in ("x0", "y0", "x1", "y1")] == [True] * 4
    assert local("detect", "photos", "--csv", "--json").code == 2


def test_whole_image_and_box(local: Local, photos: Path) -> None:
    done = local("tag", "photos/sub/red.png", "photos/plain.WEBP", "--whole-image", "--json")
    assert done.code == 0
    assert [line["items"][0]["box"] for line in done.lines] == [[0, 0, 1, 1]] * 2
    assert [line["items"][0]["score"] for line in done.lines] == [1, 1]
    done = local("tag", "photos/sub/red.png", "--box", "0.2,0.1,0.8,0.9", "--json")
    assert [line["items"][0]["box"] for line in done.lines] == [[0.2, 0.1, 0.8, 0.9]]


def test_what_cannot_be_read(local: Local, photos: Path, host: ImageHost, folder: Path) -> None:
    (folder / "empty").mkdir()
    os.mkfifo(folder / "pipe.png")
    url = host.put("/red.png", picture(RED))
    done = local("detect", "none.png", "empty", "pipe.png", url, host.url("/none.png"), "photos/sub/red.png", "--json")
    assert done.code == 1
    assert [line.get("error", "").partition(" (")[0] for line in done.lines] == [
        "No such file or directory",
        "there are no pictures in it",
        "not a file",
        "",
        "127.0.0.1 answered 404",
        "",
    ]
    assert done.lines[3]["path"] == url
    assert done.lines[3]["items"] == done.lines[5]["items"]
    assert set(done.lines[3]["items"][0]) == {"type", "group", "category", "box", "score"}


def test_vectors(local: Local, photos: Path, folder: Path) -> None:
    done = local("embed", "photos", "-o", "vectors.npz")
    assert done.code == 1
    assert "3 garments in vectors.npz" in done.out
    with np.load("vectors.npz") as file:
        assert sorted(file) == ["boxes", "bundle", "categories", "groups", "paths", "vectors"]
        # Vectors of two bundles do not compare: the file says whose they are.
        assert str(file["bundle"]) == "tiny-1"
        assert all(category in taxonomy().categories for category in file["categories"])
        assert list(file["paths"]) == ["photos/blue.jpg", "photos/blue.jpg", "photos/sub/red.png"]
        assert (file["vectors"].shape, file["vectors"].dtype) == ((3, 256), np.float32)
        assert np.allclose(np.linalg.norm(file["vectors"], axis=1), 1, atol=1e-5)
        assert file["boxes"].shape == (3, 4)
        groups = list(file["groups"])
    wanted = groups[2]
    done = local("embed", "photos", "-o", "vectors.npz", "--group", wanted.lower(), "--json")
    assert [line.get("rows") for line in done.lines] == [groups[:2].count(wanted), None, 0, 1]
    with np.load("vectors.npz") as file:
        assert set(file["groups"]) == {wanted}
    before = Path("vectors.npz").read_bytes()
    assert local("embed", "photos/broken.png", "-o", "vectors.npz").code == 1
    assert Path("vectors.npz").read_bytes() == before
    assert sorted(p.name for p in folder.iterdir()) == ["photos", "vectors.npz"]


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644)])
def test_vectors_are_for_those_whom_the_umask_lets_read(local: Local, photos: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        local("embed", "photos/blue.jpg", "-o", "vectors.npz")
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("vectors.npz").stat().st_mode) == mode


def test_whole_images_as_vectors(local: Local, photos: Path) -> None:
    (photos / "broken.png").unlink()
    assert local("embed", "photos", "-o", "vectors.npz", "--whole-image").code == 0
    with np.load("vectors.npz") as file:
        assert list(file["paths"]) == ["photos/blue.jpg", "photos/plain.WEBP", "photos/sub/red.png"]
        assert file["boxes"].tolist() == [[0, 0, 1, 1]] * 3


def test_no_bundle(local: Local, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACKET_BUNDLE", str(photos))
    done = local("tag", "photos", "--json")
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err


def test_a_run_that_was_broken_off_goes_on(local: Local, photos: Path, folder: Path) -> None:
    def go_on(command: str) -> list[str]:
        """Adds to the file; the paths of its lines."""
        words = [placket_program(), command, "photos", "--json", "--done", "told.jsonl"]
        with (folder / "told.jsonl").open("ab") as output:
            subprocess.run(words, stdout=output, timeout=120)
        return [json.loads(line)["path"] for line in (folder / "told.jsonl").read_text().splitlines()]

    whole = ["photos/blue.jpg", "photos/broken.png", "photos/plain.WEBP", "photos/sub/red.png"]
    assert go_on("tag") == whole
    # The one with an error is looked at again.
    assert go_on("detect") == [*whole, "photos/broken.png"]
    (photos / "broken.png").write_bytes(picture(RED))
    assert go_on("tag") == [*whole, "photos/broken.png", "photos/broken.png"]
    # Broken off within a line.
    (folder / "told.jsonl").write_text('{"path": "photos/blue.jpg", "items": []}\n{"path": "photos/sub/red.p')
    assert go_on("tag") == ["photos/blue.jpg", *whole[1:]]
    assert go_on("tag") == ["photos/blue.jpg", *whole[1:]]

    (folder / "half.jsonl").write_text('\n{"path": "photos/blue.jpg"}\n{"path": "photos/sub/r')
    more = local("detect", "photos", "--csv", "--done", "half.jsonl", "--done", "told.jsonl")
    assert (more.code, more.out, (folder / "half.jsonl").stat().st_size) == (0, "", 51)
    for content in (b"path,width\na.jpg,3\n", b"[1]\n", b"[" * 100_000 + b"\n", b"\xff\xfe{\n", b'{"path": 3}\n'):
        (folder / "wrong.jsonl").write_bytes(content)
        failed = local("tag", "photos", "--done", "wrong.jsonl")
        assert (failed.code, failed.out) == (1, "")
        assert "error: wrong.jsonl, line 1: not what --json writes" in failed.err
    missing = local("tag", "photos", "--done", "none.jsonl")
    assert (missing.code, missing.err) == (1, "error: none.jsonl: No such file or directory\n")


def test_a_bar_for_people_only(local: Local, photos: Path) -> None:
    """Results stay clean in a pipe while a terminal shows how far it is."""
    command = [placket_program(), "tag", "photos"]

    def on_terminal(*options: str) -> tuple[str, str]:
        leader, terminal = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
        with subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=terminal, env=environment
        ) as process:
            os.close(terminal)
            assert process.stdout is not None
            shown = b""
            with contextlib.suppress(OSError):  # the terminal's end
                while piece := os.read(leader, 4096):
                    shown += piece
            out = process.stdout.read().decode()
        os.close(leader)
        return out, shown.decode()

    out, shown = on_terminal()
    assert "photos/sub/red.png  160 x 160" in out
    assert "\x1b[" not in out
    assert ("4/4" in shown, "images/s" in shown) == (True, True)
    out, shown = on_terminal("--json")
    assert json.loads(out.splitlines()[0])["path"] == "photos/blue.jpg"
    assert "images/s" not in shown


def test_who_listens_may_leave(local: Local, photos: Path) -> None:
    script = f"'{placket_program()}' tag photos photos photos --json 2> err | head -n 1 | wc -l"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1"
    assert "Traceback" not in Path("err").read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("option", ["--json", "--whole-image"])
def test_output_to_a_full_disk(local: Local, photos: Path, option: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [placket_program(), "tag", "photos", option], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: the output cannot be written: No space left on device"
    assert "Traceback" not in done.stderr
