"""Work done once for all who ask: its errors, its end, and what it leaves behind."""

import asyncio
import gc
import weakref

import pytest

from placket.services.once import Once


class Thing:
    """Something that a work holds, as a picture's bytes."""


async def test_all_get_one_answer() -> None:
    calls: list[str] = []

    async def work() -> str:
        calls.append("a")
        await asyncio.sleep(0)
        return "answer"

    once: Once[str] = Once()
    assert await asyncio.gather(*(once.get("a", work) for _ in range(3)), once.get("b", work)) == ["answer"] * 4
    assert await once.get("a", work) == "answer"
    assert len(calls) == 2


async def test_all_get_one_error() -> None:
    async def work() -> str:
        raise ValueError("x")

    once: Once[str] = Once()
    found = await asyncio.gather(*(once.get("a", work) for _ in range(3)), return_exceptions=True)
    assert [type(f) for f in found] == [ValueError] * 3


async def test_who_is_cancelled_cancels_the_work() -> None:
    ended: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(True)
            raise

    once: Once[None] = Once()
    waiting = [asyncio.create_task(once.get("a", work)) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    assert await asyncio.gather(*waiting, return_exceptions=True) != [None, None]
    assert ended == [True]
    assert len(asyncio.all_tasks()) == 1


async def test_an_error_holds_nothing_once_it_is_forgotten() -> None:
    """Without waiting for cycles to be collected: a chunk of photos that are refused holds a hundred megabytes."""
    once: Once[None] = Once()
    things: list[weakref.ref[Thing]] = []

    async def work(thing: Thing) -> None:
        raise ValueError("refused")

    async def ask() -> None:
        thing = Thing()
        things.append(weakref.ref(thing))
        await once.get("a", lambda: work(thing))

    gc.collect()
    gc.disable()
    try:
        with pytest.raises(ValueError, match="refused"):
            await ask()
        once.clear()
        await asyncio.sleep(0)
        assert things[0]() is None
    finally:
        gc.enable()
