"""Uploads as phones, web shops and their HTTP libraries send them."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from placket.api.receiving import RECEIVED_OF_ONE
from tests.contract.api.calls import PHOTO, SERVICE, problem
from tests.support.memory import MemoryInstallation

TYPE = "multipart/form-data; boundary=B"
_DISPOSITION = b'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\n'


def form(headers: bytes = _DISPOSITION, content: bytes = b"PIC1") -> bytes:
    return b"--B\r\n" + headers + b"\r\n" + content + b"\r\n--B--\r\n"


async def send(bearer: httpx.AsyncClient, content: bytes, kind: str = TYPE, **headers: str) -> httpx.Response:
    return await bearer.post(f"{SERVICE}/detect", content=content, headers={"content-type": kind, **headers})


def detail(answer: httpx.Response, status: int) -> str:
    assert problem(answer)[:2] == (status, -40000)
    said: str = answer.json()["detail"]
    return said


async def test_photos_that_come_slowly_do_not_keep_the_others_of_their_key_waiting(bearer: httpx.AsyncClient) -> None:
    end = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield form()[:10]
        await end.wait()
        yield form()[10:]

    headers = {"content-type": TYPE, "content-length": str(len(form()))}
    posts = [
        asyncio.create_task(bearer.post(f"{SERVICE}/detect", content=slow(), headers=headers))
        for _ in range(RECEIVED_OF_ONE + 4)
    ]
    await asyncio.sleep(0.01)
    quick = bearer.post(f"{SERVICE}/detect", content=form(), headers={"content-type": TYPE})
    assert (await asyncio.wait_for(quick, 5)).status_code == 200
    end.set()
    assert {(await post).status_code for post in posts} == {200}


@pytest.mark.parametrize("size", [5_000_001, 6_000_000, 12_000_000])
async def test_a_photo_that_is_too_large_is_told_how_large_it_may_be(
    bearer: httpx.AsyncClient, installation: MemoryInstallation, size: int
) -> None:
    installation.web.pages[PHOTO] = bytes(size)
    answers = [
        await bearer.post(f"{SERVICE}/detect", json={"url": PHOTO}),
        await bearer.post(f"{SERVICE}/detect", files={"image": bytes(size)}),
        await bearer.put(f"{SERVICE}/products/a", files={"image": bytes(size)}),
    ]
    for answer in answers:
        assert problem(answer) == (413, -45020, "ImageTooLargeException")
        assert answer.json()["detail"] == "the image has more than 5000000 bytes"


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ('multipart/form-data; boundary="B"', b"Content-Type: image/jpeg\r\n" + _DISPOSITION),
        ("Multipart/Form-Data; charset=utf-8; Boundary=B", _DISPOSITION.lower()),
        (TYPE, b"Content-Disposition: form-data; name=image; filename=a.jpg; filename*=utf-8''a.jpg\r\n"),
        (TYPE, b'Content-Disposition: form-data; name="image"; filename="=?utf-8?B?7Jil?="\r\n'),
        (TYPE, b'Content-Disposition: form-data; name="image"\r\n'),
        (TYPE, _DISPOSITION + b"Content-Type: application/octet-stream\r\nContent-Length: 4\r\n"),
        (TYPE, _DISPOSITION + b"Content-Transfer-Encoding: binary\r\n"),
    ],
    ids=["dotnet", "dart", "unquoted", "encoded-word", "no-file-name", "okhttp", "retrofit"],
)
async def test_forms_as_http_libraries_write_them(bearer: httpx.AsyncClient, kind: str, headers: bytes) -> None:
    assert (await send(bearer, form(headers), kind)).status_code == 200


@pytest.mark.parametrize(
    ("content", "kind", "headers", "status", "said"),
    [
        (form(), "multipart/form-data", {}, 415, "no boundary: let the library"),
        (form(), "multipart/form-data; boundary=other", {}, 400, "begin with the boundary"),
        (b"", TYPE, {}, 400, "no parts"),
        (gzip.compress(form()), TYPE, {"content-encoding": "gzip"}, 415, "uncompressed"),
        (form(_DISPOSITION + b"Content-Transfer-Encoding: BASE64\r\n"), TYPE, {}, 400, "image is in base64"),
        (form(_DISPOSITION.replace(b"image", b"photo")), TYPE, {}, 400, "one of image, url; it has 'photo'"),
        (
            b'{"url": "http://x.example/a.png", "limit": 5}',
            "application/json",
            {},
            400,
            "but one of image, url; it has 'limit'",
        ),
        (
            form()[: -len(b"--B--\r\n")] + b'--B\r\nContent-Disposition: form-data; name="limit"\r\n\r\n5\r\n--B--\r\n',
            TYPE,
            {},
            400,
            "has nothing but one of image, url; it has 'limit'",
        ),
        (b'{"photo": "x", "link": "y"}', "application/json", {}, 400, "image, url; it has 'photo', 'link'"),
        (b'{"image": "data:image/jpeg;base64,/9j/"}', "application/json", {}, 400, "sent as the file image"),
        (b'{"image": {"uri": "file:///a.jpg"}}', "application/json", {}, 400, "sent as the file image"),
        (b"{}", "application/json", {}, 400, "sent as the file image"),
        (b'{"image": "' + bytes(2_000_000) + b'"}', "application/json", {}, 413, "sent as the file image"),
        (b'{"url": "data:image/jpeg;base64,' + b"A" * 9000 + b'"}', "application/json", {}, 400, "a data: URL"),
        (gzip.compress(b"{}"), "application/json", {"content-encoding": "gzip"}, 415, "uncompressed"),
    ],
)
async def test_refusals_say_what_to_mend(
    bearer: httpx.AsyncClient, content: bytes, kind: str, headers: dict[str, str], status: int, said: str
) -> None:
    assert said in detail(await send(bearer, content, kind, **headers), status)


async def test_a_product_whose_photo_has_another_name(bearer: httpx.AsyncClient) -> None:
    answer = await bearer.put(f"{SERVICE}/products/a", files={"file": b"PIC1"}, data={"name": "A"})
    assert detail(answer, 400) == "the body has no part 'image'; it has 'file'"


async def test_a_field_that_is_null_is_not_there(bearer: httpx.AsyncClient) -> None:
    link = (await send(bearer, form())).json()["items"][0]["link"]
    answer = await bearer.post(f"{SERVICE}/search", json={"image": None, "url": None, "link": link})
    assert answer.status_code == 200
    assert "its URL is" in detail(await bearer.post(f"{SERVICE}/search", json={"url": None}), 400)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/placket/v1/services"),
        ("GET", f"{SERVICE}/products?limit=1"),
        ("DELETE", SERVICE),
        ("GET", "/placket/v1/none"),
    ],
)
async def test_answers_are_kept_by_no_cache(bearer: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await bearer.request(method, path)).headers["cache-control"] == "no-store"
