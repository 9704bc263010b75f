"""Waiting no longer than one means to, also for what does not end when it is told to."""

import asyncio

import pytest

from placket.services.patience import within


async def test_what_comes_in_time_is_given() -> None:
    assert await within(5.0, asyncio.sleep(0, "it")) == "it"
    with pytest.raises(KeyError):
        await within(5.0, _fail())


async def test_what_is_slow_to_leave_is_not_waited_for() -> None:
    let_go, left = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await let_go.wait()
            left.set()

    with pytest.raises(TimeoutError):
        await within(0.05, stubborn())
    assert not left.is_set()
    let_go.set()
    await asyncio.wait_for(left.wait(), 5.0)


async def _fail() -> None:
    raise KeyError
