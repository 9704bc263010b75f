"""A shop's file that is sent every night: what comes again, and what is looked at again."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from tests.e2e.placket_v1.test_beyond import RUNS, ended, rows
from tests.support.server import ImageHost, picture, running_server


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    """Of a server that nobody else has photos looked at by."""
    with running_server() as server, httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {server.create_key('shop')}"
        assert client.post("/placket/v1/services", json={"name": "shop"}).status_code == 201
        yield client


def test_a_file_that_has_not_changed_is_not_looked_at_again(api: httpx.Client, host: ImageHost) -> None:
    red, blue = host.put("/red.png", picture()), host.put("/blue.png", picture((30, 40, 200)))

    def indexed(*pairs: tuple[str, str]) -> tuple[int, int, int]:
        """(added, updated, photos that were looked at for it)"""
        before = _looked(api)
        run = ended(api, api.post(RUNS, params={"format": "jsonl"}, files=rows(*pairs)).json())
        return run["added"], run["updated"], _looked(api) - before

    assert indexed(("a", red), ("b", blue)) == (2, 0, 2)
    seen = api.get("/placket/v1/services/shop/products/a").json()
    assert indexed(("a", red), ("b", blue)) == (0, 2, 0)
    again = api.get("/placket/v1/services/shop/products/a").json()
    assert (again["garments"], again["updatedAt"] > seen["updatedAt"]) == (seen["garments"], True)
    host.put("/blue.png", picture((30, 200, 40)))
    assert indexed(("a", red), ("b", blue), ("c", red)) == (1, 2, 2)
    assert indexed(("a", blue), ("b", blue)) == (0, 2, 1)


def test_a_photo_whose_host_knows_its_version_does_not_come_again(api: httpx.Client, host: ImageHost) -> None:
    red, served = picture(), [0]

    def serve(request: BaseHTTPRequestHandler) -> None:
        same = request.headers["If-None-Match"] == '"red"'
        served[0] += not same
        request.send_response(304 if same else 200)
        request.send_header("ETag", '"red"')
        request.send_header("Content-Length", "0" if same else str(len(red)))
        request.end_headers()
        request.wfile.write(b"" if same else red)

    url = host.put("/red.png", serve)
    for outcome in ("added", "updated", "updated"):
        run = ended(api, api.post(RUNS, params={"format": "jsonl"}, files=rows(("y", url), ("z", url))).json())
        assert run[outcome] == 2
    assert served == [1]
    products = "/placket/v1/services/shop/products"
    assert api.put(f"{products}/y", files={"image": red}, data={"image_url": url}).status_code == 200
    ended(api, api.post(RUNS, params={"format": "jsonl"}, files=rows(("y", url))).json())
    assert served == [2]  # of an upload no host knows the version


def _looked(api: httpx.Client) -> int:
    figures = dict(re.findall(r"^placket_(vision_\w+) (\S+)$", api.get("/metrics").text, re.MULTILINE))
    return int(float(figures["vision_done_total"]))
