"""The guide's client against a real ``placket serve``: the whole life of a task."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.e2e.tagger.guide_client import ApiError, BulkClient
from tests.support.server import ImageHost, PlacketServer, image_host, picture, plain, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[PlacketServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def host() -> Iterator[ImageHost]:
    with image_host() as running:
        yield running


def test_the_whole_life_of_a_task(server: PlacketServer, host: ImageHost) -> None:
    client = BulkClient(server.url, server.create_key("whole-life"), language="ko")
    images = {f"p{n}": host.put(f"/{n}.png", picture((200, 2 * n, 40))) for n in range(120)}
    first = dict(list(images.items())[:90])
    answer = client.create(first, albumName="봄", description="첫 번째")
    task = answer["taskId"]
    assert (answer["albumName"], answer["validation"]) == ("봄", {"accept": 90, "failure": 0})

    broken = {"gone": host.url("/gone.png"), "page": host.put("/page.jpg", b"<html>"), "p0": images["p0"]}
    answer = client.append(task, {**dict(list(images.items())[90:]), **broken})
    assert answer["validation"] == {"accept": 32, "failure": 1}
    assert answer["failureList"][0]["request"]["context"]["id"] == "p0"

    status = client.wait(task, 60)
    assert status["count"] == {"total": 122, "done": 120, "processing": 0, "failure": 2}
    results = list(client.results(task))
    assert [r["id"] for r in results] == list(images)
    objects = results[0]["taggingResult"]["objects"]
    assert objects[0]["type"] == "CLOTHING"
    assert objects[0]["tags"][0]["category"].keys() == {"id", "name", "confidence"}
    assert [t["taskId"] for t in client.tasks()] == [task]

    _, page = client.call("GET", f"{task}?offset=100&size=100")
    failures = {f["id"]: f["error"]["code"] for f in page["data"]["failures"]}
    assert failures == {"gone": 803, "page": 805}
    with pytest.raises(ApiError) as refused:
        BulkClient(server.url, "wrong").status(task)
    assert (refused.value.status, refused.value.body["error"]["code"]) == (403, 609)
    assert client.call("DELETE", task)[0] == 200
    assert client.tasks() == []


def test_nothing_on_a_photo(server: PlacketServer, host: ImageHost) -> None:
    client = BulkClient(server.url, server.create_key("nothing"))
    task = client.create({"empty": host.put("/plain.png", plain())})["taskId"]
    client.wait(task, 30)
    found = [r["taggingResult"] for r in client.results(task)]
    assert found == [{"objects": [{"type": "no detected product", "tags": [], "box": None}], "notMatchedObject": []}]


def test_a_webhook_is_called(server: PlacketServer, host: ImageHost) -> None:
    called = threading.Event()
    received: dict[str, object] = {}

    def post(request: BaseHTTPRequestHandler) -> None:
        received["body"] = request.rfile.read(int(request.headers["content-length"]))
        received["signature"] = request.headers["X-Placket-Signature"]
        request.send_response(204)
        request.end_headers()
        called.set()

    host._server.RequestHandlerClass.do_POST = post  # type: ignore[attr-defined]
    client = BulkClient(server.url, server.create_key("webhook"))
    client.create({"a": host.put("/a.png", picture())}, callbackUrl=host.url("/hook"))
    assert called.wait(30)
    assert str(received["signature"]).startswith("sha256=")


def test_limits_and_usage_on_the_command_line(server: PlacketServer, host: ImageHost) -> None:
    key = server.create_key("limited")
    key_id = key[3:11]
    server.command("keys", "limit", key_id, "--images-per-month", "2")
    client = BulkClient(server.url, key)
    client.create({"a": host.put("/a.png", picture()), "b": host.url("/b.png")})
    with pytest.raises(ApiError) as refused:
        client.create({"c": host.url("/c.png")})
    assert (refused.value.status, refused.value.body["error"]["code"]) == (403, 823)
    assert f'"keyId": "{key_id}", "requests": 1, "images": 2' in server.command("keys", "usage", "--json")
