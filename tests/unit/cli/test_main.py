"""The program as a whole: what loads when, and what every command explains."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from placket.cli.main import app

_OURS = (
    *("local", "tag", "detect", "embed", "index", "search", "services", "tasks", "profile"),
    *("runs", "products", "corrections", "photos", "account", "status"),
)
_HEAVY = ("numpy", "httpx", "onnxruntime", "sqlalchemy", "PIL", "placket.client", "placket.vision", "pydantic_settings")


def test_help_of_these_commands_loads_nothing_heavy() -> None:
    modules = ", ".join(f"placket.cli.{name}" for name in _OURS)
    code = f"import sys, {modules}; print([m for m in {_HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_program_starts_without_what_only_servers_need() -> None:
    needed = ("numpy", "onnxruntime", "sqlalchemy", "PIL", "fastapi", "placket.vision", "placket.storage")
    code = f"import sys, placket.cli.main; print([m for m in {needed} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def commands(group: typer.core.TyperGroup, *path: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        inner = command.commands if isinstance(command, typer.core.TyperGroup) else None
        found += commands(command, *path, name) if inner else [(*path, name)]  # type: ignore[arg-type]
    return found


def ours() -> list[tuple[str, ...]]:
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    return [c for c in commands(root) if c[0] in _OURS]


@pytest.mark.parametrize("command", ours(), ids=" ".join)
def test_every_command_explains_itself_and_speaks_json(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert shown.output.splitlines()[3].strip()
    # What `search every` writes is JSON already.
    if command[0] != "profile" and command != ("search", "every"):
        assert "--json" in shown.output
