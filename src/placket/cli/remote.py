"""What every command that asks a server shares: the client, and what a failure exits with.

0: done. 1: some of it failed. 2: the command line or the profile is wrong. 3: the server cannot be reached. 4: the
server refused. 130: interrupted.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from placket.cli.completion import profile_names, service_names
from placket.cli.output import DISK_FULL, errors, fail
from placket.domain.errors import PlacketError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placket.cli.profile_store import Profile
    from placket.client import Placket
    from placket.client.errors import ClientError

T = TypeVar("T")
SOME_FAILED, USAGE, UNREACHABLE, REFUSED, INTERRUPTED = 1, 2, 3, 4, 130

PATIENT = 20
"""Retries where many requests are on their way: a key's rate that they share, or a restart, then fails none of them."""

PROXY_TOOK_NONE = "a proxy before the server takes nothing so large (HTTP 413)"

MOST_SHOWN = 50
"""Lines that a table has where there may be very many."""


ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="Profile to take; else PLACKET_URL and PLACKET_KEY, else the default one.",
        autocompletion=profile_names,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ServiceOption = Annotated[
    str, typer.Option("--service", "-s", help="Name of the service.", autocompletion=service_names)
]
Limit = Annotated[
    int | None, typer.Option(min=1, help=f"Most of them; without it a table has {MOST_SHOWN}, and --json all.")
]


@contextmanager
def usage_errors() -> Iterator[None]:
    """What can only be wrong by what was typed, set or named: exit code 2."""
    try:
        yield
    except PlacketError as error:
        raise fail(plain(error.detail), USAGE) from None
    except (ValueError, ImportError) as error:
        # A package that httpx would need for the proxy that the environment names.
        raise fail(plain(str(error)), USAGE) from None


@contextmanager
def failures() -> Iterator[None]:
    """A client's exceptions become a sentence and an exit code."""
    from placket.client.errors import ClientError

    try:
        yield
    except ClientError as error:
        raise failed(error) from None
    except BrokenPipeError:
        # Whoever read the output has enough of it.
        raise
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        raise fail(plain(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": ")), USAGE) from None
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def profile_of(name: str | None) -> "Profile":
    """Raises typer.Exit."""
    from placket.cli.profile_store import find_profile

    with usage_errors():
        return find_profile(name)


@contextmanager
def asking(profile: str | None, *, retries: int = 4) -> Iterator["Placket"]:
    """The blocking client of the profile."""
    from placket.client import Placket

    found = profile_of(profile)
    with failures(), usage_errors():
        client = Placket(found.url, found.key, retries=retries)
    with client, failures(), usage_errors():
        yield client


def of_profile(command: str, profile: str | None) -> str:
    """The command as it asks the server that was asked before."""
    return command if profile is None else f"{command} --profile {profile}"


@contextmanager
def waiting(profile: str | None, command: str) -> Iterator["Placket"]:
    """The client to wait with; a restart of the server does not end it.

    What is waited for goes on without anybody who waits: ``command``, which waits again, is said where this fails.
    """
    try:
        with asking(profile, retries=PATIENT) as placket:
            yield placket
    except (typer.Exit, SystemExit):
        errors.print(f"To see how it ends: `{command}`", markup=False, soft_wrap=True)
        raise


@contextmanager
def administering(profile: str | None) -> Iterator["Placket"]:
    """The client of a profile whose key is the admin token."""
    from placket.client.errors import Unauthorized

    with asking(profile) as placket:
        try:
            yield placket
        except Unauthorized as error:
            hint = "the profile's key must be the token that `placket keys admin-token` shows on the server"
            raise fail(plain(f"{error.detail}; {hint}"), REFUSED) from None


def failed(error: "ClientError") -> typer.Exit:
    from placket.client import errors

    match error:
        case errors.NotReachable():
            return fail(plain(f"the server cannot be reached: {error}; does `placket serve` run there?"), UNREACHABLE)
        case errors.UnexpectedAnswer():
            return fail(plain(str(error)), UNREACHABLE)
        case errors.Unauthorized(status=HTTPStatus.FORBIDDEN):
            return fail(plain(error.detail), REFUSED)
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


def is_about_one_file(error: "ClientError") -> bool:
    """A proxy before the server took no request of this size (nginx: 1 MB unless told); smaller ones may pass."""
    from placket.client.errors import UnexpectedAnswer

    return isinstance(error, UnexpectedAnswer) and error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def plain(text: str) -> str:
    """Without anything that rich would take for markup."""
    return text.replace("[", r"\[")


def assignments(texts: "Iterable[str] | None", option: str, twice: str = "") -> dict[str, str]:
    """``NAME=VALUE`` of an option that may be repeated. ``twice``: what to do instead of giving a name again.

    Raises typer.BadParameter.
    """
    pairs: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r}: write FIELD=VALUE", param_hint=option)
        if name in pairs:
            raise typer.BadParameter(f"{name} is given twice{twice and '; '}{twice}", param_hint=option)
        pairs[name] = value
    return pairs


def for_table(found: Iterator[T], limit: int | None) -> tuple[list[T], bool]:
    """(what a table shows, whether there is more that nobody left out on purpose)."""
    items = list(islice(found, limit or MOST_SHOWN))
    return items, limit is None and next(found, None) is not None
