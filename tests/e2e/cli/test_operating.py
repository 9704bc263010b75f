"""`placket status`, `account` and, over HTTP, `keys` against a real server."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from placket.client import Placket
from tests.e2e.cli.conftest import Remote
from tests.support.server import ImageHost, PlacketServer, picture


@pytest.fixture
def ops(ask: Remote, server: PlacketServer) -> str:
    """The name of a profile whose key is the admin token."""
    ask("profile", "set", "ops", "--url", server.url, "--key", "-", stdin=f"{server.admin_token}\n")
    return "ops"


def test_status(ask: Remote, server: PlacketServer, shop: Placket, ops: str, host: ImageHost) -> None:
    shop.products.put("shop", "a", picture())
    found = ask("status", "--json")
    assert found.json == {"url": server.url, "status": "ready", "problems": [], "services": 1, "products": 1}
    assert f"{server.url} is ready." in ask("status").out
    figures = ask("status", "--figures", "--profile", ops, "--json")
    assert (figures.code, figures.json["status"], len(figures.json["figures"]) > 3) == (0, "ready", True)
    assert next(iter(figures.json["figures"])) in ask("status", "--figures", "--profile", ops).out
    refused = ask("status", "--figures")
    assert (refused.code, "placket keys admin-token" in refused.err.replace("\n", " ")) == (4, True)
    assert ask("status", PLACKET_KEY="not-a-key").code == 4
    assert ask("status", PLACKET_URL="http://127.0.0.1:9").code == 3
    assert ask("status", PLACKET_URL=host.url("")).code == 3

    def not_ready(handler: Any) -> None:
        body = b'{"status": "not ready", "problems": ["the [database] is away"]}'
        handler.send_response(503)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    url = host.put("/readyz", not_ready).removesuffix("/readyz")
    down = ask("status", PLACKET_URL=url)
    del host.pages["/readyz"]
    assert (down.code, f"{url} is not ready." in down.out, "the [database] is away" in down.out) == (1, True, True)


def test_account(ask: Remote, folder: Path, new_key: Callable[..., dict[str, Any]]) -> None:
    (folder / "red.png").write_bytes(picture())
    limited = {"PLACKET_KEY": new_key(imagesPerMonth=1000)["key"]}
    assert ask("tasks", "single", "red.png", **limited).code == 0
    used = ask("account", "usage", "--json", **limited)
    assert (used.json["imagesThisMonth"], used.json["imagesPerMonth"], used.json["days"][0]["images"]) == (1, 1000, 1)
    today = datetime.datetime.now(datetime.UTC).date()
    before = ask("account", "usage", "--from", "2020-01-01", "--to", "2020-01-31", "--json")
    assert (before.json["first"], before.json["days"]) == ("2020-01-01", [])
    shown = ask("account", "usage", **limited).out
    assert ("1 images tagged this month, of 1,000" in shown, str(today)[:7] in shown) == (True, True)
    assert "any number" in ask("account", "usage").out
    assert ask("account", "usage", "--from", "yesterday").code == 2
    assert ask("account", "usage", "--from", "2020-02-01", "--to", "2020-01-01").code == 4

    secret = ask("account", "webhook-secret")
    whole = ask("account", "webhook-secret", "--json").json
    assert (secret.out.strip(), sorted(whole)) == (whole["secret"], ["algorithm", "header", "secret"])
    assert whole["header"] in secret.err


def test_keys_of_a_server(ask: Remote, server: PlacketServer, ops: str) -> None:
    made = ask("keys", "create", "by http", "--rate", "5", "--profile", ops, "--json").json
    assert (made["project"], made["ratePerSecond"]) == ("by http", 5)
    assert ask("services", "list", "--json", PLACKET_KEY=made["key"]).json == []
    other = ask("keys", "create", "by http 2", "--project", "by http", "--profile", ops)
    assert (other.code, "of project by http" in other.out, "plk" in other.out) == (0, True, True)
    visitors = ask("keys", "create", "visitors", "--project", "by http", "--access", "search", "--profile", ops)
    assert "of project by http, for searching alone" in visitors.out
    denied = ask("services", "list", PLACKET_KEY=next(w for w in visitors.out.split() if w.startswith("plk")))
    assert (denied.code, "for searching alone" in denied.err) == (4, True)
    limited = ask("keys", "limit", made["id"], "--rate", "0", "--images-per-month", "9", "--profile", ops, "--json")
    assert (limited.json["ratePerSecond"], limited.json["imagesPerMonth"]) == (None, 9)
    assert "Nothing to change" in ask("keys", "limit", made["id"], "--profile", ops).out
    assert ask("keys", "revoke", made["id"], "--profile", ops, "--json").json == {"revoked": made["id"]}
    listed = {k["id"]: k for k in ask("keys", "list", "--profile", ops, "--json").json}
    assert (listed[made["id"]]["revokedAt"] is None, "key" in listed[made["id"]]) == (False, False)
    assert json.loads(server.command("keys", "list", "--json")) == [*listed.values()]
    table = ask("keys", "list", "--profile", ops).out
    assert (made["id"] in table, made["key"] in table, "search only" in table) == (True, False, True)
    for code, *arguments in (
        (4, "create", "by http"),
        (4, "create", "x", "--project", "none such"),
        (4, "revoke", "none"),
        (4, "limit", made["id"], "--rate", "-1"),
    ):
        assert ask("keys", *arguments, "--profile", ops).code == code, arguments


def test_an_ordinary_key_is_no_admins(ask: Remote, server: PlacketServer, key: str) -> None:
    ask("profile", "set", "mine", "--url", server.url, "--key", "-", stdin=f"{key}\n")
    refused = ask("keys", "list", "--profile", "mine")
    assert (refused.code, "placket keys admin-token" in refused.err.replace("\n", " ")) == (4, True)
    assert key not in refused.err
