"""The server's HTTP protocol, with bounds on a request's head (its size, its time) and on the time of its body.

uvicorn leaves them open: one client that sends an endless header takes all memory, and thousands that send none, or a
body that never ends, take all connections.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 65_536
HEAD_SECONDS = 20.0
BODY_IDLE_SECONDS = 30.0
BODY_SECONDS = 600.0
"""Longest pause in a body, and its longest time in all; while the server itself is not ready to read, none counts."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedHttpProtocol(HttpToolsProtocol):
    """For ``uvicorn.Config(http=BoundedHttpProtocol)``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._in_body = False
        self._body_began = self._body_came = 0.0
        self._body_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._body_ended()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            # Counted after parsing: a piece with the end of a head in it may carry much of a body.
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._hang_up(_TOO_LARGE)
        if self._in_body:
            self._body_came = self.loop.time()
            if self._body_timer is None:
                self._body_began = self._body_came
                self._body_timer = self.loop.call_later(BODY_IDLE_SECONDS, self._check_body)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._head_came()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._body_ended()
        super().on_message_complete()

    def _await_head(self) -> None:
        self._head_came()
        self._in_head = True
        self._head_bytes = 0
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _head_came(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _check_body(self) -> None:
        now = self.loop.time()
        if self.flow.read_paused:
            self._body_began += now - self._body_came
            self._body_came = now
        left = min(self._body_came + BODY_IDLE_SECONDS, self._body_began + BODY_SECONDS) - now
        if left <= 0:
            self._hang_up()
        else:
            self._body_timer = self.loop.call_later(left, self._check_body)

    def _body_ended(self) -> None:
        self._in_body = False
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _hang_up(self, answer: bytes = b"") -> None:
        # Where an earlier request of the connection is still being answered, a line of ours would end up inside it.
        if answer and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(answer)
        self.transport.close()
