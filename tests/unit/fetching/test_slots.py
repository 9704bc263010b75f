"""Turns: bounded, in order, and none lost."""

import asyncio
import random

from placket.fetching.slots import Slots


async def test_a_cancelled_wait_takes_nothing() -> None:
    slots = Slots(total=1, per_host=1)
    await slots.acquire("a")
    for host in ("a", "b"):  # waits for its host; waits for a place of all
        waiting = asyncio.create_task(slots.acquire(host))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    slots.release("a")
    async with asyncio.timeout(1):
        for host in ("b", "a"):
            await slots.acquire(host)
            slots.release(host)


async def test_who_gives_up_for_want_of_a_place_of_all_leaves_the_one_at_the_host() -> None:
    slots = Slots(total=1, per_host=2)
    await slots.acquire("a")
    waiting = [asyncio.create_task(slots.acquire("b")) for _ in range(3)]
    await asyncio.sleep(0)
    for one in waiting[:2]:  # they have the places at their host; the third is queued for one of them
        one.cancel()
    await asyncio.gather(*waiting[:2], return_exceptions=True)
    slots.release("a")
    async with asyncio.timeout(1):
        await waiting[2]
    slots.release("b")


async def test_first_come_first_served() -> None:
    slots = Slots(total=1, per_host=1)
    served: list[int] = []

    async def one(number: int) -> None:
        await slots.acquire("a")
        served.append(number)
        await asyncio.sleep(0)
        slots.release("a")

    await asyncio.gather(*(one(number) for number in range(20)))
    assert served == list(range(20))


async def test_owners_take_turns() -> None:
    slots = Slots(total=1, per_host=5)
    served: list[str] = []

    async def one(owner: str, host: str) -> None:
        await slots.acquire(host, owner)
        served.append(owner)
        await asyncio.sleep(0)
        slots.release(host)

    await asyncio.gather(*(one("a", "x") for _ in range(5)), one("b", "y"), one("b", "y"), one("c", "z"))
    assert "".join(served) == "aabcabaa"


async def test_who_gave_up_costs_the_owner_no_turn() -> None:
    slots = Slots(total=1, per_host=5)
    await slots.acquire("x")
    served: list[str] = []

    async def one(owner: str) -> None:
        await slots.acquire("y", owner)
        served.append(owner)
        slots.release("y")

    given_up, *others = [asyncio.create_task(one(owner)) for owner in "aabb"]
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.sleep(0)
    slots.release("x")
    await asyncio.gather(*others)
    assert "".join(served) == "abb"


async def test_no_turn_is_lost_under_random_cancellation() -> None:
    slots = Slots(total=3, per_host=2)
    chance = random.Random(3)
    now = {"a": 0, "b": 0, "c": 0}

    async def one(host: str) -> None:
        await slots.acquire(host, chance.choice("12"))
        now[host] += 1
        assert now[host] <= 2 and sum(now.values()) <= 3
        try:
            await asyncio.sleep(chance.random() * 0.002)
        finally:
            now[host] -= 1
            slots.release(host)

    for _ in range(40):
        tasks = [asyncio.create_task(one(chance.choice("abc"))) for _ in range(15)]
        for task in chance.sample(tasks, 8):
            await asyncio.sleep(0 if chance.random() < 0.5 else 0.001)
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    async with asyncio.timeout(1):
        for host in ("a", "a", "b"):
            await slots.acquire(host)
    for host in ("a", "a", "b"):
        slots.release(host)
    assert not slots._hosts
