"""What a HEIF (ISO/IEC 23008-12) asks of its reader, told from its boxes before a pixel is decoded.

A picture may be put together from others: a phone's from a grid of tiles, and a hostile one of a few kilobytes from a
thousand large ones that lie on one another. Its own size says nothing of that.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

_AGAIN = (b"ipma", b"free", b"skip", b"uuid")
"""Boxes that may come several times. Of others readers differ in which of two they take."""
_DEEPEST = 8
_LONGEST = 1 << 18
"""Bytes of a box of numbers: a phone's photo of hundreds of tiles has a tenth."""
_MOST_BOXES = 10_000


@dataclass(slots=True)
class Items:
    """``shown``: the primary item. ``pixels``: what an item says that it has. ``parts``: the items that are decoded for
    one, its opacity too, as often as they are named. ``held``: bytes that a reader may come to hold of what items and
    their properties name, which may be the same ones many times."""

    shown: int = 0
    pixels: dict[int, int] = field(default_factory=dict)
    parts: dict[int, list[int]] = field(default_factory=dict)
    held: int = 0

    def to_decode(self) -> int:
        """Pixels of all that the shown item is put together from, and its own. Raises ValueError."""
        return self._cost(self.shown, {}, ())

    def _cost(self, item: int, known: dict[int, int], above: tuple[int, ...]) -> int:
        if item in above or len(above) > _DEEPEST:
            raise ValueError("it is put together from itself, or too deep")
        if item not in known:
            parts = (self._cost(part, known, (*above, item)) for part in self.parts.get(item, ()))
            known[item] = self.pixels.get(item, 0) + sum(parts)
        return known[item]


def read_items(data: bytes) -> Items:
    """Raises ValueError where boxes are missing, damaged or not as they have to be."""
    found = Items()
    metas = []
    # What an app appends need be no box, and no reader looks at it.
    with suppress(ValueError):
        for kind, content in _boxes(memoryview(data)):
            if kind == b"meta":
                metas.append(content)
    if len(metas) != 1:
        raise ValueError("it says nothing of its pictures, or says it twice")
    try:
        boxes = dict(_boxes(metas[0][4:], once=True))
        primary = _Numbers(boxes[b"pitm"])
        found.shown = primary.take(2 if primary.version == 0 else 4)
        _read_properties(boxes[b"iprp"], found)
        _read_references(boxes.get(b"iref", memoryview(bytes(4))), found)
        _read_places(boxes[b"iloc"], found, len(data))
    except LookupError:
        raise ValueError("a box is missing or cut short") from None
    return found


def _boxes(content: memoryview, *, once: bool = False) -> Iterator[tuple[bytes, memoryview]]:
    """(kind, content) of the boxes that stand one after another."""
    at, count, seen = 0, 0, set[bytes]()
    while at + 8 <= len(content):
        size, head = int.from_bytes(content[at : at + 4], "big"), 8
        kind = bytes(content[at + 4 : at + 8])
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(content) - at
        count += 1
        if size < head or count > _MOST_BOXES or (once and kind in seen and kind not in _AGAIN):
            raise ValueError("a box is damaged, or there too often")
        seen.add(kind)
        yield kind, content[at + head : at + size]
        at += size


class _Numbers:
    """Big-endian numbers of a box with a version and flags. Raises LookupError at its end."""

    def __init__(self, content: memoryview) -> None:
        if len(content) > _LONGEST:
            raise ValueError("a box has more to say than any photo's")
        self._content = content
        self._at = 0
        self.version, self.flags = self.take(1), self.take(3)

    def take(self, size: int) -> int:
        begin, self._at = self._at, self._at + size
        if self._at > len(self._content):
            raise LookupError
        return int.from_bytes(self._content[begin : self._at], "big")

    def rest(self) -> memoryview:
        return self._content[self._at :]


def _read_properties(content: memoryview, found: Items) -> None:
    boxes = list(_boxes(content, once=True))
    known = list(_boxes(dict(boxes)[b"ipco"]))
    for box in (_Numbers(inside) for kind, inside in boxes if kind == b"ipma"):
        for _ in range(box.take(4)):
            item = box.take(4 if box.version else 2)
            for _ in range(box.take(1)):
                number = box.take(2) & 0x7FFF if box.flags & 1 else box.take(1) & 0x7F
                kind, inside = known[number - 1] if number else (b"", memoryview(b""))
                found.held += len(inside)
                if kind == b"ispe":
                    size = _Numbers(inside)
                    found.pixels[item] = max(found.pixels.get(item, 0), size.take(4) * size.take(4))


def _read_references(content: memoryview, found: Items) -> None:
    references = _Numbers(content)
    width = 4 if references.version else 2
    for kind, inside in _boxes(references.rest()):
        said = _Numbers(memoryview(bytes(4) + bytes(inside)))
        item = said.take(width)
        named = [said.take(width) for _ in range(said.take(2))]
        if kind == b"dimg":
            found.parts.setdefault(item, []).extend(named)
        elif kind == b"auxl":
            for shown in named:
                found.parts.setdefault(shown, []).append(item)


def _read_places(content: memoryview, found: Items, whole: int) -> None:
    places = _Numbers(content)
    sizes = places.take(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    for _ in range(places.take(4 if places.version == 2 else 2)):
        places.take(4 if places.version == 2 else 2)
        places.take((2 if places.version else 0) + 2 + base)
        for _ in range(places.take(2)):
            places.take((index if places.version else 0) + offset)
            # None, or too many, are all to the end of the file.
            found.held += min(places.take(length) or whole, whole)
