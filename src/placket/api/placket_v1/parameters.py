"""Parameters that several calls share."""

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Query, Request

from placket.api.described import filters_of
from placket.api.paths import path_text
from placket.api.query import Query as RawQuery
from placket.domain.errors import InvalidParameter
from placket.domain.fashion_tags import tag_language
from placket.domain.filters import Filter
from placket.domain.garments import Box
from placket.domain.labels import MOST_LABELS

PREFIX = "/placket/v1"


async def _service(request: Request) -> str:
    return path_text(request, "service")


async def _product_id(request: Request) -> str:
    return path_text(request, "productId")


async def _language(
    lang: Annotated[str, Query(description="Language of names: en, ko, zh or ja.", examples=["ko"])] = "en",
) -> str:
    return tag_language(lang)


async def _conditions(request: Request) -> tuple[Filter, ...]:
    return RawQuery(request.scope["query_string"]).conditions(numbers=True)


async def _box(
    box: Annotated[
        str | None,
        Query(description="x0,y0,x1,y1 in fractions of the image: what is searched for is in there."),
    ] = None,
) -> Box | None:
    if box is None:
        return None
    try:
        x0, y0, x1, y1 = map(float, box.split(","))
    except ValueError:
        raise InvalidParameter("box must be four numbers: x0,y0,x1,y1") from None
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise InvalidParameter("box must have 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1")
    return Box(x0, y0, x1, y1)


ServiceName = Annotated[str, Depends(_service)]
ProductId = Annotated[str, Depends(_product_id)]
Language = Annotated[str, Depends(_language)]
Conditions = Annotated[tuple[Filter, ...], Depends(_conditions)]
SearchBox = Annotated[Box | None, Depends(_box)]
Tags = Annotated[
    list[str],
    Query(
        max_length=MOST_LABELS,
        description="[!]of:label[,label]. A garment has one of these labels, or with ! none: category:dress,"
        " !group:TOP, pattern:floral,stripe. Given several times: all hold of one garment.",
        examples=[["pattern:floral,stripe"]],
    ),
]

FILTER_DOCUMENTATION = {
    "parameters": list(
        filters_of(
            "[equal: or !equal:]value[,value]; of numbers, as prices, between:low,high: an end may be missing",
            *("equal:1003,1005", "between:20,50"),
        )
    )
}


def as_cursor(product_id: str) -> str:
    return base64.urlsafe_b64encode(product_id.encode()).decode().rstrip("=")


def from_cursor(cursor: str | None) -> str:
    """The product id to go on after. Raises InvalidParameter."""
    if not cursor:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        after = base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise InvalidParameter("cursor is not one that a list of products gave") from None
    if "\0" in after:
        raise InvalidParameter("cursor is not one that a list of products gave")
    return after
