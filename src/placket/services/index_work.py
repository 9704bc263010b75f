"""The computing half of an index run: a chunk's images fetched and analysed, each on its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from placket.domain import reasons
from placket.domain.applying import Computed, PlannedRow
from placket.domain.errors import (
    NoGarmentFound,
    PlacketError,
    StorageUnavailable,
    VisionUnavailable,
)
from placket.domain.images import ImageLimits
from placket.domain.keeping import big_enough, keep_for_product
from placket.domain.runs import RunKind, Status
from placket.services.ports import Fetcher, Priority, Vision
from placket.services.stores import ChunkWork, DocumentStore

_log = structlog.get_logger()
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class WorkRules:
    image: ImageLimits
    timeout: float
    min_item_pixels: int


class IndexWork:
    def __init__(self, documents: DocumentStore, fetcher: Fetcher, vision: Vision, rules: WorkRules) -> None:
        self._documents = documents
        self._fetcher = fetcher
        self._vision = vision
        self._rules = rules

    async def compute(self, work: ChunkWork) -> list[Computed]:
        """One result for every row that needs its image.

        A row's failure is its own. Raises VisionUnavailable or StorageUnavailable, which are nobody's row's fault: the
        chunk has to wait.
        """
        if work.kind is RunKind.CHECK:
            return []
        wanted = [r for r in work.rows if not r.reason and r.status is Status.ENABLE]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(work, row)) for row in wanted]
        return _all_or_wait([t.result() for t in tasks])

    async def _one(self, work: ChunkWork, row: PlannedRow) -> Computed | PlacketError:
        try:
            return await self._analyse(work, row)
        except (VisionUnavailable, StorageUnavailable) as error:
            return error  # not raised: the other rows' downloads would be cancelled for it
        except PlacketError as error:
            return Computed(row.position, None, reasons.reason_of(error), error.detail)
        except Exception:
            _log.exception("a row could not be computed", run=str(work.run_id), line=row.line)
            return Computed(row.position, None, reasons.INTERNAL, "an unforeseen error; see the server's log")

    async def _analyse(self, work: ChunkWork, row: PlannedRow) -> Computed:
        image = await self._image(work, row)
        found = await self._vision.analyse(image, limits=self._rules.image, bundle=work.bundle, priority=Priority.BATCH)
        big = big_enough(found.garments, found.width, found.height, self._rules.min_item_pixels)
        kept = keep_for_product(big, row.fields.get("name", ""))
        if not kept:
            raise NoGarmentFound("no fashion item was found in the image")
        return Computed(row.position, found.with_garments(kept))

    async def _image(self, work: ChunkWork, row: PlannedRow) -> bytes:
        if work.kind is RunKind.REINDEX:
            kept = await self._documents.upload(work.service_id, row.product_id)
            if kept is not None:
                return kept
        fetched = await self._fetcher.fetch(
            row.fields["image_url"],
            max_bytes=self._rules.image.max_bytes,
            timeout=self._rules.timeout,
            attempts=_ATTEMPTS,
        )
        return fetched.body


def _all_or_wait(results: Sequence[Computed | PlacketError]) -> list[Computed]:
    for result in results:
        if isinstance(result, PlacketError):
            raise result
    return [r for r in results if isinstance(r, Computed)]
