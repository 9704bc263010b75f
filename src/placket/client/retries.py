"""When a request is sent again, and how long to wait before."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import httpx

from placket.client.errors import ApiError, ClientError, NotFound, NotReachable, RateLimited, UnexpectedAnswer
from placket.client.steps import Exchange, Outcome, Pause, Request, Steps

T = TypeVar("T")

_NOTHING_WAS_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TOO_MANY = 429
_PASSING = (502, 503, 504)
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0


@dataclass(frozen=True, slots=True)
class Retries:
    """``most``: times that a request is sent again. ``longest_wait``: seconds of Retry-After that are borne.

    What was refused for the rate, or never sent, is tried again whatever it is; what broke off or met a server that is
    down (502 to 504) only when the request is repeatable.
    """

    most: int = 4
    longest_wait: float = 60.0

    def send(self, request: Request, read: Callable[[httpx.Response], T]) -> Steps[T]:
        """The answer, as ``read`` takes it. Raises ApiError, UnexpectedAnswer, NotReachable."""
        attempt, uncertain = 0, False
        while True:
            outcome: Outcome = yield Exchange(request)
            try:
                return _answer(outcome, read)
            except ClientError as error:
                if uncertain and request.method == "DELETE" and isinstance(error, NotFound):
                    # The attempt that broke off did it; what is deleted has no answer to read.
                    return cast(T, None)
                pause = self._pause(attempt, error)
                if attempt >= self.most or pause is None or not _may_repeat(request, outcome, error):
                    raise
                uncertain = uncertain or not _was_not_done(outcome, error)
            yield Pause(pause)
            attempt += 1

    def _pause(self, attempt: int, error: ClientError) -> float | None:
        """Full jitter above what the server asked for, so that callers refused together do not return together."""
        asked = getattr(error, "retry_after", None) or 0.0
        if asked > self.longest_wait:
            return None
        own = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt) * random.uniform(0.5, 1.0)
        return float(asked + own * 0.1 if asked else own)


def _answer(outcome: Outcome, read: Callable[[httpx.Response], T]) -> T:
    if isinstance(outcome, httpx.RequestError):
        raise NotReachable(_words(outcome)) from outcome
    return read(outcome)


def _was_not_done(outcome: Outcome, error: ClientError) -> bool:
    """For certain: never sent, or refused for the rate, by the server or by a proxy before it."""
    by_proxy = isinstance(error, UnexpectedAnswer) and error.status == _TOO_MANY
    return by_proxy or isinstance(error, RateLimited) or isinstance(outcome, _NOTHING_WAS_SENT)


def _may_repeat(request: Request, outcome: Outcome, error: ClientError) -> bool:
    if _was_not_done(outcome, error):
        return True
    if isinstance(error, ApiError | UnexpectedAnswer):
        return request.repeatable and error.status in _PASSING
    return request.repeatable


def _words(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"no answer in time ({type(error).__name__})"
    return str(error) or type(error).__name__
