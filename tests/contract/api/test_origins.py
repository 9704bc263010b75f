"""Pages of other origins (CORS): none may read an answer, but those of the origins that the setting names."""

from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from tests.contract.api.calls import SERVICE
from tests.support.memory import MemoryInstallation

SHOP = "https://shop.example"
SIMILAR = f"{SERVICE}/products/a/similar"
ASKED = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}


@pytest.fixture
def open_to_the_shop(application: FastAPI, http: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    application.state.parts = replace(installation.parts, origins=frozenset({SHOP, "http://localhost:3000"}))


def cors(answer: httpx.Response) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k.startswith("access-control-") or k == "vary"}


async def test_without_the_setting_no_page_reads_anything(bearer: httpx.AsyncClient) -> None:
    answers = [
        await bearer.get(SIMILAR, headers={"origin": SHOP}),
        await bearer.options(SIMILAR, headers={"origin": SHOP, **ASKED}),
    ]
    assert [(a.status_code, cors(a)) for a in answers] == [(404, {}), (405, {})]


@pytest.mark.usefixtures("open_to_the_shop")
async def test_a_page_of_an_allowed_origin_reads_answers_and_errors(bearer: httpx.AsyncClient) -> None:
    headers = {"access-control-allow-origin": SHOP, "access-control-expose-headers": "retry-after, x-request-id"}
    for status, answer in (
        (200, await bearer.get(SERVICE, headers={"origin": SHOP})),
        (404, await bearer.get(SIMILAR, headers={"origin": SHOP})),
        (401, await bearer.get(SIMILAR, headers={"origin": SHOP, "authorization": "Bearer no"})),
        (404, await bearer.get("/placket/v1/no-such-call", headers={"origin": SHOP})),
        # Answered by what is around all calls.
        (400, await bearer.get(SERVICE, headers=[("origin", SHOP), ("host", "a"), ("host", "b")])),
    ):
        assert (answer.status_code, cors(answer)) == (status, {"vary": "origin", **headers})
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.usefixtures("open_to_the_shop")
async def test_a_page_may_ask_for_what_looks_things_up(http: httpx.AsyncClient) -> None:
    """Before any key: a browser's question carries none."""
    answer = await http.options(SIMILAR, headers={"origin": SHOP, **ASKED})
    assert (answer.status_code, answer.content) == (204, b"")
    assert cors(answer) == {
        "vary": "origin",
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "retry-after, x-request-id",
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "authorization, content-type, x-request-id",
        "access-control-max-age": "7200",
    }
    assert (await http.options(SIMILAR, headers={"origin": SHOP})).status_code == 405


@pytest.mark.usefixtures("open_to_the_shop")
@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example.evil.example",
        "https://evil-shop.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://shop.example/",
        "HTTPS://SHOP.EXAMPLE",
        "null",
        "*",
        "",
    ],
)
async def test_no_other_origin_is_one_of_them(bearer: httpx.AsyncClient, origin: str) -> None:
    answer = await bearer.get(SERVICE, headers={"origin": origin})
    assert (answer.status_code, cors(answer)) == (200, {"vary": "origin"})
    answer = await bearer.options(SERVICE, headers={"origin": origin, **ASKED})
    assert (answer.status_code, cors(answer)) == (405, {"vary": "origin"})


@pytest.mark.usefixtures("open_to_the_shop")
async def test_an_origin_that_is_given_twice_is_none(bearer: httpx.AsyncClient) -> None:
    answer = await bearer.get(SERVICE, headers=[("origin", SHOP), ("origin", SHOP)])
    assert cors(answer) == {"vary": "origin"}


@pytest.mark.usefixtures("open_to_the_shop")
@pytest.mark.parametrize(
    "path", ["/nhn-ai-fashion/v1.0/appkeys/k/services", "/healthz", "/docs", "/metrics", "/console"]
)
async def test_only_the_own_api_is_open(http: httpx.AsyncClient, path: str) -> None:
    assert cors(await http.get(path, headers={"origin": SHOP})) == {}
    assert "access-control-allow-origin" not in (await http.options(path, headers={"origin": SHOP, **ASKED})).headers
