"""Images that crash or hang the decoder, through whole tasks and index runs over real processes."""

import json
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.tagger.guide_client import BulkClient
from tests.support.misbehaving import misbehave
from tests.support.server import ImageHost, PlacketServer, image_host, picture, running_server

COUNT = 40
POISON = {7: "abort", 29: "hang"}
HANG_SECONDS = "4"


@pytest.fixture(scope="module")
def server() -> Iterator[PlacketServer]:
    program = (sys.executable, "-m", "tests.support.misbehaving")
    with running_server(program=program, PLACKET_VISION_TIMEOUT=HANG_SECONDS) as running:
        yield running


@pytest.fixture(scope="module")
def urls() -> Iterator[list[str]]:
    with image_host() as host:
        yield [_image(host, n) for n in range(COUNT)]


def _image(host: ImageHost, n: int) -> str:
    return host.put(f"/{n}.png", misbehave(POISON[n]) if n in POISON else picture((200, 5 * n, 40)))


def figures(server: PlacketServer) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {server.admin_token}"}
    answer = httpx.get(f"{server.url}/placket/v1/admin/statistics", headers=headers, timeout=30, trust_env=False)
    found: dict[str, float] = answer.json()["figures"]
    return found


def test_a_task_with_poison_in_it(server: PlacketServer, urls: list[str]) -> None:
    client = BulkClient(server.url, server.create_key("poison-task"))
    task = client.create({f"p{n}": url for n, url in enumerate(urls)})["taskId"]
    status = client.wait(task, 120)
    assert status["count"] == {"total": COUNT, "done": COUNT - 2, "processing": 0, "failure": 2}
    assert [r["id"] for r in client.results(task)] == [f"p{n}" for n in range(COUNT) if n not in POISON]
    _, page = client.call("GET", f"{task}?size=100")
    assert [(f["id"], f["error"]["code"]) for f in page["data"]["failures"]] == [("p7", 805), ("p29", 805)]
    assert all("lost twice over this photo" in f["error"]["message"] for f in page["data"]["failures"])
    _stands(server)


def test_an_index_run_with_poison_in_it(server: PlacketServer, urls: list[str]) -> None:
    key = server.create_key("poison-run")
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as http:
        service = f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/shop"
        assert http.post(service).json()["header"]["isSuccessful"]
        rows = [
            {"product_id": f"p{n}", "status": "enable", "category1_id": "1", "image_url": url}
            for n, url in enumerate(urls)
        ]
        body = "\n".join(json.dumps(row) for row in rows).encode()
        maker = service.replace("nhn-ai-fashion", "nhn-ai-fashion-maker")
        made = http.post(f"{maker}/index?format=jsonl", files={"file": ("shop.jsonl", body)}).json()
        run = _ended(http, maker, made["data"]["indexID"])
        assert (run["status"], run["addCnt"], run["failCnt"], run["totalCnt"]) == ("finished", COUNT - 2, 2, COUNT)
        failed = http.get(
            f"/placket/v1/services/shop/runs/{run['id']}/rows?outcome=failed",
            headers={"Authorization": f"Bearer {key}"},
        ).json()["items"]
        assert [row["product_id"] for row in failed] == ["p7", "p29"]
        assert all(row["reason"] and "lost twice" in row["detail"] for row in failed)
    _stands(server)


def _ended(http: httpx.Client, maker: str, run_id: str) -> dict[str, object]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        run: dict[str, object] = http.get(f"{maker}/indexes?start=0&limit=1").json()["data"]["items"][0]
        if run["status"] in ("finished", "failed"):
            return run
        time.sleep(0.2)
    raise AssertionError(f"run {run_id} did not end")


def _stands(server: PlacketServer) -> None:
    """It is the same process, it is ready, and its vision processes really died."""
    assert server.process is not None and server.process.poll() is None
    assert httpx.get(f"{server.url}/readyz", timeout=60, trust_env=False).status_code == 200
    found = figures(server)
    assert found["vision_crashed_total"] >= 2
    # Each died twice: beside other photos, and alone.
    assert found["vision_restarts_total"] >= 2 * found["vision_crashed_total"]
