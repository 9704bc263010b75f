"""Names to addresses, without blocking the event loop."""

import asyncio
import ipaddress
import queue
import socket
import threading
from collections.abc import Sequence
from typing import Protocol

from placket.domain.errors import FetchFailed
from placket.fetching.addresses import Address


class Resolver(Protocol):
    async def resolve(self, host: str) -> Sequence[Address]:
        """Every address of ``host``. Raises FetchFailed."""
        ...

    def close(self) -> None: ...


class _Lookup:
    """One question to the system. ``answer`` never holds an exception: it may well be that nobody reads it."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[list[Address] | OSError] = self.loop.create_future()
        self.waiting = 0


class ThreadResolver:
    """The system's own resolver (hosts file, search order and all), in at most ``threads`` daemon threads.

    getaddrinfo cannot be interrupted: whoever gives up waiting leaves its thread behind until the system's resolver
    gives up too (after some 10 to 30 seconds). So a name has one lookup under way at most, a lookup that nobody waits
    for any more is not begun, and the threads hold up neither other work of the process nor its end.
    """

    def __init__(self, threads: int = 32) -> None:
        self._limit = threads
        self._threads = 0
        self._queue: queue.SimpleQueue[_Lookup | None] = queue.SimpleQueue()
        self._open: dict[str, _Lookup] = {}

    async def resolve(self, host: str) -> Sequence[Address]:
        lookup = self._open.get(host) or self._begin(host)
        lookup.waiting += 1
        try:
            answer = await asyncio.shield(lookup.answer)
        finally:
            lookup.waiting -= 1
        if isinstance(answer, OSError):
            again = isinstance(answer, socket.gaierror) and answer.errno == socket.EAI_AGAIN
            raise FetchFailed(f"the name {host} cannot be resolved", transient=again)
        return answer

    def close(self) -> None:
        for _ in range(self._threads):
            self._queue.put(None)
        self._threads = 0

    def _begin(self, host: str) -> _Lookup:
        lookup = self._open[host] = _Lookup(host)
        self._queue.put(lookup)
        if self._threads < min(self._limit, len(self._open)):
            self._threads += 1
            threading.Thread(target=self._work, name=f"placket-dns-{self._threads}", daemon=True).start()
        return lookup

    def _work(self) -> None:
        while (lookup := self._queue.get()) is not None:
            answer = _system_lookup(lookup.host) if lookup.waiting else None
            try:
                lookup.loop.call_soon_threadsafe(self._finish, lookup, answer)
            except RuntimeError:  # the loop is closed: the process is about to end
                return

    def _finish(self, lookup: _Lookup, answer: list[Address] | OSError | None) -> None:
        if answer is None and lookup.waiting:  # somebody came after it was passed over
            self._queue.put(lookup)
            return
        del self._open[lookup.host]
        if answer is not None:
            lookup.answer.set_result(answer)


def _system_lookup(host: str) -> list[Address] | OSError:
    try:
        found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found))
    except OSError as error:
        return error
    except ValueError as error:  # an address of a family that is not IP
        return OSError(str(error))
