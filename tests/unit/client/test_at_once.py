"""Very many calls of one awaited client at the same time."""

import asyncio
from pathlib import Path

import httpx
import pytest

from placket.client import AsyncPlacket

CALLS = 200
MOST = 32


async def test_a_gather_over_a_folder_reads_few_files_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"x")
    read = answered = most = 0
    plain = Path.read_bytes

    def counted(path: Path) -> bytes:
        nonlocal read
        read += 1
        return plain(path)

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal answered, most
        await request.aread()
        most = max(most, read - answered)
        await asyncio.sleep(0)
        answered += 1
        return httpx.Response(201, json={"product_id": "p", "outcome": "added"})

    monkeypatch.setattr(Path, "read_bytes", counted)
    async with AsyncPlacket("http://placket.test", "key", transport=httpx.MockTransport(answer)) as placket:
        await asyncio.gather(*(placket.products.put("shop", f"p{n}", photo) for n in range(CALLS)))
    assert (read, answered) == (CALLS, CALLS)
    assert 1 < most <= MOST


async def test_calls_that_pause_or_were_given_up_leave_their_turn_to_others() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("slow"):
            await asyncio.sleep(60)
        if request.url.path.endswith("busy"):
            return httpx.Response(503, headers={"Retry-After": "60"}, text="busy")
        return httpx.Response(200, json={"name": "quick"})

    async with AsyncPlacket("http://placket.test", "key", transport=httpx.MockTransport(answer)) as placket:
        slow = [asyncio.create_task(placket.services.get("slow")) for _ in range(MOST)]
        busy = [asyncio.create_task(placket.services.get("busy")) for _ in range(MOST)]
        await asyncio.sleep(0.05)
        quick = asyncio.create_task(placket.services.get("quick"))
        await asyncio.sleep(0.05)
        assert not quick.done()
        for task in slow:
            task.cancel()
        assert await asyncio.wait_for(quick, 5) == {"name": "quick"}
        for task in busy:
            task.cancel()
        await asyncio.gather(*slow, *busy, return_exceptions=True)
