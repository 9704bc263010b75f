"""Waiting for the end of a run, where the server has stopped answering."""

import asyncio
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from placket.client import AsyncPlacket, Placket, errors

RUN = {"id": "r", "service": "shop", "status": "running"}


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_the_time_given_is_the_most_that_it_takes(silent: str) -> None:
    began = time.monotonic()
    with Placket(silent, "key") as placket, pytest.raises(errors.WaitTimeout) as told:
        placket.runs.wait("shop", "r", timeout=0.5)
    assert told.value.last is None
    assert time.monotonic() - began < 10  # seconds; the client's own patience is 60 for each of five attempts


async def test_of_an_awaited_client_too(silent: str) -> None:
    async with AsyncPlacket(silent, "key") as placket:
        with pytest.raises(errors.WaitTimeout):
            await asyncio.wait_for(placket.runs.wait("shop", "r", timeout=0.5), 10)


def test_a_server_that_goes_away_meanwhile() -> None:
    answers = [httpx.Response(200, json=RUN)]

    def answer(_: httpx.Request) -> httpx.Response:
        if answers:
            return answers.pop()
        raise httpx.ConnectError("gone")

    with Placket("http://placket.test", "key", transport=httpx.MockTransport(answer)) as placket:
        with pytest.raises(errors.WaitTimeout) as told:
            placket.runs.wait("shop", "r", timeout=0.6)
        assert told.value.last == RUN
        with pytest.raises(errors.NotReachable):
            Placket("http://placket.test", "key", retries=0, transport=httpx.MockTransport(answer)).runs.get("s", "r")
