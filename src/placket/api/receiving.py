"""Room for bodies while they are received: what bounds the memory that they take, and leaves room to other keys when
somebody sends many and slowly.

A body takes as much of it as it says to have bytes. All phones of a shop come with one key: counted by their number,
sixteen photos on their way over slow networks kept everybody else's waiting.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

PLACE = 16_000_000
"""What a body takes that does not say how large it is, and the most that one takes."""
RECEIVED_AT_ONCE = 64
RECEIVED_OF_ONE = 16
"""Such places in a process, in all and of one key."""
_LEAST = 100_000
"""A small body's connection takes memory too."""


class _Room:
    """Given in the order of asking, so that a large body is not passed for ever by small ones."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._first = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        async with self._first:
            while self._free < size:
                self._freed.clear()
                await self._freed.wait()
            self._free -= size
        try:
            yield
        finally:
            self._free += size
            self._freed.set()


class Receiving:
    """Waiting for one's own key's room takes nothing of the others'."""

    def __init__(self) -> None:
        self._all = _Room(RECEIVED_AT_ONCE * PLACE)
        self._of_key: dict[str, _Room] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def place(self, key_id: str, declared: int | None = None) -> AsyncIterator[None]:
        size = PLACE if declared is None else min(max(declared, _LEAST), PLACE)
        own = self._of_key.setdefault(key_id, _Room(RECEIVED_OF_ONE * PLACE))
        self._users[key_id] += 1
        try:
            async with own.hold(size), self._all.hold(size):
                yield
        finally:
            self._users[key_id] -= 1
            if not self._users[key_id]:
                del self._users[key_id], self._of_key[key_id]


def declared_length(request: Request) -> int | None:
    """None of a body that comes in chunks."""
    value = request.headers.get("content-length", "")
    return int(value) if value.isdecimal() else None
