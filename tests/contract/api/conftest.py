"""The application in process, over the stores in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from placket.api.app import create_app
from tests.support.memory import MemoryInstallation

Fashion = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def lines() -> Iterator[list[Any]]:
    """What was logged, kept from structlog's default renderer: it draws tracebacks, which takes a minute each."""
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def installation() -> MemoryInstallation:
    return MemoryInstallation()


@pytest.fixture(scope="session")
def application() -> FastAPI:
    """Made once: declaring all routes takes longer than a test."""
    return create_app(MemoryInstallation().parts)


@pytest.fixture
async def http(application: FastAPI, installation: MemoryInstallation) -> AsyncIterator[httpx.AsyncClient]:
    application.state.parts = installation.parts
    application.state.leaving = False
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://placket", trust_env=False) as client:
        yield client


@pytest.fixture
async def key(installation: MemoryInstallation) -> str:
    return await installation.new_key()


@pytest.fixture
async def shop(http: httpx.AsyncClient, key: str) -> str:
    """A key with a service ``shop``."""
    await http.post(f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/shop")
    return key


@pytest.fixture
def fashion(http: httpx.AsyncClient) -> Fashion:
    """``await fashion("GET", key, "services", maker=True)``: the body, after checking what every answer has."""

    async def call(method: str, key: str, rest: str, *, maker: bool = False, **options: Any) -> dict[str, Any]:
        prefix = "nhn-ai-fashion-maker" if maker else "nhn-ai-fashion"
        answer = await http.request(method, f"/{prefix}/v1.0/appkeys/{key}/{rest}", **options)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        body: dict[str, Any] = answer.json()
        return body

    return call


@pytest.fixture
async def bearer(http: httpx.AsyncClient, shop: str) -> httpx.AsyncClient:
    """The client with the key of ``shop`` in its header."""
    http.headers["Authorization"] = f"Bearer {shop}"
    return http
