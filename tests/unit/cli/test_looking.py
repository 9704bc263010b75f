"""Many pictures at once, in order."""

import asyncio
from pathlib import Path

import pytest

from placket.cli.looking import in_order
from placket.domain.errors import ImageError
from placket.pictures import read_picture


async def test_answers_keep_their_order_and_few_are_on_their_way() -> None:
    now, most = 0, 0

    async def work(number: int) -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001 * (10 - number))
        now -= 1
        return number

    assert [n async for n in in_order(range(10), work, 3)] == list(range(10))
    assert most == 3


async def test_what_breaks_off_ends_the_others() -> None:
    cancelled: list[int] = []

    async def work(number: int) -> int:
        try:
            if number:
                await asyncio.sleep(60)
            raise LookupError
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    with pytest.raises(LookupError):
        async for _ in in_order(range(5), work, 3):
            pass
    assert sorted(cancelled) == [1, 2]


def test_files_at_the_edge(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_picture(tmp_path / "a", 5) == b"12345"
    with pytest.raises(ImageError):
        read_picture(tmp_path / "a", 4)
    with pytest.raises(OSError, match="not a file"):
        read_picture(tmp_path, 5)
