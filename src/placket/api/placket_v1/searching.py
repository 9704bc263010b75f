"""Similar products: by a photo, by a detected garment's link, by a product."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from placket.api.parts import ApiParts, Parts
from placket.api.placket_v1.auth import BySearchKey
from placket.api.placket_v1.parameters import (
    FILTER_DOCUMENTATION,
    PREFIX,
    Conditions,
    Language,
    ProductId,
    SearchBox,
    ServiceName,
    Tags,
)
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import Garment, ImageMatchList, Match, MatchedGarment, MatchList
from placket.api.placket_v1.uploads import PhotoInput, photo_body, read_photo
from placket.api.searched import note_search
from placket.domain.errors import InvalidParameter
from placket.domain.labels import parse_attributes, parse_labels, vocabulary
from placket.domain.runs import FilterField
from placket.services import searching
from placket.services.searching import MOST_RESULTS, SearchOptions
from placket.services.stores import Caller

router = APIRouter(prefix=PREFIX, tags=["Search"])

_COLUMNS = {
    "name": ("name",),
    "image_url": ("image_url",),
    "categories": ("category1_id", "category2_id", "category3_id"),
    "s1": ("s1",),
    "s2": ("s2",),
}
_GARMENT = "garment"
_FIELDS = (*_COLUMNS, _GARMENT)


@dataclass(frozen=True, slots=True)
class _Fields:
    """What ``fields`` asked for. ``language``: of a garment's category."""

    columns: tuple[str, ...]
    garment: bool
    language: str

    @property
    def any(self) -> bool:
        return self.garment or bool(self.columns)


async def _fields(
    language: Language,
    fields: Annotated[
        str,
        Query(
            description=f"What to show of each product: {', '.join(_FIELDS)}, comma separated. garment: which of "
            "those in its photo is like the query."
        ),
    ] = "",
) -> _Fields:
    asked = [f.strip() for f in fields.split(",") if f]
    for field in asked:
        if field not in _FIELDS:
            raise InvalidParameter(f"fields must be of {', '.join(_FIELDS)}")
    columns = tuple(column for field in asked for column in _COLUMNS.get(field, ()))
    return _Fields(columns, _GARMENT in asked, language)


async def _options(
    conditions: Conditions,
    limit: Annotated[int, Query(ge=1, le=MOST_RESULTS)] = 20,
    minSimilarity: Annotated[float | None, Query(gt=0, le=1)] = None,
    includeDuplicates: Annotated[
        bool,
        Query(description="false leaves out products whose photo is, byte for byte, the query's or a better hit's."),
    ] = True,
    collapse: Annotated[
        FilterField | None,
        Query(
            description="Of products with one value here, as the colours of one design, only the best is shown, and "
            "none with the value of the product that is asked with. Those whose value is empty are all shown."
        ),
    ] = None,
    tag: Tags = [],  # noqa: B006
    same: Annotated[
        str,
        Query(
            description="What the similar garment has in common with that of the product or photo, comma separated: "
            f"{', '.join(vocabulary())}. Of several colours or details one is enough; what could not be told is not "
            "asked for."
        ),
    ] = "",
) -> SearchOptions:
    return SearchOptions(
        limit, conditions, minSimilarity, includeDuplicates, collapse, parse_labels(tag), _several(same)
    )


def _several(same: str) -> tuple[str, ...]:
    return parse_attributes(same.split(",")) if same else ()


Fields = Annotated[_Fields, Depends(_fields)]
Options = Annotated[SearchOptions, Depends(_options)]


def _matches(matches: Sequence[searching.Match], fields: _Fields) -> list[Match]:
    return [_match(match, fields) for match in matches]


def _match(match: searching.Match, fields: _Fields) -> Match:
    document = match.document
    values = document.fields if document else {}
    shown: dict[str, Any] = {column: values.get(column, "") for column in fields.columns}
    if fields.garment and document and document.garments:
        shown[_GARMENT] = MatchedGarment.of(document, match.place, fields.language)
    return Match(product_id=match.product_id, similarity=match.similarity, **shown)


@router.get(
    "/services/{service}/products/{productId}/similar",
    operation_id="searchByProductId",
    summary="Products like the main garment of this one",
    responses=problems(404),
    response_model_exclude_none=True,
    openapi_extra=FILTER_DOCUMENTATION,
)
async def similar(
    service: ServiceName,
    product: ProductId,
    caller: BySearchKey,
    parts: Parts,
    options: Options,
    fields: Fields,
    request: Request,
) -> MatchList:
    found = await parts.searching.by_product(caller, service, product, options, details=fields.any)
    note_search(request, service, "product", options, found)
    return MatchList(items=_matches(found.matches, fields), bestSimilarity=found.best)


@router.post(
    "/services/{service}/search",
    operation_id="search",
    summary="Products like the main garment of a photo, or like a detected one",
    responses=problems(404, 408, 413, 415, 422),
    response_model_exclude_none=True,
    openapi_extra={**FILTER_DOCUMENTATION, **photo_body(links=True)},
)
async def search(
    service: ServiceName,
    caller: BySearchKey,
    parts: Parts,
    options: Options,
    fields: Fields,
    language: Language,
    box: SearchBox,
    request: Request,
) -> ImageMatchList:
    await parts.catalogue.service(caller, service)
    photo = await read_photo(request, parts.photo_limits, links=True)
    details = fields.any
    if photo.link is not None:
        if box is not None:
            raise InvalidParameter("box goes with a photo; a link stands for one garment already")
        found = await parts.searching.by_link(caller, service, photo.link, options, details)
        note_search(request, service, "link", options, found)
        return ImageMatchList(items=_matches(found.matches, fields), bestSimilarity=found.best)
    image = await _image(parts, photo, caller)
    garment, found = await parts.searching.by_image(
        caller, service, image, parts.photo_limits, options, details=details, box=box
    )
    note_search(request, service, "photo", options, found)
    items = _matches(found.matches, fields)
    return ImageMatchList(items=items, bestSimilarity=found.best, garment=Garment.of(garment, language))


async def _image(parts: ApiParts, photo: PhotoInput, caller: Caller) -> bytes:
    if photo.image is not None:
        return photo.image
    return await parts.photos.fetch(photo.url or "", parts.photo_limits, caller.project_id)
