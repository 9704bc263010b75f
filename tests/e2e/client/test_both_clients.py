"""The Python client against a real server: every call, by the blocking client and by the one that is awaited."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from placket.client import AsyncPlacket, Placket, entry, errors
from tests.support.server import ImageHost, PlacketServer, picture, plain

RED, BLUE, GREEN = (200, 30, 40), (30, 40, 200), (30, 180, 60)


class Awaiting:
    """The awaited client with the blocking one's face, so that both go through the same tests."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._target, self._loop = target, loop

    def __getattr__(self, name: str) -> Any:
        return Awaiting(getattr(self._target, name), self._loop)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        made = self._target(*args, **kwargs)
        if hasattr(made, "__aiter__"):

            async def collect() -> list[Any]:
                return [item async for item in made]

            return self._loop.run_until_complete(collect())
        return self._loop.run_until_complete(made)


@pytest.fixture(params=["sync", "async"])
def placket(request: pytest.FixtureRequest, server: PlacketServer, key: str) -> Iterator[Any]:
    if request.param == "sync":
        with Placket(server.url, key) as client:
            yield client
        return
    loop = asyncio.new_event_loop()
    client = AsyncPlacket(server.url, key)
    yield Awaiting(client, loop)
    loop.run_until_complete(client.aclose())
    loop.close()


def rows(*pairs: tuple[str, str], category: str = "1") -> bytes:
    lines = [
        {"product_id": p, "status": "enable", "category1_id": category, "image_url": url, "name": p} for p, url in pairs
    ]
    return "\n".join(map(json.dumps, lines)).encode()


def test_services(placket: Any) -> None:
    made = placket.services.create("shop")
    assert (made["name"], made["documents"]) == ("shop", 0)
    assert placket.services.list() == [made] == [placket.services.get("shop")]
    with pytest.raises(errors.ServiceExists) as caught:
        placket.services.create("shop")
    assert (caught.value.code, caught.value.status) == (-42010, 409)
    with pytest.raises(errors.InvalidRequest):
        placket.services.create("Shop")
    placket.services.delete("shop")
    with pytest.raises(errors.NoSuchService):
        placket.services.get("shop")


def test_products_and_searches(placket: Any, tmp_path: Path) -> None:
    placket.services.create("shop")
    file = tmp_path / "red.png"
    file.write_bytes(picture(RED))
    red = placket.products.put("shop", "a/red", file, name="red", category1_id="1", lang="ko")
    assert (red["product_id"], red["name"], red["width"]) == ("a/red", "red", 160)
    for number, colour in enumerate((BLUE, GREEN)):
        placket.products.put("shop", f"other {number}", picture(colour), category1_id="2")
    assert [p["product_id"] for p in placket.products.list("shop", page_size=1)] == ["a/red", "other 0", "other 1"]
    seen = placket.products.get("shop", "a/red")["garments"][0]
    assert (seen["group"], seen["corrected"]) == ("TOP", [])
    truth = {"category": "robe", "tags": {"pattern": ["paisley"], "details": []}, "lang": "ko"}
    robe = placket.products.correct("shop", "a/red", seen["box"], **truth)["garments"][0]
    assert (robe["category"]["name"], "pattern" in robe["corrected"]) == ("로브", True)
    found = placket.products.list("shop", tags=["category:robe", "pattern:paisley"])
    assert [p["product_id"] for p in found] == ["a/red"]
    with pytest.raises(errors.InvalidRequest):
        list(placket.products.list("shop", tags=["pattern:red"]))
    with pytest.raises(errors.NoSuchProduct):
        placket.products.correct("shop", "none", seen["box"])
    placket.products.forget_corrections("shop", "a/red")
    assert placket.products.get("shop", "a/red")["garments"][0] == seen

    found = placket.search.image("shop", file, fields=("name",))
    assert found["items"][0] == {"product_id": "a/red", "similarity": found["items"][0]["similarity"], "name": "red"}
    assert found["garment"]["group"] == "TOP"
    only = placket.search.image("shop", file, filters={"category1_id": "!equal:1"}, limit=1)
    assert only["items"][0]["product_id"].startswith("other")
    near = placket.search.product("shop", "a/red")
    assert {m["product_id"] for m in near["items"]} == {"other 0", "other 1"}
    assert near["bestSimilarity"] == near["items"][0]["similarity"]
    assert "bestSimilarity" not in placket.search.product("shop", "a/red", filters={"category1_id": "none"})

    photo = placket.photos.detect("shop", file)
    link = photo["items"][0]["link"]
    assert placket.search.link("shop", link, min_similarity=1)["items"][0]["product_id"] == "a/red"
    assert placket.photos.tag("shop", file, lang="ko")["items"][0]["category"]["name"]

    assert placket.products.refilter("shop", "a/red", {"s2": "sold-out"}, lang="ko")["s2"] == "sold-out"
    assert not placket.search.link("shop", link, filters={"s2": "!equal:sold-out"}, min_similarity=1)["items"]
    placket.products.delete("shop", "a/red")
    with pytest.raises(errors.NoSuchProduct):
        placket.products.get("shop", "a/red")
    with pytest.raises(errors.NoGarmentFound) as caught:
        placket.search.image("shop", plain())
    assert caught.value.request_id
    with pytest.raises(errors.ImageFormatRefused):
        placket.products.put("shop", "x", b"no image")
    with pytest.raises(FileNotFoundError):
        placket.products.put("shop", "x", tmp_path / "none.png")


def test_runs(placket: Any, host: ImageHost, tmp_path: Path) -> None:
    placket.services.create("shop")
    good, missing = host.put("/red.png", picture(RED)), host.url("/none.png")
    file = tmp_path / "products.jsonl"
    file.write_bytes(rows(("a", good), ("b", missing)))
    checked = placket.runs.submit("shop", file, dry_run=True)
    assert placket.runs.wait("shop", checked["id"])["kind"] == "check"
    seen: list[str] = []
    run = placket.runs.submit("shop", file)
    run = placket.runs.wait("shop", run["id"], progress=lambda r: seen.append(r["status"]), timeout=60)
    assert (run["status"], run["added"], run["failed"], run["filename"]) == ("finished", 1, 1, "products.jsonl")
    assert seen[-1] == "finished"
    assert [(r["line"], r["outcome"]) for r in placket.runs.rows("shop", run["id"])] == [(1, "added"), (2, "failed")]
    failed = list(placket.runs.rows("shop", run["id"], outcome="failed"))
    assert [(r["product_id"], r["reason"]) for r in failed] == [("b", "InvalidImageURLException")]
    host.put("/none.png", picture(BLUE))
    again = placket.runs.wait("shop", placket.runs.repeat("shop", run["id"])["id"])
    del host.pages["/none.png"]
    assert (again["added"], again["total"]) == (1, 1)
    assert [r["id"] for r in placket.runs.list("shop")] == [again["id"], run["id"], checked["id"]]
    assert [r["id"] for r in placket.runs.list("shop", status=("finished",), order="requestedTime:asc")][-1] == again[
        "id"
    ]
    assert [r["id"] for r in placket.runs.list("shop", kind="check")] == [checked["id"]]
    assert list(placket.runs.list("shop", kind=("reindex",), status="finished")) == []
    with pytest.raises(errors.RunHasEnded):
        placket.runs.cancel("shop", run["id"])
    with pytest.raises(errors.NoSuchRun):
        placket.runs.get("shop", "00000000-0000-0000-0000-000000000000")
    with pytest.raises(errors.IndexFileInvalid):
        placket.runs.submit("shop", b"no json", format="jsonl")
    with pytest.raises(errors.IndexFileInvalid):
        placket.runs.submit("shop", b"", format="csv")
    assert placket.runs.reindex("shop") is None


def test_ai_fashion(placket: Any, host: ImageHost) -> None:
    placket.fashion.create_service("shop")
    with pytest.raises(errors.ServiceExists):
        placket.fashion.create_service("shop")
    red, blue = host.put("/red.png", picture(RED)), host.put("/blue.png", picture(BLUE))
    link = host.put("/products.jsonl", rows(("r/1", red), ("b", blue)))
    index_id = placket.fashion.index("shop", link)
    states: list[str] = []
    index = placket.fashion.wait("shop", index_id, progress=lambda i: states.append(i["status"]), timeout=60)
    assert (index["status"], index["addCnt"], index["filename"], states[-1]) == (
        "finished",
        2,
        "products.jsonl",
        "finished",
    )
    assert [i["id"] for i in placket.fashion.indexes("shop", status="finished")] == [index_id]
    assert placket.fashion.services() == [{"serviceID": "shop"}]
    (information,) = placket.fashion.service_information()
    assert information == {"service": "shop", "remainInsertCnt": 23, "documentCnt": 2}
    assert placket.fashion.search_product("shop", "r/1", limit=10)["items"][0]["productID"] == "b"
    detected = placket.fashion.detect("shop", red)
    similar = placket.fashion.search_link("shop", detected["items"][0]["link"], limit=1, threshold=0.5)
    assert [i["productID"] for i in similar["items"]] == ["r/1"]
    assert placket.fashion.search_product("shop", "r/1", filters={"category1_id": "2"})["items"] == []
    tagged = placket.fashion.tag("shop", red, lang="ko", item_limit=2)
    assert tagged["items"][0]["tags"][0]["attribute"] == "category"
    with pytest.raises(errors.NoSuchProduct) as caught:
        placket.fashion.search_product("shop", "none")
    assert (caught.value.code, caught.value.name, caught.value.status) == (-40050, "NotFoundProductId", 200)
    with pytest.raises(errors.ImageNotFetched):
        placket.fashion.detect("shop", host.url("/none.png"))
    with pytest.raises(errors.NoSuchRun):
        placket.fashion.wait("shop", "none")
    placket.fashion.delete_service("shop")
    assert placket.fashion.services() == []


def test_tagger(placket: Any, host: ImageHost, tmp_path: Path) -> None:
    red = host.put("/red.png", picture(RED))
    file = tmp_path / "red.png"
    file.write_bytes(picture(RED))
    for photo in (file, picture(RED), red):
        result = placket.tagger.tag(photo, lang="ko")
        assert result["objects"][0]["type"] == "CLOTHING"
    assert placket.tagger.tag(file, detection=["SHOES"])["objects"][0]["type"] == "no detected product"
    for words in ({"name": "Slim jeans"}, {"keywords": "여름 청바지", "gender": "여성"}):
        found = placket.tagger.tag(red, detection=["BOTTOM"], **words)["objects"][0]
        assert found["tags"][0]["item"]["id"] == "jeans"

    entries = [entry("a", red), entry("b", host.url("/none.png")), entry("a", red)]
    task = placket.tagger.create(entries, album_name="spring", description="the first")
    assert task["validation"] == {"accept": 2, "failure": 1}
    assert "context.id" in task["failureList"][0]["errorMessage"]
    more = placket.tagger.append(task["taskId"], [entry(f"more {n}", red) for n in range(101)])
    assert more["validation"]["accept"] == 101
    with pytest.raises(errors.NothingAccepted) as caught:
        placket.tagger.append(task["taskId"], [entry("a", red)])
    assert len(caught.value.failures) == 1
    seen: list[int] = []
    done = placket.tagger.wait(task["taskId"], progress=lambda t: seen.append(t["count"]["done"]), timeout=120)
    assert done["count"] == {"total": 103, "done": 102, "processing": 0, "failure": 1}
    assert seen[-1] == 102
    results = list(placket.tagger.results(task["taskId"], lang="ja"))
    assert [r["id"] for r in results] == ["a", *(f"more {n}" for n in range(101))]
    assert [(f["id"], f["error"]["code"]) for f in placket.tagger.failures(task["taskId"])] == [("b", 803)]
    assert placket.tagger.window(task["taskId"], offset=100, size=2)["taskInfo"]["totalCount"] == 103
    assert [t["albumName"] for t in placket.tagger.list()] == ["spring"]
    assert placket.account.usage()["imagesThisMonth"] >= 106
    placket.tagger.delete(task["taskId"])
    with pytest.raises(errors.NoSuchTask):
        placket.tagger.status(task["taskId"])


def test_a_wait_ends(placket: Any, host: ImageHost) -> None:
    def hang(handler: Any) -> None:
        import time

        time.sleep(2)
        handler.send_error(404)

    task = placket.tagger.create([entry("slow", host.put("/slow.png", hang))])
    with pytest.raises(errors.WaitTimeout) as caught:
        placket.tagger.wait(task["taskId"], timeout=0.3)
    assert caught.value.last["taskStatus"] == "TASK_PROCESSING"
    with pytest.raises(errors.ResultsNotReady):
        placket.tagger.window(task["taskId"])
    placket.tagger.delete(task["taskId"])


def test_keys(placket: Any, server: PlacketServer, new_key: Callable[..., dict[str, Any]]) -> None:
    assert placket.account.webhook_secret()["algorithm"] == "sha256"
    with Placket(server.url, "not-a-key") as stranger:
        for refused in (stranger.services.list, stranger.fashion.services, lambda: list(stranger.tagger.list())):
            with pytest.raises(errors.Unauthorized):
                refused()
    # A key's own rate, over which the server refuses: the client waits as told and everything arrives.
    with Placket(server.url, new_key(ratePerSecond=2)["key"]) as slow:
        assert [slow.services.list() for _ in range(4)] == [[]] * 4


@pytest.mark.parametrize("kind", [Placket, AsyncPlacket])
def test_the_admins_part(kind: Any, server: PlacketServer, key: str) -> None:
    loop = asyncio.new_event_loop()
    made = kind(server.url, server.admin_token)
    client = made if kind is Placket else Awaiting(made, loop)
    name = f"admin's {kind.__name__}"
    new = client.admin.create_key(name, rate_per_second=5)
    assert (new["project"], new["ratePerSecond"], new["imagesPerMonth"], new["revokedAt"]) == (name, 5, None, None)
    other = client.admin.create_key(f"{name} other", project=name, images_per_month=7)
    assert (other["project"], other["imagesPerMonth"]) == (name, 7)
    limited = client.admin.limit_key(new["id"], rate_per_second=0, images_per_month=9)
    assert (limited["ratePerSecond"], limited["imagesPerMonth"]) == (None, 9)
    assert client.admin.limit_key(new["id"])["imagesPerMonth"] == 9
    with Placket(server.url, new["key"]) as user:
        assert user.services.list() == []
        with pytest.raises(errors.Unauthorized):
            user.admin.list_keys()
    visitor = client.admin.create_key(f"{name} visitors", project=name, access="search")
    assert (visitor["access"], new["access"]) == ("search", "full")
    with Placket(server.url, visitor["key"]) as user, pytest.raises(errors.Unauthorized, match="for searching alone"):
        user.services.list()
    client.admin.revoke_key(other["id"])
    listed = {k["id"]: k for k in client.admin.list_keys()}
    assert ("key" in listed[new["id"]], listed[other["id"]]["revokedAt"] is None) == (False, False)
    for refused, error in (
        (lambda: client.admin.create_key(name), errors.KeyExists),
        (lambda: client.admin.create_key("x", project="no such project"), errors.NoSuchKey),
        (lambda: client.admin.limit_key("none", images_per_month=1), errors.NoSuchKey),
        (lambda: client.admin.revoke_key("none"), errors.NoSuchKey),
        (client.services.list, errors.Unauthorized),
    ):
        with pytest.raises(error):
            refused()
    figures = client.admin.statistics()
    assert figures
    assert all(isinstance(value, float | int) for value in figures.values())
    assert client.server.readiness() == {"status": "ready", "problems": []}
    if kind is Placket:
        made.close()
    else:
        loop.run_until_complete(made.aclose())
    loop.close()


def test_a_server_that_is_not_there(server: PlacketServer, key: str) -> None:
    with Placket("http://127.0.0.1:9", key, retries=0) as nobody, pytest.raises(errors.NotReachable):
        nobody.services.list()
    with Placket(f"{server.url}/docs", key) as elsewhere, pytest.raises(errors.ClientError):
        elsewhere.services.list()
