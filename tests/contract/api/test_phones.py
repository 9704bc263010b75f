"""Uploads as phones, web shops and their HTTP libraries send them."""

import asyncio
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
