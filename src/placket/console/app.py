"""The console as one ASGI application."""

from collections.abc import Mapping

import structlog
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from placket.console.errors import NoSuchPage, status_of, told
from placket.console.guard import POLICY, Guarded, Page, SafeHeaders, recognise
from placket.console.pages import (
    catalogue,
    correcting,
    index_upload,
    keys,
    model,
    runs,
    services,
    sign_in,
    tagging,
    try_it,
)
from placket.console.parts import ConsoleParts
from placket.console.sessions import Sessions, Throttle
from placket.console.templating import environment
from placket.console.thumbnails import Thumbnails
from placket.console.visit import House, Visit
from placket.domain.errors import InvalidParameter, PlacketError, StorageUnavailable

_log = structlog.get_logger()
PREFIX = "/console"
_FORM_ROOM = 16_000
"""Bytes that a form may have beside its file."""


class Console:
    """To be mounted at the prefix; :meth:`render_error` answers for what goes wrong around it."""

    def __init__(self, parts: ConsoleParts, prefix: str) -> None:
        self._house = House(
            prefix=prefix,
            parts=parts,
            sessions=Sessions(parts.store, parts.admin_token),
            throttle=Throttle(),
            thumbnails=Thumbnails(parts.vision, parts.photos),
            templates=environment(prefix),
        )
        router = Router(_routes(self._house), redirect_slashes=False)
        # What nobody foresaw goes on to whoever logs it, and comes back to render_error.
        handlers = {PlacketError: self._handle, HTTPException: self._handle}
        self._pages = SafeHeaders(ExceptionMiddleware(router, handlers=handlers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._pages(scope, receive, send)

    async def _handle(self, request: Request, error: Exception) -> Response:
        visit = Visit(self._house, request)
        if isinstance(error, StorageUnavailable):
            _log.error("the database cannot be used", error=error.detail)
        else:
            await recognise(visit)
        return _error_page(visit, _known(error))

    def render_error(self, request: Request, error: Exception) -> Response:
        """A page that says what is wrong, in the console's own form, with its headers."""
        if request.url.path == self._house.prefix:
            return RedirectResponse(f"{self._house.prefix}/", 308)
        response = _error_page(Visit(self._house, request), _known(error))
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        return response


def _error_page(visit: Visit, error: Exception) -> Response:
    template = "_error.html" if visit.is_fragment else "error.html"
    status = status_of(error)
    return visit.render(template, status, code=status, **told(error))


def _known(error: Exception) -> Exception:
    if isinstance(error, HTTPException):
        return NoSuchPage("") if error.status_code in (404, 405) else InvalidParameter(str(error.detail))
    return error


class _Assets(StaticFiles):
    """Named by their content's hash in every page, so a browser may keep them for good."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _routes(house: House) -> list[BaseRoute]:
    parts = house.parts
    photo = max(parts.photo_limits.max_bytes, 1) + _FORM_ROOM
    index_file = parts.indexing.most_file_bytes + _FORM_ROOM
    get: Mapping[str, Page] = {
        "/": try_it.home,
        "/try": try_it.page,
        "/try/look": try_it.home,
        **services.GET,
        **catalogue.GET,
        **runs.GET,
        **index_upload.GET,
        **tagging.GET,
        **keys.GET,
        **model.GET,
    }
    post: Mapping[str, tuple[Page, int]] = {
        "/try/look": (try_it.look, photo),
        "/try/similar": (try_it.similar, _FORM_ROOM),
        **{path: (page, index_file) for path, page in index_upload.POST.items()},
        **{
            path: (page, _FORM_ROOM)
            for pages in (services, catalogue, correcting, runs, tagging, keys, sign_in)
            for path, page in pages.POST.items()
        },
    }
    pictures = {**catalogue.PICTURES, **tagging.PICTURES}
    public = [
        Route("/sign-in", Guarded(house, sign_in.form, public=True), methods=["GET"]),
        Route("/sign-in", Guarded(house, sign_in.submit, public=True), methods=["POST"]),
        Route("/language/{language}", Guarded(house, sign_in.language, public=True), methods=["GET"]),
        Mount("/assets", _Assets(packages=[("placket.console", "assets")])),
    ]
    return [
        *public,
        *(Route(path, Guarded(house, page), methods=["GET"]) for path, page in get.items()),
        *(Route(path, Guarded(house, page, embedded=True), methods=["GET"]) for path, page in pictures.items()),
        *(Route(path, Guarded(house, page, most_bytes=most), methods=["POST"]) for path, (page, most) in post.items()),
    ]


def create_console(parts: ConsoleParts, prefix: str = PREFIX) -> Console:
    """An ASGI application to mount at ``prefix``; every one of its paths and links begins with it."""
    return Console(parts, prefix)
