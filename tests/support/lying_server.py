"""An HTTP server that keeps none of its promises: raw sockets on loopback, one function a path.

async with LyingServer() as server:
    server.routes["/photo"] = answer(200, b"...")
    await client.fetch(server.url("/photo"), ...)
"""

import asyncio
import random
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

PORTS = range(10_000, 12_001)


@dataclass(frozen=True, slots=True)
class Request:
    """``local``: the address it arrived at. ``headers``: names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    local: str


@dataclass(slots=True)
class Talk:
    """A connection in the hands of a route. Ending the function without :meth:`keep` closes it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: Request
    kept: bool = False

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def keep(self) -> None:
        self.kept = True

    def reset(self) -> None:
        """Close with RST: what the kernel does to a socket with unread data or zero linger."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Route = Callable[[Talk], Awaitable[None]]


@dataclass
class LyingServer:
    """``addresses`` share one port. ``requests`` and ``connections`` are all that it saw, ``open`` those still there;
    ``greeting`` is sent before any request; ``most_active``: the most requests that were being answered at once."""

    addresses: Sequence[str] = ("127.0.0.1",)
    tls: ssl.SSLContext | None = None
    routes: dict[str, Route] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    greeting: bytes = b""
    connections: int = 0
    open: int = 0
    active: int = 0
    most_active: int = 0
    port: int = 0
    _servers: list[asyncio.Server] = field(default_factory=list)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def url(self, path: str = "/", host: str | None = None) -> str:
        host = host or self.addresses[0]
        return f"{'https' if self.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}{path}"

    async def __aenter__(self) -> "LyingServer":
        for port in random.sample(PORTS, len(PORTS)):
            try:
                for address in self.addresses:
                    self._servers.append(await asyncio.start_server(self._serve, address, port, ssl=self.tls))
            except OSError:
                await self._close_servers()
                continue
            self.port = port
            return self
        raise RuntimeError("no free port from 10000 to 12000")

    async def __aexit__(self, *_: object) -> None:
        await self._close_servers()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _close_servers(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                writer.write(self.greeting)
                while (request := await _read_request(reader, writer)) is not None:
                    self.requests.append(request)
                    talk = Talk(reader, writer, request)
                    self.active += 1
                    self.most_active = max(self.active, self.most_active)
                    try:
                        await self.routes.get(request.target.partition("?")[0], answer(404, b"nothing here"))(talk)
                    finally:
                        self.active -= 1
                    if not talk.kept:
                        break
        except asyncio.CancelledError:
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body, writer.get_extra_info("sockname")[0])


def head(status: int, **headers: object) -> bytes:
    """``content_length=3`` becomes ``content-length: 3``."""
    lines = [f"HTTP/1.1 {status} Said"] + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(status: int, body: bytes = b"", *, keep: bool = True, **headers: object) -> Route:
    """An honest answer."""

    async def route(talk: Talk) -> None:
        await talk.send(head(status, content_length=len(body), **headers) + body)
        if keep:
            talk.keep()

    return route


def redirect(location: str, status: int = 302) -> Route:
    return answer(status, location=location)


def raw(data: bytes, *, then: str = "close") -> Route:
    """``data`` as it is, ``then`` close, reset, keep, or silence until the peer has had enough."""

    async def route(talk: Talk) -> None:
        await talk.send(data)
        if then == "reset":
            await asyncio.sleep(0.05)  # lets the peer read what was sent
            talk.reset()
        elif then == "silence":
            await talk.reader.read()
        elif then == "keep":
            talk.keep()

    return route


def endless(first: bytes, again: bytes, *, pause: float = 0.0) -> Route:
    """``first``, then ``again`` every ``pause`` seconds, until the peer has had enough."""

    async def route(talk: Talk) -> None:
        await talk.send(first)
        while True:
            await talk.send(again)
            await asyncio.sleep(pause)

    return route


def in_turn(*routes: Route) -> Route:
    """The first request gets the first route, and so on; the last one stays."""
    left = list(routes)

    async def route(talk: Talk) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(talk)

    return route


def after(seconds: float, then: Route) -> Route:
    async def route(talk: Talk) -> None:
        await asyncio.sleep(seconds)
        await then(talk)

    return route
