"""Room for bodies: so much in all, and never all of it for one key."""

import asyncio
from contextlib import AsyncExitStack

from placket.api.receiving import PLACE, RECEIVED_AT_ONCE, RECEIVED_OF_ONE, Receiving


async def test_one_key_leaves_places_to_others() -> None:
    receiving = Receiving()
    done: list[str] = []

    async def receive(key: str, end: asyncio.Event) -> None:
        async with receiving.place(key):
            done.append(key)
            await end.wait()

    slow, quick = asyncio.Event(), asyncio.Event()
    quick.set()
    greedy = [asyncio.create_task(receive("greedy", slow)) for _ in range(RECEIVED_AT_ONCE * 2)]
    await asyncio.sleep(0)
    assert done == ["greedy"] * RECEIVED_OF_ONE
    await asyncio.wait_for(receive("other", quick), 1)
    greedy[-1].cancel()
    slow.set()
    await asyncio.gather(*greedy, return_exceptions=True)
    assert done.count("greedy") == RECEIVED_AT_ONCE * 2 - 1
    assert not receiving._of_key


async def test_places_in_all() -> None:
    receiving = Receiving()
    async with AsyncExitStack() as held:
        for number in range(RECEIVED_AT_ONCE):
            await held.enter_async_context(receiving.place(str(number)))
        waiting = asyncio.create_task(held.enter_async_context(receiving.place("late")))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        waiting.cancel()


async def test_small_bodies_take_little_room() -> None:
    receiving = Receiving()
    photo = 400_000
    async with AsyncExitStack() as held:
        for _ in range(RECEIVED_OF_ONE * PLACE // photo):
            await asyncio.wait_for(held.enter_async_context(receiving.place("shop", photo)), 1)
        one_more = asyncio.create_task(held.enter_async_context(receiving.place("shop", photo)))
        await asyncio.sleep(0.01)
        assert not one_more.done()
        async with receiving.place("other", photo):
            pass
        one_more.cancel()


async def test_room_is_given_in_the_order_of_asking() -> None:
    receiving = Receiving()
    done: list[str] = []

    async def receive(name: str, size: int | None) -> None:
        async with receiving.place("shop", size):
            done.append(name)

    async with AsyncExitStack() as held:
        for _ in range(RECEIVED_OF_ONE - 1):
            await held.enter_async_context(receiving.place("shop"))
        async with receiving.place("shop", PLACE // 2):
            waiting = [asyncio.create_task(receive(*body)) for body in (("gone", None), ("large", 10**9), ("small", 1))]
            await asyncio.sleep(0.01)
            assert not done
            waiting[0].cancel()
        await asyncio.wait_for(asyncio.wait(waiting), 1)
    assert done == ["large", "small"]
