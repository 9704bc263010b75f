"""Photos analysed on this machine, without a server: what `tag`, `embed` and `detect` share.

Networks and decoders run in a child process, as in the server: a photo that crashes a decoder fails alone.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.json_lines import write_json
from placket.cli.local_sources import Source, gather, shown
from placket.cli.output import errors, run_safely
from placket.cli.progress import progress_bar
from placket.domain.errors import FetchError, ImageError
from placket.domain.images import TAGGER, ImageLimits

if TYPE_CHECKING:
    from placket.domain.garments import Analysis, Box
    from placket.fetching import SafeClient
    from placket.settings import Settings
    from placket.vision import VisionPool

_AT_ONCE = 16
_OWN_FILE = ImageLimits(TAGGER.formats, max_bytes=200_000_000, max_pixels=150_000_000)
"""One's own files: every format of the Tagger, and large ones. What comes by URL has the server's limits."""

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
    if failed and not quiet:
        errors.print(f"{failed} of {len(sources)} could not be used", style="yellow")
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
                _say(look, quiet)
            bar.advance()
    return failed


def _say(look: Look, as_json: bool) -> None:
    if as_json:
        write_json({"path": look.path, "error": look.error})
    else:
        errors.print(f"{shown(look.path)}: {look.error}", style="red", markup=False, soft_wrap=True)


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
        ahead: deque[asyncio.Task[Look]] = deque()
        try:
            for source in sources:
                ahead.append(asyncio.create_task(_look(source, box, pool, fetching, settings)))
                if len(ahead) >= _AT_ONCE:
                    yield await ahead.popleft()
            while ahead:
                yield await ahead.popleft()
        finally:
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)


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
            image, limits = await asyncio.to_thread(_read, source.path), _OWN_FILE
        return Look(source.name, await pool.analyse(image, limits=limits, box=box, priority=Priority.BATCH))
    except (ImageError, FetchError) as error:
        return Look(source.name, None, error.detail)
    except OSError as error:
        return Look(source.name, None, error.strerror or str(error))


async def _fetched(url: str, fetching: "SafeClient", settings: "Settings") -> tuple[bytes, ImageLimits]:
    limits = ImageLimits(TAGGER.formats, settings.tagger_image_max_bytes, settings.image_max_pixels)
    fetched = await fetching.fetch(
        url,
        max_bytes=limits.max_bytes,
        timeout=settings.tagger_attempt_timeout,
        attempts=2,
        overall=settings.tagger_image_timeout,
    )
    return fetched.body, limits


def _read(path: Path) -> bytes:
    """Raises OSError, ImageError: nothing but a file of bearable size is read, so no pipe or device is waited for."""
    status = path.stat()
    if not path.is_file():
        raise OSError(None, "not a file")
    if status.st_size > _OWN_FILE.max_bytes:
        raise ImageError(f"the file has {status.st_size} bytes, more than {_OWN_FILE.max_bytes}")
    return path.read_bytes()


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
