from typing import Any

from typer.main import get_command

from placket.cli.main import app


def test_paragraphs_of_every_command_are_as_wide_as_the_terminal() -> None:
    looked_at = 0

    def look(command: Any) -> None:
        nonlocal looked_at
        looked_at += 1
        assert command.help, command.name
        assert not [p for p in command.help.split("\n\n") if "\n" in p], command.name
        for below in getattr(command, "commands", {}).values():
            look(below)

    look(get_command(app))
    assert looked_at > 40
