"""Bytes over one socket."""

import asyncio

_PIECE = 64 * 1024
_HIGH_WATER = 4 * _PIECE
"""Bytes that may lie unread before the peer is made to wait."""


class Wire(asyncio.Protocol):
    """One connection. Read by one task at a time.

    Unlike a StreamReader it tells, without waiting, whether an idle connection is still :attr:`clean`.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._unread = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._paused = False
        self._reader: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """What has arrived, 1 byte to 64 KiB; empty at the end. Raises OSError when the connection broke."""
        while not self._unread and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self.read_nowait()

    def read_nowait(self) -> bytes:
        """What has arrived, perhaps nothing. Raises OSError when the connection broke."""
        if not self._unread and self._error is not None:
            raise self._error
        data = bytes(self._unread[:_PIECE])
        del self._unread[:_PIECE]
        if self._paused and len(self._unread) < _HIGH_WATER // 2 and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        if self._ended:
            raise ConnectionResetError("closed by the peer")
        self._transport.write(data)

    @property
    def clean(self) -> bool:
        """Open, with nothing unread: fit for another request."""
        return not self._ended and not self._unread

    def abort(self) -> None:
        """Close without waiting for the peer's consent."""
        self._transport.abort()

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) >= _HIGH_WATER and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
