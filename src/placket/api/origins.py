"""Pages of other origins that may read answers in their visitors' browsers (CORS): those that a setting names.

No cookie is involved: a page sends a key itself, or the web server before Placket adds it.
"""

from collections.abc import Collection
from typing import TypeAlias

from starlette.types import Scope

Headers: TypeAlias = list[tuple[bytes, bytes]]

_METHODS = b"GET, POST"
"""What looks things up. A key that may do more than search has no place in a page."""
_SENT = b"authorization, content-type, x-request-id"
_SHOWN = b"retry-after, x-request-id"
_KEPT_SECONDS = b"7200"
"""No browser keeps it longer than that of Chrome does."""


def origin_headers(scope: Scope, allowed: Collection[str]) -> Headers:
    """Of an answer, whatever became of the call: a page is to see why it failed."""
    if not allowed:
        return []
    # One cache serves all pages: what it keeps for one is not for another.
    headers = [(b"vary", b"origin")]
    origin = _one(scope, b"origin")
    if origin is not None and origin.decode("latin-1") in allowed:
        headers += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _SHOWN)]
    return headers


def preflight_headers(scope: Scope, allowed: Collection[str]) -> Headers | None:
    """What a browser is answered that asks whether a page may make a call; None where it is no such question, or the
    page is none of those."""
    asked = scope["method"] == "OPTIONS" and _one(scope, b"access-control-request-method") is not None
    if not asked or len(origin_headers(scope, allowed)) < 2:
        return None
    return [
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _SENT),
        (b"access-control-max-age", _KEPT_SECONDS),
    ]


def _one(scope: Scope, name: bytes) -> bytes | None:
    found: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return found[0] if len(found) == 1 else None
