"""What a call wants from the world, as values: the one code base behind both clients.

Every method is a generator of steps. Who drives it (:mod:`placket.client.drivers`) takes each step, blocking or
awaiting, and sends its result back. Nothing here knows which of the two it is.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import httpx

T = TypeVar("T")

File: TypeAlias = tuple[str, bytes, str]
"""Name, content, media type of a part of a form."""


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` is percent-encoded. ``repeatable``: sending it twice does no more than sending it once. ``patience``:
    seconds after which no answer is waited for, where that is less than the client's own."""

    method: str
    path: str
    repeatable: bool
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = None
    data: Mapping[str, str] | None = None
    files: Mapping[str, File] | None = None
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """Send the request; the result is an ``httpx.Response`` that was read, or an ``httpx.RequestError``."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """The result is the file's content. An OSError is raised where the step was taken."""

    path: Path


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items for the caller; the result is None."""

    items: Iterable[T]


Step: TypeAlias = Exchange | Pause | Read
Steps: TypeAlias = Generator[Step, Any, T]
Pages: TypeAlias = Generator[Step | Page[T], Any, None]

Outcome: TypeAlias = httpx.Response | httpx.RequestError
Progress: TypeAlias = Callable[[T], object]
"""Called with every state that was seen, the last one too."""
