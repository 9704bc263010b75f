"""A service may switch to another bundle in the middle of a call: what was read and seen before is then of no use."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from placket.domain.errors import BundleMismatch

P = ParamSpec("P")
T = TypeVar("T")


def once_more(call: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Called again, from the beginning, where the service switched in the middle of the first time."""

    @wraps(call)
    async def called(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return await call(*arguments, **options)
        except BundleMismatch:
            return await call(*arguments, **options)

    return called
