"""A photo in a request: uploaded, or named by its URL; for a search also by a detected garment's link."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from placket.api.described import EMPTY, EXAMPLE_URL
from placket.api.errors import BodyTooLarge, BodyUnsupported
from placket.api.forms import MEDIA_TYPE, Form, FormLimits, read_form
from placket.api.urls import image_url
from placket.domain.errors import ImageTooManyBytes, InvalidParameter
from placket.domain.images import ImageLimits
from placket.domain.urls import MAX_URL_LENGTH

IMAGE, URL, LINK = "image", "url", "link"
_JSON = "application/json"


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
        return _exactly_one(image, form.texts, names)
    if kind == _JSON:
        return _exactly_one(None, await _json(request), names)
    raise BodyUnsupported(f"the body must be {MEDIA_TYPE} or {_JSON}")


async def _json(request: Request) -> dict[str, str]:
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise InvalidParameter("the body is not JSON") from None
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise InvalidParameter("the body must be a JSON object of strings")
    return value


def _exactly_one(image: bytes | None, texts: Mapping[str, str], names: tuple[str, ...]) -> PhotoInput:
    given = {name: texts[name] for name in names if texts.get(name)}
    if len(given) + (image is not None) != 1:
        raise InvalidParameter(f"the body must have exactly one of {', '.join((IMAGE, *names))}")
    url = given.get(URL)
    return PhotoInput(image, image_url(url) if url else None, given.get(LINK))


def photo_body(*, links: bool = False) -> dict[str, Any]:
    """``openapi_extra`` of a call that takes one."""
    texts: dict[str, Any] = {URL: {"type": "string", "description": "URL of the image"}}
    if links:
        texts[LINK] = {"type": "string", "description": "Link of a detected garment"}
    fields = {name: {**text, **EMPTY} for name, text in texts.items()}
    upload = {IMAGE: {"type": "string", "format": "binary", "description": "PNG, JPEG or GIF"}}
    content = {
        MEDIA_TYPE: {"schema": {"type": "object", "properties": {**upload, **fields}}},
        _JSON: {"schema": {"type": "object", "properties": texts}, "example": {URL: EXAMPLE_URL}},
    }
    return {"requestBody": {"required": True, "description": "Exactly one of these.", "content": content}}
