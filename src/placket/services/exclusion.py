"""Many at once, or one alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Exclusion:
    """``shared()`` for the many; ``alone()`` waits for them to leave, and keeps new ones waiting meanwhile."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._inside = 0
        self._claimants = 0
        self._alone = False

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._claimants)
            self._inside += 1
        try:
            yield
        finally:
            await self._leave_shared()

    async def _leave_shared(self) -> None:
        async with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._changed:
            self._claimants += 1
            try:
                await self._changed.wait_for(lambda: not self._inside and not self._alone)
                self._alone = True
            except BaseException:
                self._claimants -= 1
                self._changed.notify_all()
                raise
        try:
            yield
        finally:
            async with self._changed:
                self._alone = False
                self._claimants -= 1
                self._changed.notify_all()
