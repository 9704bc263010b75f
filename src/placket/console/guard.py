"""What stands before every page: the session, the CSRF token, the size of what is sent; and the headers after it."""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlencode

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from placket.console.errors import Forged, TooLarge
from placket.console.visit import SAFE_METHODS, House, NoProject, Visit
from placket.domain.errors import InvalidParameter

SESSION_COOKIE = "placket_session"
_MOST_FORM_BYTES = 64_000
_MOST_FIELDS = 50

Page = Callable[[Visit], Awaitable[Response]]

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class SafeHeaders:
    """Nothing from elsewhere, nothing inline, in no frame; and no page is kept by a cache unless it says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                own = (*_HEADERS, (b"cache-control", b"no-store"))
                message["headers"] = [*given, *(h for h in own if h[0] not in names)]
            await send(message)

        await self._app(scope, receive, with_headers)


class Guarded:
    """A page for whoever is signed in. ``most_bytes``: of a request's body, files included. ``embedded``: a picture of
    a page, whose reader a sign-in form would not reach."""

    def __init__(
        self,
        house: House,
        page: Page,
        *,
        most_bytes: int = _MOST_FORM_BYTES,
        public: bool = False,
        embedded: bool = False,
    ) -> None:
        self._house = house
        self._page = page
        self._most_bytes = most_bytes
        self._public = public
        self._embedded = embedded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, _bounded(receive, self._most_bytes))
        response = await self._answer(Visit(self._house, request))
        await response(scope, receive, send)

    async def _answer(self, visit: Visit) -> Response:
        request = visit.request
        await recognise(visit)
        if visit.session is None and not self._public:
            return Response(status_code=401) if self._embedded else _sign_in_first(visit)
        if request.method not in SAFE_METHODS:
            visit.form = await _read_form(request)
            if not self._public:
                _check_csrf(visit)
        return await self._run(visit)

    async def _run(self, visit: Visit) -> Response:
        try:
            return await self._page(visit)
        except NoProject:
            return visit.redirect("/keys")


class _InMemory(MultiPartParser):
    """The framework's own would put a photo of more than a megabyte into a file; what is sent is bounded before."""

    spool_max_size = 0


async def _read_form(request: Request) -> FormData:
    """Raises InvalidParameter for a malformed one, TooLarge."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        return await request.form(max_fields=_MOST_FIELDS)
    try:
        return await _InMemory(request.headers, request.stream(), max_files=1, max_fields=_MOST_FIELDS).parse()
    except MultiPartException as error:
        raise InvalidParameter(error.message) from None


async def recognise(visit: Visit) -> None:
    """Fill in who is signed in, and the projects to choose from."""
    visit.session = await visit.house.sessions.read(unquote(visit.request.cookies.get(SESSION_COOKIE, "")))
    if visit.session is not None:
        visit.projects = tuple(await visit.parts.store.projects())


def _sign_in_first(visit: Visit) -> Response:
    return visit.redirect(f"/sign-in?{urlencode({'next': visit.address})}")


def _check_csrf(visit: Visit) -> None:
    assert visit.session is not None
    given = visit.request.headers.get("x-csrf-token") or visit.text("csrf")
    token, _, visit.page_project = given.partition(".")
    if not hmac.compare_digest(visit.session.csrf.encode(), token.encode("utf-8", "replace")):
        raise Forged("the page is too old, or the request did not come from it: load the page again")


def _bounded(receive: Receive, most: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise TooLarge(f"more than {most:,} bytes were sent")
        return message

    return counted


async def read_upload(visit: Visit, name: str, most_bytes: int) -> tuple[str, bytes] | None:
    """(file name, content) of an uploaded file; None when there is none. Raises TooLarge, InvalidParameter."""
    value = visit.form.get(name)
    if value is None or isinstance(value, str):
        return None
    content = await value.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise TooLarge(f"the file has more than {most_bytes:,} bytes")
    if not content and not value.filename:
        return None
    if not content:
        raise InvalidParameter("the file is empty")
    return value.filename or "", content
