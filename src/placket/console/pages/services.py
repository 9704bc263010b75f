"""Services: the list, one made, one deleted, and the page of one."""

from starlette.responses import Response

from placket.console.errors import Told, told
from placket.console.guard import Page
from placket.console.visit import Visit
from placket.domain.errors import InvalidParameter, PlacketError, ServiceExists, ServiceQuotaExceeded, VisionUnavailable
from placket.domain.runs import RunKind

_RUNS = 5
_PRODUCTS = 12


async def index(visit: Visit) -> Response:
    return await _list(visit)


async def _list(visit: Visit, error: PlacketError | None = None) -> Response:
    services = await visit.parts.catalogue.information(visit.caller)
    given = visit.text("name")
    return visit.render("services.html", 400 if error else 200, services=services, given=given, **told(error))


async def create(visit: Visit) -> Response:
    name = visit.text("name")
    try:
        await visit.parts.catalogue.create_service(visit.caller, name)
    except (InvalidParameter, ServiceExists, ServiceQuotaExceeded, VisionUnavailable) as error:
        return await _list(visit, error)
    return visit.redirect(f"/services/{name}")


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, error: PlacketError | None = None) -> Response:
    name = visit.path("service")
    service = await visit.parts.catalogue.service(visit.caller, name)
    _, runs = await visit.parts.indexing.list(service, start=0, limit=_RUNS, kinds=tuple(RunKind))
    products = await visit.parts.catalogue.products(visit.caller, name, "", _PRODUCTS)
    information = await visit.parts.catalogue.information(visit.caller)
    remaining = next((i.remaining for i in information if i.service.name == name), 0)
    return visit.render(
        "service.html",
        400 if error else 200,
        service=service,
        runs=runs,
        products=products,
        remaining=remaining,
        given=visit.text("confirm"),
        **told(error),
    )


async def delete(visit: Visit) -> Response:
    """Only when its name was written out: the products go with it."""
    name = visit.path("service")
    await visit.parts.catalogue.service(visit.caller, name)
    if visit.text("confirm") != name:
        return await _page(visit, Told(visit.words("service.confirm_wrong")))
    await visit.parts.catalogue.delete_service(visit.caller, name)
    return visit.redirect("/services")


GET: dict[str, Page] = {"/services": index, "/services/{service}": show}
POST: dict[str, Page] = {"/services": create, "/services/{service}/delete": delete}
