"""``POST /tags`` over HTTP."""

import base64
from typing import Any

import httpx
from structlog.testing import capture_logs

from placket.domain import errors
from tests.support.tagging import TaggerWorld

TAGS = "/tagger/v2.12/tags"
URL = "https://shop.example/1.jpg"


def _base64(image: bytes, header: str = "data:image/jpeg;base64,") -> dict[str, Any]:
    return {"image": {"type": "base64", "content": header + base64.b64encode(image).decode()}}


def _url(**context: Any) -> dict[str, Any]:
    return {"image": {"type": "url", "content": URL}, "context": context}


async def test_a_url_and_base64(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.web.pages[URL] = b"PIC2"
    answer = await client.post(TAGS, json=_url(), headers={"accept-language": "ko"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["error"]) == ("ok", None)
    first = body["data"]["objects"][0]
    assert first["type"] == "CLOTHING"
    assert first["box"] == {"x0": 0.25, "y0": 0.125, "x1": 0.75, "y1": 0.875}
    tags = first["tags"][0]
    assert tags["category"] == {"id": "shirt_blouse", "name": "셔츠/블라우스", "confidence": 0.875}
    assert tags["colors"] == [{"id": "red", "name": "레드", "confidence": 0.75}]
    assert tags["prints"] == [{"id": "solid", "name": "무지", "confidence": 0.5}]
    assert tags["details"] == [] and tags["neckLine"] is None
    for form in (TAGS + "/", "/tagger/v2/tags", "/tagger/v2/tags/"):
        for header in ("data:image/png;base64,", "DATA:image/svg+xml;BASE64,", "data:image/jpeg;base64,\r\n"):
            answer = await client.post(form, json=_base64(b"PIC2", header))
            assert answer.status_code == 201, answer.text
            assert len(answer.json()["data"]["objects"]) == 2


async def test_the_words_beside_the_picture_are_read(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    world.web.pages[URL] = b"PIC1"
    for body in (_url(productContentName="T-shirts"), {**_base64(b"PIC1"), "context": {"keywords": "여름 티셔츠"}}):
        data = (await client.post(TAGS, json=body)).json()["data"]
        assert data["objects"][0]["tags"][0]["item"]["id"] == "t_shirt"


async def test_nothing_found(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    answer = await client.post(TAGS, json=_base64(b"PIC0"))
    assert answer.json()["data"] == {
        "objects": [{"type": "no detected product", "tags": [], "box": None}],
        "notMatchedObject": [],
    }
    answer = await client.post(TAGS, json={**_base64(b"PIC1"), "context": {"detection": ["BAG"]}})
    data = answer.json()["data"]
    assert data["objects"][0]["type"] == "no detected product"
    assert data["notMatchedObject"][0]["type"] == "CLOTHING"


async def test_what_is_wrong_with_a_request(client: httpx.AsyncClient) -> None:
    image = {"type": "base64", "content": "data:image/png;base64,UElDMQ=="}
    bodies: list[tuple[Any, int]] = [
        ([], 824),
        ({}, 824),
        ({"image": []}, 824),
        ({"image": {}}, 824),
        ({"image": {"type": 5, "content": "x"}}, 824),
        ({"image": {"type": "ftp", "content": "x"}}, 804),
        ({"image": {"type": "URL", "content": "x"}}, 804),
        ({"image": {"type": "url"}}, 824),
        ({"image": {"type": "url", "content": ""}}, 803),
        ({"image": {"type": "url", "content": "file:///etc/passwd"}}, 803),
        ({"image": {**image, "content": "UElDMQ=="}}, 801),
        ({"image": {**image, "content": ""}}, 801),
        ({"image": {**image, "content": "data:text/html;base64,UElDMQ=="}}, 801),
        ({"image": {**image, "content": "data:image/png;base64,"}}, 802),
        ({"image": {**image, "content": "data:image/png;base64,UEl"}}, 802),
        ({"image": {**image, "content": "data:image/png;base64,U\u00e9lDMQ=="}}, 802),
        ({"image": {**image, "content": "data:image/png;base64,bm8="}}, 805),
        ({"image": image, "context": 5}, 824),
        ({"image": image, "context": {"id": 5}}, 824),
        ({"image": image, "context": {"price": 5}}, 824),
        ({"image": image, "context": {"detection": ["NOSE"]}}, 825),
        ({"image": image, "context": {"detection": "TOP"}}, 825),
    ]
    for body, code in bodies:
        answer = await client.post(TAGS, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), body
    answer = await client.post(TAGS, json={"image": image}, headers={"accept-language": "!"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 826)
    assert (await client.post(TAGS, json={"image": image, "context": None})).status_code == 201


async def test_what_is_wrong_with_an_image(world: TaggerWorld, client: httpx.AsyncClient) -> None:
    for error, code in (
        (errors.UrlRefused("no"), 803),
        (errors.FetchFailed("no"), 803),
        (errors.FetchTimeout("no"), 803),
        (errors.FetchTooLarge("no"), 809),
        (errors.ImageFormatUnsupported("no"), 805),
        (errors.VisionCrashed("no"), 805),
        (errors.ImageAspectRatio("no"), 806),
        (errors.ImageTooSmall("no"), 807),
        (errors.ImageTooManyPixels("no"), 808),
        (errors.ImageTooManyBytes("no"), 809),
    ):
        world.web.pages[URL] = error
        answer = await client.post(TAGS, json=_url())
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), error
    world.web.pages[URL] = errors.VisionUnavailable("/srv/hush/bundle.json cannot be read")
    with capture_logs() as lines:
        answer = await client.post(TAGS, json=_url())
    told = "photos cannot be analysed now; the server's log has more"
    assert (answer.status_code, answer.json()["error"]) == (500, {"code": 500, "message": told})
    assert [line["error"] for line in lines if "hush" in str(line)] == ["/srv/hush/bundle.json cannot be read"]


async def test_an_image_that_waits_too_long_for_its_turn_is_429_with_retry_after(
    world: TaggerWorld, client: httpx.AsyncClient
) -> None:
    world.web.pages[URL] = errors.FetchBusy("too many downloads", 4.5)
    answer = await client.post(TAGS, json=_url())
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["retry-after"]) == (429, 835, "5")


async def test_ten_million_bytes(client: httpx.AsyncClient) -> None:
    exactly = b"PIC1".ljust(10_000_000, b".")
    assert (await client.post(TAGS, json=_base64(exactly))).status_code == 201
    for more in (1, 2, 3, 1000):
        answer = await client.post(TAGS, json=_base64(exactly + b"." * more))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 809), more
