"""Products under /placket/v1, one by one and in pages."""

import httpx
import pytest

from tests.contract.api.calls import SERVICE, problem, put


async def test_products(bearer: httpx.AsyncClient) -> None:
    added = await put(bearer, "a%2F%C3%A9", name="A shirt", s1="x")
    assert added.status_code == 201, added.text
    body = added.json()
    assert body["product_id"] == "a/é"
    assert {k: body[k] for k in ("name", "category1_id", "category2_id", "image_url", "s1", "s2")} == {
        "name": "A shirt", "category1_id": "7", "category2_id": "", "image_url": "", "s1": "x", "s2": "",
    }  # fmt: skip
    assert body["garments"][0]["category"]["id"] == "shirt"
    assert (await put(bearer, "a%2F%C3%A9")).status_code == 200
    read = await bearer.get(f"{SERVICE}/products/a%2F%C3%A9?lang=ja")
    assert (read.json()["name"], read.json()["garments"][0]["category"]["name"]) == ("", "シャツ")
    assert (await bearer.delete(f"{SERVICE}/products/a%2F%C3%A9")).status_code == 204
    for method in ("GET", "DELETE"):
        answer = await bearer.request(method, f"{SERVICE}/products/a%2F%C3%A9")
        assert problem(answer) == (404, -40050, "NotFoundProductId")


@pytest.mark.parametrize(
    ("product", "fields", "image", "expected"),
    [
        ("x" * 73, {}, b"PIC1", (400, -40000)),
        ("%00", {}, b"PIC1", (400, -40000)),
        ("%ff", {}, b"PIC1", (400, -40000)),
        ("%0a%07", {}, b"PIC1", (400, -40000)),
        ("ok", {"name": "x" * 257}, b"PIC1", (400, -40000)),
        ("ok", {"name": "é" * 2000}, b"PIC1", (400, -40000)),
        ("ok", {"s1": "\x07"}, b"PIC1", (400, -40000)),
        ("ok", {}, b"PIC0", (422, -45070)),
        ("ok", {}, b"", (415, -45040)),
        ("ok", {}, b"PIC1" + bytes(5_000_000), (413, -45020)),
    ],
)
async def test_products_that_are_no_good(
    bearer: httpx.AsyncClient, product: str, fields: dict[str, str], image: bytes, expected: tuple[int, int]
) -> None:
    answer = await bearer.put(f"{SERVICE}/products/{product}", files={"image": image}, data=fields)
    assert problem(answer)[:2] == expected
    assert (await bearer.get(f"{SERVICE}/products")).json() == {"items": [], "nextCursor": None}


async def test_products_need_an_image(bearer: httpx.AsyncClient) -> None:
    answer = await bearer.put(f"{SERVICE}/products/x", files={"name": (None, "x")})
    assert problem(answer)[:2] == (400, -40000)


async def test_browsing(bearer: httpx.AsyncClient) -> None:
    for product in ("b", "a", "c%2Fd", "e"):
        await put(bearer, product)
    seen, cursor = [], ""
    while cursor is not None:
        page = (await bearer.get(f"{SERVICE}/products", params={"limit": 2, "cursor": cursor})).json()
        seen += [p["product_id"] for p in page["items"]]
        cursor = page["nextCursor"]
    assert seen == ["a", "b", "c/d", "e"]
    for cursor in ("!", "_w", "AA", "%00"):
        assert problem(await bearer.get(f"{SERVICE}/products?cursor={cursor}"))[:2] == (400, -40000)


async def test_what_a_product_is_filtered_by(bearer: httpx.AsyncClient) -> None:
    await put(bearer, "a", name="A", s1="x", s2="in")
    before = (await bearer.get(f"{SERVICE}/products/a")).json()
    answer = await bearer.patch(f"{SERVICE}/products/a", json={"s2": "sold-out", "category3_id": "", "s1": "가" * 72})
    assert (answer.status_code, answer.json()) == (200, {**before, "s2": "sold-out", "s1": "가" * 72})
    for body in ({}, {"s2": None}, {"s2": 1}, {"s3": "x"}, {"name": "B"}, {"s2": "x" * 73}, {"s2": "\0"}, [], "s2"):
        refused = await bearer.patch(f"{SERVICE}/products/a", json=body)
        assert problem(refused) == (400, -40000, "InvalidParam"), body
    assert (await bearer.get(f"{SERVICE}/products/a")).json() == answer.json()
    assert problem(await bearer.patch(f"{SERVICE}/products/none", json={"s2": "x"}))[:2] == (404, -40050)
    unread = await bearer.patch(f"{SERVICE}/products/a", content=b"s2=x", headers={"content-type": "text/plain"})
    assert problem(unread)[0] == 415
