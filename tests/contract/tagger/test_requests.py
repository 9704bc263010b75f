"""Every field of a bulk request and every limit at its edge, over HTTP."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from placket.api.receiving import RECEIVED_OF_ONE
from placket.domain.tagger.reading import MAX_DEPTH
from tests.support.tagging import MAX_ENTRIES, MOST_BYTES, TaggerWorld, entry

BULK = "/tagger/v2.12/bulk"


async def _post(client: httpx.AsyncClient, body: Any) -> tuple[int, dict[str, Any]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await client.post(BULK, content=content)
    return answer.status_code, answer.json()


async def test_bodies_of_the_wrong_shape(client: httpx.AsyncClient) -> None:
    good = [entry(1)]
    bodies: list[tuple[Any, str]] = [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'{"taggingRequest": NaN}', "NaN"),
        (b'{"taggingRequest": [1e999]}', "too large"),
        (b'{"taggingRequest": [' + b"9" * 5000 + b"]}", "too many digits"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested"),
        ({}, "taggingRequest"),
        ({"taggingRequest": None}, "taggingRequest"),
        ({"taggingRequest": {}}, "taggingRequest must be an array"),
        ({"taggingRequest": []}, "taggingRequest is empty"),
        ({"taggingRequest": good, "albumName": 5}, "albumName"),
        ({"taggingRequest": good, "albumName": "\0"}, "albumName"),
        ({"taggingRequest": good, "albumName": "\ud800"}, "albumName"),
        ({"taggingRequest": good, "albumName": "x" * 1025}, "albumName"),
        ({"taggingRequest": good, "description": "x" * 1025}, "1025 characters"),
        ({"taggingRequest": good, "description": []}, "description"),
        ({"taggingRequest": good, "option": "STRICT"}, "option"),
        ({"taggingRequest": good, "option": ["strict"]}, "option"),
        ({"taggingRequest": good, "option": [["STRICT"]]}, "option"),
        ({"taggingRequest": good, "callbackUrl": "ftp://shop.example/"}, "callbackUrl"),
        ({"taggingRequest": good, "callbackUrl": "https://shop.example:22/"}, "callbackUrl"),
    ]
    for body, word in bodies:
        status, answer = await _post(client, body)
        assert (status, answer["error"]["code"]) == (400, 824), body
        assert word in answer["error"]["message"], answer
        assert answer["data"] is None and answer["status"] == "fail"
    for detection in ("TOP", ["top"], [5], {}, ["TOP", None]):
        status, answer = await _post(client, {"taggingRequest": good, "defaultDetection": detection})
        assert (status, answer["error"]["code"]) == (400, 825), detection
    assert (await client.get(BULK)).json()["data"]["tasks"] == []


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 700, 850, 940, 960, 980, 1200])
async def test_what_can_be_read_can_be_sent_back(client: httpx.AsyncClient, depth: int) -> None:
    """The entry's own depth beside that of the two around it."""
    nested = b"[" * (depth - 2) + b"]" * (depth - 2)
    good = json.dumps(entry(1)).encode()
    answer = await client.post(BULK, content=b'{"taggingRequest":[' + good + b"," + nested + b"]}")
    if depth > MAX_DEPTH:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 824)
        assert "nested" in answer.json()["error"]["message"]
        return
    assert (answer.status_code, answer.json()["validation"]) == (202, {"accept": 1, "failure": 1})
    assert answer.json()["failureList"][0]["request"] == json.loads(nested)


async def test_what_is_fine(client: httpx.AsyncClient) -> None:
    for fields in (
        {"albumName": None, "description": None, "option": None, "defaultDetection": None, "callbackUrl": None},
        {"albumName": "x" * 1024, "description": "옷" * 1024, "option": [], "defaultDetection": []},
        {"option": ["STRICT", "STRICT"], "defaultDetection": ["TOP", "TOP", "ACCESSORY"], "unknown": {"a": [1.5]}},
        {"callbackUrl": "https://shop.example:10443/done?x=1"},
    ):
        status, answer = await _post(client, {"taggingRequest": [entry(1)], **fields})
        assert status == 202, answer
        assert answer["albumName"]
    status, answer = await _post(client, b"\xef\xbb\xbf" + json.dumps({"taggingRequest": [entry(1)]}).encode())
    assert status == 202


def _with(**image: Any) -> dict[str, Any]:
    return {"image": {"type": "url", "content": "https://shop.example/1.jpg", **image}, "context": {"id": "1"}}


BAD_ENTRIES: list[tuple[Any, str]] = [
    (None, "object"),
    (5, "object"),
    ("https://shop.example/1.jpg", "object"),
    ([], "object"),
    ({}, "image is missing"),
    ({"image": "x", "context": {"id": "1"}}, "image must be an object"),
    (_with(type="base64"), "image.type"),
    (_with(type=None), "image.type"),
    (_with(type=["url"]), "image.type"),
    (_with(content=None), "image.content"),
    (_with(content=7), "image.content"),
    (_with(content=""), "image.content"),
    (_with(content="/1.jpg"), "image.content"),
    (_with(content="ftp://shop.example/1.jpg"), "http"),
    (_with(content="https://user:secret@shop.example/"), "credentials"),
    (_with(content="https://shop.example:8080/"), "port 8080"),
    (_with(content="https://shop.example/\ud800"), "image.content"),
    (_with(content="https://shop.example/\0"), "image.content"),
    (_with(content="https://shop.example/" + "x" * 9000), "8192"),
    ({"image": _with()["image"]}, "context is missing"),
    ({"image": _with()["image"], "context": []}, "context must be an object"),
    ({"image": _with()["image"], "context": {}}, "context.id"),
    (entry("x") | {"context": {"id": 7}}, "context.id"),
    (entry(""), "context.id is empty"),
    (entry("x" * 513), "512"),
    ({**_with(), "context": {"id": "a\0b"}}, "context.id"),
    ({**_with(), "context": {"id": "\udfff"}}, "context.id"),
    (entry("d", detection="TOP"), "context.detection"),
    (entry("d", detection=["TOPS"]), "context.detection"),
    (entry("d", gender=1), "context.gender"),
    (entry("d", brand=["x"]), "context.brand"),
    (entry("d", currency={}), "context.currency"),
    (entry("d", price=19900), "context.price"),
    (entry("d", keywords=True), "context.keywords"),
    (entry("d", productContentName=1.5), "context.productContentName"),
    (entry("d", season=19), "context.season"),
    (entry("d", season="\ud800"), "context.season"),
    (entry("d", age="20대초"), "context.age"),
    (entry("d", age=[20]), "context.age"),
]


async def test_a_wrong_entry_is_its_own_failure(client: httpx.AsyncClient) -> None:
    entries = [entry("good"), *(sent for sent, _ in BAD_ENTRIES), entry("good too")]
    status, answer = await _post(client, {"taggingRequest": entries})
    assert status == 202
    assert answer["validation"] == {"accept": 2, "failure": len(BAD_ENTRIES)}
    for (sent, word), failure in zip(BAD_ENTRIES, answer["failureList"], strict=True):
        assert failure["request"] == sent
        assert word in failure["errorMessage"], failure


async def test_a_message_repeats_no_credentials(client: httpx.AsyncClient) -> None:
    _, answer = await _post(client, {"taggingRequest": [_with(content="https://user:secret@shop.example/"), entry(2)]})
    assert "secret" not in answer["failureList"][0]["errorMessage"]


async def test_every_context_field(client: httpx.AsyncClient) -> None:
    full = entry(
        1, detection=["TOP", "SHOES"], gender="여성", brand="", currency="KRW", price="19900", age=["10대", "20대초"],
        keywords="여름 원피스", productContentName="x" * 5000, season="19SS", unknown=[{}],
    )  # fmt: skip
    nulls = entry(2, detection=None, gender=None, age=None, price=None)
    empty = entry(3, detection=[], age=[])
    status, answer = await _post(client, {"taggingRequest": [full, nulls, empty]})
    assert (status, answer["validation"]) == (202, {"accept": 3, "failure": 0})


async def test_nothing_valid_and_strict(client: httpx.AsyncClient) -> None:
    status, answer = await _post(client, {"taggingRequest": [_with(type="base64"), 5]})
    assert (status, answer["error"]["code"]) == (400, 824)
    assert answer["validation"] == {"accept": 0, "failure": 2}
    assert [f["request"] for f in answer["failureList"]] == [_with(type="base64"), 5]
    status, answer = await _post(client, {"taggingRequest": [entry(1), entry(1), entry(2)], "option": ["STRICT"]})
    assert (status, answer["error"]["code"]) == (400, 824)
    assert answer["validation"] == {"accept": 0, "failure": 1}
    assert answer["failureList"][0]["request"] == entry(1)
    assert (await client.get(BULK)).json()["data"]["tasks"] == []
    status, _ = await _post(client, {"taggingRequest": [entry(1), entry(2)], "option": ["STRICT"]})
    assert status == 202


async def test_a_rejected_entry_does_not_occupy_its_id(client: httpx.AsyncClient) -> None:
    status, answer = await _post(client, {"taggingRequest": [_with(type="x"), entry(1), entry(1)]})
    assert (status, answer["validation"]) == (202, {"accept": 1, "failure": 2})


@pytest.mark.parametrize("size", [MAX_ENTRIES, MAX_ENTRIES + 1])
async def test_a_thousand_entries(world: TaggerWorld, client: httpx.AsyncClient, size: int) -> None:
    status, answer = await _post(client, {"taggingRequest": [entry(n) for n in range(size)]})
    if size > MAX_ENTRIES:
        assert (status, answer["error"]["code"]) == (413, 834)
        return
    assert (status, answer["validation"]) == (202, {"accept": 1000, "failure": 0})
    assert await world.execute("SELECT count(*), count(DISTINCT image) FROM tag_entries") == [(1000, 1000)]
    assert await world.execute("SELECT count(*) FROM jobs") == [(250,)]


@pytest.mark.parametrize("bomb", [b"[],", b"{},", b'"",', b"1,"])
async def test_a_body_of_too_many_values(client: httpx.AsyncClient, bomb: bytes) -> None:
    """It is refused before it is read: it would take seconds, and half a gigabyte."""
    body = b'{"taggingRequest":[' + bomb * (15_900_000 // len(bomb)) + b"1]}"
    for method, path in (("POST", BULK), ("PUT", f"{BULK}/{UUID(int=1)}"), ("POST", "/tagger/v2.12/tags")):
        answer = await client.request(method, path, content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, 834)
        assert "commas and brackets" in answer.json()["error"]["message"]
    described = (await client.get("/openapi.json")).json()["paths"]
    for method, path in (("post", BULK), ("put", f"{BULK}/{{taskId}}"), ("post", "/tagger/v2.12/tags")):
        assert "413" in described[path][method]["responses"], path


async def test_long_texts_are_no_bomb(client: httpx.AsyncClient) -> None:
    """A hundred commas in a text of each of a thousand entries, and every field there is."""
    words = ", ".join(f"word {n}" for n in range(100))
    full = {"age": ["10대"] * 7, "detection": ["TOP", "SHOES"], "keywords": words, "gender": "여성"}
    entries = [entry(n, f"https://shop.example/{n}.jpg?{',' * 40}", **full) for n in range(MAX_ENTRIES)]
    status, answer = await _post(client, {"taggingRequest": entries})
    assert (status, answer["validation"]) == (202, {"accept": MAX_ENTRIES, "failure": 0})


async def test_a_body_too_large(client: httpx.AsyncClient) -> None:
    big = b'{"x":"' + b"x" * 16_000_000 + b'"}'
    answer = await client.post(BULK, content=big)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, 834)
    answer = await client.post("/tagger/v2.12/tags", content=big)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 809)


class _Pieces:
    """A body without an end; ``sent``: how many million bytes of it were asked for."""

    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(200):
            self.sent += 1
            yield b" " * 1_000_000


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=B"])
async def test_a_body_is_bounded_whatever_it_is_said_to_be(client: httpx.AsyncClient, kind: str) -> None:
    for path, status in ((BULK, 413), ("/tagger/v2.12/tags", 400)):
        pieces = _Pieces()
        answer = await client.post(path, content=pieces, headers={"content-type": kind})
        assert answer.status_code == status
        assert pieces.sent == MOST_BYTES // 1_000_000 + 1


async def test_content_types_and_encodings(client: httpx.AsyncClient) -> None:
    body = json.dumps({"taggingRequest": [entry(1)]}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8"):
        answer = await client.post(BULK, content=body, headers={"content-type": kind, "content-encoding": "identity"})
        assert answer.status_code == 202
    for none in ("UTF-8", "utf8", ""):
        answer = await client.post(BULK, content=body, headers={"content-encoding": none})
        assert answer.status_code == 202
    answer = await client.post(BULK, content=gzip.compress(body), headers={"content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 824)
    assert "uncompressed" in answer.json()["error"]["message"]


async def test_slow_bodies_of_one_key_are_so_many_at_once(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    content = json.dumps({"taggingRequest": [entry(1)]}).encode()
    end = asyncio.Event()
    begun = 0

    async def slow() -> AsyncIterator[bytes]:
        nonlocal begun
        begun += 1
        await end.wait()
        yield content

    posts = [asyncio.create_task(client.post(BULK, content=slow())) for _ in range(RECEIVED_OF_ONE + 4)]
    async with world.client(await world.new_key("other")) as other:
        assert (await other.post(BULK, content=content)).status_code == 202
    assert begun == RECEIVED_OF_ONE
    end.set()
    assert {(await post).status_code for post in posts} == {202}
