"""Doing with the connections that one has, where no other can be made.

Servers, databases and roles have limits of connections, which other processes may use up. With a few less than its pool
may have, a process is slower, not out of order.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

from psycopg.errors import ConnectionTimeout
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

Way = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""To a connection: makes one, or takes one that is free."""

_FRESH = 1.0
"""Seconds for which a connection that was well is counted on: it may be on its way from one to another."""

_PAUSE, _PAUSE_IN_USE = 0.1, 1.0
"""Seconds after which one is asked for again, though none came back: the limit may be another by then."""


class OwnConnections:
    """``places``: of the pool. ``patience``: seconds to wait for another's connection, once a new one was refused."""

    def __init__(self, places: int, patience: float) -> None:
        self._places = places
        self._patience = patience
        self._in_use = 0
        self._well_at = -math.inf
        self._returned = asyncio.Event()
        self._queue = asyncio.Lock()

    @asynccontextmanager
    async def one(self, way: Way) -> AsyncIterator[AsyncConnection]:
        """Raises OperationalError when none can be made, and there is none that could come free."""
        entered = False
        try:
            async with AsyncExitStack() as stack:
                connection = await self._enter(stack, way)
                entered = True
                self._in_use += 1
                self._well_at = time.monotonic()
                yield connection
        finally:
            if entered:
                self._in_use -= 1
                self._returned.set()

    async def _enter(self, stack: AsyncExitStack, way: Way) -> AsyncConnection:
        try:
            return await stack.enter_async_context(way())
        except OperationalError as refused:
            if isinstance(refused.orig, ConnectionTimeout):
                # Nothing answers there, and so nobody has reached a limit.
                raise
            with suppress(TimeoutError):
                # One at a time: whoever cannot have any need not be asked by everybody for more.
                async with asyncio.timeout(self._patience), self._queue:
                    while self._some_left():
                        # The pool has places of broken connections too, and gives all of them out in turn.
                        for _ in range(self._places):
                            with suppress(OperationalError):
                                return await stack.enter_async_context(way())
                            if not self._some_left():
                                break
                        await self._one_returns()
            raise refused

    def _some_left(self) -> bool:
        """Those of a server that went away come back soon, broken; they keep nobody waiting for long."""
        return self._in_use > 0 or time.monotonic() < self._well_at + _FRESH

    async def _one_returns(self) -> None:
        self._returned.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PAUSE_IN_USE if self._in_use else _PAUSE):
                await self._returned.wait()
