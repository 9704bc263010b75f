"""Items of an RSS or Atom feed, one after another. The file may be anybody's.

A document type is refused before anything in it is read, so nothing is expanded and nothing is fetched. What is kept of
an item is bounded, and so is a single tag, which the parser would hold whole.
"""

import io
from collections.abc import Collection, Iterator
from xml.parsers import expat

from placket.shops.catalogue import ExportInvalid
from placket.shops.tables import Placed

_ITEMS = ("item", "entry")
_PIECE = 65_536
_MOST_TAG = 1_000_000
_MOST_TEXT = 10_000
_MOST_DEPTH = 50


def read_items(file: io.BufferedReader, names: Collection[str]) -> Iterator[Placed]:
    """What stands directly in an item under one of these names, whatever its prefix. Raises ExportInvalid."""
    items = _Items(names)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda name, _: items.start(name, parser.CurrentLineNumber)
    parser.EndElementHandler = lambda _: items.end()
    parser.CharacterDataHandler = items.text
    given = 0
    while True:
        piece = file.read(_PIECE)
        given += len(piece)
        try:
            parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            raise ExportInvalid(f"line {error.lineno}: not XML: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:
            why = f"the encoding that the first line names cannot be read: {error}; save it as UTF-8"
            raise ExportInvalid(why) from None
        yield from items.taken()
        if not piece:
            break
        if given - parser.CurrentByteIndex > _MOST_TAG:
            raise ExportInvalid(f"line {parser.CurrentLineNumber}: a tag or comment of more than {_MOST_TAG:,} bytes")
    if not items.found:
        raise ExportInvalid("the file has no <item> or <entry>: it is no feed")


def _refuse(*_: object) -> None:
    raise ExportInvalid("the file has a document type (<!DOCTYPE ...>), which no feed needs; it is not read")


class _Items:
    """What the parser tells, one tag after another."""

    def __init__(self, names: Collection[str]) -> None:
        self.found = False
        self._names = names
        self._path: list[str] = []
        self._item: dict[str, str] | None = None
        self._plain: set[str] = set()
        self._line = self._item_depth = self._size = 0
        self._texts: list[str] | None = None
        self._ready: list[Placed] = []

    def start(self, tag: str, line: int) -> None:
        self._path.append(tag)
        if len(self._path) > _MOST_DEPTH:
            raise ExportInvalid(f"line {line}: more than {_MOST_DEPTH} tags within one another")
        if self._item is None and _local(tag) in _ITEMS:
            self.found = True
            self._item, self._plain = {}, set[str]()
            self._line, self._item_depth = line, len(self._path)
        elif self._item is not None and len(self._path) == self._item_depth + 1 and _local(tag) in self._names:
            self._texts, self._size = [], 0

    def text(self, text: str) -> None:
        if self._texts is not None and len(self._path) == self._item_depth + 1:
            self._size += len(text)
            if self._size > _MOST_TEXT:
                raise ExportInvalid(f"line {self._line}: an item whose {self._path[-1]} is longer than {_MOST_TEXT:,}")
            self._texts.append(text)

    def end(self) -> None:
        tag = self._path.pop()
        if self._item is None:
            return
        if len(self._path) == self._item_depth and self._texts is not None:
            self._keep(tag, "".join(self._texts).strip())
            self._texts = None
        elif len(self._path) < self._item_depth:
            self._ready.append((self._line, {name: self._item.get(name, "") for name in self._names}))
            self._item = None

    def _keep(self, tag: str, text: str) -> None:
        """The first of its name; of ``g:id`` and Atom's own ``id``, which is an address, that of Google's."""
        name, is_plain = _local(tag), ":" not in tag
        assert self._item is not None
        if text and (name not in self._item or (name in self._plain and not is_plain)):
            self._item[name] = text
            (self._plain.add if is_plain else self._plain.discard)(name)

    def taken(self) -> list[Placed]:
        ready, self._ready = self._ready, []
        return ready


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]
