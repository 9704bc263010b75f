"""Products one at a time: put with their photo, read with what was found on it, deleted, browsed."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from placket.api.described import EMPTY
from placket.api.parts import ApiParts, Parts
from placket.api.placket_v1.auth import ByKey, BySearchKey
from placket.api.placket_v1.parameters import PREFIX, Language, ProductId, ServiceName, Tags, as_cursor, from_cursor
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import FilterValues, Product, ProductList
from placket.api.placket_v1.uploads import IMAGE, it_has, read_image_form
from placket.domain.errors import InvalidParameter
from placket.domain.index_file import MAX_LENGTH
from placket.domain.labels import parse_labels
from placket.domain.runs import FIELDS, Outcome

router = APIRouter(prefix=PREFIX, tags=["Products"])

_PRODUCT = "/services/{service}/products/{productId}"
_UTF8_BYTES = 4
_FORM = {
    "type": "object",
    "required": [IMAGE],
    "properties": {
        IMAGE: {
            "type": "string",
            "format": "binary",
            "description": "The product's photo: PNG, JPEG or GIF; others by PLACKET_IMAGE_FORMATS",
        },
        **{name: {"type": "string", "maxLength": MAX_LENGTH[name], **EMPTY} for name in FIELDS},
    },
}


@router.get(
    "/services/{service}/products", operation_id="listProducts", summary="Products by id", responses=problems(403, 404)
)
async def browse(
    service: ServiceName,
    caller: ByKey,
    parts: Parts,
    language: Language,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=512, description="nextCursor of the page before.")] = None,
    tag: Tags = [],  # noqa: B006
) -> ProductList:
    found = await parts.catalogue.products(caller, service, from_cursor(cursor), limit + 1, parse_labels(tag))
    page = found[:limit]
    following = as_cursor(page[-1].product_id) if len(found) > limit else None
    return ProductList(items=[Product.of(d, language) for d in page], nextCursor=following)


@router.get(_PRODUCT, operation_id="getProduct", summary="A product and its tags", responses=problems(404))
async def read(
    service: ServiceName, product: ProductId, caller: BySearchKey, parts: Parts, language: Language
) -> Product:
    return Product.of(await parts.catalogue.product(caller, service, product), language)


@router.put(
    _PRODUCT,
    operation_id="putProduct",
    summary="Add a product, or replace it, with its photo",
    responses={
        201: {"model": Product, "description": "It was added"},
        **problems(403, 404, 408, 409, 413, 415, 422),
    },
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def put(
    service: ServiceName,
    product: ProductId,
    caller: ByKey,
    parts: Parts,
    language: Language,
    request: Request,
    response: Response,
) -> Product:
    await parts.catalogue.service(caller, service)
    fields, image = await _form(request, parts)
    result = await parts.catalogue.put_product(caller, service, product, fields, image)
    if result.outcome is Outcome.ADDED:
        response.status_code = 201
    return Product.of(result.document, language)


async def _form(request: Request, parts: ApiParts) -> tuple[dict[str, str], bytes]:
    """(columns, photo); columns that were not sent are empty."""
    texts = {name: MAX_LENGTH[name] * _UTF8_BYTES for name in FIELDS}
    form = await read_image_form(request, parts.image_limits, texts)
    if IMAGE not in form.files:
        raise InvalidParameter(f"the body has no part {IMAGE!r}{it_has(form.others)}")
    # A column whose name is misspelt would be empty.
    if form.others:
        raise InvalidParameter(f"a product's parts are {IMAGE}, {', '.join(FIELDS)}{it_has(form.others)}")
    return {name: form.texts.get(name, "") for name in FIELDS}, form.files[IMAGE].content


@router.patch(
    _PRODUCT,
    operation_id="refilterProduct",
    summary="Change what a product is filtered by, without its photo",
    description=(
        "As when it is sold out. What is not given stays, and so do photo, garments and corrections: nothing is fetched"
        " or looked at. A name may change which garments count, so it comes with the photo."
    ),
    responses=problems(403, 404, 408, 413, 415),
)
async def refilter(
    service: ServiceName, product: ProductId, values: FilterValues, caller: ByKey, parts: Parts, language: Language
) -> Product:
    return Product.of(await parts.catalogue.refilter_product(caller, service, product, values.given()), language)


@router.delete(
    _PRODUCT, status_code=204, operation_id="deleteProduct", summary="Delete a product", responses=problems(403, 404)
)
async def delete(service: ServiceName, product: ProductId, caller: ByKey, parts: Parts) -> None:
    await parts.catalogue.delete_product(caller, service, product)
