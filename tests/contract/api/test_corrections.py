"""Corrected tags, and products found by what was seen, over /placket/v1."""

from typing import Any

import httpx
import pytest

from placket.services.traffic import Traffic
from tests.contract.api.calls import problem
from tests.support.memory import MemoryInstallation

PRODUCTS = "/placket/v1/services/shop/products"
BOX = [0.25, 0.125, 0.75, 0.875]


async def put(bearer: httpx.AsyncClient, product_id: str, photo: bytes = b"PIC1") -> Any:
    answer = await bearer.put(f"{PRODUCTS}/{product_id}", files={"image": ("a.png", photo, "image/png")})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def ids(bearer: httpx.AsyncClient, query: str) -> list[str]:
    answer = await bearer.get(f"{PRODUCTS}?{query}")
    assert answer.status_code == 200, answer.text
    return [p["product_id"] for p in answer.json()["items"]]


async def test_a_garment_is_corrected_and_found_by_it(bearer: httpx.AsyncClient) -> None:
    seen = await put(bearer, "p")
    await put(bearer, "q")
    assert seen["garments"][0]["corrected"] == []
    body = {"box": BOX, "category": "dress", "tags": {"pattern": ["floral"], "colors": ["pink", "red"]}}
    answer = await bearer.put(f"{PRODUCTS}/p/corrections?lang=ko", json=body)
    assert answer.status_code == 200, answer.text
    (garment,) = answer.json()["garments"]
    assert garment["category"] == {"id": "dress", "name": "원피스", "score": 1.0}
    assert garment["group"] == "WHOLEBODY"
    assert garment["corrected"] == ["category", "colors", "pattern"]
    assert [(t["attribute"], [x["id"] for x in t["labels"]]) for t in garment["tags"]] == [
        ("colors", ["pink", "red"]),
        ("pattern", ["floral"]),
    ]
    assert (await bearer.get(f"{PRODUCTS}/p?lang=ko")).json()["garments"] == [garment]
    assert (await bearer.get(f"{PRODUCTS}?lang=ko")).json()["items"][0]["garments"] == [garment]
    assert await ids(bearer, "tag=pattern:floral&tag=category:dress") == ["p"]
    assert await ids(bearer, "tag=category:shirt") == ["q"]
    # The same photo again: kept. Then what was seen.
    assert (await put(bearer, "p"))["garments"][0]["category"]["id"] == "dress"
    assert (await bearer.delete(f"{PRODUCTS}/p/corrections")).status_code == 204
    assert (await bearer.get(f"{PRODUCTS}/p")).json()["garments"] == seen["garments"]
    assert (await bearer.delete(f"{PRODUCTS}/p/corrections")).status_code == 204


async def test_the_box_alone_takes_one_garments_correction_away(bearer: httpx.AsyncClient) -> None:
    first = (await put(bearer, "p", b"PIC2"))["garments"][0]
    for body in ({"box": BOX, "category": "coat"}, {"box": first["box"]}):
        answer = await bearer.put(f"{PRODUCTS}/p/corrections", json=body)
        assert answer.status_code == 200
    assert answer.json()["garments"][0] == first


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"category": "dress"},
        {"box": [0.8, 0.8, 0.9, 0.9], "category": "dress"},
        {"box": [0.75, 0.125, 0.25, 0.875]},
        {"box": [-0.1, 0, 1, 1]},
        {"box": [0, 0, 1]},
        {"box": ["a", 0, 1, 1]},
        {"box": BOX, "category": "gown"},
        {"box": BOX, "category": "x" * 65},
        {"box": BOX, "colour": "red"},
        {"box": BOX, "tags": {"colour": ["red"]}},
        {"box": BOX, "tags": {"colors": ["vermilion"]}},
        {"box": BOX, "tags": {"colors": "red"}},
        {"box": BOX, "tags": {"pattern": ["dot", "solid"]}},
        {"box": BOX, "tags": {"colors": ["red", "red"]}},
        {"box": BOX, "category": "backpack", "tags": {"neckline": ["round"]}},
        {"box": BOX, "tags": {"colors": ["red"] * 34}},
        {"box": BOX, "tags": {f"a{n}": [] for n in range(15)}},
    ],
)
async def test_corrections_that_are_refused_change_nothing(bearer: httpx.AsyncClient, body: Any) -> None:
    seen = await put(bearer, "p")
    answer = await bearer.put(f"{PRODUCTS}/p/corrections", json=body)
    assert problem(answer) == (400, -40000, "InvalidParam")
    assert (await bearer.get(f"{PRODUCTS}/p")).json()["garments"] == seen["garments"]


async def test_json_numbers_that_are_none(bearer: httpx.AsyncClient) -> None:
    await put(bearer, "p")
    for box in ("[NaN,0,1,1]", "[0,0,Infinity,1]", "[0,0,1" + "0" * 400 + ",1]"):
        answer = await bearer.put(
            f"{PRODUCTS}/p/corrections", content=f'{{"box":{box}}}', headers={"content-type": "application/json"}
        )
        assert problem(answer)[0] == 400


async def test_corrections_of_what_is_not_there(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    await put(bearer, "p")
    for method in ("PUT", "DELETE"):
        options: dict[str, Any] = {"json": {"box": BOX}} if method == "PUT" else {}
        missing = await bearer.request(method, f"{PRODUCTS}/x/corrections", **options)
        assert problem(missing) == (404, -40050, "NotFoundProductId")
        nowhere = await bearer.request(method, "/placket/v1/services/nope/products/p/corrections", **options)
        assert problem(nowhere) == (404, -42000, "NotExistService")
        stranger = {"Authorization": f"Bearer {await installation.new_key(f'stranger {method}')}"}
        foreign = await bearer.request(method, f"{PRODUCTS}/p/corrections", headers=stranger, **options)
        assert problem(foreign) == (404, -42000, "NotExistService")


async def test_a_filter_is_paged(bearer: httpx.AsyncClient) -> None:
    for n in range(5):
        await put(bearer, f"p{n}")
    await bearer.put(f"{PRODUCTS}/p2/corrections", json={"box": BOX, "category": "coat"})
    page = (await bearer.get(f"{PRODUCTS}?tag=category:shirt&limit=3")).json()
    assert [p["product_id"] for p in page["items"]] == ["p0", "p1", "p3"]
    assert await ids(bearer, f"tag=category:shirt&limit=3&cursor={page['nextCursor']}") == ["p4"]


@pytest.mark.parametrize(
    "query", ["tag=", "tag=pattern", "tag=pattern:red", "tag=x:y", "tag=%00:%00", "&".join(["tag=pattern:dot"] * 21)]
)
async def test_tags_that_are_none(bearer: httpx.AsyncClient, query: str) -> None:
    assert problem(await bearer.get(f"{PRODUCTS}?{query}")) == (400, -40000, "InvalidParam")


async def test_calls_of_the_apis_are_counted_and_others_not(
    bearer: httpx.AsyncClient, application: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic = Traffic()
    monkeypatch.setattr(application.state.metrics, "_traffic", traffic)
    await bearer.get(PRODUCTS)
    await bearer.get(f"{PRODUCTS}/none")
    await bearer.get("/nhn-ai-fashion/v1.0/appkeys/wrong/services")
    await bearer.get("/healthz")
    await bearer.get("/nothing")
    minutes = traffic.minutes()
    assert (sum(m.requests for m in minutes), sum(m.errors for m in minutes)) == (3, 2)
    assert all(m.p50 is not None and 0 < m.p50 <= (m.p95 or 0) for m in minutes if m.requests)
