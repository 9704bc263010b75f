"""A request's head is bounded in size and time, its body in time; what is within the bounds passes untouched."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from placket.api.http_protocol import MOST_HEAD_BYTES, BoundedHttpProtocol

BODY = b"x" * 300_000


async def echo(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    if scope["path"] == "/later":
        await asyncio.sleep(1.5)
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(str(size)))]})
    await send({"type": "http.response.body", "body": b"%d" % size})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr("placket.api.http_protocol.HEAD_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            echo, http=BoundedHttpProtocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=5
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


async def exchange(port: int, *pieces: bytes, pause: float = 0) -> bytes:
    """What comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def post(extra: bytes = b"", last: bool = True) -> bytes:
    close = b"Connection: close\r\n" if last else b""
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s%s\r\n" % (len(BODY), close, extra) + BODY


async def test_a_large_body_is_no_large_head(port: int) -> None:
    assert (await exchange(port, post())).endswith(b"\r\n\r\n300000")


async def test_a_slow_body_is_no_slow_head(port: int) -> None:
    whole = post()
    answer = await exchange(port, whole[:200_000], whole[200_000:], pause=0.6)
    assert answer.endswith(b"300000")


async def test_several_requests_on_one_connection(port: int) -> None:
    answer = await exchange(port, post(last=False), post(last=False) + post(), pause=0.05)
    assert answer.count(b"300000") == 3


async def test_a_head_within_the_limit(port: int) -> None:
    answer = await exchange(port, post(b"X: " + b"y" * (MOST_HEAD_BYTES - 1000) + b"\r\n"))
    assert answer.endswith(b"300000")


async def test_an_endless_head(port: int) -> None:
    for start in (b"GET /", b"GET / HTTP/1.1\r\nX: "):
        answer = await exchange(port, start, *[b"y" * 100_000] * 50)
        assert answer[:12] in (b"HTTP/1.1 431", b"")


async def test_a_head_that_never_ends_is_hung_up_on(port: int) -> None:
    for pieces in ((), (b"GET / HT",), (b"GET / HTTP/1.1\r\n", b"Host: x\r\n")):
        assert await exchange(port, *pieces, pause=0.1) == b""
    answer = await exchange(port, post(last=False), b"GET /", pause=0.05)
    assert answer.endswith(b"300000")


async def hung_up_after(port: int, *pieces: bytes, pause: float) -> float:
    began = time.monotonic()
    assert await exchange(port, *pieces, pause=pause) == b""
    return time.monotonic() - began


async def test_a_body_that_never_ends_is_hung_up_on(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.api.http_protocol.BODY_IDLE_SECONDS", 0.5)
    monkeypatch.setattr("placket.api.http_protocol.BODY_SECONDS", 1.0)
    whole = post()
    assert 0.4 < await hung_up_after(port, whole[:1000], pause=0) < 5
    # Never silent for long, and yet without an end.
    assert 0.9 < await hung_up_after(port, whole[:1000], *[b"x"] * 20, pause=0.1) < 5
    answer = await exchange(port, whole[:1000], whole[1000:200_000], whole[200_000:], pause=0.3)
    assert answer.endswith(b"300000")


async def test_a_body_waits_for_a_busy_server(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.api.http_protocol.BODY_IDLE_SECONDS", 0.3)
    monkeypatch.setattr("placket.api.http_protocol.BODY_SECONDS", 0.6)
    answer = await exchange(port, post().replace(b"POST / ", b"POST /later "))
    assert answer.endswith(b"300000")
