"""The access log: one structured line a request, which never shows a key or a query."""

import structlog
from starlette.types import Scope

from placket.api.faces import face_of

_log = structlog.get_logger("placket.access")
_QUIET = ("/healthz", "/readyz", "/metrics")


def route_of(scope: Scope) -> str:
    """The template of the call's path (``/.../{appKey}/services``), never the path: it may carry a key."""
    route = scope.get("route")
    return getattr(route, "path", "") or f"{face_of(scope).prefix}*"


def log_access(scope: Scope, status: int, size: int, seconds: float) -> None:
    state = scope.get("state", {})
    route = route_of(scope)
    write = _log.debug if route in _QUIET else _log.info
    client = scope.get("client")
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
    )


def _printable(method: str) -> str:
    return method if method.isascii() and method.isalpha() and len(method) <= 16 else "(odd)"
