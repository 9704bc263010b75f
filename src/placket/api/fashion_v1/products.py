"""Similar image product recommendations, and the search with a detected item."""

from collections.abc import Sequence

from fastapi import APIRouter

from placket.api.described import FILTERS, LIMIT, THRESHOLD, parameter
from placket.api.fashion_v1.answers import FashionAnswer
from placket.api.fashion_v1.call import SearchCall
from placket.api.fashion_v1.documentation import described
from placket.api.fashion_v1.schemas import SimilarProducts
from placket.api.fashion_v1.services import SERVICE
from placket.api.paths import path_text
from placket.api.query import Query
from placket.api.searched import note_search
from placket.services.searching import MOST_RESULTS, Match, SearchOptions

router = APIRouter(tags=["AI Fashion v1.0: search"])

_LINK = parameter("link", {"type": "string"}, "link passed from the detect API", required=True)


def _options(query: Query) -> SearchOptions:
    return SearchOptions(query.integer("limit", 1, MOST_RESULTS), query.conditions(), query.fraction("threshold"))


def _items(matches: Sequence[Match]) -> list[dict[str, object]]:
    return [{"similarity": m.similarity, "productID": m.product_id} for m in matches]


@router.get(
    SERVICE + "/product/{productID}",
    **described(
        "searchByProduct", "Search for similar products by product ID", SimilarProducts, LIMIT, *FILTERS, THRESHOLD
    ),
)
async def by_product(call: SearchCall) -> FashionAnswer:
    product = path_text(call.request, "productID")
    options = _options(call.query)
    found = await call.parts.searching.by_product(call.caller, call.service, product, options)
    note_search(call.request, call.service, "product", options, found)
    return call.answer("productID", product, _items(found.matches))


@router.get(
    SERVICE + "/image",
    **described(
        "searchByLink",
        "Search for similar products with detected fashion items",
        SimilarProducts,
        LIMIT,
        _LINK,
        *FILTERS,
        THRESHOLD,
    ),
)
async def by_link(call: SearchCall) -> FashionAnswer:
    link = call.query.required("link")
    options = _options(call.query)
    found = await call.parts.searching.by_link(call.caller, call.service, link, options)
    note_search(call.request, call.service, "link", options, found)
    return call.answer("link", link, _items(found.matches))
