"""The commands as a script sees them: arguments in; exit code, standard output and error out."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from placket.cli.main import app
from placket.client import Placket
from tests.support.server import PlacketServer, placket_program
from tests.support.tiny_bundle import write_tiny_bundle


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("cli") / "bundle")


Local = Callable[..., Done]


@pytest.fixture
def local(folder: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Local:
    """A command in a process of its own, which has no server; without a terminal."""
    monkeypatch.setenv("PLACKET_BUNDLE", str(bundle))
    monkeypatch.setenv("PLACKET_VISION_THREADS", "1")
    monkeypatch.setenv("PLACKET_DATA_DIR", str(folder / "no-data"))
    monkeypatch.setenv("PLACKET_FETCH_ALLOW_NETWORKS", "127.0.0.0/8")

    def run(*arguments: str | Path) -> Done:
        done = subprocess.run(
            [placket_program(), *map(str, arguments)], capture_output=True, encoding="utf-8", timeout=120
        )
        assert not (folder / "no-data").exists()
        return Done(done.returncode, done.stdout, done.stderr)

    return run


Remote = Callable[..., Done]


@pytest.fixture
def ask(folder: Path, server: PlacketServer, key: str) -> Remote:
    """A command that asks the server, with its URL and key in the environment."""
    runner = CliRunner()

    def run(*arguments: str | Path, stdin: str | None = None, **environment: str | None) -> Done:
        known = {
            "PLACKET_URL": server.url,
            "PLACKET_KEY": key,
            "COLUMNS": "200",
            "XDG_CONFIG_HOME": str(folder / "cfg"),
        }
        done = runner.invoke(app, list(map(str, arguments)), input=stdin, env={**known, **environment})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def shop(server: PlacketServer, key: str) -> Iterator[Placket]:
    """A client of the same key, whose project has an empty service ``shop``."""
    client: AbstractContextManager[Placket] = Placket(server.url, key)
    with client as placket:
        placket.services.create("shop")
        yield placket
