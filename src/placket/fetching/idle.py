"""Connections between two requests."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from placket.domain.urls import ParsedUrl
from placket.fetching.connection import Connection

_KEEP_SECONDS = 15.0

Origin = tuple[str, str, int]


def origin_of(url: ParsedUrl) -> Origin:
    return url.scheme, url.host, url.port


@dataclass(frozen=True, slots=True)
class _Kept:
    origin: Origin
    connection: Connection
    expiry: asyncio.TimerHandle


class IdleConnections:
    """At most ``limit`` of them, each for 15 s. They were dialled at checked addresses and stay there."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._closed = False

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, origin: Origin) -> Connection | None:
        """The connection to ``origin`` that was used last, if it is still good."""
        for key in reversed([key for key, kept in self._kept.items() if kept.origin == origin]):
            connection = self._remove(key)
            if connection.clean:
                return connection
            connection.abort()
        return None

    def put(self, origin: Origin, connection: Connection) -> None:
        """Keep a finished connection, at the cost of the oldest one."""
        if self._closed:
            connection.abort()
            return
        key = id(connection)
        expiry = asyncio.get_running_loop().call_later(_KEEP_SECONDS, self._drop, key)
        self._kept[key] = _Kept(origin, connection, expiry)
        if len(self._kept) > self._limit:
            self._drop(next(iter(self._kept)))

    def close(self) -> None:
        self._closed = True
        for key in list(self._kept):
            self._drop(key)

    def _remove(self, key: int) -> Connection:
        kept = self._kept.pop(key)
        kept.expiry.cancel()
        return kept.connection

    def _drop(self, key: int) -> None:
        self._remove(key).abort()
