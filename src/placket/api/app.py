"""The HTTP side as one application: every API, its documentation, health and figures."""

import re
from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Match, Mount

from placket import __version__
from placket.api import documentation, health
from placket.api.errors import BodyUnsupported, MethodNotAllowed, NoSuchCall
from placket.api.faces import Faces, face_of
from placket.api.fashion_v1 import fashion_face
from placket.api.metrics import Metrics
from placket.api.middleware import RequestContext, RequestLimits
from placket.api.parts import ApiParts, Face
from placket.api.placket_v1 import placket_face
from placket.api.placket_v1.problems import render_error
from placket.api.receiving import Receiving
from placket.domain.errors import InvalidParameter, PlacketError, StorageUnavailable, VisionUnavailable

_log = structlog.get_logger()
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_CONSOLE = "/console"
_JSON = re.compile(rb"application/(?:[^/]+\+)?json")


def create_app(parts: ApiParts) -> FastAPI:
    """An ASGI application over these parts, which are opened and closed by whoever made them.

    Whoever is about to end it sets ``state.leaving``: it answers on, and says that it wants no more.
    """
    app = _empty(parts)
    faces = [fashion_face(), placket_face(), *parts.faces]
    for face in faces:
        if face.router is not None:
            app.include_router(face.router)
        if face.pages is not None:
            app.mount(face.prefix, face.pages)
    if any(face.prefix == _CONSOLE for face in faces):
        app.add_api_route("/", lambda: RedirectResponse(f"{_CONSOLE}/"), include_in_schema=False)
    app.include_router(health.router)
    app.include_router(documentation.router)
    app.mount("/docs/assets", documentation.assets())
    documentation.install_openapi(app)
    return _surrounded(app, faces)


def create_operation_app(parts: ApiParts) -> FastAPI:
    """Health and figures alone, of a process that serves no API."""
    app = _empty(parts)
    app.include_router(health.router)
    return _surrounded(app, ())


def _empty(parts: ApiParts) -> FastAPI:
    app = FastAPI(title="Placket", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.parts = parts
    app.state.metrics = Metrics(parts.traffic)
    app.state.receiving = Receiving()
    app.state.leaving = False
    return app


def _surrounded(app: FastAPI, faces: Sequence[Face]) -> FastAPI:
    """With what is around every request: its errors in its face's form, its limits, its log line."""
    for kind in (PlacketError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _render)
    app.add_middleware(RequestLimits)
    app.add_middleware(
        RequestContext,
        faces=Faces(faces, Face("/", render_error)),
        metrics=app.state.metrics,
        leaving=lambda: app.state.leaving,
    )
    return app


async def _render(request: Request, error: Exception) -> Response:
    known = as_placket_error(error)
    if isinstance(error, RequestValidationError) and _has_no_json(request, error):
        known = BodyUnsupported("the body must be application/json")
    if isinstance(known, NoSuchCall) and request.scope["path"].startswith("//"):
        known = NoSuchCall("there is no such call: its path begins with two slashes")
    if isinstance(known, StorageUnavailable):
        _log.error("the database cannot be used", error=known.detail)
    if isinstance(known, VisionUnavailable):
        _log.error("photos cannot be analysed", error=known.detail)
    if isinstance(known, MethodNotAllowed):
        # The framework names the methods of the first call with this path alone.
        known.allowed = ", ".join(_methods(request)) or known.allowed
    return face_of(request.scope).render_error(request, known)


def _has_no_json(request: Request, error: RequestValidationError) -> bool:
    """Its body is at fault, and its content type says that it is another thing than JSON, or nothing."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    return not _JSON.fullmatch(kind) and any(problem["loc"][0] == "body" for problem in error.errors())


def _methods(request: Request) -> list[str]:
    calls = [route for route in request.app.routes if not isinstance(route, Mount)]
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    return [m for m, scope in scopes.items() if any(call.matches(scope)[0] is Match.FULL for call in calls)]


def as_placket_error(error: Exception) -> Exception:
    """The framework's own errors in this package's terms."""
    if isinstance(error, RequestValidationError):
        return InvalidParameter("; ".join(_sentence(problem) for problem in error.errors()))
    if isinstance(error, HTTPException):
        if isinstance(error.__cause__, PlacketError):
            return error.__cause__
        if error.status_code == 404:
            return NoSuchCall("there is no such call")
        if error.status_code == 405:
            return MethodNotAllowed("the call does not have this method", (error.headers or {}).get("Allow", ""))
        if error.status_code == 415:
            return BodyUnsupported(str(error.detail))
        return InvalidParameter(str(error.detail))
    return error


def _sentence(problem: dict[str, object]) -> str:
    """``limit: Input should be a valid integer``, without the value itself."""
    location = problem["loc"]
    assert isinstance(location, tuple)
    place = ".".join(str(part) for part in location[1:]) or str(location[0])
    return f"{place}: {problem['msg']}"
