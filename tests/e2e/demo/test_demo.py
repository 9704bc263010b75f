"""`placket demo` as a person runs it, twice, and `placket demo stop`."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

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

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "placket", "demo", *arguments, "--dir", str(folder / "demo")],
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=240,
            stdin=subprocess.DEVNULL,
        )

    try:
        yield run
    finally:
        run("stop")


def _note(folder: Path) -> dict[str, int]:
    note: dict[str, int] = json.loads((folder / "demo" / "server.json").read_text())
    return note


def test_the_demo_from_nothing_to_its_end(demo: Demo, folder: Path) -> None:
    first = demo("--port", "0", "--count", "12")
    assert first.returncode == 0, first.stdout + first.stderr
    for words in ("Indexed 12 products", "12 added, 0 updated", "Products like demo-", "Camera search", "similarity",
                  "Tags of the widest garment", "attribute", "/docs", "demo stop"):  # fmt: skip
        assert words in first.stdout
    note = _note(folder)
    key_file = folder / "demo" / "key"
    key = key_file.read_text().strip()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key not in first.stdout + first.stderr
    token_file = folder / "demo" / "admin-token"
    token = token_file.read_text().strip()
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert token not in first.stdout + first.stderr
    assert len(list((folder / "demo" / "images").glob("demo-*.jpg"))) == 12

    address = f"http://127.0.0.1:{note['port']}"
    with httpx.Client(base_url=address, trust_env=False, timeout=30) as client:
        assert client.get("/readyz").status_code == 200, "the server is left running"
        services = client.get(f"/nhn-ai-fashion-maker/v1.0/appkeys/{key}/services").json()["data"]["items"]
        assert [(s["service"], s["documentCnt"]) for s in services] == [("demo", 12)]
        admin = client.get("/placket/v1/admin/keys", headers={"Authorization": f"Bearer {token}"})
        assert admin.status_code == 200, "it opens the console too"
        own = client.get(
            "/placket/v1/services/demo/products/demo-001", headers={"Authorization": f"Bearer {key}"}
        ).json()
        picture = httpx.get(own["image_url"], trust_env=False)
        assert picture.content == (folder / "demo" / "images" / "demo-001.jpg").read_bytes(), "for the console to show"

    again = demo("--count", "12")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "0 added, 12 updated" in again.stdout, "the same products again"
    assert _note(folder)["image_port"] == note["image_port"], "the same addresses again"
    assert _note(folder)["pid"] == note["pid"] and key_file.read_text().strip() == key

    key_file.unlink()
    lost = demo("--count", "12")
    assert lost.returncode == 0, lost.stdout + lost.stderr
    assert "0 added, 12 updated" in lost.stdout, "another key of the same project"

    stopped = demo("stop")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert not psutil.pid_exists(note["pid"])
    with pytest.raises(httpx.ConnectError):
        httpx.get(own["image_url"], trust_env=False)
    assert "No demo server is running" in demo("stop").stdout


def test_failures_are_sentences(demo: Demo, folder: Path) -> None:
    wrong = demo("--count", "12", PLACKET_PORT="none")
    assert wrong.returncode == 2 and "PLACKET_PORT" in wrong.stderr and "Traceback" not in wrong.stderr
    broken = demo("--count", "12", PLACKET_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert broken.returncode == 1 and "Traceback" not in broken.stderr
    assert "ended while it was starting" in broken.stderr and "database" in broken.stderr
    assert "No demo server is running" in demo("stop").stdout
    taken = demo("--count", "4")
    assert taken.returncode == 2, "fewer products than there are questions"
