"""The port ``Vision``: photos go to supervised child processes, answers come back to any event loop."""

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any

from placket.domain.errors import ImageTooManyBytes
from placket.domain.garments import Analysis, Box
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.images import ImageLimits
from placket.machine import cores
from placket.services.ports import Priority
from placket.vision.bundle import Bundle
from placket.vision.jobs import Answer
from placket.vision.library import BundleLibrary
from placket.vision.protocol import Options, Order
from placket.vision.statistics import VisionStatistics
from placket.vision.supervisor import Supervisor
from placket.vision.waiting import WaitingRoom

_NOTHING_YET = VisionStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0)


class VisionPool:
    """``processes`` children with ``threads`` each (0: the machine's cores shared out among them).

    ``timeout``: seconds after which a photo counts as one that hangs. Children start with the first photo, or when
    :meth:`ready` is called. May be used from several event loops and threads. ``crash_marker``: for tests, bytes
    at an image's beginning that let the child misbehave. ``log``: a logger of structlog, the global one if None.
    """

    def __init__(
        self,
        library: BundleLibrary,
        *,
        processes: int = 1,
        threads: int = 0,
        timeout: float = 60.0,
        crash_marker: str = "",
        log: Any = None,
    ) -> None:
        self._library = library
        self._processes = processes
        self._threads = threads or max(1, cores() // processes)
        self._timeout = timeout
        self._crash_marker = crash_marker
        self._log = log
        self._waiting = WaitingRoom()
        self._bundles: dict[str | None, Bundle] = {}
        self._supervisor: Supervisor | None = None
        self._lock = threading.Lock()

    @property
    def default_bundle(self) -> str:
        """Version of the bundle in use. Raises VisionUnavailable when there is none."""
        return self._library.current().version

    @property
    def bundle(self) -> Bundle:
        """The bundle in use. Raises VisionUnavailable when there is none."""
        return self._library.current()

    async def lacking(self, versions: Iterable[str]) -> list[str]:
        """Those of the bundles that are not here."""
        return await asyncio.to_thread(self._library.lacking, versions)

    async def here(self) -> list[str]:
        """Versions of the bundles that are here."""
        return await asyncio.to_thread(self._library.here)

    async def analyse(
        self,
        image: bytes,
        *,
        limits: ImageLimits,
        bundle: str | None = None,
        box: Box | None = None,
        priority: Priority = Priority.INTERACTIVE,
        hints: Hints = NO_HINTS,
        project: int | None = None,
    ) -> Analysis:
        """See the port. A call that is cancelled before its photo's turn costs nothing."""
        if len(image) > limits.max_bytes:
            raise ImageTooManyBytes(f"the image has {len(image)} bytes, more than {limits.max_bytes}")
        found = await self._bundle(bundle)
        order = Order(str(found.folder), limits, box, int(priority), hints=hints)
        with nullcontext() if project is None else self._waiting.place(project, len(image)):
            answer = await self._order(order, image, project)
        assert isinstance(answer, Analysis)
        return answer

    async def thumbnail(self, image: bytes, *, limits: ImageLimits, side: int) -> bytes:
        """See the port."""
        if len(image) > limits.max_bytes:
            raise ImageTooManyBytes(f"the image has {len(image)} bytes, more than {limits.max_bytes}")
        answer = await self._order(Order("", limits, None, int(Priority.INTERACTIVE), side), image)
        assert isinstance(answer, bytes)
        return answer

    def submit(
        self, image: bytes, *, limits: ImageLimits, box: Box | None = None, priority: Priority = Priority.BATCH
    ) -> "Future[Answer]":
        """As :meth:`analyse`, for a thread that has no event loop: the future has the Analysis, or the error."""
        if len(image) > limits.max_bytes:
            raise ImageTooManyBytes(f"the image has {len(image)} bytes, more than {limits.max_bytes}")
        bundle = self.bundle
        return self._supervised(bundle).submit(Order(str(bundle.folder), limits, box, int(priority)), image)

    @property
    def capacity(self) -> int:
        """Photos that the children have in hand at once."""
        return self._processes * (self._threads + 1)

    async def _order(self, order: Order, image: bytes, project: int | None = None) -> Answer:
        supervisor = self._supervised(await self._bundle(None))
        return await asyncio.wrap_future(supervisor.submit(order, image, project))

    def similarity(self, cosine: float, bundle: str) -> float:
        """The bundle's calibrated 0..1 for a cosine. Raises VisionUnavailable when it is neither in use nor kept."""
        return self._library.load(bundle).similarity(cosine)

    async def ready(self, bundle: str | None = None) -> None:
        """See the port. Starts the children if need be; the error has the reason."""
        supervisor = self._supervised(await self._bundle(None))
        await self._bundle(bundle)
        await asyncio.wrap_future(supervisor.when_ready())

    def started(self) -> "Future[None]":
        """As :meth:`ready`, for a thread that has no event loop."""
        return self._supervised(self.bundle).when_ready()

    def statistics(self) -> VisionStatistics:
        return self._supervisor.statistics() if self._supervisor else _NOTHING_YET

    def pids(self) -> list[int]:
        """Process ids of the children that take photos."""
        return self._supervisor.pids() if self._supervisor else []

    def close(self) -> None:
        """End the children at once; calls that wait get VisionUnavailable. The pool may be used again."""
        with self._lock:
            supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.close()

    async def aclose(self) -> None:
        """The same, awaited."""
        await asyncio.to_thread(self.close)

    async def _bundle(self, version: str | None) -> Bundle:
        known = self._bundles.get(version)
        if known is None:
            # Reads and hashes tens of megabytes, once.
            load = self._library.current if version is None else self._library.load
            known = await asyncio.to_thread(load, *(() if version is None else (version,)))
            self._bundles[version] = known
        return known

    def _supervised(self, bundle: Bundle) -> Supervisor:
        with self._lock:
            if self._supervisor is None or self._supervisor.closed:
                options = Options(str(bundle.folder), self._threads, self._crash_marker)
                self._supervisor = Supervisor(options, processes=self._processes, timeout=self._timeout, log=self._log)
            return self._supervisor
