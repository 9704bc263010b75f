"""What the HTTP side is built from. :mod:`placket.bootstrap` fills it in; tests put in what they like."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol, cast

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from placket.domain.images import ImageLimits
from placket.services.catalogue import Catalogue
from placket.services.indexing import Indexing
from placket.services.keys import AdminToken, Keys
from placket.services.looking import Looking, Photos
from placket.services.searching import Searching
from placket.services.tally import Labelled
from placket.services.traffic import Traffic
from placket.services.webhooks import WebhookSigner


class ErrorRenderer(Protocol):
    def __call__(self, request: Request, error: Exception) -> Response:
        """The answer to a failed call in the API's own form.

        ``error`` is a PlacketError, one of :mod:`placket.api.errors` among them (no such call, wrong method, body too
        large), or anything else, which is unforeseen and already logged.
        """
        ...


@dataclass(frozen=True, slots=True)
class Face:
    """An API or a set of pages: every path at or below ``prefix`` is its own, wrong ones too.

    ``longer_words``: so are paths that go on with the prefix's last word. ``router`` holds its calls; ``pages`` is an
    ASGI application mounted at the prefix instead, which bounds the bodies that it reads itself. ``raw_paths``: its
    calls match the path as it was sent, percent-encoded, and decode it themselves. ``most_bytes``: largest request
    body, but for forms, which :mod:`placket.api.forms` reads within limits of their own. ``cross_origin``: pages of the
    allowed origins may read its answers.
    """

    prefix: str
    render_error: ErrorRenderer
    router: APIRouter | None = None
    pages: ASGIApp | None = None
    raw_paths: bool = False
    most_bytes: int = 1_000_000
    longer_words: bool = False
    cross_origin: bool = False

    def owns(self, path: str) -> bool:
        rest = path.removeprefix(self.prefix)
        return len(rest) < len(path) and (self.longer_words or rest[:1] in ("", "/"))


@dataclass(frozen=True, slots=True)
class ApiParts:
    """``image_limits``: images of products, and of the AI Fashion calls but ``tag``, which has ``tag_limits``;
    ``photo_limits``: photos that are looked at, and not kept, under /placket/v1.

    ``problems``: why this process cannot serve just now. ``warnings``: what will soon be in its way. ``statistics``:
    gauges and counters (names that end in ``_total``) of the queue and of vision; ``figures``: these, and those with
    labels, for /metrics. ``faces``: what else is served from the same address. ``traffic``: counts how the APIs answer.
    ``origins``: of pages that may read answers in a browser.
    """

    keys: Keys
    admin_token: AdminToken
    catalogue: Catalogue
    searching: Searching
    looking: Looking
    photos: Photos
    indexing: Indexing
    webhook_signer: WebhookSigner
    image_limits: ImageLimits
    photo_limits: ImageLimits
    tag_limits: ImageLimits
    problems: Callable[[], Awaitable[list[str]]]
    warnings: Callable[[], Awaitable[list[str]]]
    statistics: Callable[[], Awaitable[Mapping[str, float]]]
    figures: Callable[[], Awaitable[Mapping[str, Labelled]]]
    faces: Sequence[Face] = ()
    traffic: Traffic = field(default_factory=Traffic)
    origins: frozenset[str] = frozenset()


def parts_of(connection: HTTPConnection) -> ApiParts:
    return cast(ApiParts, connection.app.state.parts)


# FastAPI calls a dependency that is no coroutine in a thread, which takes longer than all that these do.
async def _parts(connection: HTTPConnection) -> ApiParts:
    return parts_of(connection)


Parts = Annotated[ApiParts, Depends(_parts)]
