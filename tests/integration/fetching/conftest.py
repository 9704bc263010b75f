import ssl
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network
from typing import Any

import pytest

from placket.fetching import SafeClient
from placket.fetching.dialing import public_tls
from tests.support.lying_server import LyingServer

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def server() -> AsyncIterator[LyingServer]:
    async with LyingServer(addresses=("127.0.0.1", "127.0.0.2")) as running:
        yield running


@pytest.fixture(scope="session")
def default_tls() -> ssl.SSLContext:
    return public_tls()


@pytest.fixture
async def make_client(default_tls: ssl.SSLContext) -> AsyncIterator[Callable[..., SafeClient]]:
    clients: list[SafeClient] = []

    def make(**options: Any) -> SafeClient:
        clients.append(SafeClient(**{"allow_networks": LOOPBACK, "tls": default_tls, **options}))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(make_client: Callable[..., SafeClient]) -> SafeClient:
    return make_client()
