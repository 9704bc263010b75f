"""Photos analysed on this machine, without a server: what `tag`, `embed` and `detect` share.

They are looked at by `placket.local`, as by a caller from Python; what is fetched by URL has the server's limits.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.done import without_done
from placket.cli.local_sources import Source, gather
from placket.cli.looking import Refuse, in_order, say_how_many, say_unusable
from placket.cli.output import run_safely
from placket.cli.progress import progress_bar
from placket.domain.errors import FetchError, ImageError
from placket.domain.images import OWN_FILE, PHOTO_FORMATS, ImageLimits

if TYPE_CHECKING:
    from placket.domain.garments import Box
    from placket.fetching import SafeClient
    from placket.local import Lang, Photo, Unusable, Vision
    from placket.settings import Settings

_FETCHES = 16

Photos = Annotated[list[str], typer.Argument(metavar="FILE|URL|DIR", help="Photos; folders with all below them.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one line an image.")]
WholeImage = Annotated[
    bool, typer.Option("--whole-image", help="Take the whole picture for one garment; nothing is detected.")
]
Todo = Callable[[str, list[Source]], list[Source]]
"""The version of the bundle and all sources to those that are still to be looked at."""


def look_at(
    arguments: Sequence[str],
    each: "Callable[[Photo], None]",
    *,
    box: "Box | None" = None,
    lang: "Lang" = "en",
    quiet: bool,
    todo: Todo = lambda _, sources: sources,
    unusable: Refuse | None = None,
    done: Sequence[Path] = (),
) -> int:
    """Analyse every picture and hand it to ``each``, in order. Errors are said; how many there were.

    ``box``: the one garment of every picture. ``quiet``: errors are JSON lines too, and there is no bar. ``unusable``
    takes the errors instead. ``done``: files that tell what is left out.
    """
    refuse = unusable or partial(say_unusable, as_json=quiet)
    with run_safely():
        sources = without_done(gather(arguments), done)
        failed = asyncio.run(_look_at(sources, each, refuse, box, lang, quiet, todo))
    say_how_many(failed, len(sources), arguments, quiet)
    return failed


def end(failed: int) -> None:
    """Raises typer.Exit."""
    if failed:
        raise typer.Exit(1)


async def _look_at(
    sources: list[Source],
    each: "Callable[[Photo], None]",
    refuse: Refuse,
    box: "Box | None",
    lang: "Lang",
    quiet: bool,
    todo: Todo,
) -> int:
    from placket.cli.settings import read_settings
    from placket.local import Unusable
    from placket.logs import configure_logging

    settings = read_settings()
    configure_logging("error", settings.log_format)
    failed = 0
    with _vision(settings) as vision:
        left = todo(vision.bundle, sources)
        with progress_bar("looking", len(left), "images", quiet=quiet) as bar:
            async with aclosing(_looks(left, vision, box, lang, settings)) as looks:
                async for look in looks:
                    if isinstance(look, Unusable):
                        failed += 1
                        refuse(look.path, look.error)
                    else:
                        each(look)
                    bar.advance()
    return failed


def _vision(settings: "Settings") -> "Vision":
    """Raises VisionUnavailable, BundleInvalid."""
    from placket.local import Vision

    return Vision(
        _bundle(settings),
        processes=settings.vision_processes,
        threads=settings.vision_threads,
        timeout=settings.vision_timeout,
    )


def _bundle(settings: "Settings") -> Path | None:
    """Its folder; only a kept one needs the data directory, and a look at photos leaves nothing there."""
    if settings.bundle is None:
        return None
    folder = Path(settings.bundle).expanduser()
    if folder.is_dir():
        return folder
    from placket.storage.locate import data_directory
    from placket.vision import BundleLibrary

    return BundleLibrary(data_directory(settings.data_dir), settings.bundle).current().folder


async def _looks(
    sources: list[Source], vision: "Vision", box: "Box | None", lang: "Lang", settings: "Settings"
) -> "AsyncGenerator[Photo | Unusable]":
    """In the order of the sources; a few are on their way at once."""
    from placket.fetching import SafeClient

    async with AsyncExitStack() as stack:
        fetching = SafeClient(
            allow_networks=settings.fetch_allow_networks, concurrency=_FETCHES, per_host=settings.fetch_per_host
        )
        stack.push_async_callback(fetching.aclose)

        async def work(source: Source) -> "Photo | Unusable":
            return await _look(source, vision, box, lang, fetching, settings)

        async with aclosing(in_order(sources, work, vision.at_once)) as looks:
            async for look in looks:
                yield look


async def _look(
    source: Source,
    vision: "Vision",
    box: "Box | None",
    lang: "Lang",
    fetching: "SafeClient",
    settings: "Settings",
) -> "Photo | Unusable":
    from placket.local import Unusable

    try:
        if source.error:
            raise ImageError(source.error)
        image, limits = (source.path, OWN_FILE) if source.path else await _fetched(source.name, fetching, settings)
        submitted = vision.submit(image, lang=lang, box=box, path=source.name, limits=limits)
        return await asyncio.wrap_future(submitted)
    except (ImageError, FetchError) as error:
        return Unusable(source.name, error.detail, error)
    except OSError as error:
        return Unusable(source.name, error.strerror or str(error), error)


async def _fetched(url: str, fetching: "SafeClient", settings: "Settings") -> tuple[bytes, ImageLimits]:
    limits = ImageLimits(PHOTO_FORMATS, settings.tagger_image_max_bytes, settings.image_max_pixels)
    fetched = await fetching.fetch(
        url,
        max_bytes=limits.max_bytes,
        timeout=settings.tagger_attempt_timeout,
        attempts=2,
        overall=settings.tagger_image_timeout,
    )
    return fetched.body, limits


def chosen_box(whole_image: bool, box: str | None) -> "Box | None":
    """What --whole-image and --box ask for. Raises typer.BadParameter."""
    from placket.domain.garments import WHOLE_IMAGE
    from placket.local.vision import box_of

    if box is None:
        return WHOLE_IMAGE if whole_image else None
    if whole_image:
        raise typer.BadParameter("--box and --whole-image exclude each other")
    try:
        sides = [float(side) for side in box.split(",")]
    except ValueError:
        raise typer.BadParameter("must be four numbers: x0,y0,x1,y1", param_hint="--box") from None
    try:
        return box_of(sides)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--box") from None
