"""``PLACKET_PLAIN``: what a screen reader reads out of a terminal."""

import io
import os
import re
import subprocess
import sys

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from placket.cli.index_report import facts_table, two_lines
from placket.cli.plain import PlainConsole
from placket.settings import unknown_variables

FRAMES = re.compile("[\u2500-\u259f]")


def printed(*things: object) -> str:
    shown = PlainConsole(width=20, file=io.StringIO(), emoji=False)
    for thing in things:
        shown.print(thing)
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


def test_a_table_is_lines_each_cell_after_its_heading() -> None:
    table = Table("service and bundle", "similarity", "name")
    table.add_row(two_lines("shop", "a-bundle-of-a-long-name"), "██████░░░░ 0.589", "[red]A[/red] :smile: \\[b]")
    table.add_row("other", "", Text("[c]"))
    assert printed(table).splitlines() == [
        "service and bundle: shop, a-bundle-of-a-long-name",
        "similarity: 0.589",
        "name: A :smile: [b]",
        "",
        "service and bundle: other",
        "name: [c]",
    ]


def test_facts_and_notices_are_lines_too() -> None:
    facts = facts_table()
    facts.add_row("status", "running")
    assert printed(facts, Panel("one\ntwo", title="Title"), "[red]rest[/red]").splitlines() == [
        "status: running", "Title", "one", "two", "rest",
    ]  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["services", "--help"], ["runs", "list"]])
def test_help_and_mistakes_have_no_frames(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "placket", *arguments]
    environment = {**os.environ, "PLACKET_PLAIN": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert "placket" in done.stdout + done.stderr
    assert not FRAMES.search(done.stdout + done.stderr)


def test_doctor_knows_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACKET_PLAIN", "1")
    assert "PLACKET_PLAIN" not in str(unknown_variables())
