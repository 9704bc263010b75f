"""Files of images to tag: URLs in lines, in a CSV, or entries as the Tagger's guide has them."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from placket.client.shapes.tagger import Entry
from placket.client.tagger import entry
from placket.domain.errors import PlacketError


class EntriesInvalid(PlacketError):
    reason = "EntriesInvalid"


@dataclass(frozen=True, slots=True)
class Request:
    """Images to tag, and what a file that is a whole request body says of all of them."""

    entries: list[Entry]
    album_name: str | None = None
    description: str | None = None
    callback_url: str | None = None
    detection: list[str] | None = None
    strict: bool = False


def read_request(file: Path) -> Request:
    """``.txt``: one URL a line, which is the image's id as well; ``.csv``: columns id and url, and if you like name,
    keywords and gender, in a line at the top; ``.jsonl``: one entry, or one object of these, a line; ``.json``: an
    array of these, or a whole request body.

    Whether an entry is valid, the server says. Raises EntriesInvalid for a file that is none of these, OSError.
    """
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise EntriesInvalid(f"{file} is not UTF-8") from None
    readers = {".txt": _urls, ".csv": _columns, ".jsonl": _lines}
    ending = file.suffix.lower()
    if ending == ".json":
        found = _whole(file, text)
    elif ending in readers:
        found = Request(list(readers[ending](file, text)))
    else:
        raise EntriesInvalid(f"{file}: the name must end in {', '.join(readers)}, .json")
    if not found.entries:
        raise EntriesInvalid(f"{file} has no images")
    return found


def _urls(file: Path, text: str) -> Iterator[Entry]:
    for line in text.splitlines():
        if url := line.strip():
            yield entry(url, url)


def _columns(file: Path, text: str) -> Iterator[Entry]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if not {"id", "url"} <= set(reader.fieldnames or ()):
            raise EntriesInvalid(f"{file}: the first line must name the columns id and url")
        for row in reader:
            yield entry(row["id"] or "", row["url"] or "", **_words(row))
    except csv.Error as error:
        raise EntriesInvalid(f"{file}, line {reader.line_num}: not a CSV file: {error}") from None


def _lines(file: Path, text: str) -> Iterator[Entry]:
    # Not splitlines: JSON may hold U+2028, which ends no line of it.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _entry(f"{file}, line {number}", _json(f"{file}, line {number}", line))


def _whole(file: Path, text: str) -> Request:
    value = _json(str(file), text)
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
    if isinstance(value, dict) and isinstance(value.get("id"), str) and isinstance(value.get("url"), str):
        return entry(value["id"], value["url"], **_words(value))
    raise EntriesInvalid(f"{where}: neither an object of image and context nor one of id and url")


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("name", "keywords", "gender") if row.get(name)}


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EntriesInvalid(f"{where}: not JSON: {error}") from None
