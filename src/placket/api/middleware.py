"""Around every request: its id, its log line and its figures, limits on headers and body, and the last resort."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from placket.api.access import log_access
from placket.api.errors import BodyTooLarge, HeadersInvalid, TransferFailed
from placket.api.faces import Faces, face_of
from placket.api.forms import RECEIVE
from placket.api.metrics import Metrics
from placket.api.origins import Headers, origin_headers, preflight_headers
from placket.domain.errors import PlacketError, ServerStopping

_log = structlog.get_logger()
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_MOST_HEADER_BYTES = 65_536
_IDLE_SECONDS = 20.0
_TOTAL_SECONDS = 300.0
"""Longest pause in a body, and its longest time in all: shorter than the server's, which hangs up without an answer."""
_ONCE = (b"authorization", b"content-type", b"content-length", b"host", b"idempotency-key", b"x-api-key")


class RequestContext:
    """Outermost. Gives a request its id, answers for what nobody caught, writes the access log and the figures."""

    def __init__(self, app: ASGIApp, faces: Faces, metrics: Metrics, leaving: Callable[[], bool]) -> None:
        self._app = app
        self._faces = faces
        self._leaving = leaving
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        face = self._faces.choose(scope)
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        origins = scope["app"].state.parts.origins if face.cross_origin else ()
        answer = _Answer(send, request_id, self._leaving(), origin_headers(scope, origins))
        with structlog.contextvars.bound_contextvars(request_id=request_id), self._metrics.in_flight():
            try:
                if face.raw_paths and "raw_path" in scope:
                    scope["path"] = scope["raw_path"].decode("latin-1")
                if (allowed := preflight_headers(scope, origins)) is not None:
                    await answer({"type": "http.response.start", "status": 204, "headers": allowed})
                    await answer({"type": "http.response.body", "body": b""})
                else:
                    await self._app(scope, receive, answer)
            except ClientDisconnect:
                answer.status = 499
            except asyncio.CancelledError:
                # A server that ends does this to what is not through in time. Left to the web server, it would be
                # answered in no API's form, with a traceback in the log.
                if not answer.started:
                    stopping = ServerStopping("the server is stopping; ask again in a moment")
                    await face.render_error(Request(scope), stopping)(scope, receive, answer)
            except Exception as error:
                if not isinstance(error, PlacketError):
                    _log.exception("unforeseen error")
                if answer.started:
                    raise
                await face.render_error(Request(scope), error)(scope, receive, answer)
            finally:
                seconds = time.perf_counter() - began
                log_access(scope, answer.status, answer.bytes, seconds)
                self._metrics.observe(scope, answer.status, seconds)


def _request_id(scope: Scope) -> str:
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return str(given[0], "ascii")
    return secrets.token_hex(8)


class _Answer:
    """``send`` that remembers what was sent. Of a server that leaves, each answer is its connection's last: one that is
    kept would be closed just when the balancer sends the next request by it."""

    def __init__(self, send: Send, request_id: str, leaving: bool, others: Headers) -> None:
        self._send = send
        self._others = others
        self._request_id = request_id.encode("ascii")
        self._leaving = leaving
        self.started = False
        self.status = 500
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self._request_id),
                (b"x-content-type-options", b"nosniff"),
                *([(b"connection", b"close")] if self._leaving else ()),
                *self._others,
            ]
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        await self._send(message)


class RequestLimits:
    """Headers of a reasonable size that say one thing, and a body that comes in time, no larger than its API takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _check_headers(scope)
            face = face_of(scope)
            if face.pages is None:
                # Whatever the body is said to be: only who reads it as a form may read more of it.
                scope[RECEIVE] = receive = _timed(receive)
                receive = _bounded(receive, face.most_bytes)
        await self._app(scope, receive, send)


def _check_headers(scope: Scope) -> None:
    headers = scope["headers"]
    if sum(len(n) + len(v) for n, v in headers) + len(scope["query_string"]) > _MOST_HEADER_BYTES:
        raise HeadersInvalid(f"the request's headers have more than {_MOST_HEADER_BYTES} bytes")
    names = [n for n, _ in headers]
    for name in _ONCE:
        if names.count(name) > 1:
            raise HeadersInvalid(f"the header {name.decode()} was sent more than once")


def _timed(receive: Receive) -> Receive:
    """The times begin when the body is asked for."""
    loop = asyncio.get_running_loop()
    deadline = 0.0

    async def timed() -> Message:
        nonlocal deadline
        deadline = deadline or loop.time() + _TOTAL_SECONDS
        try:
            return await asyncio.wait_for(receive(), min(_IDLE_SECONDS, deadline - loop.time()))
        except TimeoutError:
            raise TransferFailed("the body stopped coming, or came too slowly") from None

    return timed


def _bounded(receive: Receive, most: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise BodyTooLarge(f"the body has more than {most} bytes")
        return message

    return counted
