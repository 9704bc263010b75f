"""Who asks, where, and how often: keys, paths, methods, rates, quotas, repeats."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from placket.domain.errors import StorageUnavailable
from placket.domain.tagger.errors import UsageExceeded
from placket.storage import usage
from placket.storage.database import Database
from placket.storage.usage import spend_images
from tests.support.tagging import TaggerWorld, entry

BULK = "/tagger/v2.12/bulk"
REQUEST = {"taggingRequest": [entry(1), entry(2)]}


def _code(answer: httpx.Response) -> tuple[int, int]:
    body = answer.json()
    assert body["data"] is None and body["status"] == "fail"
    assert set(body["error"]) == {"code", "message"}
    return answer.status_code, body["error"]["code"]


async def test_keys(world: TaggerWorld) -> None:
    key = await world.new_key()
    async with world.client() as client:
        for method, path in (("POST", BULK), ("GET", BULK), ("POST", "/tagger/v2/tags"), ("GET", f"{BULK}/x/status")):
            assert _code(await client.request(method, path)) == (403, 612)
            assert _code(await client.request(method, path, headers={"x-api-key": ""})) == (403, 612)
            for bad in ("nonsense", key[:-1] + "!", "plk" + "a" * 40, "é"):
                headers = [(b"x-api-key", bad.encode())]
                assert _code(await client.request(method, path, headers=headers)) == (403, 609), bad
        twice = [("x-api-key", key), ("x-api-key", key)]
        assert (await client.get(BULK, headers=twice)).status_code == 400


async def test_paths_and_methods(client: httpx.AsyncClient) -> None:
    for path in ("/tagger", "/tagger/", "/tagger/v2.11/bulk", "/tagger/v2.12", "/tagger/v2.12/bulks", f"{BULK}/a/b/c"):
        for method in ("GET", "POST", "OPTIONS"):
            assert _code(await client.request(method, path)) == (404, 623), path
    for method, path, allowed in (
        ("PATCH", BULK, "GET, POST"),
        ("DELETE", f"{BULK}/", "GET, POST"),
        ("PATCH", f"{BULK}/x", "DELETE, GET, PUT"),
        ("GET", "/tagger/v2.12/tags", "POST"),
        ("POST", f"{BULK}/x/status", "GET"),
    ):
        answer = await client.request(method, path)
        assert _code(answer) == (405, 623)
        assert answer.headers["allow"] == allowed
    for form in ("/tagger/v2.12/bulk", "/tagger/v2.12/bulk/", "/tagger/v2/bulk", "/tagger/v2/bulk/"):
        assert (await client.get(form)).status_code == 200
    for task in ("x", "0" * 36, "00000000-0000-0000-0000-000000000000", "%00", "..", "A" * 5000):
        answer = await client.get(f"{BULK}/{task}/status")
        assert answer.status_code == 404 and answer.json()["error"]["code"] in (831, 623)


async def test_a_path_that_merely_begins_alike_is_another(client: httpx.AsyncClient) -> None:
    for path in ("/taggerx", "/taggerx/v2.12/bulk", "/tagger.json", "/tagger-v2/bulk"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
    answer = await client.get("/nhn-ai-fashions")
    assert answer.json()["header"]["resultCode"] == -40400  # all words that begin so are that API's


async def test_a_path_that_begins_with_two_slashes_is_refused_in_the_form_of_the_api_that_was_meant(
    client: httpx.AsyncClient,
) -> None:
    base = str(client.base_url).rstrip("/")
    told = "there is no such call: its path begins with two slashes"
    answer = await client.get(f"{base}//tagger/v2.12/bulk")
    assert _code(answer) == (404, 623)
    assert answer.json()["error"]["message"] == told
    header = (await client.get(f"{base}//nhn-ai-fashion/v1.0/appkeys/x/services")).json()["header"]
    assert (header["resultCode"], header["detail"]) == (-40400, told)
    problem = (await client.get(f"{base}//placket/v1/services")).json()
    assert (problem["code"], problem["detail"]) == (-40400, told)


async def test_a_rate(world: TaggerWorld) -> None:
    async with world.client(await world.new_key("slow", rate=1.0)) as client:
        answers = [await client.get(BULK) for _ in range(4)]
    assert answers[0].status_code == 200
    refused = [a for a in answers if a.status_code == 429]
    assert refused and all(_code(a) == (429, 835) for a in refused)
    assert all(int(a.headers["retry-after"]) >= 1 for a in refused)


async def test_images_a_month(world: TaggerWorld) -> None:
    made = await world.keys.create("shop")
    await world.keys.limit(made.record.id, images_per_month=5)
    world.web.pages["https://shop.example/1.jpg"] = b"PIC1"
    single = {"image": {"type": "url", "content": "https://shop.example/1.jpg"}}
    async with world.client(made.key) as client:
        task = (await client.post(BULK, json=REQUEST)).json()["taskId"]
        assert (await client.post("/tagger/v2.12/tags", json=single)).status_code == 201
        assert (await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry(3)]})).status_code == 202
        assert _code(await client.post(BULK, json=REQUEST)) == (403, 823)
        assert _code(await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry(4), entry(5)]})) == (403, 823)
        status = (await client.get(f"{BULK}/{task}/status")).json()["data"]
        assert status["count"]["total"] == 3  # what was refused stored nothing
        assert (await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry(4)]})).status_code == 202
        assert _code(await client.post("/tagger/v2.12/tags", json=single)) == (403, 823)
        await world.keys.limit(made.record.id, images_per_month=0)
        assert (await client.post("/tagger/v2.12/tags", json=single)).status_code == 201

        today = datetime.now(UTC).date().isoformat()
        report = await client.get("/placket/v1/usage", headers={"authorization": f"Bearer {made.key}"})
        assert report.json()["days"] == [{"day": today, "keyId": made.record.id, "requests": 5, "images": 6}]
        assert report.json()["imagesPerMonth"] is None and report.json()["imagesThisMonth"] == 6
        for query in ("from=2025-02-01&to=2025-01-01", "from=x", "from=2020-01-01"):
            answer = await client.get(f"/placket/v1/usage?{query}", headers={"authorization": f"Bearer {made.key}"})
            assert answer.status_code == 400 and answer.json()["status"] == 400
        assert (await client.get("/placket/v1/usage")).status_code == 401


async def test_a_single_image_that_is_asked_for_again_counts_once(world: TaggerWorld) -> None:
    made = await world.keys.create("shop")
    await world.keys.limit(made.record.id, images_per_month=2)
    world.web.pages["https://shop.example/1.jpg"] = b"PIC1"
    single = {"image": {"type": "url", "content": "https://shop.example/1.jpg"}}
    once = {"Idempotency-Key": "photo 1"}
    async with world.client(made.key) as client:
        answers = [await client.post("/tagger/v2.12/tags", json=single, headers=once) for _ in range(4)]
        assert [a.status_code for a in answers] == [201] * 4
        assert len({a.text for a in answers}) == 1
        other = {**single, "context": {"detection": ["BAG"]}}
        assert _code(await client.post("/tagger/v2.12/tags", json=other, headers=once)) == (400, 824)
        assert _code(await client.post(BULK, json=REQUEST, headers=once)) == (400, 824)
        bad = {"Idempotency-Key": "x" * 256}
        assert _code(await client.post("/tagger/v2.12/tags", json=single, headers=bad)) == (400, 824)
        assert await world.execute("SELECT requests, images FROM usage_days") == [(1, 1)]
        assert (await client.post("/tagger/v2.12/tags", json=single)).status_code == 201
        # The month is used up: what was counted before is still answered, and a new key is refused and not remembered.
        assert (await client.post("/tagger/v2.12/tags", json=single, headers=once)).status_code == 201
        new = {"Idempotency-Key": "photo 2"}
        for _ in range(2):
            assert _code(await client.post("/tagger/v2.12/tags", json=single, headers=new)) == (403, 823)
        await world.keys.limit(made.record.id, images_per_month=0)
        assert (await client.post("/tagger/v2.12/tags", json=single, headers=new)).status_code == 201
        assert await world.execute("SELECT requests, images FROM usage_days") == [(3, 3)]
        # The address shows another image now: that is another one to count.
        world.web.pages["https://shop.example/1.jpg"] = b"PIC2"
        for total in (4, 5):
            assert (await client.post("/tagger/v2.12/tags", json=single, headers=once)).status_code == 201
            assert await world.execute("SELECT images FROM usage_days") == [(total,)]
        await world.keys.limit(made.record.id, images_per_month=5)
        assert _code(await client.post("/tagger/v2.12/tags", json=single, headers=once)) == (403, 823)
        del world.web.pages["https://shop.example/1.jpg"]
        assert _code(await client.post("/tagger/v2.12/tags", json=single, headers=once)) == (400, 803)
        assert await world.execute("SELECT images FROM usage_days") == [(5,)]


async def test_no_two_requests_spend_the_same_rest(world: TaggerWorld) -> None:
    made = await world.keys.create("shop")
    await world.keys.limit(made.record.id, images_per_month=6)
    async with world.client(made.key) as client:
        answers = await asyncio.gather(*(client.post(BULK, json=REQUEST) for _ in range(8)))
    assert sorted(a.status_code for a in answers) == [202] * 3 + [403] * 5
    assert await world.execute("SELECT requests, images FROM usage_days") == [(3, 6)]


async def test_nor_do_two_on_either_side_of_midnight(
    world: TaggerWorld, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await world.keys.create("shop")
    await world.keys.limit(made.record.id, images_per_month=6)
    caller = await world.keys.authenticate(made.key)
    async with database.begin() as before_midnight:
        await spend_images(before_midnight, made.record.id, 4)
        monkeypatch.setattr(usage, "_TODAY", f"{usage._TODAY} + 1")
        after_midnight = asyncio.create_task(usage.PostgresUsage(database).spend(caller, 4, None))
        await asyncio.wait([after_midnight], timeout=0.5)
    with pytest.raises(UsageExceeded):
        await after_midnight
    assert await world.execute("SELECT images FROM usage_days") == [(4,)]


async def test_a_retry_with_an_idempotency_key(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "order 66"}
    body: dict[str, Any] = {"taggingRequest": [entry(1), 5, {"image": "\ud800"}]}
    content = json.dumps(body).encode()
    first = await client.post(BULK, content=content, headers=headers)
    assert first.status_code == 202
    for path in (BULK, "/tagger/v2/bulk/"):
        again = await client.post(path, content=content, headers=headers)
        assert (again.status_code, again.content) == (202, first.content)
    assert len((await client.get(BULK)).json()["data"]["tasks"]) == 1
    other = await client.post(BULK, json=REQUEST, headers=headers)
    assert _code(other) == (400, 824)
    task = first.json()["taskId"]
    assert _code(await client.put(f"{BULK}/{task}", content=content, headers=headers)) == (400, 824)

    append = json.dumps({"taggingRequest": [entry(2)]}).encode()
    second = await client.put(f"{BULK}/{task}", content=append, headers={"Idempotency-Key": "b"})
    await world.execute("UPDATE tag_tasks SET expires_at = now()")
    again = await client.put(f"{BULK}/{task}", content=append, headers={"Idempotency-Key": "b"})
    assert (again.status_code, again.content) == (202, second.content)
    assert _code(await client.put(f"{BULK}/{task}", content=append, headers={"Idempotency-Key": "c"})) == (410, 833)

    async with world.client(await world.new_key("rival")) as rival:
        theirs = await rival.post(BULK, content=content, headers=headers)
        assert theirs.json()["taskId"] != task


async def test_a_refused_request_does_not_use_up_its_key(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    assert (await client.post(BULK, json={"taggingRequest": [5]}, headers=headers)).status_code == 400
    assert (await client.post(BULK, json=REQUEST, headers=headers)).status_code == 202
    twice = [("idempotency-key", "a"), ("idempotency-key", "b")]
    assert _code(await client.post(BULK, json=REQUEST, headers=twice)) == (400, 824)
    for bad in ("", " ", "x" * 256, "é"):
        answer = await client.post(BULK, json=REQUEST, headers=[(b"idempotency-key", bad.encode())])
        assert _code(answer) == (400, 824), bad


async def test_retries_at_the_same_moment_make_one_task(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(client.post(BULK, json=REQUEST, headers={"Idempotency-Key": "k"}) for _ in range(6))
    )
    assert {a.status_code for a in answers} == {202}
    assert len({a.content for a in answers}) == 1
    assert await world.execute("SELECT count(*) FROM tag_tasks") == [(1,)]
    assert await world.execute("SELECT images FROM usage_days") == [(2,)]
    await world.execute("UPDATE request_replies SET created_at = now() - interval '25 hours'")
    await world.use_case.purge()
    assert (await client.post(BULK, json=REQUEST, headers={"Idempotency-Key": "k"})).json() != answers[0].json()


async def test_a_retry_after_a_restart(world: TaggerWorld) -> None:
    key = await world.new_key()
    headers = {"Idempotency-Key": "k"}
    async with world.client(key) as client:
        first = await client.post(BULK, json=REQUEST, headers=headers)
    async with TaggerWorld(world.database).client(key) as client:
        again = await client.post(BULK, json=REQUEST, headers=headers)
    assert (again.status_code, again.content) == (202, first.content)


async def test_an_unforeseen_error_says_nothing_of_itself(
    world: TaggerWorld, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, message in ((RuntimeError("secret"), "unforeseen"), (StorageUnavailable("away"), "cannot be used")):

        async def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(world.tasks, "page", fail)
        with capture_logs():
            answer = await client.get(BULK)
        assert _code(answer) == (500, 500)
        assert message in answer.text and "secret" not in answer.text
