"""The two clients: the same calls, blocking or awaited."""

from types import TracebackType
from typing import Self

import httpx

from placket.client import connecting
from placket.client.account import Account
from placket.client.catalogue import Products, Services
from placket.client.drivers import AsyncDriver, SyncDriver
from placket.client.faces import Async, Sync
from placket.client.fashion import Fashion
from placket.client.photos import Photos, Search
from placket.client.retries import Retries
from placket.client.runs import Runs
from placket.client.server import Admin, Server
from placket.client.tagger import Tagger


class Placket:
    """A server as a key's project sees it. ``with`` it, or :meth:`close` it; threads may share it.

    ``timeout``: seconds that an answer may take. ``retries``: times that a request is sent again, where that is safe; a
    Retry-After of up to a minute is kept to. ``transport``: httpx's, for a proxy or certificates of your own.
    Raises ValueError for a URL or key that cannot be right.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 60.0,
        retries: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        key = connecting.checked_key(key)
        self._http = httpx.Client(**connecting.options(url, key, timeout), transport=transport)
        driver, policy = SyncDriver(self._http), Retries(retries)
        self.services = Services[Sync](driver, policy)
        self.products = Products[Sync](driver, policy)
        self.runs = Runs[Sync](driver, policy)
        self.photos = Photos[Sync](driver, policy)
        self.search = Search[Sync](driver, policy)
        self.account = Account[Sync](driver, policy)
        self.fashion = Fashion[Sync](driver, policy, key)
        self.tagger = Tagger[Sync](driver, policy)
        self.server = Server[Sync](driver, policy)
        self.admin = Admin[Sync](driver, policy)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Placket({str(self._http.base_url)!r})"


class AsyncPlacket:
    """:class:`Placket` with every call awaited, every iterator asynchronous; ``async with`` it, or :meth:`aclose`.

    It belongs to the event loop that it was first used in: each ``asyncio.run`` needs one of its own.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 60.0,
        retries: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        key = connecting.checked_key(key)
        self._http = httpx.AsyncClient(**connecting.options(url, key, timeout), transport=transport)
        driver, policy = AsyncDriver(self._http), Retries(retries)
        self.services = Services[Async](driver, policy)
        self.products = Products[Async](driver, policy)
        self.runs = Runs[Async](driver, policy)
        self.photos = Photos[Async](driver, policy)
        self.search = Search[Async](driver, policy)
        self.account = Account[Async](driver, policy)
        self.fashion = Fashion[Async](driver, policy, key)
        self.tagger = Tagger[Async](driver, policy)
        self.server = Server[Async](driver, policy)
        self.admin = Admin[Async](driver, policy)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncPlacket({str(self._http.base_url)!r})"
