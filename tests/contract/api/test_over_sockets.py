"""What only a socket shows: the application behind the server's own HTTP protocol."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.support.memory import MemoryInstallation
from tests.support.sockets import listening


@pytest.fixture
async def port(application: FastAPI, installation: MemoryInstallation) -> AsyncIterator[int]:
    application.state.parts = installation.parts
    async with listening(application) as port:
        yield port


async def exchange(port: int, sent: bytes) -> bytes:
    """What comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_a_query_as_it_was_typed(port: int, installation: MemoryInstallation) -> None:
    key = await installation.new_key()
    path = f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/가게/product/1?limit=5&filter.category1_id=한글"
    end = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await exchange(port, b"GET " + path.encode() + end)
    assert answer.startswith(b"HTTP/1.1 200 ") and b'"resultCode":-42000' in answer
    bad = await exchange(port, b"GET " + path.encode("euc-kr") + end)
    assert bad.startswith(b"HTTP/1.1 200 ") and b'"resultCode":-40000' in bad and b"is not UTF-8" in bad


async def test_a_body_that_stops_coming_is_answered_before_it_is_hung_up_on(
    port: int, installation: MemoryInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("placket.api.middleware._IDLE_SECONDS", 0.2)
    monkeypatch.setattr("placket.api.http_protocol.BODY_IDLE_SECONDS", 0.6)
    head = f"Host: x\r\nAuthorization: Bearer {await installation.new_key()}\r\nContent-Length: 1000\r\n".encode()
    for kind in (b"application/json", b"multipart/form-data; boundary=B"):
        start = b"POST /placket/v1/services HTTP/1.1\r\nContent-Type: " + kind + b"\r\n"
        answer = await exchange(port, start + head + b"\r\n{")
        assert answer.startswith(b"HTTP/1.1 408 ") and b'"code":-40010' in answer
