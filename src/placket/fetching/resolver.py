"""Names to addresses, without blocking the event loop."""

import asyncio
import ipaddress
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from placket.domain.errors import FetchFailed
from placket.fetching.addresses import Address
from placket.services.in_turn import InTurn


class Resolver(Protocol):
    async def resolve(self, host: str, owner: str = "") -> Sequence[Address]:
        """Every address of ``host``. ``owner``: who asks; those that wait take turns. Raises FetchFailed."""
        ...

    def close(self) -> None: ...


class _Lookup:
    """One question to the system. ``answer`` never holds an exception: it may well be that nobody reads it."""

    def __init__(self, host: str, owner: str) -> None:
        self.host = host
        self.owner = owner
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[list[Address] | OSError] = self.loop.create_future()
        self.waiting = 0


class _Waiting:
    """Lookups that wait for a thread; an owner has ``most_of_one`` threads at most. Shared by threads."""

    def __init__(self, most_of_one: int) -> None:
        self._most_of_one = most_of_one
        self._lookups: InTurn[str, _Lookup] = InTurn()
        self._under_way: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, lookup: _Lookup) -> None:
        with self._changed:
            self._lookups.put(lookup.owner, lookup)
            self._changed.notify()

    def take(self) -> _Lookup | None:
        """None when it is closed. What is taken is to be told :meth:`done`."""
        with self._changed:
            while not self._closed:
                lookup = self._lookups.take(lambda owner: self._under_way[owner] < self._most_of_one)
                if lookup is not None:
                    self._under_way[lookup.owner] += 1
                    return lookup
                self._changed.wait()
            return None

    def done(self, lookup: _Lookup) -> None:
        with self._changed:
            self._under_way[lookup.owner] -= 1
            if not self._under_way[lookup.owner]:
                del self._under_way[lookup.owner]
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class ThreadResolver:
    """The system's own resolver (hosts file, search order and all), in at most ``threads`` daemon threads.

    getaddrinfo cannot be interrupted: whoever gives up waiting leaves its thread behind until the system's resolver
    gives up too (after some 10 to 30 seconds). So an owner has half of the threads at most, and one lookup of a name
    under way; a lookup that nobody waits for any more is not begun; and the threads hold up neither other work of the
    process nor its end.
    """

    def __init__(self, threads: int = 64) -> None:
        self._limit = threads
        self._threads = 0
        self._waiting = _Waiting(max(1, threads // 2))
        self._open: dict[tuple[str, str], _Lookup] = {}

    async def resolve(self, host: str, owner: str = "") -> Sequence[Address]:
        # Not shared between owners: one would wait for what the other has no thread for.
        lookup = self._open.get((owner, host)) or self._begin(host, owner)
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
        self._waiting.close()

    def _begin(self, host: str, owner: str) -> _Lookup:
        lookup = self._open[owner, host] = _Lookup(host, owner)
        self._waiting.put(lookup)
        if self._threads < min(self._limit, len(self._open)):
            self._threads += 1
            threading.Thread(target=self._work, name=f"placket-dns-{self._threads}", daemon=True).start()
        return lookup

    def _work(self) -> None:
        while (lookup := self._waiting.take()) is not None:
            answer = _system_lookup(lookup.host) if lookup.waiting else None
            self._waiting.done(lookup)
            try:
                lookup.loop.call_soon_threadsafe(self._finish, lookup, answer)
            except RuntimeError:  # the loop is closed: the process is about to end
                return

    def _finish(self, lookup: _Lookup, answer: list[Address] | OSError | None) -> None:
        if answer is None and lookup.waiting:  # somebody came after it was passed over
            self._waiting.put(lookup)
            return
        del self._open[lookup.owner, lookup.host]
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
