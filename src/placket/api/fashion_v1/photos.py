"""Search for cameras: what is in a photo, and deep tagging of it."""

from fastapi import APIRouter

from placket.api.described import parameter
from placket.api.fashion_v1.answers import FashionAnswer
from placket.api.fashion_v1.call import SearchCall
from placket.api.fashion_v1.documentation import described
from placket.api.fashion_v1.schemas import DetectedItems, TaggedItems
from placket.api.fashion_v1.services import SERVICE
from placket.api.query import Query
from placket.api.urls import image_url
from placket.domain.fashion_tags import item_tags, item_type, tag_language
from placket.domain.garments import Box
from placket.services.looking import MOST_TAGGED

router = APIRouter(tags=["AI Fashion v1.0: photos"])

_PATH = parameter("path", {"type": "string", "format": "uri"}, "URL of the image", required=True)
_LANG = parameter(
    "lang", {"type": "string", "enum": ["en", "ko", "jp", "ja", "zh"], "default": "en"}, "Language of labels"
)
_ITEM_LIMIT = parameter(
    "item_limit", {"type": "integer", "minimum": 1, "maximum": MOST_TAGGED, "default": 1}, "Items, the widest first"
)


def _path(query: Query) -> str:
    return image_url(query.required("path"))


def _corners(box: Box) -> dict[str, object]:
    """Fractions of the upright image's width and height."""
    return {"center": list(box.center), "b0": [box.x0, box.y0], "b1": [box.x1, box.y1]}


@router.get(SERVICE + "/detect", **described("detectFashionItems", "Detect fashion items", DetectedItems, _PATH))
async def detect(call: SearchCall) -> FashionAnswer:
    path = _path(call.query)
    look = await call.parts.looking.detect_url(call.caller, call.service, path, call.parts.image_limits)
    items = [{"link": i.link, **_corners(i.garment.box), "score": i.garment.score} for i in look.items]
    return call.answer("path", path, items)


@router.get(
    SERVICE + "/tag",
    **described("tagFashionItems", "Detect fashion tag items", TaggedItems, _PATH, _LANG, _ITEM_LIMIT),
)
async def tag(call: SearchCall) -> FashionAnswer:
    query = call.query
    path = _path(query)
    given = query.one("lang")
    language = tag_language("en" if given is None else given)
    item_limit = query.integer("item_limit", 1, MOST_TAGGED, default=1)
    look = await call.parts.looking.tag_url(call.caller, call.service, path, call.parts.tag_limits, item_limit)
    items = [
        {
            "type": item_type(i.garment),
            "tags": item_tags(i.garment, language),
            **_corners(i.garment.box),
            "score": i.garment.score,
        }
        for i in look.items
    ]
    return call.answer("path", path, items)
