"""Waiting no longer than one means to."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")
_leaving: set["asyncio.Future[Any]"] = set()
"""The event loop alone would let go of what still ends."""


async def within(seconds: float, wanted: Awaitable[T]) -> T:
    """What is wanted, or TimeoutError at that moment.

    ``asyncio.wait_for`` waits on until what it cancels has ended, and psycopg takes ten seconds more to leave a
    database that is frozen.
    """
    task = asyncio.ensure_future(wanted)
    try:
        await asyncio.wait((task,), timeout=seconds)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            _leaving.add(task)
            task.add_done_callback(_left)


def _left(task: "asyncio.Future[Any]") -> None:
    _leaving.discard(task)
    if not task.cancelled():
        task.exception()  # Else asyncio complains that nobody asked for it.
