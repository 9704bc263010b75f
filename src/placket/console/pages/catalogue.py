"""The products of a service: browsed, exported, one looked at, their photos."""

from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from placket.console.choices import condition_name, correction_form, filter_options
from placket.console.exports import PRODUCT_COLUMNS, csv_rows, product_row
from placket.console.garments import overlay, shown
from placket.console.guard import Page
from placket.console.pages.try_it import narrowed, similar_page
from placket.console.thumbnails import SIDES
from placket.console.visit import Visit
from placket.domain.errors import FetchError, ImageError, NoSuchProduct
from placket.domain.labels import parse_labels
from placket.domain.runs import FIELDS, FILTER_FIELDS
from placket.domain.spreadsheets import BYTE_ORDER_MARK, csv_line
from placket.services.stores import Document

_PAGE = 48
_EXPORT_PAGE = 500
_NEIGHBOURS = 24
_KEPT_SECONDS = 24 * 3600
_MISSING_SECONDS = 60


async def browse(visit: Visit) -> Response:
    name, after = visit.path("service"), visit.argument("after")
    service = await visit.parts.catalogue.service(visit.caller, name)
    conditions = parse_labels(visit.arguments("tag"))
    found = await visit.parts.catalogue.products(visit.caller, name, after, _PAGE + 1, conditions)
    products = found[:_PAGE]
    more = products[-1].product_id if len(found) > _PAGE else None
    return visit.render(
        "products.html",
        service=service,
        products=products,
        after=after,
        more=more,
        labels=[(c.text, condition_name(c, visit.words)) for c in conditions],
        options=filter_options([label for c in conditions for label in c.labels], visit.words),
    )


async def export(visit: Visit) -> Response:
    """Every product that the filter finds, with its tags, as CSV."""
    name, labels = visit.path("service"), parse_labels(visit.arguments("tag"))
    await visit.parts.catalogue.service(visit.caller, name)

    async def lines() -> AsyncIterator[str]:
        yield BYTE_ORDER_MARK + csv_line(PRODUCT_COLUMNS)
        after = ""
        while page := await visit.parts.catalogue.products(visit.caller, name, after, _EXPORT_PAGE, labels):
            yield csv_rows(PRODUCT_COLUMNS, map(product_row, page))
            after = page[-1].product_id

    headers = {"Content-Disposition": f'attachment; filename="{name}-products.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


async def product(visit: Visit) -> Response:
    name = visit.path("service")
    service = await visit.parts.catalogue.service(visit.caller, name)
    document = await visit.parts.catalogue.product(visit.caller, name, visit.argument("id"))
    return visit.render(
        "product.html",
        service=service,
        product=document,
        fields=[(f, document.fields.get(f, "")) for f in FIELDS],
        overlay=overlay(document.garments, visit.words, document.width, document.height),
        items=[
            shown(g, visit.words, corrected=fixed.names if fixed else ())
            for g, fixed in ((g, document.corrected.get(n)) for n, g in enumerate(document.garments))
        ],
        forms=[correction_form(g, visit.words) for g in document.garments],
        filter_fields=FILTER_FIELDS,
    )


async def neighbours(visit: Visit) -> Response:
    name = visit.path("service")
    options = narrowed(_NEIGHBOURS, visit.argument("once"), visit.arguments("tag"))
    found = await visit.parts.searching.by_product(visit.caller, name, visit.argument("id"), options, details=True)
    return similar_page(visit, name, options, found)


async def photo(visit: Visit) -> Response:
    """A product's photo, small. One that cannot be had is a 404, which the page shows as a blank."""
    name, product_id = visit.path("service"), visit.argument("id")
    document = await visit.parts.catalogue.product(visit.caller, name, product_id)
    side = int(visit.argument("side", "320")) if visit.argument("side", "320") in map(str, SIDES) else 320
    limits = visit.parts.catalogue_limits
    try:
        small = await visit.house.thumbnails.get(
            document.image_sha256, side, lambda: _image(visit, name, document), limits
        )
    except (ImageError, FetchError):
        return Response(status_code=404, headers={"Cache-Control": f"private, max-age={_MISSING_SECONDS}"})
    return Response(small, media_type="image/jpeg", headers={"Cache-Control": f"private, max-age={_KEPT_SECONDS}"})


async def _image(visit: Visit, service: str, document: Document) -> bytes:
    kept = await visit.parts.catalogue.uploaded_image(visit.caller, service, document.product_id)
    if kept is not None:
        return kept
    return await visit.parts.photos.fetch(document.fields.get("image_url", ""), visit.parts.catalogue_limits)


async def delete(visit: Visit) -> Response:
    name = visit.path("service")
    product_id = visit.text("id")
    if not product_id:
        raise NoSuchProduct("there is no product without an id")
    await visit.parts.catalogue.delete_product(visit.caller, name, product_id)
    return visit.redirect(f"/services/{name}/products")


GET: dict[str, Page] = {
    "/services/{service}/products": browse,
    "/services/{service}/products.csv": export,
    "/services/{service}/product": product,
    "/services/{service}/neighbours": neighbours,
}
PICTURES: dict[str, Page] = {"/services/{service}/photo": photo}
POST: dict[str, Page] = {"/services/{service}/product/delete": delete}
