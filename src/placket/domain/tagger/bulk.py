"""The body of ``POST /bulk`` and ``PUT /bulk/{id}``: what of it is accepted, and what each other entry lacks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from placket.domain.errors import FetchError, PlacketError
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.tagger.errors import NothingAccepted, RequestMalformed, RequestTooLarge
from placket.domain.tagger.reading import (
    DEFAULT_DETECTION,
    detection_of,
    object_of,
    optional_text,
    read_context,
    read_object,
    required_text,
)
from placket.domain.urls import check_url

MAX_DESCRIPTION = 1024
MAX_ALBUM_NAME = 1024
MAX_IMAGE_ID = 512
MAX_CALLBACK_URL = 2048
STRICT = "STRICT"
_VALUES_A_REQUEST = 10_000
_VALUES_AN_ENTRY = 250
"""Commas and brackets in the JSON, on the average; an entry with every field has some 30."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image to tag. ``image_id`` is ``context.id``; ``sent`` the entry as it came."""

    image_id: str
    url: str = field(repr=False)
    detection: tuple[str, ...]
    sent: Any = field(repr=False, default=None)
    hints: Hints = NO_HINTS


@dataclass(frozen=True, slots=True)
class Rejected:
    sent: Any
    message: str


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """``items`` in the order of the request; which of them is accepted is only known beside the task's other ids."""

    album_name: str
    description: str
    strict: bool
    callback_url: str
    items: tuple[Entry | Rejected, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    accepted: tuple[Entry, ...]
    rejected: tuple[Rejected, ...]


def read_bulk(body: bytes, *, max_entries: int) -> BulkRequest:
    """Raises RequestMalformed (naming the field), DetectionInvalid or RequestTooLarge.

    What is wrong inside one entry is that entry's failure alone.
    """
    value = read_object(body, most_values=_VALUES_A_REQUEST + _VALUES_AN_ENTRY * max_entries)
    request = value.get("taggingRequest")
    if request is None:
        raise RequestMalformed("taggingRequest is missing")
    if not isinstance(request, list):
        raise RequestMalformed("taggingRequest must be an array")
    if not request:
        raise RequestMalformed("taggingRequest is empty")
    if len(request) > max_entries:
        raise RequestTooLarge(f"taggingRequest has {len(request)} entries, more than {max_entries}")
    default = detection_of(value.get("defaultDetection"), "defaultDetection") or DEFAULT_DETECTION
    return BulkRequest(
        album_name=optional_text(value, "albumName", "albumName", MAX_ALBUM_NAME),
        description=optional_text(value, "description", "description", MAX_DESCRIPTION),
        strict=_is_strict(value.get("option")),
        callback_url=_callback(optional_text(value, "callbackUrl", "callbackUrl", MAX_CALLBACK_URL)),
        items=tuple(_item(sent, default) for sent in request),
    )


def _is_strict(option: Any) -> bool:
    if option is None:
        return False
    if not isinstance(option, list) or any(word != STRICT for word in option):
        raise RequestMalformed(f'option must be an array; the one value that it may hold is "{STRICT}"')
    return bool(option)


def _callback(url: str) -> str:
    if url:
        try:
            check_url(url)
        except FetchError as error:
            raise RequestMalformed(f"callbackUrl: {error.detail}") from None
    return url


def _item(sent: Any, default: tuple[str, ...]) -> Entry | Rejected:
    try:
        return _entry(sent, default)
    except PlacketError as error:
        return Rejected(sent, error.detail)


def _entry(sent: Any, default: tuple[str, ...]) -> Entry:
    if not isinstance(sent, dict):
        raise RequestMalformed("an entry must be an object with image and context")
    image = object_of(sent, "image", "image")
    if required_text(image, "type", "image.type") != "url":
        raise RequestMalformed('image.type must be "url" in a bulk request')
    url = required_text(image, "content", "image.content")
    try:
        check_url(url)
    except FetchError as error:
        raise RequestMalformed(f"image.content: {error.detail}") from None
    context = object_of(sent, "context", "context")
    image_id = required_text(context, "id", "context.id", MAX_IMAGE_ID)
    if not image_id:
        raise RequestMalformed("context.id is empty")
    hints = read_context(context, "context")
    detection = detection_of(context.get("detection"), "context.detection")
    return Entry(image_id, url, detection or default, sent, hints)


def settle(items: Sequence[Entry | Rejected], taken: Collection[str], *, strict: bool) -> Settled:
    """Who is in: the first valid entry of an id that the task has not ``taken`` yet. Raises NothingAccepted."""
    ids = set(taken)
    accepted: list[Entry] = []
    rejected: list[Rejected] = []
    for item in items:
        if isinstance(item, Rejected):
            rejected.append(item)
        elif item.image_id in ids:
            rejected.append(Rejected(item.sent, "context.id is already in use in this task"))
        else:
            ids.add(item.image_id)
            accepted.append(item)
    if not accepted or (strict and rejected):
        why = f"{len(rejected)} of {len(items)} entries are invalid" if strict and accepted else "no entry is valid"
        raise NothingAccepted(f"{why}; nothing was stored", tuple((r.sent, r.message) for r in rejected))
    return Settled(tuple(accepted), tuple(rejected))
