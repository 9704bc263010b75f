"""HEIC files put together by hand, as phones and those who mean harm do."""

import struct
from collections.abc import Sequence
from functools import cache

from tests.support.photos import encoded
from tests.unit.vision.pictures import quarters


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, *content: bytes, version: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *content)


def size(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)


def overlay(layers: int, side: int) -> bytes:
    return struct.pack(">BB4HII", 0, 1, 0, 0, 0, 65535, side, side) + bytes(8 * layers)


@cache
def tile(side: int) -> tuple[bytes, bytes]:
    """(how it is coded, the coded picture) of a square of four colours."""
    data = encoded(quarters(side, side), "HEIF", quality=95)
    at = data.index(b"hvcC") - 4
    coded = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    return coded, data[data.index(b"mdat") + 4 :]


def heic(
    items: Sequence[tuple[bytes, bytes, Sequence[int]]],
    properties: Sequence[bytes],
    references: Sequence[tuple[bytes, int, Sequence[int]]] = (),
) -> bytes:
    """``items``: kind, content, numbers of its properties from 1 on; items count from 1 too, and the last one is shown.
    The same content is stored once. ``references``: kind, from, to."""
    places = list(dict.fromkeys(content for _, content, _ in items))
    starts = {content: sum(map(len, places[:n])) for n, content in enumerate(places)}
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(base: int) -> bytes:
        extents = [
            struct.pack(">HHHHII", n, 0, 0, 1, base + starts[content], len(content))
            for n, (_, content, _) in enumerate(items, 1)
        ]
        kinds = [
            full(b"infe", struct.pack(">HH", n, 0), kind, b"\0", version=2) for n, (kind, _, _) in enumerate(items, 1)
        ]
        named = [struct.pack(">HB", n, len(numbers)) + bytes(numbers) for n, (_, _, numbers) in enumerate(items, 1)]
        links = [box(kind, struct.pack(f">HH{len(to)}H", from_, len(to), *to)) for kind, from_, to in references]
        return full(
            b"meta",
            full(b"hdlr", b"\0\0\0\0pict", bytes(13)),
            full(b"pitm", struct.pack(">H", len(items))),
            full(b"iloc", b"\x44\0", struct.pack(">H", len(items)), *extents, version=1),
            full(b"iinf", struct.pack(">H", len(items)), *kinds),
            full(b"iref", *links),
            box(b"iprp", box(b"ipco", *properties), full(b"ipma", struct.pack(">I", len(items)), *named)),
        )

    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", *places)
