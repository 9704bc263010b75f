"""What looking at many pictures has in common, on this machine and on a server."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from placket.cli.json_lines import write_json
from placket.cli.local_sources import passed_over, shown
from placket.cli.output import errors

S = TypeVar("S")
T = TypeVar("T")

MOST_BYTES = 200_000_000
"""Of a photo for a server: more than any takes; what it takes is for it to say."""
_MOST_ENDINGS = 5

Refuse = Callable[[str, str], None]
"""Takes the path of a picture that could not be used, and why."""


async def in_order(
    items: Iterable[S], work: Callable[[S], Coroutine[Any, Any, T]], at_once: int
) -> AsyncGenerator[T, None]:
    """What ``work`` makes of each item, in their order, while up to ``at_once`` are on their way."""
    ahead: deque[asyncio.Task[T]] = deque()
    try:
        for item in items:
            ahead.append(asyncio.create_task(work(item)))
            if len(ahead) >= at_once:
                yield await ahead.popleft()
        while ahead:
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


def say_unusable(path: str, error: str, as_json: bool) -> None:
    """One picture of several; the others go on."""
    if as_json:
        write_json({"path": path, "error": error})
    else:
        errors.print(f"{shown(path)}: {error}", style="red", markup=False, soft_wrap=True)


def say_how_many(failed: int, total: int, arguments: Sequence[str], as_json: bool) -> None:
    """At the end, of what was named in ``arguments``: also what the folders hold beside pictures."""
    if as_json:
        return
    if failed:
        errors.print(f"{failed} of {total} could not be used", style="yellow")
    say_passed_over(passed_over(arguments))


def say_passed_over(others: Mapping[str, int]) -> None:
    """By the ending of their names: a folder of a studio's PSDs must not look like one without them."""
    if not others:
        return
    often = sorted(others.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{count:,} {shown(ending) or 'without an ending'}" for ending, count in often[:_MOST_ENDINGS]]
    if rest := sum(count for _, count in often[_MOST_ENDINGS:]):
        told.append(f"{rest:,} others")
    errors.print(f"not looked at: {', '.join(told)}", style="yellow", markup=False, soft_wrap=True)
