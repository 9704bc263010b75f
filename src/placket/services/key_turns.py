"""Requests of one key that are read and counted one after another.

What a key spends is written at its row of the database, and JSON is read by one thread at a time: all together they are
no faster than in turn, and a hundred of one key would hold every connection and thread meanwhile, for which everybody
else's requests would wait.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from placket.domain.errors import RateLimited


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    callers: int = 0


class KeyTurns:
    """Of this process."""

    def __init__(self) -> None:
        self._of: dict[str, _Turn] = {}

    @asynccontextmanager
    async def one(self, key_id: str, most: int | None = None) -> AsyncIterator[None]:
        """Raises RateLimited where ``most`` of the key are at it or wait already."""
        turn = self._of.setdefault(key_id, _Turn())
        if most is not None and turn.callers >= most:
            raise RateLimited("too many requests of this key are being read")
        turn.callers += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.callers -= 1
            if not turn.callers:  # an entry is kept only while it is used
                del self._of[key_id]
