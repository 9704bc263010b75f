"""An image host that takes what it is asked and never answers: whose work waits for it, and whose does not."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest

from tests.e2e.fashion.test_journey import jsonl, row
from tests.support.server import ImageHost, picture

SOON = 20.0
"""Seconds; waiting for the silent images, two attempts of three seconds each, takes far longer."""


@pytest.fixture
def silence(host: ImageHost) -> Iterator[str]:
    """An address on the same host as all others, where nothing ever comes."""
    over = threading.Event()

    def never(handler: BaseHTTPRequestHandler) -> None:
        over.wait(60)
        handler.close_connection = True

    yield host.put("/silence", never)
    over.set()


def bearer(http: httpx.Client, key: str) -> Callable[..., httpx.Response]:
    def call(method: str, path: str, **more: Any) -> httpx.Response:
        answer = http.request(method, f"/placket/v1{path}", headers={"Authorization": f"Bearer {key}"}, **more)
        assert answer.status_code < 300, answer.text
        return answer

    return call


def index(call: Callable[..., httpx.Response], service: str, urls: list[str]) -> str:
    file = jsonl(*(row(f"p{n}", url) for n, url in enumerate(urls)))
    answer = call("POST", f"/services/{service}/runs", params={"format": "jsonl"}, files={"file": ("a.jsonl", file)})
    return str(answer.json()["id"])


def test_a_silent_host_holds_up_its_own_run_alone(
    http: httpx.Client, host: ImageHost, new_key: Callable[..., dict[str, Any]], silence: str
) -> None:
    shop, other = (bearer(http, new_key()["key"]) for _ in range(2))
    good = host.put("/good.png", picture())
    for call, service in ((shop, "slow"), (shop, "quick"), (other, "quick")):
        call("POST", "/services", json={"name": service})
    slow = index(shop, "slow", [f"{silence}?{n}" for n in range(150)])
    time.sleep(1)
    runs = [(call, index(call, "quick", [good] * 5)) for call in (shop, other)]
    began = time.monotonic()
    waiting = dict(enumerate(runs))
    while waiting and time.monotonic() - began < 60:
        for number, (call, run) in list(waiting.items()):
            found = call("GET", f"/services/quick/runs/{run}").json()
            if found["status"] == "finished":
                assert found["failed"] == 0
                del waiting[number]
        time.sleep(0.2)
    assert time.monotonic() - began < SOON
    shop("POST", f"/services/slow/runs/{slow}/cancel")
