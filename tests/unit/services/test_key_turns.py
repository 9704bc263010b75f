"""One after another of a key, all keys at once, and no more waiting than are bearable."""

import asyncio

import pytest

from placket.domain.errors import RateLimited
from placket.domain.tagger.errors import RequestMalformed
from placket.services.key_turns import KeyTurns
from placket.services.stores import Caller
from placket.services.tagging_tasks import TaggingTasks


async def test_one_of_a_key_at_a_time_and_keys_beside_each_other() -> None:
    turns = KeyTurns()
    now: list[str] = []
    most: dict[str, int] = {"a": 0, "b": 0, "all": 0}

    async def one(key: str) -> None:
        async with turns.one(key):
            now.append(key)
            most[key] = max(most[key], now.count(key))
            most["all"] = max(most["all"], len(now))
            await asyncio.sleep(0.001)
            now.remove(key)

    await asyncio.gather(*(one(key) for key in "aaabbb" * 3))
    assert most == {"a": 1, "b": 1, "all": 2}
    assert not turns._of


async def test_who_sends_more_than_can_wait_is_refused_before_it_is_read() -> None:
    going, stored = asyncio.Event(), 0

    class Store:
        async def create(self, *_: object) -> None:
            nonlocal stored
            await going.wait()
            stored += 1

    tasks = TaggingTasks(Store(), None, 10)  # type: ignore[arg-type]
    entry = b'{"taggingRequest": [{"image": {"type": "url", "content": "http://a.test/"}, "context": {"id": "1"}}]}'
    shop, other = Caller(1, "shop", "k"), Caller(2, "other", "l")
    sent = [asyncio.create_task(tasks.create(shop, entry)) for _ in range(32)]
    await asyncio.sleep(0.01)
    with pytest.raises(RateLimited):
        await tasks.create(shop, b"not even JSON")
    with pytest.raises(RequestMalformed):
        await tasks.create(other, b"not even JSON")
    going.set()
    await asyncio.gather(*sent)
    assert stored == 32
    with pytest.raises(RequestMalformed):
        await tasks.create(shop, b"not even JSON")
