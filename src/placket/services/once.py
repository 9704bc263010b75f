"""Work that several ask for, done once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Whoever asks for a key that was asked for before gets the same answer, or the same error."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Cancelled, it cancels the work too: those who share it are one another's parts and are cancelled together."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
        try:
            return await task
        finally:
            # An error leads to this frame, and the task to the error: a circle that would hold what was worked on.
            del task

    def clear(self) -> None:
        """Forget the answers, and with an error all that its traceback leads to."""
        self._tasks.clear()
