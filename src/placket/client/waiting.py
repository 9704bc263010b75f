"""Looking again and again until a run or a task has ended."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from placket.client.errors import WaitTimeout
from placket.client.steps import Exchange, Pause, Progress, Steps

T = TypeVar("T")
_FIRST_LOOK, _LONGEST_LOOK = 0.2, 2.0
_LEAST_PATIENCE = 0.05


def wait_until(
    look: Callable[[], Steps[T]], ended: Callable[[T], bool], progress: Progress[T] | None, timeout: float | None
) -> Steps[T]:
    """Look again and again, with longer and longer pauses. Raises WaitTimeout after ``timeout`` seconds."""
    deadline = None if timeout is None else time.monotonic() + timeout
    pause = _FIRST_LOOK
    state: T | None = None
    while True:
        try:
            state = yield from _until(deadline, look())
        except TimeoutError:
            raise WaitTimeout(f"no answer has said that it ended, after {timeout:g} seconds", state) from None
        if progress is not None:
            progress(state)
        if ended(state):
            return state
        if deadline is not None and time.monotonic() + pause > deadline:
            raise WaitTimeout(f"it has not ended after {timeout:g} seconds", state)
        yield Pause(pause)
        pause = min(_LONGEST_LOOK, pause * 1.5)


def _until(deadline: float | None, steps: Steps[T]) -> Steps[T]:
    """The same steps, with no more patience than there is time. Raises TimeoutError instead of a pause beyond it."""
    result: Any = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration as end:
            value: T = end.value
            return value
        if deadline is not None:
            left = deadline - time.monotonic()
            if isinstance(step, Pause) and step.seconds > left:
                raise TimeoutError
            if isinstance(step, Exchange):
                step = Exchange(replace(step.request, patience=max(left, _LEAST_PATIENCE)))
        result = yield step
