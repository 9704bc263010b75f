"""The envelope around everything: ``data``, ``status``, ``error``."""

import json
import math
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from placket.api.codes import detail_of
from placket.api.errors import BodyTooLarge, MethodNotAllowed
from placket.api.tagger_v2.codes import IMAGE_TOO_LARGE, code_of
from placket.domain.errors import RateLimited
from placket.domain.tagger.errors import NothingAccepted


class TaggerAnswer(JSONResponse):
    def __init__(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status, {"Cache-Control": "no-store", **(headers or {})})

    def render(self, content: Any) -> bytes:
        try:
            return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:
            # An entry sent back as it came may hold half a surrogate pair, which only an escape can carry.
            return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def success(request: Request, data: Any, status: int = 200) -> TaggerAnswer:
    request.state.code = 0
    return TaggerAnswer({"data": data, "status": "ok", "error": None}, status)


def render_error(request: Request, error: Exception) -> TaggerAnswer:
    code = code_of(error)
    if isinstance(error, BodyTooLarge) and request.url.path.rstrip("/").endswith("/tags"):
        code = IMAGE_TOO_LARGE
    request.state.code = code.number
    failure = {"code": code.number, "message": detail_of(error)}
    content: dict[str, Any] = {"data": None, "status": "fail", "error": failure}
    if isinstance(error, NothingAccepted):
        content["validation"] = {"accept": 0, "failure": len(error.rejected)}
        content["failureList"] = failure_list(error.rejected)
    return TaggerAnswer(content, code.status, _headers(error))


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, RateLimited):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allowed}
    return {}


def failure_list(rejected: tuple[tuple[Any, str], ...]) -> list[dict[str, Any]]:
    return [{"request": sent, "errorMessage": message} for sent, message in rejected]


def time_stamp(moment: datetime) -> str:
    """ISO 8601 with offset, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
