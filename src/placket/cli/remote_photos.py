"""Photos that a server looks at, a few at once: what `placket photos` and `placket tasks single` share."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import typer

from placket.cli.done import without_done
from placket.cli.local_sources import Source, gather
from placket.cli.looking import MOST_BYTES, Refuse, in_order, say_how_many, say_unusable
from placket.cli.output import run_safely
from placket.cli.profile_store import Profile
from placket.cli.progress import Bar, progress_bar
from placket.cli.remote import (
    PATIENT,
    PROXY_TOOK_NONE,
    SOME_FAILED,
    failures,
    is_about_one_file,
    profile_of,
    usage_errors,
)
from placket.client import AsyncPlacket
from placket.client.errors import ImageRefused, InvalidRequest, TooLarge, UnexpectedAnswer
from placket.domain.errors import ImageError
from placket.pictures import read_picture

T = TypeVar("T")
Ask = Callable[[AsyncPlacket, bytes | str], Awaitable[T]]
"""A photo's bytes, or its URL, to what the server says of it."""

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class _Look(Generic[T]):
    """``answer`` is None where there is an ``error``."""

    path: str
    answer: T | None
    error: str = ""


def look_at(
    arguments: Sequence[str],
    profile: str | None,
    ask: Ask[T],
    show: Callable[[str, T], None],
    *,
    as_json: bool,
    unusable: Refuse | None = None,
    done: Sequence[Path] = (),
) -> None:
    """Hand every photo's answer to ``show``, in order; what cannot be used is said, or handed to ``unusable``, and
    stops nothing. ``done``: files that tell what is left out.

    Raises typer.Exit, also for what would fail them all.
    """
    found = profile_of(profile)
    with run_safely():
        sources = without_done(gather(arguments), done)
    with failures(), usage_errors(), progress_bar("looking", len(sources), "images", quiet=as_json) as bar:
        refuse = unusable or partial(say_unusable, as_json=as_json)
        failed = asyncio.run(_look_at(found, sources, ask, show, bar, refuse))
    say_how_many(failed, len(sources), arguments, as_json)
    if failed:
        raise typer.Exit(SOME_FAILED)


async def _look_at(
    profile: Profile,
    sources: Sequence[Source],
    ask: Ask[T],
    show: Callable[[str, T], None],
    bar: Bar,
    refuse: Refuse,
) -> int:
    """How many photos could not be used."""
    failed = 0
    async with AsyncPlacket(profile.url, profile.key) as placket:
        # A server that is not there is said at once; only the photos are asked with patience.
        await placket.server.readiness()
    async with AsyncPlacket(profile.url, profile.key, retries=PATIENT) as placket:

        async def work(source: Source) -> _Look[T]:
            return await _look(placket, source, ask)

        async with aclosing(in_order(sources, work, _AT_ONCE)) as looks:
            async for look in looks:
                if look.answer is None:
                    failed += 1
                    refuse(look.path, look.error)
                else:
                    show(look.path, look.answer)
                bar.advance()
    return failed


async def _look(placket: AsyncPlacket, source: Source, ask: Ask[T]) -> _Look[T]:
    if source.error:
        return _Look(source.name, None, source.error)
    try:
        photo: bytes | str = source.name
        if source.path is not None:
            photo = await asyncio.to_thread(read_picture, source.path, MOST_BYTES)
        return _Look(source.name, await ask(placket, photo))
    except (ImageRefused, InvalidRequest, TooLarge, ImageError) as error:
        return _Look(source.name, None, error.detail)
    except UnexpectedAnswer as error:
        if not is_about_one_file(error):
            raise
        return _Look(source.name, None, PROXY_TOOK_NONE)
    except OSError as error:
        return _Look(source.name, None, error.strerror or str(error))
