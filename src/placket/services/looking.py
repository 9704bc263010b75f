"""What is in this photo? Detection and deep tagging for a service."""

from dataclasses import dataclass

from placket.domain.errors import FetchTooLarge, ImageTooManyBytes, InvalidParameter
from placket.domain.garments import Analysis, Garment
from placket.domain.images import ImageLimits
from placket.domain.keeping import big_enough
from placket.domain.urls import check_url
from placket.services.links import LinkSigner
from placket.services.ports import Fetcher, Vision
from placket.services.stores import Caller, Service, ServiceStore

MOST_TAGGED = 4


@dataclass(frozen=True, slots=True)
class Detected:
    """``link`` stands for this garment in a later search by link."""

    garment: Garment
    link: str


@dataclass(frozen=True, slots=True)
class Look:
    """A photo's size (upright, in pixels) and its garments."""

    width: int
    height: int
    items: tuple[Detected, ...]


class Photos:
    """URL or upload to bytes, within the limits of the call."""

    def __init__(self, fetcher: Fetcher, timeout: float) -> None:
        self._fetcher = fetcher
        self._timeout = timeout

    async def fetch(self, url: str, limits: ImageLimits, project: int | None = None) -> bytes:
        """Raises UrlMalformed, UrlRefused, FetchFailed, FetchTimeout, ImageTooManyBytes."""
        check_url(url)
        try:
            fetched = await self._fetcher.fetch(
                url, max_bytes=limits.max_bytes, timeout=self._timeout, owner=str(project or "")
            )
        except FetchTooLarge:
            raise ImageTooManyBytes(f"the image has more than {limits.max_bytes} bytes") from None
        return fetched.body


class Looking:
    def __init__(
        self, services: ServiceStore, vision: Vision, photos: Photos, links: LinkSigner, min_item_pixels: int
    ) -> None:
        self._services = services
        self._vision = vision
        self._photos = photos
        self._links = links
        self._min_item_pixels = min_item_pixels

    async def detect_url(self, caller: Caller, service_name: str, url: str, limits: ImageLimits) -> Look:
        """Raises NoSuchService before anything is fetched, then FetchError, ImageError, VisionUnavailable."""
        service = await self._services.get(caller.project_id, service_name)
        image = await self._photos.fetch(url, limits, caller.project_id)
        return await self._look(caller, service, image, limits)

    async def detect_image(self, caller: Caller, service_name: str, image: bytes, limits: ImageLimits) -> Look:
        service = await self._services.get(caller.project_id, service_name)
        return await self._look(caller, service, image, limits)

    async def look(self, caller: Caller, image: bytes, limits: ImageLimits) -> Look:
        """Without a service: with the bundle in use. Raises ImageError, VisionUnavailable."""
        return self._linked(caller, await self._vision.analyse(image, limits=limits, project=caller.project_id))

    async def tag_url(
        self, caller: Caller, service_name: str, url: str, limits: ImageLimits, item_limit: int = 1
    ) -> Look:
        """The ``item_limit`` (1..4) widest garments with their tags, widest first."""
        _check_item_limit(item_limit)
        return _widest(await self.detect_url(caller, service_name, url, limits), item_limit)

    async def tag_image(
        self, caller: Caller, service_name: str, image: bytes, limits: ImageLimits, item_limit: int = 1
    ) -> Look:
        _check_item_limit(item_limit)
        return _widest(await self.detect_image(caller, service_name, image, limits), item_limit)

    async def _look(self, caller: Caller, service: Service, image: bytes, limits: ImageLimits) -> Look:
        project = caller.project_id
        found = await self._vision.analyse(image, limits=limits, bundle=service.bundle, project=project)
        return self._linked(caller, found)

    def _linked(self, caller: Caller, found: Analysis) -> Look:
        garments = big_enough(found.garments, found.width, found.height, self._min_item_pixels)
        items = tuple(
            Detected(g, self._links.make(caller.project_id, found.bundle, found.sha256, g.embedding)) for g in garments
        )
        return Look(found.width, found.height, items)


def _check_item_limit(item_limit: int) -> None:
    if not 1 <= item_limit <= MOST_TAGGED:
        raise InvalidParameter(f"item_limit must be between 1 and {MOST_TAGGED}")


def _widest(look: Look, count: int) -> Look:
    ordered = sorted(look.items, key=lambda d: (-d.garment.box.width, d.garment.box.as_list()))
    return Look(look.width, look.height, tuple(ordered[:count]))
