"""A proxy before the server that takes no large file."""

import json
import os
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from placket.cli.main import app

MOST = 1000


async def answer(_: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
    if len(await request.aread()) > MOST:
        return httpx.Response(413, text="<html>413 Request Entity Too Large")
    if request.url.path == "/readyz":
        return httpx.Response(200, json={"status": "ready", "problems": []})
    return httpx.Response(200, json={"width": 1, "height": 1, "items": []})


@pytest.fixture(autouse=True)
def photos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACKET_URL", "http://placket.test")
    monkeypatch.setenv("PLACKET_KEY", "k")
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
    Path("photos").mkdir()
    for name, size in (("a", 10), ("b", MOST), ("c", 10)):
        Path(f"photos/{name}.jpg").write_bytes(b"x" * size)


def test_a_pipe_in_a_folder_is_not_waited_for() -> None:
    os.mkfifo("photos/d.jpg")
    done = CliRunner().invoke(app, ["index", "photos", "-s", "shop", "--json"])
    reasons = {f["product_id"]: (f["reason"], f["detail"]) for f in json.loads(done.stdout)["failures"]}
    assert (done.exit_code, reasons["d"]) == (1, ("Unreadable", "not a file"))


def test_one_large_photo_stops_no_folder() -> None:
    done = CliRunner().invoke(app, ["index", "photos", "-s", "shop", "--at-once", "1", "--json"])
    report = json.loads(done.stdout)
    assert (done.exit_code, report["indexed"]) == (1, 2)
    assert [(f["product_id"], f["reason"], "413" in f["detail"]) for f in report["failures"]] == [
        ("b", "TooLarge", True)
    ]


def test_nor_those_that_are_looked_at() -> None:
    done = CliRunner().invoke(app, ["photos", "detect", "photos", "-s", "shop", "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.exit_code, [Path(line["path"]).name for line in lines]) == (1, ["a.jpg", "b.jpg", "c.jpg"])
    assert ["error" in line for line in lines] == [False, True, False]
