"""What OpenAPI says about the calls: their parameters are read by hand, and every answer is HTTP 200."""

from typing import Any

from pydantic import BaseModel

from placket.api.fashion_v1.schemas import FashionFailure


def described(
    operation_id: str,
    summary: str,
    model: type[BaseModel],
    *parameters: dict[str, Any],
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Arguments of a route: one answer of HTTP 200, which is ``model`` or a failure."""
    extra: dict[str, Any] = {"parameters": list(parameters)} if parameters else {}
    if body:
        extra["requestBody"] = body
    return {
        "operation_id": operation_id,
        "summary": summary,
        "response_model": model | FashionFailure,
        "openapi_extra": extra,
    }
