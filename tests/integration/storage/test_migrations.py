"""Migrations as files: one after another, and how a new one begins."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

from placket.storage import schema

ROOT = Path(__file__).parents[3]
MIGRATIONS = "src/placket/storage/migrations"


def test_each_follows_the_one_before_and_is_named_by_its_number() -> None:
    """Two that follow the same one, as after a merge, would be found out only by the first database."""
    scripts = [*ScriptDirectory.from_config(schema._config()).walk_revisions()][::-1]
    numbers = [f"{n:04}" for n in range(1, len(scripts) + 1)]
    assert [s.revision for s in scripts] == numbers
    assert [s.down_revision for s in scripts] == [None, *numbers[:-1]]
    assert [Path(s.path).name[:5] for s in scripts] == [f"{n}_" for n in numbers]


def test_a_new_one_begins_with_alembics_command(tmp_path: Path) -> None:
    shutil.copytree(ROOT / MIGRATIONS, tmp_path / MIGRATIONS)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    def alembic(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "alembic", *words], cwd=tmp_path, capture_output=True, text=True)

    made = alembic("revision", "--rev-id", "9999", "-m", "Names of hosts")
    assert made.returncode == 0, made.stderr
    new = tmp_path / MIGRATIONS / "versions" / "9999_names_of_hosts.py"
    told = {n.targets[0].id: n.value for n in ast.parse(new.read_text("utf-8")).body if isinstance(n, ast.Assign)}  # type: ignore[attr-defined]
    assert ast.literal_eval(told["revision"]) == "9999"
    assert ast.literal_eval(told["down_revision"]) == schema.head_revision()

    elsewhere = alembic("upgrade", "head")
    assert elsewhere.returncode != 0 and "run `placket db upgrade`" in elsewhere.stdout + elsewhere.stderr
