"""Image hosts as one worker has met them: a slow one, or one that is down, costs nobody else's images their time.

Every host has a few turns. Who cannot have one soon is told to come back later (HostBusy) instead of holding one of
the worker's slots for it; by then the images of other hosts are through.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from placket.domain.errors import FetchError

_PATIENCE = 3.0
"""Seconds to wait for a turn at a host that is not known to be slow."""
_SLOW = 1.0
"""Seconds that a fetch takes at a slow host, on the average of the last few."""
_WEIGHT = 0.3
_DOWN = 16
"""Fetches that failed one after another at a host that is down."""
_MOST_HOSTS = 10_000
_MOST_DELAY = 300.0
_DOWN_DELAYS = (5.0, 15.0, 45.0)


class HostBusy(Exception):
    """No turn at this host soon."""


@dataclass(slots=True)
class _Host:
    turns: asyncio.Semaphore
    callers: int = 0
    running: int = 0
    holder: object = None
    seconds: float = 0.0
    failures: int = 0
    booked_until: float = 0.0

    @property
    def slow(self) -> bool:
        return self.seconds > _SLOW

    @property
    def down(self) -> bool:
        return self.failures >= _DOWN


class Hosts:
    """``per_host``: fetches at once from one host, in this process."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    @asynccontextmanager
    async def turn(self, name: str, holder: object) -> AsyncIterator[None]:
        """A turn to fetch one image; how long it takes, and whether the host fails, is remembered.

        A slow host serves one ``holder`` (a chunk) at a time, and only as many of its images as there are turns; one
        that is slow and down a single image. Raises HostBusy.
        """
        host = self._host(name)
        host.callers += 1
        try:
            await self._acquire(host, holder)
            try:
                async with _Watch(host):
                    yield
            finally:
                host.running -= 1
                host.turns.release()
        finally:
            host.callers -= 1

    def is_down(self, name: str) -> bool:
        host = self._hosts.get(name)
        return host is not None and host.down

    def delay(self, name: str, images: int, times_down: int) -> float | None:
        """Seconds after which to come back with so many images.

        ``times_down``: how often they were sent away in a row because the host was down. None: often enough.
        """
        if self.is_down(name):
            return _DOWN_DELAYS[times_down] if times_down < len(_DOWN_DELAYS) else None
        host = self._host(name)
        now = asyncio.get_running_loop().time()
        # A place in a queue that is only in the mind: those sent away come back one after another, not all at once.
        host.booked_until = max(now, host.booked_until) + max(host.seconds, 0.1) * images / self._per_host
        return min(_MOST_DELAY, max(1.0, host.booked_until - now))

    async def _acquire(self, host: _Host, holder: object) -> None:
        if host.slow and (host.turns.locked() or (host.running and (host.down or host.holder is not holder))):
            raise HostBusy
        try:
            async with asyncio.timeout(_PATIENCE):
                await host.turns.acquire()
        except TimeoutError:
            raise HostBusy from None
        host.running += 1
        host.holder = holder

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(asyncio.Semaphore(self._per_host))
            self._forget()
        self._hosts.move_to_end(name)
        return host

    def _forget(self) -> None:
        """Hosts are named by strangers: only so many are remembered, and never one at work forgotten."""
        if len(self._hosts) > _MOST_HOSTS:
            idle = next((name for name, host in self._hosts.items() if not host.callers), None)
            if idle is not None:
                del self._hosts[idle]


class _Watch:
    """Measures one fetch."""

    def __init__(self, host: _Host) -> None:
        self._host = host
        self._began = 0.0

    async def __aenter__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        host = self._host
        if error is not None and not isinstance(error, FetchError):
            return  # cancelled: says nothing of the host
        took = asyncio.get_running_loop().time() - self._began
        host.seconds += _WEIGHT * (took - host.seconds)
        host.failures = host.failures + 1 if isinstance(error, FetchError) and error.transient else 0
