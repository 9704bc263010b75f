"""The body of ``POST /tags``: one image by URL or in base64."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from placket.domain.errors import ImageTooManyBytes
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.tagger.errors import Base64HeaderMissing, Base64Unreadable, ImageTypeUnknown, RequestMalformed
from placket.domain.tagger.reading import (
    DEFAULT_DETECTION,
    detection_of,
    object_of,
    optional_text,
    read_context,
    read_object,
    required_text,
)

_HEADER = re.compile(r"data:image/[a-z0-9.+-]{1,32};base64,", re.IGNORECASE | re.ASCII)
_MOST_VALUES = 10_000
_SPACE = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class SingleRequest:
    """Either ``url`` or ``image`` (the decoded bytes)."""

    detection: tuple[str, ...]
    url: str = field(default="", repr=False)
    image: bytes = field(default=b"", repr=False)
    hints: Hints = NO_HINTS


def read_single(body: bytes, *, max_bytes: int) -> SingleRequest:
    """``max_bytes``: largest image.

    Raises RequestMalformed, RequestTooLarge, DetectionInvalid, ImageTypeUnknown, Base64HeaderMissing,
    Base64Unreadable or ImageTooManyBytes. A URL is checked when it is fetched.
    """
    value = read_object(body, most_values=_MOST_VALUES)
    image = object_of(value, "image", "image")
    kind = required_text(image, "type", "image.type")
    detection, hints = _context(value)
    if kind == "url":
        return SingleRequest(detection, url=required_text(image, "content", "image.content"), hints=hints)
    if kind == "base64":
        content = required_text(image, "content", "image.content")
        return SingleRequest(detection, image=_decoded(content, max_bytes), hints=hints)
    raise ImageTypeUnknown('image.type must be "url" or "base64"')


def _context(value: dict[str, Any]) -> tuple[tuple[str, ...], Hints]:
    context = value.get("context")
    if context is None:
        return DEFAULT_DETECTION, NO_HINTS
    if not isinstance(context, dict):
        raise RequestMalformed("context must be an object")
    optional_text(context, "id", "context.id")
    hints = read_context(context, "context")
    return detection_of(context.get("detection"), "context.detection") or DEFAULT_DETECTION, hints


def _decoded(content: str, max_bytes: int) -> bytes:
    header = _HEADER.match(content)
    if header is None:
        raise Base64HeaderMissing("image.content must begin with data:image/<ext>;base64,")
    # Line breaks are how many encoders write it.
    digits = _SPACE.sub("", content[header.end() :])
    if len(digits) > (max_bytes + 2) // 3 * 4:
        raise ImageTooManyBytes(f"the image has more than {max_bytes} bytes")
    try:
        image = base64.b64decode(digits.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Base64Unreadable("image.content is not base64 after its header") from None
    if not image:
        raise Base64Unreadable("image.content has no image after its header")
    if len(image) > max_bytes:
        raise ImageTooManyBytes(f"the image has {len(image)} bytes, more than {max_bytes}")
    return image
