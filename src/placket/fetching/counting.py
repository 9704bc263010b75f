"""Fetches counted by how they end."""

from collections.abc import Mapping

from placket.domain.errors import FetchError
from placket.fetching.client import SafeClient
from placket.services.ports import Fetched
from placket.services.tallies import OK, UNCHANGED, outcome_of
from placket.services.tally import Tally


class CountingClient:
    """Implements Fetcher and Poster by another client. A fetch counts once, however often it was tried; ``use``: whom
    it is for."""

    def __init__(self, client: SafeClient, use: str, fetches: Tally) -> None:
        self._client = client
        self._use = use
        self._fetches = fetches

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,
        attempts: int = 1,
        overall: float | None = None,
        known_etag: str = "",
        owner: str = "",
    ) -> Fetched:
        """See :meth:`placket.services.ports.Fetcher.fetch`."""
        try:
            fetched = await self._client.fetch(
                url,
                max_bytes=max_bytes,
                timeout=timeout,
                attempts=attempts,
                overall=overall,
                known_etag=known_etag,
                owner=owner,
            )
        except FetchError as error:
            self._fetches.add(self._use, outcome_of(error))
            raise
        self._fetches.add(self._use, UNCHANGED if fetched.unchanged else OK)
        return fetched

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: float) -> int:
        """See :meth:`placket.services.ports.Poster.post`."""
        return await self._client.post(url, body=body, headers=headers, timeout=timeout)

    async def aclose(self) -> None:
        await self._client.aclose()
