"""What every command that asks a server shares: the client, and what a failure exits with.

0: done. 1: some of it failed. 2: the command line or the profile is wrong. 3: the server cannot be reached. 4: the
server refused. 130: interrupted.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.output import fail
from placket.domain.errors import PlacketError

if TYPE_CHECKING:
    from placket.client import Placket
    from placket.client.errors import ClientError

SOME_FAILED, USAGE, UNREACHABLE, REFUSED, INTERRUPTED = 1, 2, 3, 4, 130


def _profile_names(incomplete: str) -> list[str]:
    """For the shell's completion, which is no place for an error."""
    from placket.cli.profile_store import ProfileError, ProfileFile

    try:
        return [name for name in ProfileFile().read().named if name.startswith(incomplete)]
    except ProfileError:
        return []


ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="Profile to take; else PLACKET_URL and PLACKET_KEY, else the default one.",
        autocompletion=_profile_names,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ServiceOption = Annotated[str, typer.Option("--service", "-s", help="Name of the service.")]


@contextmanager
def usage_errors() -> Iterator[None]:
    """What can only be wrong by what was typed, set or named: exit code 2."""
    try:
        yield
    except PlacketError as error:
        raise fail(plain(error.detail), USAGE) from None
    except ValueError as error:
        raise fail(plain(str(error)), USAGE) from None


@contextmanager
def failures() -> Iterator[None]:
    """A client's exceptions become a sentence and an exit code."""
    from placket.client.errors import ClientError

    try:
        yield
    except ClientError as error:
        raise failed(error) from None
    except OSError as error:
        raise fail(plain(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")), USAGE) from None
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@contextmanager
def asking(profile: str | None) -> Iterator["Placket"]:
    """The blocking client of the profile."""
    from placket.cli.profile_store import find_profile
    from placket.client import Placket

    with usage_errors():
        found = find_profile(profile)
        client = Placket(found.url, found.key)
    with client, failures():
        yield client


def failed(error: "ClientError") -> typer.Exit:
    from placket.client import errors

    match error:
        case errors.NotReachable():
            return fail(plain(f"the server cannot be reached: {error}; does `placket serve` run there?"), UNREACHABLE)
        case errors.UnexpectedAnswer():
            return fail(plain(str(error)), UNREACHABLE)
        case errors.Unauthorized():
            return fail(plain(f"{error.detail}; `placket keys create` makes a key on the server"), REFUSED)
        case errors.NoSuchService():
            return fail(plain(f"{error.detail}; `placket services list` shows those of your key"), REFUSED)
        case errors.ServerError(request_id=request) if request:
            return fail(plain(f"{error.detail} (request {request})"), REFUSED)
        case errors.ApiError():
            return fail(plain(error.detail), REFUSED)
        case _:
            return fail(plain(str(error)))


def plain(text: str) -> str:
    """Without anything that rich would take for markup."""
    return text.replace("[", r"\[")
