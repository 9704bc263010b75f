"""OpenAPI of parameters and bodies that are read by hand."""

from typing import Any

from placket.domain.runs import FILTER_FIELDS
from placket.services.searching import MOST_RESULTS


def parameter(name: str, schema: dict[str, Any], description: str, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


LIMIT = parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_RESULTS}, "Most items", required=True)
THRESHOLD = parameter(
    "threshold", {"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "Least similarity; without it nothing is cut"
)
FILTERS = tuple(
    parameter(
        f"filter.{field}", {"type": "string", "examples": ["equal:1003,1005"]}, "[equal: or !equal:]value[,value]"
    )
    for field in FILTER_FIELDS
)
INDEX_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "Data file"},
                    "link": {"type": "string", "description": "URL of the data file; wins over file"},
                },
            }
        }
    },
}
