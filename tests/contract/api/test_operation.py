"""Health, figures, documentation, logs: what the installation's operator sees."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from placket import __version__
from placket.api.app import create_app
from placket.api.parts import Face
from placket.api.placket_v1.problems import render_error
from tests.contract.api.conftest import Fashion
from tests.support.memory import MemoryInstallation


async def test_health_and_readiness(http: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    assert (await http.get("/healthz")).json() == {"status": "alive"}
    assert (await http.get("/readyz")).json() == {"status": "ready", "problems": []}
    assert [(await http.head(path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    installation.warnings = ["the disk is almost full"]
    warned = await http.get("/readyz")
    assert (warned.status_code, warned.json()) == (200, {"status": "ready", "problems": ["the disk is almost full"]})
    installation.problems = ["the database does not answer"]
    unready = await http.get("/readyz")
    assert (unready.status_code, unready.json()["problems"]) == (503, installation.problems)
    assert (await http.get("/healthz")).status_code == 200


async def test_a_server_that_leaves_answers_on_and_says_so(
    http: httpx.AsyncClient, application: FastAPI, fashion: Fashion, shop: str
) -> None:
    application.state.leaving = True
    unready = await http.get("/readyz")
    assert (unready.status_code, unready.json()["problems"]) == (503, ["the server is about to stop"])
    answer = await http.get("/healthz")
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert (await fashion("GET", shop, "services"))["header"]["isSuccessful"]


async def test_figures_know_routes_and_no_keys(http: httpx.AsyncClient, fashion: Fashion, shop: str) -> None:
    await fashion("GET", shop, "service/shop/product/x?limit=1")
    text = (await http.get("/metrics")).text
    route = "/nhn-ai-fashion/v1.0/appkeys/{appKey}/service/{serviceID}/product/{productID}"
    line = f'placket_http_requests_total{{code="-40050",method="GET",route="{route}",status="200"}}'
    assert line in text
    assert f'placket_http_request_seconds_count{{method="GET",route="{route}"}}' in text
    assert "placket_vision_images_total 5.0" in text
    assert "placket_queue_jobs 3.0" in text
    assert "plk" not in text
    assert f'placket_build_info{{version="{__version__}"}} 1.0' in text
    assert "\nprocess_open_fds " in text or not Path("/proc/self").exists()
    assert 'placket_rows_total{outcome="failed",reason="InvalidRow"} 2.0' in text
    assert 'placket_rows_total{outcome="added",reason=""} 7.0' in text
    names = [family.name for family in text_string_to_metric_families(text)]
    assert (names.count("placket_queue_jobs"), names.count("placket_rows")) == (1, 1)


async def test_pages_have_their_prefix_in_the_figures_and_the_log(installation: MemoryInstallation) -> None:
    pages = Starlette(routes=[Route("/healthz", lambda _: Response())])
    face = Face("/pages", render_error, pages=pages)
    transport = httpx.ASGITransport(create_app(replace(installation.parts, faces=(face,))))
    async with httpx.AsyncClient(transport=transport, base_url="http://placket", trust_env=False) as client:
        with structlog.testing.capture_logs() as lines:
            for path in ("/pages/healthz", "/pages/nothing", "/healthz"):
                await client.get(path)
        text = (await client.get("/metrics")).text
    assert [(line["route"], line["log_level"]) for line in lines] == [
        ("/pages/healthz", "info"),
        ("/pages*", "info"),
        ("/healthz", "debug"),
    ]
    assert 'route="/pages/healthz"' in text and 'route="/pages*"' in text


async def test_the_access_log_shows_no_key_and_no_query(fashion: Fashion, http: httpx.AsyncClient, shop: str) -> None:
    with structlog.testing.capture_logs() as lines:
        await fashion("GET", shop, "service/shop/detect?path=http://x.example/%3Fsignature=hush")
        await fashion("GET", shop, "nothing/of/the/kind?signature=hush")
        await http.get(f"/unknown/{shop}?signature=hush")
        await http.get("/placket/v1/services", headers={"Authorization": f"Bearer {shop}"})
    written = json.dumps(lines)
    assert shop not in written
    assert "hush" not in written
    assert [(line["status"], line["code"]) for line in lines] == [
        (200, -45050),
        (200, -40400),
        (404, -40400),
        (200, None),
    ]
    assert all(line["key_id"] == shop[3:11] for line in (lines[0], lines[3]))


@pytest.mark.parametrize("given", [b"abc-1.2_Z", b"x" * 64])
async def test_request_ids_are_taken(http: httpx.AsyncClient, given: bytes) -> None:
    answer = await http.get("/healthz", headers=[(b"x-request-id", given)])
    assert answer.headers["x-request-id"] == given.decode()


@pytest.mark.parametrize("given", [[b"x" * 65], [b"a b"], [b"\xc3\xa9"], [b"a\tb"], [b""], [b"a", b"b"], []])
async def test_or_made(http: httpx.AsyncClient, given: list[bytes]) -> None:
    answer = await http.get("/healthz", headers=[(b"x-request-id", value) for value in given])
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])


@pytest.mark.parametrize(
    "headers",
    [
        [("x-junk", "y" * 70_000)],
        [(f"x-{n}", "y" * 100) for n in range(1000)],
        [("content-type", "a"), ("content-type", "b")],
    ],
)
async def test_header_abuse(http: httpx.AsyncClient, headers: list[tuple[str, str]]) -> None:
    assert (await http.get("/healthz", headers=headers)).status_code == 400
    fashion = await http.get("/nhn-ai-fashion/v1.0/appkeys/x/services", headers=headers)
    assert fashion.json()["header"]["resultCode"] == -40000
    odd = [("x-api-key", "\xff"), ("authorization", "Bearer \xff"), ("accept-language", "\xfe;q=\xff")]
    raw = [(n.encode(), v.encode("latin-1")) for n, v in odd]
    assert (await http.get("/placket/v1/services", headers=raw)).status_code == 401


async def test_unknown_paths_elsewhere(http: httpx.AsyncClient) -> None:
    for path in ("/", "/nothing", "/placket/v1", "/placket/v1/nothing", "/docs/nothing", "/healthz/"):
        answer = await http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, -40400)
    wrong = await http.post("/healthz")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")


async def test_an_unforeseen_error_shows_nothing_of_itself(
    http: httpx.AsyncClient, installation: MemoryInstallation
) -> None:
    async def broken() -> list[str]:
        raise RuntimeError("hush")

    object.__setattr__(installation.parts, "problems", broken)
    with structlog.testing.capture_logs() as lines:
        answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (500, -50000)
    assert "hush" not in answer.text
    assert lines[0]["event"] == "unforeseen error"


@pytest.mark.parametrize("ours", [False, True])
async def test_what_is_not_through_when_the_server_stops_is_told_so(
    bearer: httpx.AsyncClient, shop: str, installation: MemoryInstallation, ours: bool
) -> None:
    fetching = asyncio.Event()

    async def slow(*_: object, **__: object) -> bytes:
        fetching.set()
        await asyncio.sleep(60)
        return b""

    installation.web.fetch = slow  # type: ignore[method-assign]
    with structlog.testing.capture_logs() as lines:
        call = (
            bearer.post("/placket/v1/services/shop/detect", json={"url": "http://x.example/a.jpg"})
            if ours
            else bearer.get(f"/nhn-ai-fashion/v1.0/appkeys/{shop}/service/shop/detect?path=http://x.example/a.jpg")
        )
        asking = asyncio.create_task(call)
        await asyncio.wait_for(fetching.wait(), 5)
        asking.cancel()
        answer = await asking
    assert answer.status_code == (503 if ours else 200)
    assert "InternalServerError" in answer.text and "the server is stopping" in answer.text
    assert [(line["event"], line["status"]) for line in lines] == [("request", answer.status_code)]


@pytest.fixture
def schema(application: FastAPI) -> dict[str, Any]:
    return application.openapi()


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, o) for path, item in schema["paths"].items() for method, o in item.items()]


def test_openapi_names_every_call_once(schema: dict[str, Any]) -> None:
    ids = [o["operationId"] for _, _, o in operations(schema)]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 35
    for path, method, operation in operations(schema):
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)
        declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert declared == set(re.findall(r"{([^}]+)}", path)), path
        names = [(p["in"], p["name"]) for p in operation["parameters"]]
        assert len(names) == len(set(names)), (path, names)
        assert "422" not in operation["responses"] or "Problem" in str(operation["responses"]["422"])


def test_openapi_tells_every_problem_and_key(schema: dict[str, Any]) -> None:
    for path, method, operation in operations(schema):
        if path.startswith("/placket/v1"):
            scheme = "AdminToken" if "/admin/" in path else "ApiKey"
            assert operation["security"] == [{scheme: []}], (path, method)
            for status, answer in operation["responses"].items():
                if status >= "400":
                    reference = answer["content"]["application/problem+json"]["schema"]["$ref"]
                    assert reference == "#/components/schemas/Problem"
            assert {"400", "401", "429", "503"} <= set(operation["responses"])


def test_openapi_refers_only_to_what_is_there(schema: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(schema)))
    assert references == set(schema["components"]["schemas"])


async def test_the_documentation_needs_nothing_from_elsewhere(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 5
    for address in addresses:
        assert "//" not in address
        assert (await http.get(f"/{address}")).status_code == 200
    assert "<script>" not in page.text
    assert 'url: "openapi.json"' in (await http.get("/docs/start.js")).text
    assert (await http.get("/openapi.json")).json()["openapi"].startswith("3.1")
    assert (await http.get("/docs/assets/../../app.py")).status_code == 404
    assert (await http.get("/docs/assets/%2e%2e/__init__.py")).status_code == 404
