"""The computing half of an index run: a chunk's images fetched and analysed, each on its own."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from placket.domain import reasons
from placket.domain.applying import Computed, PlannedRow
from placket.domain.errors import (
    FetchTimeout,
    PlacketError,
    StorageUnavailable,
    UrlMalformed,
    VisionUnavailable,
)
from placket.domain.garments import Analysis
from placket.domain.images import ImageLimits
from placket.domain.runs import RunKind, Status
from placket.domain.urls import check_url
from placket.services.hosts import UNTRIED, Holder, HostBusy, Hosts
from placket.services.once import Once
from placket.services.ports import Fetched, Fetcher, Priority, Vision
from placket.services.product_photos import ProductPhotos
from placket.services.stores import ChunkWork, DocumentStore, Known

_log = structlog.get_logger()
_ATTEMPTS = 2
_NEVER: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class WorkRules:
    image: ImageLimits
    timeout: float
    min_item_pixels: int


@dataclass(frozen=True, slots=True)
class Aside:
    """The rest of a chunk waits ``delay`` seconds for its hosts; ``times_down``: how often in a row each was down."""

    delay: float
    times_down: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """``computed`` is all that there is to compute, but for an ``aside``."""

    computed: tuple[Computed, ...]
    aside: Aside | None = None


class IndexWork:
    def __init__(
        self, documents: DocumentStore, fetcher: Fetcher, vision: Vision, hosts: Hosts, rules: WorkRules
    ) -> None:
        self._documents = documents
        self._fetcher = fetcher
        self._vision = vision
        self._photos = ProductPhotos(vision, rules.image, rules.min_item_pixels)
        self._hosts = hosts
        self._rules = rules

    async def compute(self, work: ChunkWork, times_down: Mapping[str, int] = _NEVER) -> ChunkResult:
        """One result for every row that needs its image, unless an image's host has no turn for it now.

        ``times_down``: see :meth:`Hosts.sent_away`. A row's failure is its own. Raises VisionUnavailable or
        StorageUnavailable, which are nobody's row's fault: the chunk has to wait.
        """
        if work.kind is RunKind.CHECK:
            return ChunkResult(())
        known = list(work.known)
        done = {c.position for c in known}
        wanted = [r for r in work.rows if not r.reason and r.status is Status.ENABLE and r.position not in done]
        if wanted:
            # Before the images are fetched: else they are again each time that the chunk comes back.
            await self._vision.ready(work.bundle)
        stored = await self._documents.known(work.service_id, work.bundle, [r.product_id for r in wanted])
        holder = Holder(str(work.run_id))
        chunk = _Chunk(work, holder, stored, _shared(wanted))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._one(chunk, row)) for row in wanted]
        finally:
            chunk.forget()
        busy: defaultdict[str, list[PlannedRow]] = defaultdict(list)
        for row, task in zip(wanted, tasks, strict=True):
            result = task.result()
            if isinstance(result, PlacketError):
                raise result
            if isinstance(result, HostBusy):
                busy[_host(row)].append(row)
            else:
                known.append(result)
        return self._after(busy, times_down, holder, known)

    def _after(
        self,
        busy: Mapping[str, Sequence[PlannedRow]],
        times_down: Mapping[str, int],
        holder: Holder,
        known: list[Computed],
    ) -> ChunkResult:
        """The result, where these hosts had no turn; of one that was down often enough the rows fail untried."""
        delays: dict[str, float] = {}
        times: dict[str, int] = {}
        for host, rows in busy.items():
            images = len({r.fields["image_url"] for r in rows})
            sent_away = self._hosts.sent_away(host, images, times_down.get(host, 0), holder.owner)
            if sent_away is None:
                known += [Computed(r.position, None, reasons.reason_of(FetchTimeout()), UNTRIED) for r in rows]
            else:
                delays[host], times[host] = sent_away
        # Not sooner than any of them wants: the chunk is not whole without it.
        aside = Aside(max(delays.values()), times) if delays else None
        return ChunkResult(tuple(known), aside)

    async def _one(self, chunk: "_Chunk", row: PlannedRow) -> Computed | PlacketError | HostBusy:
        try:
            return await self._analyse(chunk, row)
        except (HostBusy, VisionUnavailable, StorageUnavailable) as error:
            return error  # not raised: the other rows' downloads would be cancelled for it
        except PlacketError as error:
            return Computed(row.position, None, reasons.reason_of(error), error.detail)
        except Exception:
            _log.exception("a row could not be computed", run=str(chunk.work.run_id), line=row.line)
            return Computed(row.position, None, reasons.INTERNAL, "an unforeseen error; see the server's log")

    async def _analyse(self, chunk: "_Chunk", row: PlannedRow) -> Computed:
        name, url, bundle = row.fields.get("name", ""), row.fields["image_url"], chunk.work.bundle
        stored = chunk.stored.get(row.product_id)
        known = stored.analysis if stored else None
        holds = stored is not None and stored.image_url == url and self._photos.holds(stored.analysis, name, bundle)
        image = await self._image(chunk, row, known.etag if known and holds else "")
        if known and image.unchanged:
            return Computed(row.position, known)
        found = await self._photos.analyse(
            image.body, name, bundle=bundle, priority=Priority.BATCH, known=known, looks=chunk.looks
        )
        return Computed(row.position, replace(found, etag=image.etag))

    async def _image(self, chunk: "_Chunk", row: PlannedRow, known_etag: str) -> Fetched:
        url = row.fields["image_url"]
        if chunk.work.kind is RunKind.REINDEX:
            kept = await self._documents.upload(chunk.work.service_id, row.product_id)
            if kept is not None:
                return Fetched(kept)
            if not url:
                raise UrlMalformed("its photo was uploaded and not kept, and it has no image_url: put it anew")
        fetch = partial(self._fetch, row, known_etag, chunk.holder)
        return await (chunk.images.get(f"{known_etag} {url}", fetch) if url in chunk.shared else fetch())

    async def _fetch(self, row: PlannedRow, known_etag: str, holder: Holder) -> Fetched:
        async with self._hosts.turn(_host(row), holder):
            return await self._fetcher.fetch(
                row.fields["image_url"],
                max_bytes=self._rules.image.max_bytes,
                timeout=self._rules.timeout,
                attempts=_ATTEMPTS,
                known_etag=known_etag,
                owner=holder.owner,
            )


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk while it is computed. ``stored``: what is known of its products already, by their ids.

    Rows with the same picture, as the sizes of a product have, share its download (``shared``: the URLs that come more
    than once; the bytes of the others are not kept for longer than they are needed) and the look at it.
    """

    work: ChunkWork
    holder: Holder
    stored: Mapping[str, Known]
    shared: frozenset[str]
    images: Once[Fetched] = field(default_factory=Once)
    looks: Once[Analysis] = field(default_factory=Once)

    def forget(self) -> None:
        self.images.clear()
        self.looks.clear()


def _shared(rows: Sequence[PlannedRow]) -> frozenset[str]:
    return frozenset(url for url, times in Counter(r.fields["image_url"] for r in rows).items() if times > 1)


def _host(row: PlannedRow) -> str:
    return check_url(row.fields["image_url"]).authority
