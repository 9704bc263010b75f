"""Every command of the documentation is one, with its subcommands and options."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup, TyperOption

from placket.cli.main import app
from placket.training.recipes import brought_recipes
from tests.integration.docs.pages import PAGES, ROOT, blocks, everything

_IN_A_BLOCK = re.compile(r"(?:^|[\s/(])placket (?=[a-z])((?:\\\n|[^\n|>;&()])*)")
_IN_PROSE = re.compile(r"`placket ([^`]+)`")


def _commands() -> Iterator[tuple[str, str]]:
    """(where, what follows the word ``placket``)."""
    for block in blocks("sh"):
        for line in _IN_A_BLOCK.findall(re.sub(r"(?<=\s)#.*", "", block.text)):
            yield str(block.page.relative_to(ROOT)), line.replace("\\\n", " ")
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    for made, line in re.findall(r"^\t\$\((TRAIN|EXPORT)\) (.*)", makefile, re.MULTILINE):
        yield "Makefile", f"train {line}" if made == "TRAIN" else f"export --out {line}"
    for page in PAGES:
        # The reference is made from the commands themselves.
        if page.name not in ("cli.md", "CHANGELOG.md"):
            for words in _IN_PROSE.findall(page.read_text("utf-8")):
                yield str(page.relative_to(ROOT)), words


def _strange(words: list[str]) -> str | None:
    """The first subcommand or option that there is not."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="placket")
    options = _options(command, context)
    waiting = iter(words)
    for word in waiting:
        if word.startswith("-") and len(word) > 1:
            name, _, value = word.partition("=")
            if name not in options:
                return word
            if options[name] and not value:
                next(waiting, None)
        elif isinstance(command, TyperGroup):
            found = command.get_command(context, word)
            if found is None:
                return word
            command, context = found, typer.Context(found, parent=context, info_name=word)
            options = _options(command, context)
    return None


def _options(command: Any, context: typer.Context) -> dict[str, bool]:
    """Every name of an option, and whether a value follows it."""
    return {
        name: not getattr(option, "is_flag", False)
        for option in command.get_params(context)
        if isinstance(option, TyperOption)
        for name in (*option.opts, *option.secondary_opts)
    }


@pytest.mark.parametrize(("where", "line"), sorted(set(_commands())))
def test_it_is_one(where: str, line: str) -> None:
    try:
        words = shlex.split(line)
    except ValueError:
        # What the pattern cut off within quotes: the rest of the line says enough.
        words = line.split()
    strange = _strange([word for word in words if word not in ("...", "")])
    assert strange is None, f"{where}: there is no {strange} of `placket {line}`"


def test_every_recipe_exists() -> None:
    """Of `make bundle` too, which would come to some of them after hours."""
    named = re.findall(r"--recipe ([a-z-]+)", everything() + (ROOT / "Makefile").read_text("utf-8"))
    assert len(set(named)) > 10
    assert set(named) <= set(brought_recipes())


def test_what_there_is_not_is_found_out() -> None:
    assert len(set(_commands())) > 100
    assert _strange(["services", "creat", "shop"]) == "creat"
    assert _strange(["keys", "usage", "--profile", "ops"]) == "--profile"
    assert _strange(["demo", "--photos", "--archive", "FILE"]) is None
