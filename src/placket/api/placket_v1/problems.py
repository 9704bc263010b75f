"""RFC 9457 problem bodies."""

import math
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from placket.api.codes import code_of, detail_of
from placket.api.described import RETRY_AFTER
from placket.api.errors import MethodNotAllowed
from placket.domain.errors import AccessDenied, RateLimited, Unauthorized

MEDIA_TYPE = "application/problem+json"
_WORDS = {
    400: "A parameter is wrong",
    401: "The key is missing, unknown or revoked",
    403: "The key is for searching alone",
    404: "There is no such thing",
    408: "The body stopped coming",
    409: "It contradicts what is there",
    413: "Too large",
    415: "A content type or image format that is not taken",
    422: "The image or the file cannot be used",
    429: "Over a rate or quota",
    500: "Unforeseen; the server's log has it",
    503: "A part of the server is missing or down",
}


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(description="Stable name of the problem.", examples=["NotExistService"])
    status: int
    detail: str = Field(description="What was wrong, in words.")
    code: int = Field(description="AI Fashion's resultCode, where it has one.", examples=[-42000])
    requestId: str


class ProblemAnswer(JSONResponse):
    media_type = MEDIA_TYPE


def render_error(request: Request, error: Exception) -> Response:
    code = code_of(error)
    request.state.code = code.number
    problem = Problem(
        type="about:blank",
        title=code.name,
        status=code.status,
        detail=detail_of(error),
        code=code.number,
        requestId=request.state.request_id,
    )
    return ProblemAnswer(problem.model_dump(), code.status, {"Cache-Control": "no-store", **_headers(error)})


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, AccessDenied):
        return {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
    if isinstance(error, RateLimited):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allowed}
    return {}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a call that may answer with these, and with what every call may."""
    said: dict[int | str, dict[str, Any]] = {
        status: {"description": _WORDS[status], "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status in sorted({400, 401, 429, 500, 503, *statuses})
    }
    said[429]["headers"] = RETRY_AFTER
    return said


_SCHEMA = {"$ref": "#/components/schemas/Problem"}
