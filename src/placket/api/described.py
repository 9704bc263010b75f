"""OpenAPI of parameters and bodies that are read by hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel
from starlette.routing import BaseRoute

from placket.domain.runs import FILTER_FIELDS
from placket.services.searching import MOST_RESULTS
from placket.services.webhooks import SIGNATURE_HEADER


def parameter(name: str, schema: dict[str, Any], description: str, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


LOCATION = {"Location": {"required": True, "description": "Path of what was made", "schema": {"type": "string"}}}
RETRY_AFTER = {
    "Retry-After": {"description": "Seconds; over a rate, not a quota", "schema": {"type": "integer", "minimum": 1}}
}
"""``headers`` of an answer."""


def webhook(operation_id: str, url: str, summary: str, told: type[BaseModel]) -> list[BaseRoute]:
    """``callbacks`` of a call: what the address that ``url`` finds in its request is called with."""

    async def heard(body: told, signature: Annotated[str, Header(alias=SIGNATURE_HEADER)]) -> None:  # type: ignore[valid-type]
        """Answered by the program that is called, never here."""

    router = APIRouter()
    router.add_api_route(
        url,
        heard,
        methods=["POST"],
        name=operation_id,
        operation_id=operation_id,
        summary=summary,
        description="The signature is sha256= and the hex HMAC-SHA256 of the body under the project's webhook secret.",
        status_code=204,
        response_description="Any 2xx: it was heard. Otherwise it is told again, eight times in all.",
    )
    return router.routes


EXAMPLE_URL = "https://example.com/photo.jpg"
EMPTY: dict[str, Any] = {"examples": [""]}
"""Of a text that a form may lack: the page at /docs fills in and sends "string" otherwise."""

LIMIT = parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_RESULTS}, "Most items", required=True)
THRESHOLD = parameter(
    "threshold", {"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "Least similarity; without it nothing is cut"
)


def filters_of(form: str, *examples: str) -> tuple[dict[str, Any], ...]:
    """A parameter for each field that is filtered by; ``form``: what its value looks like."""
    schema = {"type": "string", "examples": list(examples)}
    return tuple(parameter(f"filter.{field}", schema, form) for field in FILTER_FIELDS)


FILTERS = filters_of("[equal: or !equal:]value[,value]", "equal:1003,1005")
INDEX_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "Data file"},
                    "link": {"type": "string", "description": "URL of the data file; wins over file", **EMPTY},
                },
            }
        }
    },
}
