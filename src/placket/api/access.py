"""The access log: one structured line a request, which never shows a key or a query; a search's says how it went."""

import structlog
from starlette.types import Scope

from placket.api.faces import face_of
from placket.api.searched import Searched

_log = structlog.get_logger("placket.access")
_QUIET = ("/healthz", "/readyz", "/metrics")


def route_of(scope: Scope) -> str:
    """The template of the call's path (``/.../{appKey}/services``), never the path: it may carry a key."""
    face, path = face_of(scope), getattr(scope.get("route"), "path", "")
    if not path:
        return f"{face.prefix}*"
    # Pages know their own paths alone.
    return f"{face.prefix}{path}" if face.pages is not None else path


def log_access(scope: Scope, status: int, size: int, seconds: float) -> None:
    state = scope.get("state", {})
    route = route_of(scope)
    write = _log.debug if route in _QUIET else _log.info
    client = scope.get("client")
    searched: Searched | None = state.get("searched")
    write(
        "request",
        method=_printable(scope["method"]),
        route=route,
        status=status,
        code=state.get("code"),
        ms=round(seconds * 1000, 1),
        bytes=size,
        key_id=state.get("key_id"),
        client=client[0] if client else None,
        **(searched.logged() if searched else {}),
    )


def _printable(method: str) -> str:
    return method if method.isascii() and method.isalpha() and len(method) <= 16 else "(odd)"
