"""Connections between two requests: so many, for so long, and none that is not as it was left."""

import asyncio
from typing import Any

import pytest

from placket.fetching import idle as module
from placket.fetching.idle import IdleConnections

A, B = ("https", "a.test", 443), ("https", "b.test", 443)


class Line:
    def __init__(self) -> None:
        self.clean = True
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def lines(count: int) -> list[Any]:
    return [Line() for _ in range(count)]


async def test_the_one_used_last_is_taken_and_only_by_its_origin() -> None:
    kept, (first, second, other) = IdleConnections(9), lines(3)
    for origin, line in ((A, first), (A, second), (B, other)):
        kept.put(origin, line)
    assert [kept.take(A), kept.take(A), kept.take(A), kept.take(B)] == [second, first, None, other]
    assert len(kept) == 0
    assert not any(line.aborted for line in (first, second, other))


async def test_one_too_many_costs_the_oldest() -> None:
    kept, given = IdleConnections(2), lines(3)
    for line in given:
        kept.put(A, line)
    assert ([line.aborted for line in given], len(kept)) == ([True, False, False], 2)


async def test_what_something_arrived_on_meanwhile_is_not_taken() -> None:
    kept, (good, odd) = IdleConnections(9), lines(2)
    kept.put(A, good)
    kept.put(A, odd)
    odd.clean = False
    assert (kept.take(A), odd.aborted) == (good, True)


async def test_none_is_kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEEP_SECONDS", 0.01)
    kept, (line, taken) = IdleConnections(9), lines(2)
    kept.put(A, line)
    kept.put(B, taken)
    assert kept.take(B) is taken
    async with asyncio.timeout(5):
        while not line.aborted:
            await asyncio.sleep(0.01)
    assert (len(kept), taken.aborted) == (0, False)


async def test_once_closed_it_keeps_none() -> None:
    kept, (before, after) = IdleConnections(9), lines(2)
    kept.put(A, before)
    kept.close()
    kept.put(A, after)
    assert (before.aborted, after.aborted, len(kept)) == (True, True, 0)
