"""A container may run as any user id: one without an entry in the account database, or a home directory."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from placket.cli.main import app

_NOBODY_HERE = 4_242_424


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # pytest's folder is made first: it has to be of the account that it really is.
    for name in [n for n in os.environ if n.startswith(("PLACKET_", "XDG_"))] + ["HOME"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: _NOBODY_HERE)
    monkeypatch.setattr("os.geteuid", lambda: _NOBODY_HERE)
    monkeypatch.setattr("placket.logs.configure_logging", lambda *_: None)


@pytest.mark.parametrize(
    ("command", "code", "variable"),
    [("keys list", 1, "PLACKET_DATA_DIR"), ("doctor", 1, "PLACKET_DATA_DIR"), ("status", 2, "PLACKET_KEY")],
)
def test_without_a_home_what_to_set_is_said(command: str, code: int, variable: str) -> None:
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == code
    assert "no home directory" in done.stderr
    assert variable in done.stderr


def test_the_doctor_sees_what_the_server_would_be_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLACKET_DATA_DIR", str(tmp_path / "new" / "data"))
    monkeypatch.setattr("os.access", lambda *_: False)
    done = CliRunner().invoke(app, ["doctor", "--json"])
    found = {f["check"]: f for f in json.loads(done.stdout)}
    assert (done.exit_code, found["database"]["level"], found["data directory"]["level"]) == (1, "fail", "fail")
    assert f"{_NOBODY_HERE} has no entry" in found["database"]["text"]
    assert f"{tmp_path} cannot be written" in found["data directory"]["remedy"]
