"""Takes the steps of a call: blocking, or on an event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import httpx

from placket.client.steps import Exchange, Page, Pages, Pause, Read, Request, Step, Steps

T = TypeVar("T")

_AT_ONCE = 32
"""Calls of an awaited client that have read a file or wait for an answer. A gather over a folder would else hold all of
its files in memory, and httpx's pool look at all that wait for a connection whenever one is free."""


def _built(http: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    """Raises ValueError."""
    try:
        return http.build_request(
            request.method,
            request.path,
            params=list(request.params) or None,
            headers=dict(request.headers),
            json=request.json,
            data=dict(request.data) if request.data else None,
            files=dict(request.files) if request.files else None,
            timeout=_shorter(http.timeout, request.patience),
        )
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None


def _shorter(timeout: httpx.Timeout, patience: float | None) -> httpx.Timeout:
    if patience is None:
        return timeout
    return httpx.Timeout(**{part: patience if s is None else min(s, patience) for part, s in timeout.as_dict().items()})


class SyncDriver:
    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def run(self, steps: Steps[T]) -> T:
        result: Any = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                value: T = end.value
                return value
            result = self._take(step)

    def each(self, pages: Pages[T]) -> Iterator[T]:
        result: Any = None
        while True:
            try:
                step = pages.send(result)
            except StopIteration:
                return
            if isinstance(step, Page):
                yield from step.items
                result = None
            else:
                result = self._take(step)

    def _take(self, step: Step) -> Any:
        match step:
            case Exchange(request):
                try:
                    return self.http.send(_built(self.http, request))
                except httpx.RequestError as error:
                    return error
            case Pause(seconds):
                return time.sleep(seconds)
            case Read(path):
                return path.read_bytes()


class AsyncDriver:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def run(self, steps: Steps[T]) -> T:
        result: Any = None
        turn = _Turn(self._free)
        try:
            while True:
                try:
                    step = steps.send(result)
                except StopIteration as end:
                    value: T = end.value
                    return value
                result = await self._take(step, turn)
        finally:
            turn.end()

    async def each(self, pages: Pages[T]) -> AsyncIterator[T]:
        result: Any = None
        turn = _Turn(self._free)
        while True:
            try:
                step = pages.send(result)
            except StopIteration:
                return
            if isinstance(step, Page):
                for item in step.items:
                    yield item
                result = None
            else:
                result = await self._take(step, turn)

    async def _take(self, step: Step, turn: "_Turn") -> Any:
        match step:
            case Exchange(request):
                await turn.begin()
                try:
                    return await self.http.send(_built(self.http, request))
                except httpx.RequestError as error:
                    return error
                finally:
                    turn.end()
            case Pause(seconds):
                return await asyncio.sleep(seconds)
            case Read(path):
                await turn.begin()
                return await asyncio.to_thread(path.read_bytes)


class _Turn:
    """A call's turn to read files and send what was read; while it pauses, others have it."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._held = False

    async def begin(self) -> None:
        if not self._held:
            await self._free.acquire()
            self._held = True

    def end(self) -> None:
        if self._held:
            self._free.release()
            self._held = False
