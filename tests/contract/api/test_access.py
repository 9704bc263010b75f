"""Keys that may search, and nothing else: what every call of the three APIs says to one."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from placket.api.app import create_app
from placket.api.placket_v1.usage import usage_face
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.domain.access import Access
from tests.contract.api.calls import PHOTO, PNG, SERVICE, problem, put
from tests.contract.api.conftest import Fashion
from tests.support.memory import MemoryInstallation

MAY_BE_CALLED = {
    "searchByProduct", "searchByLink", "detectFashionItems", "tagFashionItems",
    "searchByProductId", "search", "detect", "tag", "getProduct",
}  # fmt: skip
OPEN = {"healthz", "readyz", "metrics"}
PLACES = {"service": "shop", "serviceID": "shop", "productId": "p1", "productID": "p1"}
RUN = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
async def visitor(installation: MemoryInstallation, shop: str) -> str:
    """A key of the shop's project, for searching alone."""
    return (await installation.parts.keys.create("visitors", "shop", access=Access.SEARCH)).key


async def test_every_call_asks_for_full_access_or_is_named_here(
    installation: MemoryInstallation, http: httpx.AsyncClient, visitor: str
) -> None:
    nothing: Any = None
    faces = (tagger_face(TaggerParts(installation.parts.keys, nothing, nothing, 1)), usage_face(nothing))
    app = create_app(replace(installation.parts, faces=faces))
    denied = {"x-api-key": visitor, "Authorization": f"Bearer {visitor}"}
    allowed: set[str] = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://placket") as client:
        for path, calls in app.openapi()["paths"].items():
            if path.strip("/") in OPEN or path.startswith("/placket/v1/admin"):
                continue
            url = path.format_map({**dict.fromkeys(("runId", "taskId", "indexID"), RUN), "appKey": visitor, **PLACES})
            for method, call in calls.items():
                answer = await client.request(method, url, headers=denied)
                if not _is_denied(answer):
                    allowed.add(call["operationId"])
    assert allowed == MAY_BE_CALLED


def _is_denied(answer: httpx.Response) -> bool:
    return "for searching alone" in answer.text and _code(answer) in ((403, -41000), (200, -41000), (403, 609))


def _code(answer: httpx.Response) -> tuple[int, int | None]:
    body = answer.json()
    failure = body.get("header") or body.get("error") or body
    return answer.status_code, failure.get("resultCode", failure.get("code"))


async def test_the_admins_calls_know_no_such_key(http: httpx.AsyncClient, visitor: str) -> None:
    answer = await http.get("/placket/v1/admin/keys", headers={"Authorization": f"Bearer {visitor}"})
    assert problem(answer)[0] == 401


async def test_what_a_visitor_may_do_works(
    bearer: httpx.AsyncClient, fashion: Fashion, installation: MemoryInstallation, visitor: str
) -> None:
    installation.web.pages[PHOTO] = b"PIC1"
    await put(bearer, "p1")
    await put(bearer, "p2")
    bearer.headers["Authorization"] = f"Bearer {visitor}"
    garment = (await bearer.post(f"{SERVICE}/detect", files=PNG)).json()["items"][0]
    for answer in (
        await bearer.post(f"{SERVICE}/search", json={"link": garment["link"]}),
        await bearer.post(f"{SERVICE}/search", files=PNG),
        await bearer.post(f"{SERVICE}/tag", files=PNG),
        await bearer.get(f"{SERVICE}/products/p1/similar"),
        await bearer.get(f"{SERVICE}/products/p1"),
    ):
        assert answer.status_code == 200, answer.text
    for rest in (
        "product/p1?limit=5",
        f"detect?path={PHOTO}",
        f"tag?path={PHOTO}",
        f"image?limit=5&link={garment['link']}",
    ):
        assert (await fashion("GET", visitor, f"service/shop/{rest}"))["header"]["resultCode"] == 0, rest


async def test_a_denied_call_changes_nothing_and_says_what_it_needs(
    bearer: httpx.AsyncClient, fashion: Fashion, visitor: str
) -> None:
    await put(bearer, "p1")
    full = bearer.headers["Authorization"]
    bearer.headers["Authorization"] = f"Bearer {visitor}"
    denied = await bearer.delete(f"{SERVICE}/products/p1")
    assert problem(denied) == (403, -41000, "UnauthorizedAppKey")
    assert "full access" in denied.json()["detail"]
    assert denied.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    assert problem(await bearer.delete(SERVICE))[0] == 403
    assert (await fashion("DELETE", visitor, "service/shop"))["header"]["resultCode"] == -41000
    bearer.headers["Authorization"] = full
    assert (await bearer.get(f"{SERVICE}/products/p1")).status_code == 200


async def test_access_is_told_and_checked(http: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    http.headers["Authorization"] = f"Bearer {installation.admin_token}"
    plain = (await http.post("/placket/v1/admin/keys", json={"name": "b"})).json()
    made = (await http.post("/placket/v1/admin/keys", json={"name": "a", "project": "b", "access": "search"})).json()
    assert (made["access"], plain["access"]) == ("search", "full")
    assert problem(await http.post("/placket/v1/admin/keys", json={"name": "c", "access": "read"}))[0] == 400
    limited = await http.patch(f"/placket/v1/admin/keys/{made['id']}", json={"ratePerSecond": 5})
    assert limited.json()["access"] == "search"
    listed = (await http.get("/placket/v1/admin/keys")).json()["items"]
    assert [k["access"] for k in listed] == ["full", "search"]


@pytest.mark.parametrize("given", [{}, {"project": "shop", "imagesPerMonth": 5}])
async def test_what_such_a_key_would_be_good_for_nothing_with(
    http: httpx.AsyncClient, installation: MemoryInstallation, shop: str, given: dict[str, Any]
) -> None:
    """A project of its own, where nothing can be put; a limit of images, which the Tagger alone counts."""
    http.headers["Authorization"] = f"Bearer {installation.admin_token}"
    answer = await http.post("/placket/v1/admin/keys", json={"name": "camera", "access": "search", **given})
    assert problem(answer) == (400, -40000, "InvalidParam")
    made = await http.post("/placket/v1/admin/keys", json={"name": "camera", "access": "search", "project": "shop"})
    assert made.status_code == 201
    limited = await http.patch(f"/placket/v1/admin/keys/{made.json()['id']}", json={"imagesPerMonth": 5})
    assert problem(limited)[0] == 400
    free = await http.patch(f"/placket/v1/admin/keys/{made.json()['id']}", json={"imagesPerMonth": None})
    assert free.status_code == 200


async def test_a_denied_call_is_denied_whatever_it_asks_with(
    fashion: Fashion, http: httpx.AsyncClient, visitor: str
) -> None:
    assert (await fashion("DELETE", visitor, "service/shop?x=%zz"))["header"]["resultCode"] == -41000
    http.headers["Authorization"] = f"Bearer {visitor}"
    assert problem(await http.delete(f"{SERVICE}?nonsense=1"))[0] == 403
