"""An answer's body, never more of it than asked for."""

import asyncio
import zlib

from placket.domain.errors import FetchFailed, FetchTooLarge
from placket.fetching.connection import Answer, Connection

_GZIP = zlib.MAX_WBITS | 16
_PIECES_A_TURN = 64
"""A server may send a byte a piece: after so many, other tasks get their turn."""
_MOST_MEMBERS = 20_000
"""Of a gzip body: each costs a copy of what follows it in its piece. One a row of an index file is well below."""


async def read_body(connection: Connection, answer: Answer, max_bytes: int, host: str) -> bytes:
    """At most ``max_bytes``, both as sent and as decoded.

    Raises FetchTooLarge as soon as it is known, FetchFailed, OSError when the connection breaks.
    """
    too_large = FetchTooLarge(f"the body has more than {max_bytes} bytes")
    declared = answer.header(b"content-length")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise too_large
    decode = _decoder(answer, host)
    body = bytearray()
    sent = pieces = 0
    async for piece in connection.body():
        sent += len(piece)
        body += decode.some(piece, max_bytes + 1 - len(body))
        if sent > max_bytes or len(body) > max_bytes:
            raise too_large
        pieces += 1
        if pieces % _PIECES_A_TURN == 0:
            await asyncio.sleep(0)
    if not decode.complete:
        raise FetchFailed(f"{host} sent an incomplete gzip body", transient=True)
    return bytes(body)


class _Plain:
    complete = True

    def some(self, piece: bytes, room: int) -> bytes:
        return piece


class _Gzip:
    """Members one after another. Never yields more than there is room for."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._member = zlib.decompressobj(_GZIP)
        self._members = 1

    @property
    def complete(self) -> bool:
        return self._member.eof

    def some(self, piece: bytes, room: int) -> bytes:
        """``room`` bytes mean that there may be more, which are lost then; fewer mean that this is all."""
        decoded = bytearray()
        while piece and len(decoded) < room:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
                self._members += 1
                if self._members > _MOST_MEMBERS:
                    raise FetchFailed(f"{self._host} sent a gzip body of more than {_MOST_MEMBERS:,} members")
            try:
                decoded += self._member.decompress(piece, room - len(decoded))
            except zlib.error:
                raise FetchFailed(f"{self._host} sent a damaged gzip body") from None
            piece = self._member.unused_data
        return bytes(decoded)


def _decoder(answer: Answer, host: str) -> _Plain | _Gzip:
    """For the coding that was used although none was asked for: object stores do so with files kept compressed."""
    coding = answer.header(b"content-encoding").strip().lower()
    if coding in ("", "identity"):
        return _Plain()
    if coding in ("gzip", "x-gzip"):
        return _Gzip(host)
    raise FetchFailed(f"{host} sent a content coding other than gzip, and was asked for none")
