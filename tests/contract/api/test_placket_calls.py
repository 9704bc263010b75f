"""The calls under /placket/v1: services, keys, and what a body must be."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.contract.api.calls import SERVICE, problem
from tests.support.memory import MemoryInstallation


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
    for wrong in (
        {"imagesPerMonth": 0}, {"imagesPerMonth": most + 1}, {"imagesPerMonth": 1.5},
        {"ratePerSecond": -1}, {"rate": 1},
    ):  # fmt: skip
        assert problem(await http.patch(url, json=wrong))[:2] == (400, -40000)
        assert problem(await http.post("/placket/v1/admin/keys", json={"name": "x", **wrong}))[:2] == (400, -40000)
    assert problem(await http.patch("/placket/v1/admin/keys/none", json={"imagesPerMonth": 1}))[0] == 404
    misspelt = await http.post("/placket/v1/admin/keys", json={"name": "limited", "imagesPerMont": 3})
    assert problem(misspelt)[0] == 400 and "imagesPerMont" in misspelt.text
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
