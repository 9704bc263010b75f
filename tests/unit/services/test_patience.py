"""Waiting no longer than one means to, also for what does not end when it is told to."""

import asyncio
import time

import pytest

from placket.services.patience import within


async def test_what_comes_in_time_is_given() -> None:
    assert await within(5.0, asyncio.sleep(0, "it")) == "it"
    with pytest.raises(KeyError):
        await within(5.0, _fail())


async def test_what_is_slow_to_leave_is_not_waited_for() -> None:
    left = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.5)
            left.set()

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await within(0.05, stubborn())
    assert time.monotonic() - began < 0.4
    await asyncio.wait_for(left.wait(), 5.0)


async def _fail() -> None:
    raise KeyError
