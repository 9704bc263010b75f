"""The calls beyond the guide over a real socket: photos uploaded, runs followed, cancelled and repeated."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from tests.support.photos import drawn, encoded
from tests.support.server import ImageHost, PlacketServer, picture

RUNS = "/placket/v1/services/shop/runs"


@pytest.fixture
def api(server: PlacketServer, key: str) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False) as client:
        assert client.post("/placket/v1/services", json={"name": "shop"}).status_code == 201
        yield client


def rows(*pairs: tuple[str, str]) -> dict[str, bytes]:
    lines = [
        json.dumps({"product_id": p, "status": "enable", "category1_id": "1", "image_url": url}) for p, url in pairs
    ]
    return {"file": "\n".join(lines).encode()}


def ended(api: httpx.Client, run: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found: dict[str, Any] = api.get(f"{RUNS}/{run['id']}").json()
        if found["status"] in ("finished", "failed"):
            assert found["added"] + found["updated"] + found["deleted"] + found["failed"] == found["total"]
            assert found["pending"] == 0
            return found
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def test_products_by_upload(api: httpx.Client) -> None:
    red, blue = picture((200, 30, 40)), picture((30, 40, 200))
    url = "/placket/v1/services/shop/products"
    for product, image in (("red", red), ("red again", red), ("blue", blue)):
        answer = api.put(f"{url}/{product}", files={"image": image}, data={"name": product, "category1_id": product})
        assert answer.status_code == 201, answer.text
    listed = api.get(f"{url}?limit=2").json()
    assert [p["product_id"] for p in listed["items"]] == ["blue", "red"]
    assert (listed["items"][0]["width"], listed["items"][0]["garments"][0]["group"]) == (160, "TOP")
    rest = api.get(f"{url}?limit=2&cursor={listed['nextCursor']}").json()
    assert ([p["product_id"] for p in rest["items"]], rest["nextCursor"]) == (["red again"], None)

    search = "/placket/v1/services/shop/search"
    found = api.post(f"{search}?fields=name", files={"image": red}).json()["items"]
    assert [i["product_id"] for i in found] == ["red", "red again", "blue"]
    assert found[0] == {"product_id": "red", "similarity": found[0]["similarity"], "name": "red"}
    only = api.post(f"{search}?includeDuplicates=false", files={"image": red}).json()["items"]
    assert [i["product_id"] for i in only] == ["blue"]
    near = api.post(f"{search}?minSimilarity=0.999", files={"image": red}).json()["items"]
    assert [i["product_id"] for i in near] == ["red", "red again"]
    boxed = api.post(f"{search}?box=0.2,0.1,0.8,0.55&filter.category1_id=blue", files={"image": red}).json()
    assert boxed["garment"]["box"] == [0.2, 0.1, 0.8, 0.55]
    assert [i["product_id"] for i in boxed["items"]] == ["blue"]
    similar = api.get(f"{url}/red/similar?limit=1").json()
    assert [i["product_id"] for i in similar["items"]] == ["red again"]

    assert api.delete(f"{url}/red%20again").status_code == 204
    found = api.post(search, files={"image": red}).json()["items"]
    assert [i["product_id"] for i in found] == ["red", "blue"]


@pytest.mark.parametrize("format", ["AVIF", "BMP", "HEIF", "TIFF", "WEBP"])
def test_a_photo_to_search_by_may_be_of_more_formats_than_a_product_s(api: httpx.Client, format: str) -> None:
    photo, product = encoded(drawn(), format), "/placket/v1/services/shop/products/a"
    for call in ("detect", "tag", "search"):
        answer = api.post(f"/placket/v1/services/shop/{call}", files={"image": photo})
        assert answer.status_code == 200, answer.text
    refused = api.put(product, files={"image": photo})
    assert (refused.status_code, refused.json()["code"]) == (415, -45040)


def test_a_dry_run_changes_nothing(api: httpx.Client, host: ImageHost) -> None:
    url = host.put("/red.png", picture())
    answer = api.post(f"{RUNS}?format=jsonl&dryRun=true", files=rows(("a", url), ("a", url), ("", url)))
    assert answer.status_code == 202, answer.text
    run = ended(api, answer.json())
    assert (run["kind"], run["added"], run["updated"], run["failed"]) == ("check", 1, 1, 1)
    assert api.get("/placket/v1/services/shop").json()["documents"] == 0
    assert api.get("/placket/v1/services/shop").json()["remainingIndexRequests"] == 24


def test_failed_rows_are_repeated(api: httpx.Client, host: ImageHost) -> None:
    files = rows(("a", host.put("/red.png", picture())), ("b", host.url("/late.png")))
    run = ended(api, api.post(f"{RUNS}?format=jsonl", files=files).json())
    assert (run["status"], run["added"], run["failed"]) == ("finished", 1, 1)
    host.put("/late.png", picture((30, 40, 200)))
    again = api.post(f"{RUNS}/{run['id']}/repeat")
    assert again.status_code == 202, again.text
    assert ended(api, again.json())["added"] == 1
    assert api.get("/placket/v1/services/shop/products/b").status_code == 200
    listed = api.get(f"{RUNS}?status=finished,failed&order=requestedTime:asc").json()
    assert [r["id"] for r in listed["items"]] == [run["id"], again.json()["id"]]


def test_a_deletion_is_repeated_as_a_deletion(api: httpx.Client, host: ImageHost) -> None:
    row = {"product_id": "a", "status": "disable", "category1_id": "1", "image_url": host.put("/red.png", picture())}
    run = ended(api, api.post(f"{RUNS}?format=jsonl", files={"file": json.dumps(row).encode()}).json())
    assert (run["status"], run["failed"]) == ("failed", 1)
    again = ended(api, api.post(f"{RUNS}/{run['id']}/repeat").json())
    assert (again["added"], again["failed"]) == (0, 1)
    assert api.get("/placket/v1/services/shop/products/a").status_code == 404
    check = ended(api, api.post(f"{RUNS}?format=jsonl&dryRun=true", files={"file": json.dumps(row).encode()}).json())
    assert ended(api, api.post(f"{RUNS}/{check['id']}/repeat").json())["kind"] == "check"


def test_a_run_is_cancelled(api: httpx.Client, host: ImageHost) -> None:
    def slowly(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        content = picture()
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    url = host.put("/slow.png", slowly)
    run = api.post(f"{RUNS}?format=jsonl", files=rows(*((f"p{n}", url) for n in range(400)))).json()
    cancelled = api.post(f"{RUNS}/{run['id']}/cancel").json()
    assert cancelled["cancelled"] is True
    assert cancelled["failed"] + cancelled["added"] == 400
    assert ended(api, run)["id"] == run["id"]
    page = api.get(f"{RUNS}/{run['id']}/rows?outcome=failed&limit=1").json()
    assert page["items"][0]["reason"] == "Cancelled"
    again = api.post(f"{RUNS}/{run['id']}/cancel")
    assert (again.status_code, again.json()["title"]) == (409, "RunHasEnded")


def test_a_webhook_tells_that_a_run_has_ended(api: httpx.Client, host: ImageHost) -> None:
    heard: list[tuple[str, bytes]] = []

    def hear(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        heard.append((request.headers["X-Placket-Signature"], body))
        request.send_response(204)
        request.end_headers()

    callback = host.put("/hook", hear)
    files = rows(("a", host.put("/red.png", picture())))
    run = api.post(RUNS, params={"format": "jsonl", "callbackUrl": callback}, files=files)
    assert run.status_code == 202, run.text
    ended(api, run.json())
    deadline = time.monotonic() + 20
    while not heard and time.monotonic() < deadline:
        time.sleep(0.1)
    (signature, body) = heard[0]
    secret = api.get("/placket/v1/webhook-secret").json()["secret"]
    assert signature == "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert run.json()["id"] in body.decode()


def test_reindexing_with_the_same_bundle_is_nothing_to_do(api: httpx.Client) -> None:
    answer = api.post("/placket/v1/services/shop/reindex")
    assert (answer.status_code, answer.json()) == (202, {"run": None})


def test_another_projects_things_do_not_exist(api: httpx.Client, new_key: Callable[..., dict[str, Any]]) -> None:
    run = api.post(f"{RUNS}?format=jsonl", files={"file": b'{"product_id":"1","status":"disable"}'}).json()
    stranger = {"Authorization": f"Bearer {new_key()['key']}"}
    for path in ("", "/products", "/products/1", f"/runs/{run['id']}", f"/runs/{run['id']}/rows"):
        answer = api.get(f"/placket/v1/services/shop{path}", headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, -42000), path
