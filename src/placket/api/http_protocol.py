"""The server's HTTP protocol, with bounds on a request's head (its size, its time), and on the time of its body and of
its answer's reader.

uvicorn leaves them open: one client that sends an endless header takes all memory, and thousands that send none, or a
body that never ends, or empty lines, or never read an answer, take all connections. What follows a body in chunks like
headers (trailers) counts as a part of the head, and is dropped: it would pass for headers of the request.

A request's line may hold bytes beyond ASCII, as curl sends a query that was typed in Korean: they are percent-encoded,
because uvicorn's parser takes none. So that they are known from bytes of a header or a body, the parser gets what comes
in pieces that end where a line of the head, or a message, ends.

Two headers are passed on by other names. No other protocol is spoken here, so a request to change to one is answered as
if it had not asked (RFC 9110, 7.8): the parser would end such a request at its head, and Java's own HTTP client asks so
with every body that it posts. And the Tagger's guide asks for a header ``task id``, a name that no header may have.

A client that waits for leave to send its body (``Expect: 100-continue``) and is answered instead may send it yet, or
not: as what comes next could be either, its connection ends with that answer.
"""

import asyncio
import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 65_536
HEAD_SECONDS = 20.0
BODY_IDLE_SECONDS = 30.0
BODY_SECONDS = 600.0
"""Longest pause in a body, and its longest time in all; while the server itself is not ready to read, none counts.

The application answers for a body that it waits for sooner than that (:mod:`placket.api.middleware`)."""
ANSWER_IDLE_SECONDS = 60.0
"""A client that for so long takes nothing of what is written is hung up on, at twice that at the latest."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_CHUNKS_END = re.compile(rb"0\r\n\r\n|\A\r?\n?\r?\n")
"""The end of a body in chunks, or the rest of one; it may be anywhere in a chunk too, where a cut does no harm."""
_RENAMED = {b"upgrade:": b"x-upgrade:", b"task id:": b"task-id:"}
_BLANK_LINES = re.compile(rb"[\r\n]++")
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BoundedHttpProtocol(HttpToolsProtocol):
    """For ``uvicorn.Config(http=BoundedHttpProtocol)``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._head_bytes = 0
        self._got_on = False
        self._deadline: asyncio.TimerHandle | None = None
        self._in_line = True
        self._at_line_start = False
        self._kept_back = b""
        self._begun = False
        self._body_left = 0
        self._in_body = False
        self._body_began = self._body_came = 0.0
        self._body_timer: asyncio.TimerHandle | None = None
        self._keeps_alive = False
        self._unread = 0
        self._reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()
        self._reader_timer = self.loop.call_later(ANSWER_IDLE_SECONDS, self._check_reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._body_ended()
        if self._reader_timer is not None:
            self._reader_timer.cancel()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        self._unread = 0
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        came = len(data)
        self._got_on = False
        data, self._kept_back, at = self._kept_back + data, b"", 0
        while at < len(data) and not self.transport.is_closing():
            if not self._begun and (blank := _BLANK_LINES.match(data, at)):
                at = blank.end()  # the parser would skip them too, but they would stop the clock of an idle connection
                continue
            end = self._piece_end(data, at)
            piece = data[at:end]
            if self._at_line_start and piece[-1:] != b":" and any(n.startswith(piece.lower()) for n in _RENAMED):
                self._kept_back = piece  # until it is seen which header's name it begins
            else:
                self._parse(piece)
            at = end
        if not self.transport.is_closing():
            self._count_head(came)
        if self._in_body:
            self._body_came = self.loop.time()
            if self._body_timer is None:
                self._body_began = self._body_came
                self._body_timer = self.loop.call_later(BODY_IDLE_SECONDS, self._check_body)

    def _count_head(self, came: int) -> None:
        """Of a head, or of trailers. After parsing: what came with the end of a head may be much of a body."""
        in_message = self._in_head or self._in_body
        self._head_bytes = self._head_bytes + came if in_message and not self._got_on else 0
        if self._head_bytes > MOST_HEAD_BYTES:
            self._hang_up(_TOO_LARGE)

    def _piece_end(self, data: bytes, at: int) -> int:
        if not self._in_body:
            return data.find(b"\n", at) + 1 or len(data)
        if self._body_left:
            return min(at + self._body_left, len(data))
        found = _CHUNKS_END.search(data, at)
        return found.end() if found else len(data)

    def _parse(self, piece: bytes) -> None:
        is_line = self._in_line
        if self._body_left:
            self._body_left -= len(piece)
        if is_line:
            piece = _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), piece)
        elif self._at_line_start:
            name, colon, value = piece.partition(b":")
            piece = _RENAMED.get(name.lower() + colon, name + colon) + value
        super().data_received(piece)
        # Empty lines may come before a request; one whose start was no piece's own may be past its line already.
        if self._begun and (piece.endswith(b"\n") or not is_line):
            self._in_line = False
        self._at_line_start = not self._in_line and not self._in_body and piece.endswith(b"\n")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun = True
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_came()
        self._in_body = self._got_on = True
        lengths = [int(value) for name, value in self.headers if name == b"content-length"]
        if self.parser.should_upgrade() and (any(lengths) or any(n == b"transfer-encoding" for n, _ in self.headers)):
            # A CONNECT, say: the parser ends such a request at its head, and would take its body for the next one.
            raise ValueError("a request for a tunnel or an upgrade has a body")
        self._body_left = lengths[0] if lengths else 0
        super().on_headers_complete()
        if self.expect_100_continue:
            self._keeps_alive, self.cycle.keep_alive = self.cycle.keep_alive, False

    def on_body(self, body: bytes) -> None:
        self._got_on = True
        self._expected_came()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._expected_came()
        self._body_ended()
        self._body_left = 0
        self._begun = False
        self._in_line = True
        super().on_message_complete()

    def shutdown(self) -> None:
        self._keeps_alive = False
        super().shutdown()

    def _expected_came(self) -> None:
        if self.expect_100_continue and not self.cycle.response_started:
            self.cycle.keep_alive = self._keeps_alive

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

    def _check_reader(self) -> None:
        """On a closed connection too: closing waits until all is taken."""
        unread = self.transport.get_write_buffer_size()
        if unread and unread == self._unread:
            self.transport.abort()
        else:
            self._unread = unread
            self._reader_timer = self.loop.call_later(ANSWER_IDLE_SECONDS, self._check_reader)

    def _hang_up(self, answer: bytes = b"") -> None:
        # Where an earlier request of the connection is still being answered, a line of ours would end up inside it.
        if answer and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(answer)
        self.transport.close()
