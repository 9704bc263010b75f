"""How this process is: what is in the way of its serving, and its figures. A database that hangs holds up neither."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict

import structlog

from placket.api.codes import detail_of
from placket.domain.errors import StorageUnavailable, VisionUnavailable
from placket.search import MemorySearch
from placket.services.patience import within
from placket.services.tallies import Tallies
from placket.services.tally import Labelled, Words
from placket.storage.catalogue import PostgresServices
from placket.storage.database import Database
from placket.storage.queue import PostgresQueue
from placket.vision import VisionPool

_log = structlog.get_logger()
_DATABASE_SECONDS = 3.0
"""Within the ten that Prometheus waits for figures, and the five in which the parts have to say how they are."""
_GAUGES = frozenset({"queued_interactive", "queued_batch", "in_hand", "processes", "copies", "memory_bytes"})
"""Of vision's and search's figures those that say how it is now; the others count from the start."""


class Condition:
    """``lease_seconds``: a worker silent for so long is not counted. ``of_server``: what will soon be in the way of the
    embedded PostgreSQL."""

    def __init__(
        self,
        database: Database,
        queue: PostgresQueue,
        services: PostgresServices,
        vision: VisionPool,
        search: MemorySearch,
        tallies: Tallies,
        lease_seconds: float,
        of_server: Callable[[], list[str]],
    ) -> None:
        self._database = database
        self._queue = queue
        self._services = services
        self._vision = vision
        self._search = search
        self._tallies = tallies
        self._lease_seconds = lease_seconds
        self._of_server = of_server

    async def problems(self) -> list[str]:
        """Why this process cannot serve just now, in words for anybody; empty when it can."""
        return [word for word in await asyncio.gather(self._of_database(), self._of_vision()) if word]

    async def _of_database(self) -> str:
        in_use = self._database.in_use
        try:
            await within(_DATABASE_SECONDS, self._database.ping())
        except StorageUnavailable as error:
            _log.error("the database cannot be used", error=error.detail)
            return detail_of(error)
        except TimeoutError:
            # Counted at the beginning: those who ask here take connections themselves.
            all_in_use = in_use >= self._database.most
            event = "all connections to the database are in use" if all_in_use else "the database does not answer"
            _log.error(event, seconds=_DATABASE_SECONDS)
            return f"{event} (waited {_DATABASE_SECONDS:g} s)"
        return ""

    async def _of_vision(self) -> str:
        try:
            await self._vision.ready()
        except VisionUnavailable as error:
            return error.detail
        return ""

    async def warnings(self) -> list[str]:
        """What will soon be in the way, or is in that of some services alone."""
        return await self._warnings(await self._bundles())

    async def _warnings(self, bundles: Mapping[str, int]) -> list[str]:
        lacking = await self._vision.lacking(bundles)
        return self._of_server() + [f"services need bundle {version}, which is not here" for version in lacking]

    async def _bundles(self) -> Mapping[str, int]:
        """Those that services have, and how many; nothing of a database that is away."""
        try:
            return await within(_DATABASE_SECONDS, self._services.bundles())
        except (StorageUnavailable, TimeoutError):
            return {}

    async def figures(self) -> Mapping[str, Labelled]:
        """For /metrics: the statistics, what was counted, and the bundles."""
        bundles, of_queue = await self._of_stores()
        statistics = await self._statistics(bundles, of_queue)
        in_use: dict[Words, float] = {}
        with contextlib.suppress(VisionUnavailable):
            # Read from the disk, the first time.
            in_use[(await asyncio.to_thread(lambda: self._vision.default_bundle),)] = 1.0
        return {
            **{name: Labelled((), {(): value}) for name, value in statistics.items()},
            **self._tallies.figures(),
            "bundle_info": Labelled(("version",), in_use),
            "services": Labelled(("bundle",), {(version,): float(count) for version, count in bundles.items()}),
        }

    async def statistics(self) -> Mapping[str, float]:
        """Gauges, and counters (``*_total``): what has no labels."""
        return await self._statistics(*await self._of_stores())

    async def _of_stores(self) -> tuple[Mapping[str, int], Mapping[str, float]]:
        """(bundles, the queue's figures)."""
        return await asyncio.gather(self._bundles(), self._of_queue())

    async def _statistics(self, bundles: Mapping[str, int], of_queue: Mapping[str, float]) -> Mapping[str, float]:
        warnings = await self._warnings(bundles)
        vision = {_metric("vision", name): float(n) for name, n in asdict(self._vision.statistics()).items()}
        search = {_metric("search", name): float(n) for name, n in asdict(self._search.statistics()).items()}
        own = {
            "database_connections": float(self._database.in_use),
            "database_connections_most": float(self._database.most),
            "warnings": float(len(warnings)),
        }
        return {**vision, **search, **own, **of_queue}

    async def _of_queue(self) -> Mapping[str, float]:
        try:
            state = await within(_DATABASE_SECONDS, self._queue.state(self._lease_seconds))
        except (StorageUnavailable, TimeoutError):
            return {"database_up": 0.0}
        return {
            "database_up": 1.0,
            "queue_jobs": float(state.jobs),
            "queue_in_hand_jobs": float(state.in_hand),
            "queue_waiting_jobs": float(state.waiting),
            "queue_oldest_seconds": state.oldest_seconds,
            "workers": float(state.workers),
        }


def _metric(part: str, name: str) -> str:
    return f"{part}_{name}" if name in _GAUGES else f"{part}_{name}_total"
