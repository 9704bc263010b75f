"""What every command shares: where it writes, and how a failure looks."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError
from rich.console import Console

from placket.cli.plain import PlainConsole, is_wanted
from placket.domain.errors import PlacketError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_kind = PlainConsole if is_wanted() else Console
console = _kind(highlight=False, emoji=False)
errors = _kind(stderr=True, highlight=False, emoji=False)
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_WRONG_PATH = (FileNotFoundError, IsADirectoryError, NotADirectoryError, FileExistsError, PermissionError)


def fail(message: str, code: int = 1) -> typer.Exit:
    """Say what is wrong on standard error; raise what this returns."""
    errors.print(f"[red]error:[/red] {message}", markup=True, soft_wrap=True)
    return typer.Exit(code)


def confirm(question: str, undone: str) -> None:
    """Go on when the answer is yes; no answer is none. Raises typer.Exit, exit code 2, with ``undone`` said."""
    try:
        if typer.confirm(question, err=True):
            return
    except typer.Abort:
        typer.echo(err=True)
    raise fail(f"{undone}; --yes does it without asking", 2)


@contextmanager
def run_safely() -> Iterator[None]:
    """Expected failures become a sentence and exit code 1, wrong settings 2, not a traceback."""
    try:
        yield
    except PlacketError as error:
        from placket.settings import SettingsFileError

        raise fail(plain(error.detail), 2 if isinstance(error, SettingsFileError) else 1) from None
    except ValidationError as error:
        raise fail("a setting is wrong:\n  " + "\n  ".join(plain(_wrong(e)) for e in error.errors()), 2) from None
    except _WRONG_PATH as error:
        # The system tells a file and a reason, Placket itself a sentence.
        raise fail(plain(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))) from None
    except KeyboardInterrupt:
        sys.exit(130)


def _wrong(error: "ErrorDetails") -> str:
    # Of a list of values, the place of the wrong one follows: it is no part of the variable's name.
    name = str(error["loc"][0])
    if error["type"] != "extra_forbidden":
        variable = f"PLACKET_{name.upper()}"
        # The file's value counts only where the environment has none.
        told = any(key.upper() == variable and value for key, value in os.environ.items())
        of_file = "PLACKET_CONFIG" in os.environ and not told
        place = f"{name} in the file of PLACKET_CONFIG" if of_file else variable
        return f"{place}: {error['msg'].removeprefix('Value error, ')}"
    from placket.cli.settings import right_name
    from placket.settings import Settings

    # Only the file can hold it: in the environment, what is no setting is not read.
    return f"{name} in the file of PLACKET_CONFIG is no setting: {right_name(name, Settings.model_fields)}"


def plain(text: str) -> str:
    """Without anything that rich would take for markup."""
    return text.replace("[", r"\[")
