"""What every command shares: where it writes, and how a failure looks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from rich.console import Console

from placket.domain.errors import PlacketError

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def fail(message: str, code: int = 1) -> typer.Exit:
    """Say what is wrong on standard error; raise what this returns."""
    errors.print(f"[red]error:[/red] {message}", markup=True, soft_wrap=True)
    return typer.Exit(code)


@contextmanager
def run_safely() -> Iterator[None]:
    """Expected failures become a sentence and exit code 1, not a traceback."""
    try:
        yield
    except PlacketError as error:
        raise fail(_plain(error.detail)) from None
    except ValidationError as error:
        lines = [f"PLACKET_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise fail("a setting is wrong:\n  " + "\n  ".join(map(_plain, lines)), 2) from None
    except FileNotFoundError as error:
        raise fail(_plain(str(error))) from None
    except KeyboardInterrupt:
        sys.exit(130)


def _plain(text: str) -> str:
    """Without anything that rich would take for markup."""
    return text.replace("[", r"\[")
