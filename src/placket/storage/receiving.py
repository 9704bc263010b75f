"""One index request at a time is received for a service, over all processes.

Receiving can take as long as a slow upload, so it must hold no connection of the pool: a process keeps one connection
of its own for all its places, while it holds any. The locks go with that connection, however the process ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from placket.domain.errors import IndexRequestInProgress, StorageUnavailable
from placket.storage.database import connect_options, have_watched

_CLASS = 0x706C6B31
"""First half of the advisory lock's key; the second is the service."""


class ReceivingPlaces:
    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._held: set[int] = set()
        self._mutex = asyncio.Lock()
        self._connection: psycopg.AsyncConnection[Any] | None = None

    @asynccontextmanager
    async def hold(self, service_id: int) -> AsyncIterator[None]:
        """Raises IndexRequestInProgress, StorageUnavailable."""
        key = service_id % 2**31
        if key in self._held:
            raise IndexRequestInProgress(_BUSY)
        self._held.add(key)
        try:
            await self._lock(key)
            yield
        finally:
            self._held.discard(key)
            await self._unlock(key)

    async def _lock(self, key: int) -> None:
        async with self._mutex:
            try:
                connection = await self._connect()
                found = await connection.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", (_CLASS, key))
                row = await found.fetchone()
            except psycopg.Error as error:
                await self._close()
                raise StorageUnavailable(f"the database does not answer: {str(error).partition(chr(10))[0]}") from error
        if row is None or not row[0]:
            raise IndexRequestInProgress(_BUSY)

    async def _unlock(self, key: int) -> None:
        async with self._mutex:
            if self._connection is None:
                return
            # Asked for even where the connection is closed next: the server notices a closed one only a moment later.
            try:
                await self._connection.execute("SELECT pg_advisory_unlock(%s::int, %s::int)", (_CLASS, key))
            except psycopg.Error:
                await self._close()
            if not self._held:
                await self._close()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, **connect_options(self._conninfo)
            )
            await have_watched(self._connection)
        return self._connection

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()


_BUSY = "another index request for this service is being received"
