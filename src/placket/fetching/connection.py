"""One HTTP/1.1 connection, with every size bounded."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import h11

from placket.domain.errors import FetchFailed
from placket.fetching.wire import Wire

MAX_HEADER_BYTES = 32 * 1024
"""Of an answer's header names and values, with four bytes of framing each."""
_MAX_UNPARSED_BYTES = 64 * 1024
"""Of anything that is not complete yet: the head of an answer, a line of chunked framing."""
_MAX_INFORMATIONAL = 8

Header = tuple[bytes, bytes]


class StaleConnection(Exception):
    """A kept connection brought no answer: the server had closed it, or sent late what belonged to the answer before.
    Ask again on another one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers``: names in lower case."""

    status: int
    headers: Sequence[Header]

    def header(self, name: bytes) -> str:
        """All values of ``name``, joined by commas; empty when absent."""
        return ", ".join(value.decode("latin-1") for key, value in self.headers if key == name)


class Connection:
    """Requests one after another: :meth:`ask`, :meth:`body`, and :meth:`finish` before the next."""

    def __init__(self, wire: Wire, host: str) -> None:
        self._wire = wire
        self._host = host
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_UNPARSED_BYTES)
        self._kept = False
        self._heard = False
        self._ended = False

    @property
    def clean(self) -> bool:
        """Open and silent since the last answer. Bytes that nobody asked for would pass as the next answer."""
        return self._wire.clean

    async def ask(self, method: str, target: str, headers: Sequence[Header], body: bytes = b"") -> Answer:
        """Send a request and read the answer's head.

        Raises FetchFailed, OSError when the connection breaks, StaleConnection when a kept one was no good any more.
        """
        self._heard = False
        try:
            self._send(h11.Request(method=method, target=target, headers=list(headers)))
            if body:
                self._send(h11.Data(data=body))
            self._send(h11.EndOfMessage())
            return await self._head()
        except (OSError, FetchFailed):
            if self._kept and (not self._heard or self._http.their_state is h11.ERROR):
                raise StaleConnection from None
            raise

    async def body(self) -> AsyncIterator[bytes]:
        """The body's pieces, transfer coding removed. Raises FetchFailed, OSError when the connection breaks."""
        while isinstance(event := await self._event(), h11.Data):
            yield bytes(event.data)

    def finish(self) -> bool:
        """Whether the connection may be kept: the answer ended where it said, and nothing follows.

        Reads what has arrived of an unread body, and never waits for more.
        """
        try:
            while self._http.their_state is h11.SEND_BODY:
                if self._http.next_event() is h11.NEED_DATA:
                    if not (data := self._wire.read_nowait()):
                        return False
                    self._http.receive_data(data)
            return self._next_cycle()
        except (h11.RemoteProtocolError, OSError):
            return False

    def abort(self) -> None:
        self._wire.abort()

    def _next_cycle(self) -> bool:
        http = self._http
        if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
            return False
        if http.trailing_data != (b"", False) or not self._wire.clean:
            return False
        http.start_next_cycle()
        self._kept = True
        return True

    def _send(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        if data := self._http.send(event):
            self._wire.write(data)

    async def _head(self) -> Answer:
        for _ in range(_MAX_INFORMATIONAL):
            event = await self._event()
            if isinstance(event, h11.Response):
                if sum(len(name) + len(value) + 4 for name, value in event.headers) > MAX_HEADER_BYTES:
                    raise FetchFailed(f"{self._host} answered with more than {MAX_HEADER_BYTES} bytes of headers")
                return Answer(event.status_code, list(event.headers))
            if not isinstance(event, h11.InformationalResponse):
                break
        raise FetchFailed(f"{self._host} did not answer as HTTP does")

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                if self._ended:
                    raise FetchFailed(f"{self._host} closed the connection too early", transient=True) from None
                raise FetchFailed(f"{self._host} did not answer as HTTP does") from None
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]
            data = await self._wire.read()
            self._heard = self._heard or bool(data)
            self._ended = not data
            self._http.receive_data(data)
