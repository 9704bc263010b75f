"""Small copies of strangers' photos: fetched and shrunk here, so that no browser ever asks the stranger.

Decoding happens in the vision process, which a hostile photo may kill without harm.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from placket.domain.errors import FetchError, ImageError, ImageFormatUnsupported
from placket.domain.images import ImageLimits
from placket.services.looking import Photos
from placket.services.ports import Vision

SIDES = (160, 320, 640, 1024)
"""The sizes that may be asked for: a page cannot fill the cache with one photo in a thousand sizes."""
_MOST_BYTES = 64_000_000
_AT_ONCE = 6
_FAILED_SECONDS = 60.0
_MOST_FAILED = 10_000

Source = Callable[[], Awaitable[bytes]]


class Thumbnails:
    """JPEGs by what they show, the latest used ones within ``most_bytes``; a failure is remembered for a minute."""

    def __init__(self, vision: Vision, photos: Photos, *, most_bytes: int = _MOST_BYTES) -> None:
        self._vision = vision
        self._photos = photos
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._failed: dict[tuple[str, int], float] = {}
        self._making: dict[tuple[str, int], asyncio.Task[bytes]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def get(self, name: str, side: int, source: Source, limits: ImageLimits) -> bytes:
        """The photo called ``name``, from ``source`` if it is not kept. Raises ImageError, FetchError."""
        key = (name, side)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if self._failed.get(key, 0.0) > time.monotonic():
            raise ImageFormatUnsupported("the photo could not be had a moment ago")
        task = self._making.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, source, limits))
            self._making[key] = task
            task.add_done_callback(lambda done: self._made(key, done))
        # Whoever closes the page does not take the photo from others who wait for it.
        return await asyncio.shield(task)

    def _made(self, key: tuple[str, int], task: asyncio.Task[bytes]) -> None:
        self._making.pop(key, None)
        if not task.cancelled():
            # Looked at even when everybody who waited is gone, or it would be reported as lost.
            task.exception()

    def of_url(self, url: str, limits: ImageLimits) -> Source:
        return lambda: self._photos.fetch(url, limits)

    async def _make(self, key: tuple[str, int], source: Source, limits: ImageLimits) -> bytes:
        async with self._turns:
            try:
                image = await source()
                small = await self._vision.thumbnail(image, limits=limits, side=key[1])
            except (ImageError, FetchError):
                if len(self._failed) >= _MOST_FAILED:
                    self._failed.clear()
                self._failed[key] = time.monotonic() + _FAILED_SECONDS
                raise
        self._keep(key, small)
        return small

    def _keep(self, key: tuple[str, int], small: bytes) -> None:
        self._kept[key] = small
        self._bytes += len(small)
        while self._bytes > self._most_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)
