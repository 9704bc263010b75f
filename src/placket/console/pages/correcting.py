"""Correcting a product's tags, one garment at a time."""

from urllib.parse import urlencode

from starlette.responses import Response

from placket.console.choices import read_correction
from placket.console.guard import Page
from placket.console.visit import Visit
from placket.domain.corrections import Correction, nearest
from placket.domain.errors import InvalidParameter
from placket.domain.garments import Box


async def correct(visit: Visit) -> Response:
    """The form says how the garment is; what differs from what vision saw is kept."""
    name, product_id, box = visit.path("service"), visit.text("id"), _box(visit)
    document = await visit.parts.catalogue.product(visit.caller, name, product_id)
    position = nearest(document.garments, box)
    fixed = document.corrected.get(position)
    seen = fixed.seen if fixed else document.garments[position]
    given = {field: visit.texts(field) for field in visit.form}
    return await _save(visit, name, product_id, read_correction(given, box, seen))


async def forget(visit: Visit) -> Response:
    return await _save(visit, visit.path("service"), visit.text("id"), Correction(_box(visit)))


async def _save(visit: Visit, service: str, product_id: str, correction: Correction) -> Response:
    """Back to the garment, not to the page's top: there may be another to correct, and who reads there stays there."""
    document = await visit.parts.catalogue.correct_product(visit.caller, service, product_id, correction)
    page = f"/services/{service}/product?{urlencode({'id': product_id})}"
    return visit.redirect(f"{page}#garment-{nearest(document.garments, correction.box)}")


def _box(visit: Visit) -> Box:
    try:
        x0, y0, x1, y1 = map(float, visit.text("box").split(","))
    except ValueError:
        raise InvalidParameter("box must be four numbers") from None
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise InvalidParameter("box must lie within the photo")
    return Box(x0, y0, x1, y1)


POST: dict[str, Page] = {
    "/services/{service}/product/correct": correct,
    "/services/{service}/product/correct/forget": forget,
}
