"""From a generator of steps to a method: of the blocking client, or of the one that is awaited.

A group of calls is one class, ``class Services(Calls[M])``; ``Services[Sync]`` and ``Services[Async]`` are its two
faces, to a type checker too.
"""

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from placket.client.drivers import AsyncDriver, SyncDriver
from placket.client.retries import Retries
from placket.client.steps import Pages, Steps

P = ParamSpec("P")
T = TypeVar("T")


class Sync:
    """Marks what blocks."""


class Async:
    """Marks what is awaited."""


M = TypeVar("M", Sync, Async)


class Calls(Generic[M]):
    """Calls that belong together. ``retries`` sends their requests."""

    def __init__(self, driver: SyncDriver | AsyncDriver, retries: Retries) -> None:
        self._driver = driver
        self._retries = retries


class call(Generic[P, T]):
    """A method that returns one answer: ``T``, or a coroutine of it."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps
        functools.update_wrapper(cast(Any, self), steps)

    @overload
    def __get__(self, calls: None, owner: type) -> "call[P, T]": ...
    @overload
    def __get__(self, calls: Calls[Sync], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, calls: Calls[Async], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, calls: Any, owner: type) -> Any:
        return self if calls is None else _bound(self._steps.__get__(calls), calls._driver.run)


class listing(Generic[P, T]):
    """A method that returns an iterator over all pages, or an asynchronous one."""

    def __init__(self, pages: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        self._pages = pages
        functools.update_wrapper(cast(Any, self), pages)

    @overload
    def __get__(self, calls: None, owner: type) -> "listing[P, T]": ...
    @overload
    def __get__(self, calls: Calls[Sync], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, calls: Calls[Async], owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, calls: Any, owner: type) -> Any:
        return self if calls is None else _bound(self._pages.__get__(calls), calls._driver.each)


def _bound(steps: Callable[..., Any], drive: Callable[[Any], Any]) -> Callable[..., Any]:
    @functools.wraps(steps)
    def method(*args: Any, **kwargs: Any) -> Any:
        return drive(steps(*args, **kwargs))

    return method
