"""Photos analysed on this machine, without a server: what `tag`, `embed` and `detect` share.

Networks and decoders run in a child process, as in the server: a photo that crashes a decoder fails alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.local_sources import Source, gather
from placket.cli.looking import in_order, read_picture, say_how_many, say_unusable
from placket.cli.output import run_safely
from placket.cli.progress import progress_bar
from placket.domain.errors import FetchError, ImageError
from placket.domain.images import PHOTO_FORMATS, ImageLimits

if TYPE_CHECKING:
    from placket.domain.garments import Analysis, Box
    from placket.fetching import SafeClient
    from placket.settings import Settings
    from placket.vision import VisionPool

_AT_ONCE = 16
_OWN_FILE = ImageLimits(PHOTO_FORMATS, max_bytes=200_000_000, max_pixels=150_000_000)
"""One's own files: every format, and large ones. What comes by URL has the server's limits."""

Photos = Annotated[list[str], typer.Argument(metavar="FILE|URL|DIR", help="Photos; folders with all below them.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one line an image.")]
WholeImage = Annotated[
    bool, typer.Option("--whole-image", help="Take the whole picture for one garment; nothing is detected.")
]


@dataclass(frozen=True, slots=True)
class Look:
    """One picture: its analysis, or why there is none."""

    path: str
    analysis: "Analysis | None"
    error: str = ""


def look_at(arguments: Sequence[str], box: "Box | None", each: Callable[[Look], None], *, quiet: bool) -> int:
    """Analyse every picture and hand it to ``each``, in order. Errors are said; how many there were.

    ``box``: the one garment of every picture. ``quiet``: errors are JSON lines too, and there is no bar.
    """
    with run_safely():
        sources = gather(arguments)
        failed = asyncio.run(_look_at(sources, box, each, quiet))
    say_how_many(failed, len(sources), quiet)
    return failed


def end(failed: int) -> None:
    """Raises typer.Exit."""
    if failed:
        raise typer.Exit(1)


async def _look_at(sources: list[Source], box: "Box | None", each: Callable[[Look], None], quiet: bool) -> int:
    failed = 0
    with progress_bar("looking", len(sources), "images", quiet=quiet) as bar:
        async for look in _looks(sources, box):
            if look.analysis is not None:
                each(look)
            else:
                failed += 1
                say_unusable(look.path, look.error, quiet)
            bar.advance()
    return failed


async def _looks(sources: list[Source], box: "Box | None") -> AsyncIterator[Look]:
    """In the order of the sources; a few are on their way at once."""
    from placket.cli.settings import read_settings
    from placket.fetching import SafeClient
    from placket.logs import configure_logging

    settings = read_settings()
    configure_logging("error", settings.log_format)
    async with AsyncExitStack() as stack:
        pool = _pool(settings)
        stack.push_async_callback(pool.aclose)
        fetching = SafeClient(
            allow_networks=settings.fetch_allow_networks, concurrency=_AT_ONCE, per_host=settings.fetch_per_host
        )
        stack.push_async_callback(fetching.aclose)

        async def work(source: Source) -> Look:
            return await _look(source, box, pool, fetching, settings)

        async with aclosing(in_order(sources, work, _AT_ONCE)) as looks:
            async for look in looks:
                yield look


def _pool(settings: "Settings") -> "VisionPool":
    """Raises VisionUnavailable, BundleInvalid."""
    from placket.vision import BundleLibrary, VisionPool

    # Only a kept bundle needs the data directory; a look at photos leaves nothing there.
    kept = settings.bundle is not None and not Path(settings.bundle).expanduser().is_dir()
    folder = None
    if kept:
        from placket.storage.locate import data_directory

        folder = data_directory(settings.data_dir)
    library = BundleLibrary(folder, settings.bundle)
    library.current()
    return VisionPool(
        library,
        processes=settings.vision_processes,
        threads=settings.vision_threads,
        timeout=settings.vision_timeout,
    )


async def _look(
    source: Source, box: "Box | None", pool: "VisionPool", fetching: "SafeClient", settings: "Settings"
) -> Look:
    from placket.services.ports import Priority

    if source.error:
        return Look(source.name, None, source.error)
    try:
        if source.path is None:
            image, limits = await _fetched(source.name, fetching, settings)
        else:
            image, limits = await asyncio.to_thread(read_picture, source.path, _OWN_FILE.max_bytes), _OWN_FILE
        return Look(source.name, await pool.analyse(image, limits=limits, box=box, priority=Priority.BATCH))
    except (ImageError, FetchError) as error:
        return Look(source.name, None, error.detail)
    except OSError as error:
        return Look(source.name, None, error.strerror or str(error))


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
    from placket.domain.garments import WHOLE_IMAGE, Box

    if box is None:
        return WHOLE_IMAGE if whole_image else None
    if whole_image:
        raise typer.BadParameter("--box and --whole-image exclude each other")
    try:
        x0, y0, x1, y1 = map(float, box.split(","))
    except ValueError:
        raise typer.BadParameter("must be four numbers: x0,y0,x1,y1", param_hint="--box") from None
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise typer.BadParameter("must have 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1", param_hint="--box")
    return Box(x0, y0, x1, y1)
