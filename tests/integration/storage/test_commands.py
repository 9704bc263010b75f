"""`placket db` and `placket doctor` as a user runs them."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from placket.cli import doctor as doctors
from placket.cli.db import db_app
from placket.cli.doctor import Check, Finding, doctor
from placket.cli.keys import keys_app
from placket.domain.errors import StorageUnavailable
from placket.settings import Settings
from placket.storage import schema
from placket.vision.library import BundleLibrary
from tests.support.postgres import reachable_folder
from tests.support.tiny_bundle import write_tiny_bundle

app = typer.Typer()
app.add_typer(db_app, name="db")
app.add_typer(keys_app, name="keys")
app.command()(doctor)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PLACKET_PORT", str(probe.getsockname()[1]))
    monkeypatch.setenv("PLACKET_DATA_DIR", str(tmp_path / "data"))
    # It is the whole process's, and would outlive the test.
    monkeypatch.setattr("placket.logs.configure_logging", lambda *_: None)
    return monkeypatch


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def examine() -> tuple[int, dict[str, list[tuple[str, str, str]]]]:
    result = run("doctor", "--json")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for f in json.loads(result.stdout):
        found.setdefault(f["check"], []).append((f["level"], f["text"], f["remedy"]))
    return result.exit_code, found


def test_the_embedded_database_by_command(environment: pytest.MonkeyPatch) -> None:
    with reachable_folder() as folder:
        environment.setenv("PLACKET_DATA_DIR", str(folder / "data"))
        assert examine()[1]["database"][1] == ("ok", "made at the first start", "")
        assert not (folder / "data").exists()
        for looking in (["db", "status"], ["db", "backup", str(folder / "file")]):
            looked = run(*looking)
            assert (looked.exit_code, f"no database in {folder / 'data'}: give this" in looked.stderr) == (1, True)
        assert not (folder / "data").exists() and not (folder / "file").exists()
        assert f"from nothing to {schema.head_revision()}" in run("db", "upgrade").stdout
        assert f"schema is at {schema.head_revision()}" in run("db", "upgrade").stdout
        assert run("db", "status").exit_code == 0
        assert run("db", "backup", str(folder / "file")).exit_code == 0
        again = run("db", "backup", str(folder / "file"))
        assert (again.exit_code, "exists" in again.stderr) == (1, True)
        for answer in ("", "n\n"):
            kept = run("db", "restore", str(folder / "file"), stdin=answer)
            assert (kept.exit_code, "Restored" in kept.stdout, "--yes" in kept.stderr) == (2, False, True)
        restored = run("db", "restore", str(folder / "file"), "--yes")
        assert (restored.exit_code, "Restored" in restored.stdout) == (0, True)
        _, found = examine()
        assert {found[c][-1][0] for c in ("data directory", "database", "pgvector", "schema")} == {"ok"}
        # A newer schema is refused in words, and by an exit code.
        environment.setattr(schema, "head_revision", lambda: "0000")
        environment.setattr(schema, "is_known", lambda revision: False)
        assert examine()[1]["schema"][0][0] == "fail"
        assert "newer version" in " ".join(run("db", "status").stderr.split())


def test_doctor_says_what_the_weights_may_be_used_for(environment: pytest.MonkeyPatch) -> None:
    with reachable_folder() as folder:
        environment.setenv("PLACKET_DATA_DIR", str(folder / "data"))
        level, text, _ = examine()[1]["bundle"][-1]
    assert level == "ok"
    assert re.fullmatch(r"placket-[0-9.]+\. .*research and evaluation.*", text)


def test_doctor_says_that_a_version_is_taken_as_the_server_would(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, again = (write_tiny_bundle(tmp_path / name, "ours-1", seed=seed) for seed, name in enumerate("ab"))
    with reachable_folder() as folder:
        environment.setenv("PLACKET_DATA_DIR", str(folder / "data"))
        BundleLibrary(folder / "data", str(first)).current()
        environment.setenv("PLACKET_BUNDLE", str(first))
        assert examine()[1]["bundle"][-1][:2] == ("ok", "ours-1")
        environment.setenv("PLACKET_BUNDLE", str(again))
        level, text, _ = examine()[1]["bundle"][-1]
        assert level == "fail" and "give the new bundle a version of its own" in text
        assert [p.name for p in (folder / "data" / "bundles").iterdir()] == ["ours-1"]


def test_doctor_on_a_database_by_url(environment: pytest.MonkeyPatch, empty_database_url: str) -> None:
    environment.setenv("PLACKET_DATABASE_URL", empty_database_url.replace("+psycopg", ""))
    code, found = examine()
    assert [level for level, _, _ in found["database"]] == ["ok"]
    assert found["schema"][0][0] == "warn"
    assert "db upgrade" in found["schema"][0][2]
    schema.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'future'")
    code, found = examine()
    assert (code, found["schema"][0][0]) == (1, "fail")
    assert "newer version" in found["schema"][0][2]


def test_doctor_on_a_database_that_is_away(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PLACKET_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/none")
    result = run("doctor")
    assert result.exit_code == 1
    assert "geheim" not in result.output
    assert "-> see that PostgreSQL runs there" in result.stdout
    level, _, remedy = examine()[1]["database"][0]
    assert (level, "PLACKET_DATABASE_URL" in remedy, "max_connections" in remedy) == ("fail", True, True)


def test_every_check_of_doctor_that_breaks_off_has_a_remedy(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(of: str) -> Check:
        def check(settings: Settings, folder: Path) -> Iterator[Finding]:
            raise StorageUnavailable("no room") if of == "check_database" else OSError("no room")

        check.__name__ = of
        return check

    environment.setattr(doctors, "CHECKS", tuple(broken(check.__name__) for check in doctors.CHECKS))
    code, found = examine()
    assert (code, len(found)) == (1, 9)
    assert all(level == "fail" and remedy for [(level, _, remedy)] in found.values())
    assert "PLACKET_POSTGRES_ACCOUNT" in found["database"][0][2]


def test_doctor_shows_what_it_finds_before_it_waits(environment: pytest.MonkeyPatch) -> None:
    shown: list[Finding] = []

    def quick(settings: Settings, folder: Path) -> Iterator[Finding]:
        yield Finding("quick", "ok", "found at once")

    def slow(settings: Settings, folder: Path) -> Iterator[Finding]:
        yield Finding("slow", "ok", ", ".join(f.check for f in shown))

    environment.setattr(doctors, "CHECKS", (quick, slow))
    environment.setattr(doctors, "_show", shown.append)
    assert run("doctor").exit_code == 0
    assert [f.text for f in shown] == ["found at once", "quick"]


@pytest.fixture
def web_server(environment: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    said = {"title": "Placket"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"info": said}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    environment.setenv("PLACKET_PORT", str(server.server_port))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield said
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_port_is_free_ours_or_taken(environment: pytest.MonkeyPatch, web_server: dict[str, str]) -> None:
    environment.setenv("PLACKET_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    assert examine()[1]["port"][0][:1] == ("ok",)
    web_server["title"] = "something else"
    level, _, remedy = examine()[1]["port"][0]
    assert (level, "PLACKET_PORT" in remedy) == ("fail", True)
    environment.setenv("PLACKET_PORT", "0")
    assert examine()[1]["port"][0][0] == "ok"
    environment.setenv("PLACKET_HOST", "203.0.113.7")
    assert examine()[1]["port"][0][0] == "fail"


@pytest.mark.parametrize(
    ("networks", "level"),
    [("", "ok"), ("10.0.0.0/8", "ok"), ("0.0.0.0/0", "warn"), ("::/0", "warn"), ("10.0.0.0/8,169.254.0.0/16", "warn")],
)
def test_the_fetch_policy_is_judged(environment: pytest.MonkeyPatch, networks: str, level: str) -> None:
    environment.setenv("PLACKET_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    environment.setenv("PLACKET_FETCH_ALLOW_NETWORKS", networks)
    assert examine()[1]["fetching"][0][0] == level


def test_other_findings(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("PLACKET_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    environment.setenv("PLACKET_BUNDLE", str(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    code, found = examine()
    assert code == 1
    assert [level for level, _, _ in found["clock"]] == ["ok"]
    assert found["bundle"][0][0] == "fail"
    assert found["data directory"][0] == (
        "warn", f"{tmp_path / 'data'} is open to everybody on this machine", f"chmod o-rwx {tmp_path / 'data'}"
    )  # fmt: skip
    assert {found[c][0][0] for c in ("python", "onnxruntime")} == {"ok"}
    environment.setenv("PLACKET_PORT", "many")
    wrong = run("doctor")
    assert (wrong.exit_code, "PLACKET_PORT" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("line", "mode", "told"),
    [
        ('admin_token = "sixteen-or-more-letters"', 0o644, "admin_token"),
        ('database_url = "postgresql://placket:x@127.0.0.1:1/none"', 0o604, "database_url"),
        ('admin_token = "sixteen-or-more-letters"', 0o640, None),
        ("port = 8781", 0o644, None),
    ],
)
def test_a_file_of_settings_with_a_secret_that_everybody_may_read(
    environment: pytest.MonkeyPatch, tmp_path: Path, line: str, mode: int, told: str | None
) -> None:
    environment.setenv("PLACKET_DATA_DIR", str(tmp_path / "data"))
    file = tmp_path / "placket.toml"
    file.write_text(line)
    file.chmod(mode)
    environment.setenv("PLACKET_CONFIG", str(file))
    text = f"everybody on this machine may read {file}, which holds {told}"
    assert examine()[1].get("settings", []) == ([("warn", text, f"chmod o-r {file}")] if told else [])


def test_a_key_is_shown_whatever_its_name(environment: pytest.MonkeyPatch) -> None:
    with reachable_folder() as folder:
        environment.setenv("PLACKET_DATA_DIR", str(folder / "data"))
        made = run("keys", "create", "[/bold] [red]")
        assert made.exit_code == 0
        assert "Key [/bold] [red] (" in made.stdout
        assert made.stdout.splitlines()[1].startswith("plk")
        listed = run("keys", "list")
        assert (listed.exit_code, "[/bold]" in listed.stdout) == (0, True)
