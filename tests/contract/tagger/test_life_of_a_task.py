"""Create, append, watch, read: over HTTP and a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx

from placket.domain.errors import FetchBusy, FetchFailed
from tests.support.tagging import TaggerWorld, entry

BULK = "/tagger/v2.12/bulk"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset() is not None
    return moment


async def _create(client: httpx.AsyncClient, *entries: object, **fields: object) -> str:
    answer = await client.post(BULK, json={"taggingRequest": list(entries), **fields})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["taskId"])


async def test_the_answer_to_a_create_is_flat(client: httpx.AsyncClient) -> None:
    answer = await client.post(BULK, json={"albumName": "spring", "taggingRequest": [entry(1), entry(2)]})
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {
        "taskId", "albumName", "taskExpiredAt", "taskExpireAt", "validation", "failureList", "status", "error",
    }  # fmt: skip
    assert str(UUID(body["taskId"])) == body["taskId"]
    assert body["albumName"] == "spring"
    assert body["validation"] == {"accept": 2, "failure": 0}
    assert body["failureList"] == []
    assert (body["status"], body["error"]) == ("ok", None)
    assert body["taskExpiredAt"] == body["taskExpireAt"]
    left = _moment(body["taskExpireAt"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


async def test_from_create_to_results(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    for n in range(10):
        world.web.pages[f"https://shop.example/{n}.jpg"] = b"PIC1"
    world.web.pages["https://shop.example/3.jpg"] = FetchFailed("the host answered 404")
    world.web.pages["https://shop.example/4.jpg"] = b"a page"
    task = await _create(client, *(entry(n) for n in range(10)), description="a test")

    status = (await client.get(f"{BULK}/{task}/status")).json()
    assert status["status"] == "ok" and status["error"] is None
    assert status["data"]["count"] == {"total": 10, "done": 0, "processing": 10, "failure": 0}
    assert status["data"]["taskStatus"] == "TASK_PROCESSING"
    assert status["data"]["description"] == "a test"
    not_ready = await client.get(f"{BULK}/{task}")
    assert not_ready.status_code == 409
    assert not_ready.json()["error"]["code"] == 832

    assert await world.work() == 3  # chunks of four

    status = (await client.get(f"{BULK}/{task}/status/")).json()["data"]
    assert status["count"] == {"total": 10, "done": 8, "processing": 0, "failure": 2}
    assert status["taskStatus"] == "TASK_DONE"
    week = _moment(status["resultExpiredAt"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < week <= timedelta(days=7)

    data = (await client.get(f"{BULK}/{task}")).json()["data"]
    assert data["taskInfo"] == {"totalCount": 10, "offset": 0, "size": 100}
    assert [r["id"] for r in data["results"]] == ["0", "1", "2", "5", "6", "7", "8", "9"]
    assert data["failures"] == [
        {"id": "3", "error": {"code": 803, "message": "the host answered 404"}},
        {"id": "4", "error": {"code": 805, "message": "no picture"}},
    ]
    found = data["results"][0]["taggingResult"]
    assert found["objects"][0]["tags"][0]["item"] == {"id": "shirt", "name": "Shirt", "confidence": 0.875}
    assert found["notMatchedObject"] == []


async def test_an_image_of_a_task_that_never_had_its_turn_failed_as_one_that_timed_out(
    world: TaggerWorld, client: httpx.AsyncClient
) -> None:
    world.web.pages["https://shop.example/1.jpg"] = FetchBusy("too many downloads")
    task = await _create(client, entry(1))
    await world.work()
    (failure,) = (await client.get(f"{BULK}/{task}")).json()["data"]["failures"]
    assert failure["error"] == {"code": 803, "message": "too many downloads"}


async def test_windows_count_entries(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    for n in range(5):
        world.web.pages[f"https://shop.example/{n}.jpg"] = b"PIC1" if n != 2 else b"?"
    task = await _create(client, *(entry(n) for n in range(5)))
    await world.work()

    async def window(query: str) -> tuple[list[str], list[str]]:
        data = (await client.get(f"{BULK}/{task}?{query}")).json()["data"]
        return [r["id"] for r in data["results"]], [f["id"] for f in data["failures"]]

    assert await window("offset=0&size=2") == (["0", "1"], [])
    assert await window("offset=2&size=2") == (["3"], ["2"])
    assert await window("offset=4&size=100") == (["4"], [])
    assert await window("offset=5&size=100") == ([], [])
    assert await window("offset=999999999&size=100") == ([], [])


async def test_bad_windows(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(1))
    for query in ("offset=-1", "offset=x", "size=0", "size=101", "size=1.5", "offset=1&offset=2", "offset=", "size=٣"):
        answer = await client.get(f"{BULK}/{task}?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 830), query


async def test_names_follow_the_language_and_ids_do_not(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.web.pages["https://shop.example/1.jpg"] = b"PIC1"
    task = await _create(client, entry(1))
    await world.work()
    items = {}
    for language in ("en", "ko-KR, en;q=0.5", "zh", "fr, ja;q=0.1"):
        answer = await client.get(f"{BULK}/{task}", headers={"accept-language": language})
        items[language] = answer.json()["data"]["results"][0]["taggingResult"]["objects"][0]["tags"][0]["item"]
    assert [i["name"] for i in items.values()] == ["Shirt", "셔츠", "衬衫", "シャツ"]
    assert {i["id"] for i in items.values()} == {"shirt"}
    broken = await client.get(f"{BULK}/{task}", headers={"accept-language": "ko;;q"})
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, 826)


async def test_detection_divides_what_was_found(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.web.pages["https://shop.example/1.jpg"] = b"PIC2"
    one = "https://shop.example/1.jpg"
    task = await _create(
        client, entry("all", one), entry("shoes", one, detection=["SHOES"]), defaultDetection=["TOP", "BAG"]
    )
    await world.work()
    results = {r["id"]: r["taggingResult"] for r in (await client.get(f"{BULK}/{task}")).json()["data"]["results"]}
    assert [o["type"] for o in results["all"]["objects"]] == ["CLOTHING", "CLOTHING"]
    assert results["all"]["notMatchedObject"] == []
    assert results["shoes"]["objects"] == [{"type": "no detected product", "tags": [], "box": None}]
    assert len(results["shoes"]["notMatchedObject"]) == 2


async def test_a_url_is_fetched_once_in_a_task(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    same = "https://shop.example/same.jpg"
    world.web.pages[same] = b"PIC1"
    task = await _create(client, *(entry(n, same) for n in range(9)))
    assert await world.work() == 1
    assert world.web.asked == [same]
    assert (await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry("later", same)]})).status_code == 202
    assert await world.work() == 0
    status = (await client.get(f"{BULK}/{task}/status")).json()["data"]
    assert status["count"] == {"total": 10, "done": 10, "processing": 0, "failure": 0}
    assert world.web.asked == [same]
    assert len((await client.get(f"{BULK}/{task}")).json()["data"]["results"]) == 10


async def test_what_an_entry_says_counts_for_it_alone_and_the_photo_is_fetched_once(
    world: TaggerWorld, client: httpx.AsyncClient
) -> None:
    same = "https://shop.example/same.jpg"
    world.web.pages[same] = b"PIC1"
    for n in range(5):
        world.web.pages[f"https://shop.example/{n}.jpg"] = b"PIC1"
    entries = [
        entry("plain", same), *(entry(n, keywords="autumn") for n in range(5)), entry("named", same, keywords="청바지"),
        entry("again", same, productContentName="Slim Jeans", brand="any", gender="men"),
    ]  # fmt: skip
    task = await _create(client, *entries)
    await world.work()
    later = [entry("later", same, keywords="wool coat"), entry("other", productContentName="Wool coat")]
    world.web.pages["https://shop.example/other.jpg"] = b"PIC1"
    await client.put(f"{BULK}/{task}", json={"taggingRequest": later})
    assert await world.work() == 1
    # Once more for what the append says of it, which nothing said before.
    assert sorted(world.web.asked) == sorted([*world.web.pages, same])
    found = (await client.get(f"{BULK}/{task}")).json()["data"]["results"]
    items = {r["id"]: r["taggingResult"]["objects"][0]["tags"][0]["item"]["id"] for r in found}
    assert items == {
        "plain": "shirt", **{str(n): "shirt" for n in range(5)}, "named": "jeans", "again": "jeans", "later": "coat",
        "other": "coat",
    }  # fmt: skip
    assert [r["id"] for r in found] == [e["context"]["id"] for e in [*entries, *later]]
    told = await world.execute("SELECT hints FROM tag_images WHERE url = :url ORDER BY number", url=same)
    jeans = {"categories": ["jeans"]}
    assert [t for (t,) in told] == [{}, jeans, {**jeans, "genders": ["men"]}, {"categories": ["coat"]}]
    # Who says the same once more gets what is there.
    await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry("last", same, keywords="청바지")]})
    assert await world.work() == 0
    last = (await client.get(f"{BULK}/{task}", params={"offset": len(found)})).json()["data"]["results"]
    assert last[0]["taggingResult"] == next(r for r in found if r["id"] == "named")["taggingResult"]


async def test_a_photo_that_cannot_be_fetched_fails_with_all_words(
    world: TaggerWorld, client: httpx.AsyncClient
) -> None:
    url = "https://shop.example/gone.jpg"
    task = await _create(client, entry("plain", url), entry("named", url, keywords="jeans"))
    await world.work()
    assert world.web.asked == [url]
    failures = (await client.get(f"{BULK}/{task}")).json()["data"]["failures"]
    assert [(f["id"], f["error"]["code"]) for f in failures] == [("plain", 803), ("named", 803)]


async def test_a_url_that_failed_is_tried_again_when_it_is_appended(
    world: TaggerWorld, client: httpx.AsyncClient
) -> None:
    url = "https://shop.example/1.jpg"
    task = await _create(client, entry("first", url))
    await world.work()
    world.web.pages[url] = b"PIC1"
    await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry("again", url)]})
    await world.work()
    data = (await client.get(f"{BULK}/{task}")).json()["data"]
    assert [r["id"] for r in data["results"]] == ["again"]
    assert [f["id"] for f in data["failures"]] == ["first"]


async def test_appending(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(1), albumName="spring", description="first")
    await world.work()
    before = _moment((await client.get(f"{BULK}/{task}/status")).json()["data"]["taskExpireAt"])
    answer = await client.put(
        f"{BULK}/{task}/",
        json={"albumName": "autumn", "description": "second", "taggingRequest": [entry(1), entry(2)]},
    )
    assert answer.status_code == 202
    body = answer.json()
    assert body["taskId"] == task and body["albumName"] == "spring"
    assert body["validation"] == {"accept": 1, "failure": 1}
    assert body["failureList"][0]["request"] == entry(1)
    assert "already in use" in body["failureList"][0]["errorMessage"]
    assert _moment(body["taskExpireAt"]) - before == timedelta(minutes=10)
    status = (await client.get(f"{BULK}/{task}/status")).json()["data"]
    assert status["description"] == "first" and status["taskStatus"] == "TASK_PROCESSING"
    assert status["count"]["total"] == 2


async def test_an_id_in_two_appends_at_once(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(0))
    answers = await asyncio.gather(
        *(client.put(f"{BULK}/{task}", json={"taggingRequest": [entry("same"), entry(n)]}) for n in range(1, 6))
    )
    assert {a.status_code for a in answers} == {202}
    assert sorted(a.json()["validation"]["failure"] for a in answers) == [0, 1, 1, 1, 1]
    assert await world.execute("SELECT count(*), min(position), max(position) FROM tag_entries") == [(7, 0, 6)]


async def test_an_append_with_nothing_valid_moves_nothing(client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(1))
    before = (await client.get(f"{BULK}/{task}/status")).json()
    answer = await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry(1)]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 824)
    assert answer.json()["validation"] == {"accept": 0, "failure": 1}
    assert (await client.get(f"{BULK}/{task}/status")).json() == before


async def test_the_window_ends_at_most_a_day_from_now(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(0))
    await world.execute("UPDATE tag_tasks SET expires_at = now() + interval '23 hours 55 minutes'")
    answer = await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry(1)]})
    left = _moment(answer.json()["taskExpireAt"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)


async def test_after_the_window(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(0))
    await world.execute("UPDATE tag_tasks SET expires_at = now()")
    answer = await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry(1)]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, 833)
    assert (await client.get(f"{BULK}/{task}/status")).status_code == 200
    await world.work()
    assert (await client.get(f"{BULK}/{task}")).status_code == 200


async def test_results_go_then_the_stub(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(0), description="secret plans")
    await world.execute("UPDATE tag_tasks SET results_expire_at = now() - interval '1 second'")
    assert (await client.get(f"{BULK}/{task}/status")).status_code == 200  # not while it is at work
    await world.use_case.purge()
    await world.work()
    await world.execute("UPDATE tag_tasks SET results_expire_at = now() - interval '1 second'")

    async def codes() -> list[tuple[int, int]]:
        answers = [
            await client.get(f"{BULK}/{task}/status"),
            await client.get(f"{BULK}/{task}"),
            await client.put(f"{BULK}/{task}", json={"taggingRequest": [entry(1)]}),
        ]
        return [(a.status_code, a.json()["error"]["code"]) for a in answers]

    assert await codes() == [(410, 833)] * 3  # also before anybody cleaned up
    assert (await client.get(BULK)).json()["data"]["tasks"] == []
    await world.use_case.purge()
    assert await codes() == [(410, 833)] * 3
    assert await world.execute("SELECT * FROM tag_entries") == []
    assert await world.execute("SELECT * FROM tag_images") == []
    assert await world.execute("SELECT description FROM tag_tasks") == [("",)]
    await world.execute("UPDATE tag_tasks SET gone_at = now() - interval '31 days'")
    await world.use_case.purge()
    assert await codes() == [(404, 831)] * 3


async def test_deleting_drops_what_waits(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, *(entry(n) for n in range(9)))
    held = await world.claim()
    assert held is not None
    answer = await client.delete(f"{BULK}/{task}")
    assert (answer.status_code, answer.json()) == (200, {"data": {"taskId": task}, "status": "ok", "error": None})
    await world.do(held)  # what is in hand ends in nothing
    assert await world.work() == 0
    for call in (client.get(f"{BULK}/{task}/status"), client.delete(f"{BULK}/{task}"), client.get(f"{BULK}/{task}")):
        answer = await call
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, 831)


async def test_deleting_while_a_chunk_is_computed(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(1))
    held = await world.claim()
    assert held is not None
    images = await world.progress.chunk(UUID(task), held.payload["numbers"])
    await client.delete(f"{BULK}/{task}")
    result = await world.work_on.compute("task", images, 0)
    await world.progress.complete(UUID(task), held, "w1", result.outcomes, world.rules)
    assert await world.execute("SELECT * FROM tag_images") == []


async def test_the_list(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    tasks = [await _create(client, entry(1)) for _ in range(5)]
    data = (await client.get(BULK + "/")).json()["data"]
    assert [t["taskId"] for t in data["tasks"]] == tasks[::-1]
    assert data["nextCursor"] is None
    assert set(data["tasks"][0]) >= {
        "taskId", "count", "description", "taskStatus", "taskExpireAt", "resultExpiredAt", "createDate",
    }  # fmt: skip
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        data = (await client.get(f"{BULK}?limit=2{cursor}")).json()["data"]
        seen += [t["taskId"] for t in data["tasks"]]
        cursor = data["nextCursor"] and f"&cursor={data['nextCursor']}"
    assert seen == tasks[::-1]
    for query in ("limit=0", "limit=1001", "cursor=", "cursor=zz", "cursor=t" + "f" * 16):
        answer = await client.get(f"{BULK}?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 830), query


async def test_tasks_belong_to_the_project(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    task = await _create(client, entry(1))
    second = await world.new_key("shop-2", project="shop")
    async with world.client(second) as sibling:
        assert (await sibling.get(f"{BULK}/{task}/status")).status_code == 200
    async with world.client(await world.new_key("rival")) as rival:
        for call in (
            rival.get(f"{BULK}/{task}"),
            rival.get(f"{BULK}/{task}/status"),
            rival.delete(f"{BULK}/{task}"),
            rival.put(f"{BULK}/{task}", json={"taggingRequest": [entry(2)]}),
        ):
            answer = await call
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, 831)
        assert (await rival.get(BULK)).json()["data"]["tasks"] == []
