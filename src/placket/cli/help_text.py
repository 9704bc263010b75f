"""The text of `--help`, as wide as the terminal."""

import inspect

import typer


def flow(app: typer.Typer) -> None:
    """Make each paragraph of every command's help one line: Typer keeps the line breaks of all but the first, which
    are those of the source."""
    for command in app.registered_commands:
        if text := command.help or inspect.getdoc(command.callback):
            command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    for group in app.registered_groups:
        if group.typer_instance is not None:
            flow(group.typer_instance)
