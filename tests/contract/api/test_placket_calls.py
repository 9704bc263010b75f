"""The calls under /placket/v1."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from placket.domain.errors import FetchTimeout
from placket.services.ports import Hit
from tests.support.memory import MemoryInstallation

SERVICE = "/placket/v1/services/shop"
PHOTO = "http://shop.example/a.png"
PNG = {"image": ("a.png", b"PIC1", "image/png")}
ROWS = b'{"product_id":"1","status":"disable"}\n{"product_id":""}\n{"product_id":"3","status":"disable"}\n'


def problem(answer: httpx.Response) -> tuple[int, int, str]:
    """(status, code, title), after checking the rest of it."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "requestId"}
    assert body["status"] == answer.status_code
    assert body["requestId"] == answer.headers["x-request-id"]
    return body["status"], body["code"], body["title"]


async def test_services(http: httpx.AsyncClient, key: str) -> None:
    http.headers["Authorization"] = f"Bearer {key}"
    made = await http.post("/placket/v1/services", json={"name": "shop"})
    assert (made.status_code, made.headers["location"]) == (201, SERVICE)
    body = made.json()
    assert body.pop("createdAt")
    assert body == {"name": "shop", "documents": 0, "remainingIndexRequests": 24, "bundle": "v1"}
    assert [s["name"] for s in (await http.get("/placket/v1/services")).json()["items"]] == ["shop"]
    assert (await http.get(SERVICE)).json()["name"] == "shop"
    assert problem(await http.post("/placket/v1/services", json={"name": "shop"})) == (
        409,
        -42010,
        "DuplicateServiceName",
    )
    assert problem(await http.post("/placket/v1/services", json={"name": "X"})) == (400, -40000, "InvalidParam")
    assert (await http.delete(SERVICE)).status_code == 204
    assert problem(await http.get(SERVICE)) == (404, -42000, "NotExistService")
    assert problem(await http.delete(SERVICE)) == (404, -42000, "NotExistService")


async def test_a_bad_name_of_a_service(bearer: httpx.AsyncClient) -> None:
    detail = (await bearer.post("/placket/v1/services", json={"name": "X"})).json()["detail"]
    assert detail.startswith("name must have 2 to 32 characters")
    key = bearer.headers["Authorization"].removeprefix("Bearer ")
    theirs = (await bearer.post(f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/X")).json()["header"]["detail"]
    assert theirs.startswith("serviceID must have 2 to 32 characters")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/placket/v1/services"),
        ("PUT", f"{SERVICE}/products/1/corrections"),
        ("POST", "/placket/v1/admin/keys"),
        ("PATCH", "/placket/v1/admin/keys/x"),
        ("POST", f"{SERVICE}/search"),
    ],
)
async def test_a_body_that_is_not_called_json(
    bearer: httpx.AsyncClient, installation: MemoryInstallation, method: str, path: str
) -> None:
    if "/admin/" in path:
        bearer.headers["Authorization"] = f"Bearer {installation.admin_token}"
    kinds: list[dict[str, str]] = [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-json"}]
    for content in (b"", b'{"name":"more"}'):
        for headers in kinds:
            answer = await bearer.request(method, path, content=content, headers=headers)
            assert problem(answer) == (415, -40000, "InvalidParam"), (content, headers)
            assert "application/json" in answer.json()["detail"]
    bad = await bearer.request(method, path, content=b"[]", headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert problem(bad)[0] == 400
    bearer.headers["Authorization"] = "Bearer x"
    assert problem(await bearer.request(method, path, content=b"{}"))[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic eA=="},
        {"Authorization": ""},
    ],
)
async def test_keys_that_are_none(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for path in ("/placket/v1/services", "/placket/v1/webhook-secret", "/placket/v1/admin/keys"):
        answer = await http.get(path, headers=headers)
        assert problem(answer) == (401, -41000, "UnauthorizedAppKey")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_two_keys_in_one_request(http: httpx.AsyncClient, key: str) -> None:
    headers = [("Authorization", f"Bearer {key}"), ("Authorization", "Bearer x")]
    assert problem(await http.get("/placket/v1/services", headers=headers)) == (400, -40000, "InvalidParam")


async def test_over_the_rate(http: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    http.headers["Authorization"] = f"Bearer {await installation.new_key('slow', rate=0.5)}"
    assert (await http.get("/placket/v1/services")).status_code == 200
    late = await http.get("/placket/v1/services")
    assert problem(late) == (429, -40080, "TooManyRequestError")
    assert late.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"name":1}',
        b'{"name":null}',
        b"[" * 100_000,
        b'{"name":"' + b"x" * 2_000_000 + b'"}',
        b"\xff",
    ],
)
async def test_json_that_is_none(bearer: httpx.AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    status, number, _ = problem(await bearer.post("/placket/v1/services", content=body, headers=headers))
    assert (status, number) == ((413 if len(body) > 1_000_000 else 400), -40000)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=B"])
async def test_a_stranger_s_body_is_bounded(http: httpx.AsyncClient, kind: str) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(200):
            sent += 1
            yield b" " * 100_000

    answer = await http.post("/placket/v1/services", content=endless(), headers={"content-type": kind})
    assert problem(answer) == (413, -40000, "InvalidParam")
    assert sent == 11


@pytest.mark.parametrize("body", ["upload", "form", "json"])
async def test_detect_by_upload_and_by_url(
    bearer: httpx.AsyncClient, installation: MemoryInstallation, body: str
) -> None:
    installation.web.pages[PHOTO] = b"PIC2"
    options: dict[str, Any] = {
        "upload": {"files": {"image": b"PIC2"}},
        "form": {"files": {"url": (None, PHOTO)}},
        "json": {"json": {"url": PHOTO}},
    }[body]
    answer = await bearer.post(f"{SERVICE}/detect?lang=ko", **options)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["width"], found["height"], len(found["items"])) == (400, 300, 2)
    first = found["items"][0]
    assert first.pop("link")
    assert first == {
        "group": "TOP",
        "category": {"id": "shirt", "name": "셔츠", "score": 0.875},
        "box": [0.25, 0.125, 0.75, 0.875],
        "score": 0.9375,
        "tags": first["tags"],
        "colors": [{"hex": "#aa0000", "name": "red", "share": 0.5}],
    }
    assert [t["attribute"] for t in first["tags"]] == ["colors", "pattern"]
    assert first["tags"][0]["labels"][0]["id"] == "red"


async def test_tag_gives_the_widest(bearer: httpx.AsyncClient) -> None:
    for count in (1, 2):
        answer = await bearer.post(f"{SERVICE}/tag?itemLimit={count}", files={"image": b"PIC3"})
        assert len(answer.json()["items"]) == count
    assert problem(await bearer.post(f"{SERVICE}/tag?itemLimit=5", files={"image": b"PIC3"}))[0] == 400


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"files": {"image": b"no picture"}}, (415, -45040, "InvalidImageFormatException")),
        ({"files": {"image": b"PIC1" + bytes(5_000_000)}}, (413, -45020, "ImageTooLargeException")),
        ({"files": {"image": b"PIC1" + bytes(30_000_000)}}, (413, -45020, "ImageTooLargeException")),
        ({"files": {"image": b"PIC1", "url": (None, PHOTO)}}, (400, -40000, "InvalidParam")),
        ({"files": {"other": b"PIC1"}}, (400, -40000, "InvalidParam")),
        ({"json": {}}, (400, -40000, "InvalidParam")),
        ({"json": {"url": 5}}, (400, -40000, "InvalidParam")),
        ({"json": {"url": "ftp://x/"}}, (400, -40000, "InvalidParam")),
        ({"json": {"url": "http://x.example:99/"}}, (422, -45050, "InvalidImageURLException")),
        ({"json": {"url": "http://gone.example/"}}, (422, -45050, "InvalidImageURLException")),
        ({"json": {"url": "http://slow.example/"}}, (422, -45060, "ImageTimeoutError")),
        ({"content": b"PIC1"}, (415, -40000, "InvalidParam")),
        ({"content": b"PIC1", "headers": {"content-type": "image/png"}}, (415, -40000, "InvalidParam")),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, (400, -40000, "InvalidParam")),
    ],
)
async def test_photos_that_are_no_good(
    bearer: httpx.AsyncClient, installation: MemoryInstallation, options: dict[str, Any], expected: tuple[int, int, str]
) -> None:
    installation.web.pages["http://slow.example/"] = FetchTimeout("3 s")
    for call in ("detect", "search"):
        assert problem(await bearer.post(f"{SERVICE}/{call}", **options)) == expected
    assert problem(await bearer.post("/placket/v1/services/none/detect", **options))[1] == -42000


async def test_a_photo_without_a_garment(bearer: httpx.AsyncClient) -> None:
    assert (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC0"})).json()["items"] == []
    answer = await bearer.post(f"{SERVICE}/search", files={"image": b"PIC0"})
    assert problem(answer) == (422, -45070, "NoDetectedFashionItems")


async def put(client: httpx.AsyncClient, product: str, **fields: str) -> httpx.Response:
    return await client.put(f"{SERVICE}/products/{product}", files=PNG, data={"category1_id": "7", **fields})


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


async def test_search_by_upload(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    await put(bearer, "b", name="B", image_url="http://x.example/b.png", category2_id="9")
    installation.engine.hits = [Hit("b", 0.5), Hit("gone", 0.25)]
    query = "limit=7&minSimilarity=0.6&includeDuplicates=false&fields=name,image_url,categories&filter.s1=!equal:a,b"
    answer = await bearer.post(f"{SERVICE}/search?{query}", files={"image": b"PIC1"})
    body = answer.json()
    assert body["garment"]["category"]["id"] == "shirt"
    assert body["items"] == [
        {
            "product_id": "b", "similarity": 0.75, "name": "B", "image_url": "http://x.example/b.png",
            "category1_id": "7", "category2_id": "9", "category3_id": "",
        },
        {
            "product_id": "gone", "similarity": 0.625, "name": "", "image_url": "",
            "category1_id": "", "category2_id": "", "category3_id": "",
        },
    ]  # fmt: skip
    asked = installation.engine.asked[0]
    assert (asked["limit"], asked["include_duplicates"], asked["query_sha256"]) == (7, False, "0f" * 32)
    assert [(c.field, c.values, c.negated) for c in asked["conditions"]] == [("s1", ("a", "b"), True)]


async def test_search_by_url_link_box_and_product(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    installation.web.pages[PHOTO] = b"PIC1"
    installation.engine.hits = [Hit("b", 1.0)]
    expected = [{"product_id": "b", "similarity": 1.0}]
    assert (await bearer.post(f"{SERVICE}/search", json={"url": PHOTO})).json()["items"] == expected
    boxed = await bearer.post(f"{SERVICE}/search?box=0,0.25,0.5,1", json={"url": PHOTO})
    assert boxed.json()["garment"]["box"] == [0, 0.25, 0.5, 1]
    link = (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC1"})).json()["items"][0]["link"]
    assert (await bearer.post(f"{SERVICE}/search", json={"link": link})).json() == {"items": expected}
    assert problem(await bearer.post(f"{SERVICE}/search?box=0,0,1,1", json={"link": link}))[0] == 400
    assert problem(await bearer.post(f"{SERVICE}/search", json={"link": link[:-4]}))[0] == 400
    await put(bearer, "a")
    assert (await bearer.get(f"{SERVICE}/products/a/similar")).json() == {"items": expected}
    assert installation.engine.asked[-1]["exclude"] == {"a"}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "minSimilarity=0", "minSimilarity=1.1", "minSimilarity=nan", "includeDuplicates=perhaps",
     "fields=price", "filter.x=1", "filter.s1=a:b", "filter.s1=%ff", "box=0,0,1", "box=0,0,0,1", "box=0,0,nan,1",
     "box=-1,0,1,1", "lang=fr"],
)  # fmt: skip
async def test_bad_searches(bearer: httpx.AsyncClient, query: str) -> None:
    answer = await bearer.post(f"{SERVICE}/search?{query}", files={"image": b"PIC1"})
    assert problem(answer) == (400, -40000, "InvalidParam")


async def test_runs(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    url = f"{SERVICE}/runs?format=jsonl&callbackUrl=http://hook.example/x"
    answer = await bearer.post(url, files={"file": ("f.jsonl", ROWS)})
    assert answer.status_code == 202, answer.text
    run = answer.json()
    assert answer.headers["location"] == f"{SERVICE}/runs/{run['id']}"
    assert (run["kind"], run["status"], run["filename"], run["total"]) == ("index", "finished", "f.jsonl", 3)
    assert installation.runs.runs[0][3] == "http://hook.example/x"
    assert (await bearer.get(answer.headers["location"])).json() == run
    failed = (await bearer.get(f"{SERVICE}/runs/{run['id']}/rows?outcome=failed")).json()
    (row,) = failed["items"]
    assert row.pop("detail")
    assert row == {"line": 2, "product_id": "", "outcome": "failed", "reason": "InvalidRow"}
    first = (await bearer.get(f"{SERVICE}/runs/{run['id']}/rows?limit=2")).json()
    assert [(r["line"], r["outcome"]) for r in first["items"]] == [(1, "added"), (2, "failed")]
    assert first["nextStart"] == 2
    rest = (await bearer.get(f"{SERVICE}/runs/{run['id']}/rows?start=2")).json()
    assert ([r["product_id"] for r in rest["items"]], rest["nextStart"]) == (["3"], None)
    assert problem(await bearer.post(f"{SERVICE}/runs/{run['id']}/cancel")) == (409, -43010, "RunHasEnded")
    assert problem(await bearer.get(f"{SERVICE}/runs/{uuid4()}")) == (404, -43000, "NotExistRun")
    assert problem(await bearer.get(f"{SERVICE}/runs/nonsense"))[0] == 400
    listed = (await bearer.get(f"{SERVICE}/runs?status=finished,failed&order=addCnt:asc")).json()
    assert (listed["total"], listed["items"]) == (1, [run])
    assert (await bearer.get(f"{SERVICE}/runs?status=reserved,running")).json() == {"total": 0, "items": []}
    assert problem(await bearer.get(f"{SERVICE}/runs?status=done"))[0] == 400


async def test_a_dry_run_costs_nothing_of_the_quota(bearer: httpx.AsyncClient) -> None:
    answer = await bearer.post(f"{SERVICE}/runs?format=jsonl&dryRun=true", files={"file": ROWS})
    assert answer.json()["kind"] == "check"
    assert (await bearer.get(SERVICE)).json()["remainingIndexRequests"] == 24


@pytest.mark.parametrize(
    ("query", "files", "expected"),
    [
        ("", {"file": ROWS}, (400, -40000)),
        ("?format=xml", {"file": ROWS}, (400, -40000)),
        ("?format=csv&callbackUrl=ftp://x/", {"file": ROWS}, (400, -40000)),
        ("?format=csv&callbackUrl=http://u:p@x.example/", {"file": ROWS}, (400, -40000)),
        ("?format=csv", {"other": ROWS}, (400, -40000)),
        ("?format=csv", {"file": ROWS}, (422, -40010)),
        ("?format=csv", {"file": b""}, (422, -40020)),
        ("?format=csv", {"file": bytes(5_000_001)}, (413, -40030)),
        ("?format=csv", {"link": (None, "http://gone.example/")}, (422, -40010)),
    ],
)
async def test_bad_runs(
    bearer: httpx.AsyncClient, query: str, files: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert problem(await bearer.post(f"{SERVICE}/runs{query}", files=files))[:2] == expected


async def test_repeat_and_reindex(bearer: httpx.AsyncClient) -> None:
    run = (await bearer.post(f"{SERVICE}/runs?format=jsonl", files={"file": ROWS})).json()
    assert problem(await bearer.post(f"{SERVICE}/runs/{run['id']}/repeat"))[:2] == (400, -40000)
    answer = await bearer.post(f"{SERVICE}/reindex")
    assert (answer.status_code, answer.json()) == (202, {"run": None})


async def test_webhook_secrets_differ_by_project(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    mine = (await bearer.get("/placket/v1/webhook-secret")).json()
    assert (mine["header"], mine["algorithm"], len(mine["secret"])) == ("X-Placket-Signature", "sha256", 64)
    other = {"Authorization": f"Bearer {await installation.new_key('other')}"}
    assert (await bearer.get("/placket/v1/webhook-secret", headers=other)).json()["secret"] != mine["secret"]


async def _limits_are_set(http: httpx.AsyncClient, key_id: str) -> None:
    url = f"/placket/v1/admin/keys/{key_id}"
    most = 2_000_000_000
    for change, expected in (
        ({}, (5.0, None)), ({"imagesPerMonth": most}, (5.0, most)), ({"ratePerSecond": 0.5}, (0.5, most)),
        ({"imagesPerMonth": 1, "ratePerSecond": None}, (None, 1)), ({"imagesPerMonth": None}, (None, None)),
    ):  # fmt: skip
        answer = await http.patch(url, json=change)
        assert (answer.status_code, answer.json()["ratePerSecond"], answer.json()["imagesPerMonth"]) == (200, *expected)
        listed = (await http.get("/placket/v1/admin/keys")).json()["items"]
        assert listed[0] == answer.json()
    for wrong in ({"imagesPerMonth": 0}, {"imagesPerMonth": most + 1}, {"imagesPerMonth": 1.5}, {"ratePerSecond": -1}):
        assert problem(await http.patch(url, json=wrong))[:2] == (400, -40000)
        assert problem(await http.post("/placket/v1/admin/keys", json={"name": "x", **wrong}))[:2] == (400, -40000)
    assert problem(await http.patch("/placket/v1/admin/keys/none", json={"imagesPerMonth": 1}))[0] == 404
    made = await http.post("/placket/v1/admin/keys", json={"name": "limited", "imagesPerMonth": 3})
    assert (made.status_code, made.json()["imagesPerMonth"]) == (201, 3)


async def test_administration(http: httpx.AsyncClient) -> None:
    http.headers["Authorization"] = "Bearer admin-token"
    made = await http.post("/placket/v1/admin/keys", json={"name": "shop", "ratePerSecond": 5})
    assert made.status_code == 201
    key = made.json().pop("key")
    second = (await http.post("/placket/v1/admin/keys", json={"name": "rotated", "project": "shop"})).json()
    listed = (await http.get("/placket/v1/admin/keys")).json()["items"]
    assert [(k["name"], k["project"], k["ratePerSecond"]) for k in listed] == [
        ("shop", "shop", 5.0), ("rotated", "shop", None),
    ]  # fmt: skip
    assert "key" not in json.dumps([list(k) for k in listed])
    assert (await http.get("/placket/v1/services", headers={"Authorization": f"Bearer {key}"})).status_code == 200
    assert (await http.delete(f"/placket/v1/admin/keys/{second['id']}")).status_code == 204
    refused = await http.get("/placket/v1/services", headers={"Authorization": f"Bearer {second['key']}"})
    assert problem(refused)[0] == 401
    assert problem(await http.delete("/placket/v1/admin/keys/none")) == (404, -41020, "NotExistKey")
    assert problem(await http.post("/placket/v1/admin/keys", json={"name": "shop"})) == (
        409,
        -41010,
        "DuplicateKeyName",
    )
    assert problem(await http.post("/placket/v1/admin/keys", json={"name": "x", "project": "no"}))[0] == 404
    for wrong in ({"name": ""}, {"name": "x", "ratePerSecond": 0}, {"name": "x\0"}, {"name": "x", "project": "\0"}):
        assert problem(await http.post("/placket/v1/admin/keys", json=wrong))[:2] == (400, -40000)
    await _limits_are_set(http, listed[0]["id"])
    statistics = await http.get("/placket/v1/admin/statistics")
    assert statistics.json() == {"figures": {"queue_jobs": 3.0, "vision_images_total": 5.0}}
    assert problem(await http.get("/placket/v1/admin/keys", headers={"Authorization": f"Bearer {key}"}))[0] == 401
    assert problem(await http.get("/placket/v1/services"))[0] == 401
