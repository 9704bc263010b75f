"""Every call under both prefixes that real clients use, with and without a slash at its end."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Security
from fastapi.security import APIKeyHeader
from starlette.responses import Response

PREFIX = "/tagger"
_VERSIONS = ("/v2.12", "/v2")
_KEY = APIKeyHeader(name="x-api-key", auto_error=False, scheme_name="TaggerKey")
"""For the documentation; the key is checked by each call, so that one that is missing has a code of its own."""

Endpoint = Callable[..., Awaitable[Response]]


class Routes:
    def __init__(self) -> None:
        self.router = APIRouter(prefix=PREFIX, tags=["Tagger v2.12"], dependencies=[Security(_KEY)])

    def add(self, method: str, path: str, endpoint: Endpoint, *, operation_id: str, **documentation: Any) -> None:
        """``path`` without prefix; only its first form is documented."""
        for version in _VERSIONS:
            for end in ("", "/"):
                first = version == _VERSIONS[0] and not end
                self.router.add_api_route(
                    version + path + end,
                    endpoint,
                    methods=[method],
                    include_in_schema=first,
                    operation_id=operation_id if first else None,
                    **documentation,
                )
