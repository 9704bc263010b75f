"""What becomes of accepted entries: leases, crashes, culprits, outages, hosts, webhooks."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from placket.domain.errors import FetchFailed, UrlRefused, VisionCrashed, VisionUnavailable
from placket.domain.garments import Analysis
from placket.services.webhooks import SIGNATURE_HEADER, WebhookSigner
from tests.support.memory import SECRET
from tests.support.tagging import RULES, TaggerWorld, entry

BULK = "/tagger/v2.12/bulk"


async def _create(client: httpx.AsyncClient, *entries: object, **fields: object) -> str:
    answer = await client.post(BULK, json={"taggingRequest": list(entries), **fields})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["taskId"])


async def _data(client: httpx.AsyncClient, task: str) -> dict[str, Any]:
    data: dict[str, Any] = (await client.get(f"{BULK}/{task}")).json()["data"]
    return data


def _serve(world: TaggerWorld, count: int) -> None:
    for n in range(count):
        world.web.pages[f"https://shop.example/{n}.jpg"] = b"PIC1"


async def _lose_leases(world: TaggerWorld) -> None:
    """As if the worker had died, and time had passed."""
    await world.execute("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE worker IS NOT NULL")


async def test_a_dead_worker_s_chunk_is_taken_over(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    _serve(world, 6)
    task = await _create(client, *(entry(n) for n in range(6)))
    held = await world.claim()
    assert held is not None
    await _lose_leases(world)
    await world.work()
    assert [r["id"] for r in (await _data(client, task))["results"]] == [str(n) for n in range(6)]
    before = await world.execute("SELECT done, failed FROM tag_tasks")
    await world.do(held)  # the dead one wakes up: its job is gone, nothing is counted twice
    assert await world.execute("SELECT done, failed FROM tag_tasks") == before == [(6, 0)]
    assert world.tallies.images.figure().values["ok", ""] == 6


async def test_an_outage_is_nobody_s_failure(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    _serve(world, 2)
    world.web.pages["https://shop.example/1.jpg"] = VisionUnavailable("no bundle")
    await _create(client, entry(0), entry(1))
    held = await world.claim()
    assert held is not None
    with pytest.raises(VisionUnavailable):
        await world.do(held)
    assert await world.execute("SELECT state FROM tag_images WHERE state IS NOT NULL") == []


async def test_nothing_is_fetched_that_cannot_be_seen(
    world: TaggerWorld, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind(*_: object) -> None:
        raise VisionUnavailable("no bundle")

    _serve(world, 1)
    await _create(client, entry(0))
    held = await world.claim()
    monkeypatch.setattr(world.vision, "ready", blind)
    assert held is not None
    with pytest.raises(VisionUnavailable):
        await world.do(held)
    assert world.web.asked == []


async def test_an_unforeseen_error_is_one_image_s(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    _serve(world, 3)
    world.web.pages["https://shop.example/1.jpg"] = b"PICx"  # int("x") fails in the stand-in for vision
    task = await _create(client, *(entry(n) for n in range(3)))
    await world.work()
    data = await _data(client, task)
    assert [r["id"] for r in data["results"]] == ["0", "2"]
    assert data["failures"][0]["error"]["code"] == 500


async def test_what_a_host_says_can_be_stored(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.web.pages["https://shop.example/0.jpg"] = FetchFailed("the host said \0 and \ud800 " + "x" * 1000)
    task = await _create(client, entry(0))
    await world.work()
    error = (await _data(client, task))["failures"][0]["error"]
    assert error["code"] == 803 and len(error["message"]) == 500


class _Died(BaseException):
    """The worker's process is gone."""


async def _work_until_done(world: TaggerWorld) -> int:
    """A worker that is started again each time that it dies; how often it did."""
    deaths = 0
    while True:
        job = await world.claim()
        if job is None:
            return deaths
        try:
            await world.do(job)
        except (_Died, BaseExceptionGroup):
            deaths += 1
            await _lose_leases(world)


async def test_a_culprit_ends_alone(
    world: TaggerWorld, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that kills the whole worker, beyond what the vision processes isolate."""
    _serve(world, 8)
    world.web.pages["https://shop.example/2.jpg"] = b"PIC1 deadly"
    analyse = world.vision.analyse

    async def deadly(image: bytes, **options: Any) -> Analysis:
        if b"deadly" in image:
            raise _Died
        return await analyse(image, **options)

    monkeypatch.setattr(world.vision, "analyse", deadly)
    task = await _create(client, *(entry(n) for n in range(8)))
    deaths = await _work_until_done(world)
    assert deaths == 2 + 3  # twice in its chunk, three times alone
    data = await _data(client, task)
    assert [r["id"] for r in data["results"]] == ["0", "1", "3", "4", "5", "6", "7"]
    assert [(f["id"], f["error"]["code"]) for f in data["failures"]] == [("2", 805)]


async def test_killings_from_outside_fail_nothing(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    _serve(world, 8)
    task = await _create(client, *(entry(n) for n in range(8)))
    for _ in range(9):
        while await world.claim():
            pass
        await _lose_leases(world)
    await world.work()
    data = await _data(client, task)
    assert [r["id"] for r in data["results"]] == [str(n) for n in range(8)] and data["failures"] == []


async def test_a_crashed_decoder_costs_one_image(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    _serve(world, 3)
    world.web.pages["https://shop.example/1.jpg"] = VisionCrashed("the picture made the decoder crash")
    task = await _create(client, *(entry(n) for n in range(3)))
    await world.work()
    data = await _data(client, task)
    assert len(data["results"]) == 2
    assert data["failures"] == [{"id": "1", "error": {"code": 805, "message": "the picture made the decoder crash"}}]


async def test_a_slow_host_costs_its_own_images_only(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = TaggerWorld(database, per_host=2)
    fetch = world.web.fetch
    release = asyncio.Event()

    async def slow(url: str, **options: Any) -> Any:
        if "slow" in url:
            await release.wait()
        return await fetch(url, **options)

    monkeypatch.setattr(world.web, "fetch", slow)
    monkeypatch.setattr("placket.services.hosts._PATIENCE", 0.2)
    fast = [entry(n, f"https://fast.example/{n}.jpg") for n in range(6)]
    tardy = [entry(f"s{n}", f"https://slow.example/{n}.jpg") for n in range(6)]
    for e in fast + tardy:
        world.web.pages[e["image"]["content"]] = b"PIC1"
    async with world.client(await world.new_key()) as client:
        task = await _create(client, *(e for pair in zip(fast, tardy, strict=True) for e in pair))
        jobs = [job for job in [await world.claim() for _ in range(3)] if job]
        work = [asyncio.create_task(world.do(job)) for job in jobs]
        await asyncio.wait(work, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        ended = await world.execute("SELECT count(*) FROM tag_images WHERE state = 'done'")
        assert ended[0][0] >= 2 and sum(t.done() for t in work) >= 1  # whole chunks went past the slow host
        release.set()
        await asyncio.gather(*work)
        assert len(await world.execute("SELECT 1 FROM jobs WHERE not_before > created_at")) >= 1
        await world.execute("UPDATE jobs SET not_before = now()")
        while await world.work():
            await world.execute("UPDATE jobs SET not_before = now()")
        data = await _data(client, task)
        assert len(data["results"]) == 12 and data["failures"] == []


async def test_a_host_that_is_down_ends_soon(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = TaggerWorld(database, replace(RULES, chunk=16), per_host=2)
    monkeypatch.setattr("placket.services.hosts._DOWN", 4)
    monkeypatch.setattr("placket.services.hosts._SLOW", 0.01)

    async def dead(url: str, **options: Any) -> Any:
        world.web.asked.append(url)
        await asyncio.sleep(0.05)
        raise FetchFailed("no answer", transient=True)

    monkeypatch.setattr(world.web, "fetch", dead)
    async with world.client(await world.new_key()) as client:
        task = await _create(client, *(entry(n) for n in range(40)))
        for _ in range(100):
            await world.work()
            if not await world.execute("UPDATE jobs SET not_before = now() RETURNING 1"):
                break
        data = await _data(client, task)
        assert data["results"] == [] and len(data["failures"]) == 40
        assert {f["error"]["code"] for f in data["failures"]} == {803}
        untried = [f for f in data["failures"] if "not tried" in f["error"]["message"]]
        assert untried and len(untried) + len(world.web.asked) == 40


async def test_a_refused_address_fails_at_tagging(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.web.pages["http://127.0.0.1/x"] = UrlRefused("the address is not public")
    task = await _create(client, entry(1, "http://127.0.0.1/x"))
    await world.work()
    error = {"code": 803, "message": "the address is not public"}
    assert (await _data(client, task))["failures"] == [{"id": "1", "error": error}]


async def test_a_webhook_tells_each_time_that_a_task_is_done(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    _serve(world, 5)
    hook = "https://shop.example/hook"
    task = await _create(client, *(entry(n) for n in range(5)), entry("x"), callbackUrl=hook, albumName="봄")
    await world.work()
    assert len(world.poster.calls) == 1
    url, body, headers = world.poster.calls[0]
    assert url == hook and headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "event": "tagging_task.done",
        "taskId": task,
        "albumName": "봄",
        "taskStatus": "TASK_DONE",
        "count": {"total": 6, "done": 5, "processing": 0, "failure": 1},
    }
    project = (await world.execute("SELECT project_id FROM tag_tasks"))[0][0]
    secret = WebhookSigner(SECRET).project_secret(project)
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE_HEADER] == f"sha256={expected}"
    await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry("again", "https://shop.example/0.jpg")]})
    await world.work()
    assert json.loads(world.poster.calls[1][1])["count"]["total"] == 7
    assert len(world.poster.calls) == 2


async def test_a_webhook_is_tried_again(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.poster.statuses = [500, FetchFailed("no answer"), 302, 204]
    await _create(client, entry(1), callbackUrl="https://shop.example/hook")
    delays = []
    for _ in range(4):
        await world.work()
        waiting = await world.execute("SELECT round(extract(epoch FROM not_before - now())) FROM jobs")
        delays += [int(w[0]) for w in waiting]
        await world.execute("UPDATE jobs SET not_before = now()")
    assert len(world.poster.calls) == 4
    assert delays == [5, 20, 80]
    assert await world.execute("SELECT 1 FROM jobs") == []


async def test_a_webhook_is_given_up(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.poster.statuses = [500] * 20
    task = await _create(client, entry(1), callbackUrl="https://shop.example/hook")
    for _ in range(12):
        await world.work()
        await world.execute("UPDATE jobs SET not_before = now()")
    assert len(world.poster.calls) == 8
    assert world.tallies.webhooks.figure().values == {("heard",): 0, ("repeated",): 7, ("given_up",): 1}
    assert UUID(task) and await world.execute("SELECT 1 FROM jobs") == []


async def test_keys_share_a_worker_evenly(world: TaggerWorld) -> None:
    _serve(world, 400)
    async with world.client(await world.new_key("large")) as large, world.client(await world.new_key("small")) as small:
        await _create(large, *(entry(n) for n in range(400)))
        for _ in range(3):
            job = await world.claim()
            assert job is not None
            await world.do(job)
        task = await _create(small, *(entry(n) for n in range(10)))
        for _ in range(6):
            job = await world.claim()
            assert job is not None
            await world.do(job)
        assert (await small.get(f"{BULK}/{task}/status")).json()["data"]["taskStatus"] == "TASK_DONE"
