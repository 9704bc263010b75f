"""`placket runs` and `placket services reindex` against a real server."""

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from placket.client import Placket
from tests.e2e.cli.conftest import Remote
from tests.e2e.cli.test_catalogue import BLUE, RED, row
from tests.support.server import ImageHost, picture

NO_RUN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def ended(ask: Remote, shop: Placket, host: ImageHost, folder: Path) -> str:
    """A run of three rows whose second failed; its id."""
    url = host.put("/red.png", picture(RED))
    rows = [row("a", url), row("=b", host.url("/late.png")), row("c", url)]
    (folder / "products.jsonl").write_text("\n".join(rows))
    run: str = ask("index", "products.jsonl", "-s", "shop", "--json").json["id"]
    return run


def test_a_run_is_seen(ask: Remote, shop: Placket, ended: str, folder: Path) -> None:
    ask("index", folder / "products.jsonl", "-s", "shop", "--dry-run")
    listed = ask("runs", "list", "-s", "shop", "--json")
    assert (listed.code, [r["kind"] for r in listed.json]) == (0, ["check", "index"])
    assert [r["id"] for r in ask("runs", "list", "-s", "shop", "--kind", "index", "--json").json] == [ended]
    assert [r["kind"] for r in ask("runs", "list", "-s", "shop", "--limit", "1", "--json").json] == ["check"]
    states = ("--status", "running", "--status", "failed")
    assert ask("runs", "list", "-s", "shop", *states, "--json").json == []
    table = ask("runs", "list", "-s", "shop").out
    assert (ended in table, "products.jsonl" in table) == (True, True)

    shown = ask("runs", "show", ended, "-s", "shop")
    for words in (ended, "3, 0 of them not done: 2 added, 0 updated, 0 deleted, 1 failed", "finished"):
        assert words in shown.out
    assert ask("runs", "show", ended, "-s", "shop", "--json").json["added"] == 2
    waited = ask("runs", "wait", ended, "-s", "shop", "--json")
    assert (waited.code, [f["product_id"] for f in waited.json["failures"]]) == (1, ["=b"])
    assert "InvalidImageURLException" in ask("runs", "wait", ended, "-s", "shop").out

    codes: list[tuple[Any, ...]] = [
        (4, "show", NO_RUN, "-s", "shop"),
        (4, "show", "not-a-run", "-s", "shop"),
        (4, "rows", NO_RUN, "-s", "shop"),
        (4, "wait", NO_RUN, "-s", "shop"),
        (4, "cancel", ended, "-s", "shop"),
        (4, "list", "-s", "none"),
        (2, "show", "", "-s", "shop"),
        (2, "list", "-s", "shop", "--status", "done"),
        (2, "list", "-s", "shop", "--limit", "0"),
        (2, "rows", ended, "-s", "shop", "--csv", "--json"),
        (2, "rows", ended, "-s", "shop", "--failed", "--outcome", "added"),
    ]
    for code, *arguments in codes:
        assert ask("runs", *arguments).code == code, arguments


def test_rows(ask: Remote, shop: Placket, ended: str) -> None:
    rows = ask("runs", "rows", ended, "-s", "shop", "--json").lines
    assert [(r["line"], r["product_id"], r["outcome"]) for r in rows] == [
        (1, "a", "added"),
        (2, "=b", "failed"),
        (3, "c", "added"),
    ]
    assert [r["product_id"] for r in ask("runs", "rows", ended, "-s", "shop", "--failed", "--json").lines] == ["=b"]
    added = ask("runs", "rows", ended, "-s", "shop", "--outcome", "added")
    assert ("=b" in added.out, added.out.count("added")) == (False, 2)
    failed = ask("runs", "rows", ended, "-s", "shop", "--failed", "--outcome", "failed", "--csv")
    # A spreadsheet knows by the mark that it is UTF-8.
    assert failed.out.startswith("\ufeffline,")
    header, line = csv.reader(io.StringIO(failed.out.removeprefix("\ufeff")))
    assert header == ["line", "product_id", "outcome", "reason", "detail"]
    assert line[:4] == ["2", "'=b", "failed", "InvalidImageURLException"]
    assert "\r" not in failed.out


def test_rows_that_failed_are_tried_again(ask: Remote, shop: Placket, host: ImageHost, ended: str) -> None:
    left = ask("runs", "repeat", ended, "-s", "shop", "--no-wait")
    assert (left.code, "placket runs wait" in left.out) == (0, True)
    shop.runs.wait("shop", next(iter(shop.runs.list("shop")))["id"])
    # That one failed too, so the row is still to be done; once it is, there is nothing left.
    host.put("/late.png", picture(BLUE))
    again = ask("runs", "repeat", ended, "-s", "shop", "--json")
    assert (again.code, again.json["added"], again.json["total"]) == (0, 1, 1)
    for done in (again.json["id"], ended):
        nothing = ask("runs", "repeat", done, "-s", "shop")
        assert (nothing.code, "no failed rows" in nothing.err) == (4, True)


def test_rows_that_cannot_be_tried_again_are_counted(ask: Remote, shop: Placket, folder: Path) -> None:
    lines = [row("a", "http://127.0.0.1:10001/none.png"), "no row", "no row either"]
    (folder / "bad.jsonl").write_text("\n".join(lines))
    ended = ask("index", str(folder / "bad.jsonl"), "-s", "shop", "--json").json["id"]
    again = ask("runs", "repeat", ended, "-s", "shop")
    assert "2 failed rows are left out" in again.err and "Indexed" in again.out + again.err


def test_a_run_is_cancelled(ask: Remote, shop: Placket, host: ImageHost, folder: Path) -> None:
    def hang(handler: Any) -> None:
        time.sleep(2.5)
        handler.send_error(404)

    url = host.put("/slow.png", hang)
    (folder / "slow.jsonl").write_text("\n".join(row(str(n), f"{url}?{n}") for n in range(40)))
    run = ask("index", "slow.jsonl", "-s", "shop", "--no-wait", "--json").json["id"]
    cancelled = ask("runs", "cancel", run, "-s", "shop")
    assert (cancelled.code, f"Run {run} is cancelled" in cancelled.out) == (0, True)
    ended = ask("runs", "wait", run, "-s", "shop", "--json")
    assert (ended.code, ended.json["cancelled"]) == (1, True)
    assert "Cancelled" in {f["reason"] for f in ended.json["failures"]}
    assert "cancelled" in ask("runs", "list", "-s", "shop").out


def test_a_callback_when_a_run_has_ended(ask: Remote, shop: Placket, host: ImageHost, folder: Path) -> None:
    called: list[dict[str, Any]] = []

    def hook(handler: Any) -> None:
        called.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
        handler.send_response(204)
        handler.end_headers()

    (folder / "one.jsonl").write_text(row("a", host.put("/red.png", picture(RED))))
    run = ask("index", "one.jsonl", "-s", "shop", "--callback-url", host.put("/hook", hook), "--json").json["id"]
    deadline = time.monotonic() + 30
    while not called and time.monotonic() < deadline:
        time.sleep(0.1)
    assert run in json.dumps(called[0])
    refused = ask("index", "one.jsonl", "-s", "shop", "--callback-url", "ftp://x.test/")
    assert (refused.code, "callbackUrl" in refused.err) == (4, True)


def test_nothing_to_reindex(ask: Remote, shop: Placket) -> None:
    assert ask("services", "reindex", "shop", "--json").json is None
    assert "already" in ask("services", "reindex", "shop").out
    assert ask("services", "reindex", "none").code == 4
