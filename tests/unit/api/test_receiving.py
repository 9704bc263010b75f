"""Places for bodies: so many in all, and never all of them for one key."""

import asyncio
from contextlib import AsyncExitStack

from placket.api.forms import RECEIVED_AT_ONCE, RECEIVED_OF_ONE, Receiving


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
