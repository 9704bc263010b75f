"""`placket demo --photos --archive FILE` as a person runs it, twice. Its own download is tried in the unit tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.clothing_archive import ROOT, dataset, photo_id, write_zip
from tests.support.postgres import reachable_folder
from tests.support.tiny_bundle import write_tiny_bundle

Demo = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    write_tiny_bundle(folder / "bundle")
    outer = {k: v for k, v in os.environ.items() if not k.startswith("PLACKET_")}
    environment = {**outer, "PLACKET_BUNDLE": str(folder / "bundle"), "PLACKET_VISION_THREADS": "1", "COLUMNS": "100"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "placket", "demo", *arguments, "--dir", str(folder / "demo")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
        )

    try:
        yield run
    finally:
        run("stop")


def test_photos_from_an_archive(demo: Demo, folder: Path) -> None:
    content = dataset(14)
    content[f"{ROOT}images/{photo_id(13)}.jpg"] = b"this is no photo"
    archive = str(write_zip(folder / "clothing-dataset-master.zip", content))
    first = demo("--photos", "--archive", archive, "--port", "0")
    assert first.returncode == 0, first.stdout + first.stderr
    for words in (
        "Unpacked 13 photos (1 skipped: no JPEG, or too large)",
        "Indexed 13 products",
        "13 added, 0 updated",
        f"Products like {photo_id(0)}, T-Shirt, kids",
        f"the photo of {photo_id(1)}, Pants",
        f"Tags of the widest garment in a photo of {photo_id(2)}, Dress",
        "similarity",
        "attribute",
    ):
        assert words in first.stdout, first.stdout

    key = (folder / "demo" / "key").read_text().strip()
    port = json.loads((folder / "demo" / "server.json").read_text())["port"]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        api = f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/demo-photos/product/{photo_id(0)}"
        answer = client.get(api, params={"limit": 100, "filter.s1": "kids"}).json()
        found = {item["productID"] for item in answer["data"]["items"]}
        assert found and found <= {photo_id(i) for i in range(0, 13, 3)}, "kids are kept as s1"

    again = demo("--photos", "--archive", archive, "--count", "5")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Unpacked" not in again.stdout and "Indexed 5 products" in again.stdout
    assert "0 added, 5 updated" in again.stdout


def test_options_that_do_not_go_together(demo: Demo, folder: Path) -> None:
    (folder / "not.zip").write_bytes(b"PK nothing")
    broken = demo("--photos", "--archive", str(folder / "not.zip"))
    assert broken.returncode == 1 and "damaged" in broken.stderr and "Traceback" not in broken.stderr
    alone = demo("--archive", str(folder / "not.zip"))
    assert alone.returncode == 2 and "--photos" in alone.stderr
    assert demo("--photos", "--archive", str(folder / "missing.zip")).returncode == 2
    assert demo("--count", "1001").returncode == 2, "more than are drawn"
