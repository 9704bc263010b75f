"""Files of images to tag: URLs in lines, in a CSV, or entries as the Tagger's guide has them."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from placket.cli.csv_table import read_table, read_text
from placket.client.shapes.tagger import Entry
from placket.client.tagger import entry
from placket.domain.errors import PlacketError

_WORDS = ("name", "keywords", "gender")


class EntriesInvalid(PlacketError):
    reason = "EntriesInvalid"


@dataclass(frozen=True, slots=True)
class Request:
    """Images to tag, and what a file that is a whole request body says of all of them. ``lines``: of the file, each
    entry's own; none of a ``.json``."""

    entries: list[Entry]
    album_name: str | None = None
    description: str | None = None
    callback_url: str | None = None
    detection: list[str] | None = None
    strict: bool = False
    lines: tuple[int, ...] = ()

    def lines_of(self, refused: Sequence[Any]) -> list[int | None]:
        """Where the entries stand that the server sends back; of the same one twice the first was accepted."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for line, sent in zip(self.lines, self.entries, strict=False):
            places[json.dumps(sent)].append(line)
        found = [places[key].pop() if places[key := json.dumps(sent)] else None for sent in reversed(refused)]
        return found[::-1]


Placed = tuple[int, Entry]
"""With its line."""


def read_request(file: Path) -> Request:
    """``.txt``: one URL a line, which is the image's id as well; ``.csv``: columns id and url, and if you like name,
    keywords and gender, named in the first line; ``.jsonl``: one entry, or one object of these, a line; ``.json``: an
    array of these, or a whole request body.

    Whether an entry is valid, the server says. Raises EntriesInvalid or TableInvalid for a file that is none of these,
    OSError.
    """
    readers = {".txt": _urls, ".csv": _columns, ".jsonl": _lines}
    ending = file.suffix.lower()
    if ending == ".json":
        found = _whole(file)
    elif ending in readers:
        placed = list(readers[ending](file))
        found = Request([e for _, e in placed], lines=tuple(line for line, _ in placed))
    else:
        raise EntriesInvalid(f"{file}: the name must end in {', '.join(readers)}, .json")
    if not found.entries:
        raise EntriesInvalid(f"{file} has no images")
    return found


def _urls(file: Path) -> Iterator[Placed]:
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        if url := line.strip():
            yield number, entry(url, url)


def _columns(file: Path) -> Iterator[Placed]:
    table = read_table(file, "url")
    names = table.names
    if not {"id", "url"} <= set(names):
        raise EntriesInvalid(f"{file}: the first line must name the columns id and url")
    if any(names.count(name) > 1 for name in ("id", "url", *_WORDS)):
        raise EntriesInvalid(f"{file}: a column is named twice")
    for record in table.records[1:]:
        row = dict(zip(names, table.cells(record, len(names), fewer=True), strict=False))
        yield record.line, entry(row.get("id", ""), row.get("url", "").strip(), **_words(row))


def _lines(file: Path) -> Iterator[Placed]:
    # Not splitlines: JSON may hold U+2028, which ends no line of it.
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if line.strip():
            where = f"{file}, line {number}"
            yield number, _entry(where, _json(where, line))


def _whole(file: Path) -> Request:
    value = _json(str(file), read_text(file))
    body = value if isinstance(value, dict) else {"taggingRequest": value}
    if not isinstance(body.get("taggingRequest"), list):
        raise EntriesInvalid(f"{file} must hold an array, or an object with taggingRequest")
    return Request(
        [_entry(f"{file}, entry {number}", item) for number, item in enumerate(body["taggingRequest"], start=1)],
        album_name=_text(file, body, "albumName"),
        description=_text(file, body, "description"),
        callback_url=_text(file, body, "callbackUrl"),
        detection=_texts(file, body, "defaultDetection"),
        strict="STRICT" in (_texts(file, body, "option") or ()),
    )


def _text(file: Path, body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise EntriesInvalid(f"{file}: {name} must be a text")


def _texts(file: Path, body: Mapping[str, Any], name: str) -> list[str] | None:
    value = body.get(name)
    if value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return value
    raise EntriesInvalid(f"{file}: {name} must be an array of texts")


def _entry(where: str, value: Any) -> Entry:
    if isinstance(value, dict) and "image" in value:
        return cast(Entry, value)
    if isinstance(value, dict) and _is_id(value.get("id")) and isinstance(value.get("url"), str):
        return entry(str(value["id"]), value["url"], **_words(value))
    raise EntriesInvalid(f"{where}: neither an object of image and context nor one of id and url")


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _WORDS if row.get(name)}


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise EntriesInvalid(f"{where}: not JSON: nested too deep") from None
    except ValueError as error:
        raise EntriesInvalid(f"{where}: not JSON: {error}") from None
