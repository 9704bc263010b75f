"""Image hosts as one worker has met them: a slow one, or one that is down, costs nobody else's images their time.

Every host has a few turns. Who cannot have one soon is told to come back later (HostBusy) instead of holding one of
the worker's slots for it; by then the images of other hosts are through. It may be a task's own images that hang, and
not their host: so a host is slow for one owner and fast for another, and the slow one leaves the other a turn.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from placket.domain.errors import FetchError

_PATIENCE = 3.0
"""Seconds to wait for a turn at a host that is not known to be slow."""
_STEADY_PATIENCE = 30.0
"""The same for the one chunk that a slow host serves, as long as it does serve: what comes back later costs more."""
_SLOW = 1.0
"""Seconds that a fetch takes at a slow host, on the average of the last few."""
_WEIGHT = 0.3
_DOWN = 16
"""Fetches that failed one after another at a host that is down."""
_MOST_HOSTS = 10_000
_MOST_OWNERS = 100
_MOST_DELAY = 300.0
_ROOM = 1.2
_DOWN_DELAYS = (5.0, 15.0, 45.0)
UNTRIED = "the image's host answered none of the requests before, so this image was not tried"
"""Of an image whose host was down as often as :meth:`Hosts.sent_away` allows."""


class HostBusy(Exception):
    """No turn at this host soon."""


@dataclass(frozen=True, slots=True, eq=False)
class Holder:
    """A chunk, each time that it is computed; ``owner``: the task or run that it belongs to."""

    owner: str


@dataclass(slots=True)
class _Pace:
    """Of one owner's fetches: their seconds on the average, and until when those sent away are to come back."""

    seconds: float = 0.0
    booked_until: float = 0.0


@dataclass(slots=True)
class _Host:
    """``waiting_for``: the holder for which it is slow now, and ``held``: how many turns that one has."""

    turns: asyncio.Semaphore
    slow_turns: asyncio.Semaphore
    callers: int = 0
    running: int = 0
    waiting_for: Holder | None = None
    held: int = 0
    failures: int = 0
    owners: OrderedDict[str, _Pace] = field(default_factory=OrderedDict)

    @property
    def down(self) -> bool:
        return self.failures >= _DOWN

    def serves_another_than(self, holder: Holder) -> bool:
        return self.held > 0 and self.waiting_for is not holder

    def pace(self, owner: str) -> _Pace:
        found = self.owners.setdefault(owner, _Pace())
        self.owners.move_to_end(owner)
        if len(self.owners) > _MOST_OWNERS:
            self.owners.popitem(last=False)
        return found


class Hosts:
    """``per_host``: fetches at once from one host, in this process."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    @asynccontextmanager
    async def turn(self, name: str, holder: Holder) -> AsyncIterator[None]:
        """A turn to fetch one image; how long it takes, and whether the host fails, is remembered.

        Of the owners that find a host slow one ``holder`` at a time is served, with all turns but one; a host that is
        down serves them a single image. Raises HostBusy.
        """
        host = self._host(name)
        pace = host.pace(holder.owner)
        host.callers += 1
        try:
            slow = pace.seconds > _SLOW
            async with self._held(host, holder) if slow else _turn(host), _Watch(host, pace):
                yield
        finally:
            host.callers -= 1

    @asynccontextmanager
    async def _held(self, host: _Host, holder: Holder) -> AsyncIterator[None]:
        if host.serves_another_than(holder) or (host.down and host.running):
            raise HostBusy
        await _soon(host.slow_turns, _PATIENCE if host.failures else _STEADY_PATIENCE)
        if host.serves_another_than(holder):  # since then
            host.slow_turns.release()
            raise HostBusy
        host.waiting_for = holder
        host.held += 1
        try:
            async with _turn(host):
                yield
        finally:
            host.held -= 1
            host.slow_turns.release()

    def is_down(self, name: str) -> bool:
        host = self._hosts.get(name)
        return host is not None and host.down

    def sent_away(self, name: str, images: int, times_down: int, owner: str) -> tuple[float, int] | None:
        """(seconds after which ``owner`` is to come back with so many images, ``times_down`` then).

        ``times_down``: how often they were sent away in a row because the host was down. None: often enough.
        """
        if self.is_down(name):
            return (_DOWN_DELAYS[times_down], times_down + 1) if times_down < len(_DOWN_DELAYS) else None
        pace = self._host(name).pace(owner)
        now = asyncio.get_running_loop().time()
        # A place in a queue that is only in the mind: those sent away come back one after another, not all at once.
        # With room between them: who comes while another is still served is sent to the end of the queue.
        takes = _ROOM * max(pace.seconds, 0.1) * images / max(1, self._per_host - 1)
        pace.booked_until = max(now, pace.booked_until) + takes
        return min(_MOST_DELAY, max(1.0, pace.booked_until - now)), 0

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            turns, slow_turns = asyncio.Semaphore(self._per_host), asyncio.Semaphore(max(1, self._per_host - 1))
            host = self._hosts[name] = _Host(turns, slow_turns)
            self._forget()
        self._hosts.move_to_end(name)
        return host

    def _forget(self) -> None:
        """Hosts are named by strangers: only so many are remembered, and never one at work forgotten."""
        if len(self._hosts) > _MOST_HOSTS:
            idle = next((name for name, host in self._hosts.items() if not host.callers), None)
            if idle is not None:
                del self._hosts[idle]


async def _soon(turns: asyncio.Semaphore, patience: float) -> None:
    try:
        async with asyncio.timeout(patience):
            await turns.acquire()
    except TimeoutError:
        raise HostBusy from None


@asynccontextmanager
async def _turn(host: _Host) -> AsyncIterator[None]:
    await _soon(host.turns, _PATIENCE)
    host.running += 1
    try:
        yield
    finally:
        host.running -= 1
        host.turns.release()


class _Watch:
    """Measures one fetch."""

    def __init__(self, host: _Host, pace: _Pace) -> None:
        self._host = host
        self._pace = pace
        self._began = 0.0

    async def __aenter__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        host = self._host
        if error is not None and not isinstance(error, FetchError):
            return  # cancelled: says nothing of the host
        took = asyncio.get_running_loop().time() - self._began
        self._pace.seconds += _WEIGHT * (took - self._pace.seconds)
        host.failures = host.failures + 1 if isinstance(error, FetchError) and error.transient else 0
