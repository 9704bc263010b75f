"""Fetches counted by how they end."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

from placket.domain.errors import FetchError
from placket.fetching.client import SafeClient
from placket.services.ports import Fetched
from placket.services.tallies import OK, UNCHANGED, outcome_of
from placket.services.tally import Tally

P = ParamSpec("P")


class CountingClient:
    """Implements Fetcher and Poster by another client. A fetch counts once, however often it was tried; ``use``: whom
    it is for."""

    def __init__(self, client: SafeClient, use: str, fetches: Tally) -> None:
        self.fetch = _counted(client.fetch, use, fetches)
        self.post = client.post
        self.aclose = client.aclose


def _counted(
    fetch: Callable[P, Awaitable[Fetched]], use: str, fetches: Tally
) -> Callable[P, Coroutine[Any, Any, Fetched]]:
    @wraps(fetch)
    async def counted(*arguments: P.args, **options: P.kwargs) -> Fetched:
        try:
            fetched = await fetch(*arguments, **options)
        except FetchError as error:
            fetches.add(use, outcome_of(error))
            raise
        fetches.add(use, UNCHANGED if fetched.unchanged else OK)
        return fetched

    return counted
