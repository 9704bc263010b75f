"""A photo in a request: uploaded, or named by its URL; for a search also by a detected garment's link."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from placket.api.content_coding import refuse_coded
from placket.api.described import EMPTY, EXAMPLE_URL
from placket.api.errors import BodyTooLarge, BodyUnsupported
from placket.api.forms import MEDIA_TYPE, Form, FormLimits, read_form
from placket.api.urls import image_url
from placket.domain.errors import ImageTooManyBytes, InvalidParameter
from placket.domain.images import ImageLimits
from placket.domain.urls import MAX_URL_LENGTH

IMAGE, URL, LINK = "image", "url", "link"
_JSON = "application/json"
_AS_FILE = f"an image is sent as the file {IMAGE} of a {MEDIA_TYPE} body; in JSON, its URL is"
_SHOWN_NAMES, _SHOWN_OF_NAME = 3, 32


@dataclass(frozen=True, slots=True)
class PhotoInput:
    """Exactly one is set."""

    image: bytes | None = None
    url: str | None = None
    link: str | None = None


async def read_image_form(request: Request, limits: ImageLimits, texts: Mapping[str, int]) -> Form:
    """A form with these texts, each of so many bytes at the most, and maybe an image.

    Raises BodyUnsupported, TransferFailed, InvalidParameter, ImageTooManyBytes.
    """
    try:
        form = await read_form(request, FormLimits(texts, {IMAGE: limits.max_bytes}))
        image = form.files.get(IMAGE)
        if image is not None and len(image.content) > limits.max_bytes:
            raise BodyTooLarge
    except BodyTooLarge:
        # Neither what the body may have, which is more, nor how much of the image was kept.
        raise ImageTooManyBytes(f"the image has more than {limits.max_bytes} bytes") from None
    return form


async def read_photo(request: Request, limits: ImageLimits, *, links: bool = False) -> PhotoInput:
    """From a multipart or a JSON body. ``links``: a link is taken too.

    Raises InvalidParameter (not exactly one, or no URL), BodyUnsupported, TransferFailed, ImageTooManyBytes.
    """
    names = (URL, LINK) if links else (URL,)
    kind = parse_options_header(request.headers.get("content-type"))[0].decode("latin-1")
    if kind == MEDIA_TYPE:
        form = await read_image_form(request, limits, dict.fromkeys(names, MAX_URL_LENGTH))
        image = form.files[IMAGE].content if IMAGE in form.files else None
        return _exactly_one(image, form.texts, names, form.others)
    if kind == _JSON:
        return await _from_json(request, names)
    raise BodyUnsupported(f"the body must be {MEDIA_TYPE} or {_JSON}")


async def _from_json(request: Request, names: tuple[str, ...]) -> PhotoInput:
    refuse_coded(request)
    try:
        value = json.loads(await request.body())
    except BodyTooLarge as error:
        raise BodyTooLarge(f"{error.detail}; {_AS_FILE}") from None
    except (ValueError, RecursionError):
        raise InvalidParameter("the body is not JSON") from None
    if not isinstance(value, dict):
        raise InvalidParameter("the body must be a JSON object of strings")
    # Programs in Dart and Kotlin write a field that is not set as null.
    given = {name: text for name, text in value.items() if text is not None}
    # A browser's file is {} in JSON, and a form is too.
    if given.get(IMAGE, "") != "" or not given:
        raise InvalidParameter(_AS_FILE)
    if not all(isinstance(given.get(name, ""), str) for name in names):
        raise InvalidParameter("the body must be a JSON object of strings")
    return _exactly_one(None, given, names, tuple(name for name, text in given.items() if text != ""))


def _exactly_one(
    image: bytes | None, texts: Mapping[str, str], names: tuple[str, ...], others: Sequence[str]
) -> PhotoInput:
    """``others``: names of what else there is. Misspelt, or a parameter of the URL, it would count for nothing."""
    given = {name: texts[name] for name in names if texts.get(name)}
    count = len(given) + (image is not None)
    unknown = [name for name in others if name not in names]
    if count != 1:
        hint = "" if count else it_has(unknown)
        raise InvalidParameter(f"the body must have exactly one of {', '.join((IMAGE, *names))}{hint}")
    if unknown:
        raise InvalidParameter(f"the body has nothing but one of {', '.join((IMAGE, *names))}{it_has(unknown)}")
    url = given.get(URL)
    return PhotoInput(image, image_url(url) if url else None, given.get(LINK))


def it_has(others: Sequence[str]) -> str:
    """The end of a sentence about a name that is missing: the first of those that there are instead."""
    shown = ", ".join(repr(name[:_SHOWN_OF_NAME]) for name in others[:_SHOWN_NAMES])
    return f"; it has {shown}" if shown else ""


def photo_body(*, links: bool = False) -> dict[str, Any]:
    """``openapi_extra`` of a call that takes one."""
    texts: dict[str, Any] = {URL: {"type": "string", "description": "URL of the image"}}
    if links:
        texts[LINK] = {"type": "string", "description": "Link of a detected garment"}
    fields = {name: {**text, **EMPTY} for name, text in texts.items()}
    upload = {
        IMAGE: {"type": "string", "format": "binary", "description": "JPEG, PNG, GIF, WebP, HEIC, AVIF, BMP or TIFF"}
    }
    content = {
        MEDIA_TYPE: {"schema": {"type": "object", "properties": {**upload, **fields}}},
        _JSON: {"schema": {"type": "object", "properties": texts}, "example": {URL: EXAMPLE_URL}},
    }
    return {"requestBody": {"required": True, "description": "Exactly one of these.", "content": content}}
