"""Parameters that a call does not have are refused: a misspelt ``minSimilarity`` cuts nothing, a ``dryrun`` indexes."""

from collections import Counter
from typing import Any

from starlette.requests import Request

from placket.api.access import route_of
from placket.api.query import Query
from placket.domain.errors import InvalidParameter
from placket.domain.filters import PREFIX as FILTER


def check_parameters(request: Request) -> None:
    """What the documentation of the call names is known; of a list alone, and of filters, there may be several.

    Raises InvalidParameter.
    """
    pairs = Query(request.scope["query_string"]).pairs
    if not pairs:
        return
    operation = request.app.openapi()["paths"][route_of(request.scope)][request.method.lower()]
    known: dict[str, Any] = {p["name"]: p["schema"] for p in operation["parameters"] if p["in"] == "query"}
    filters = any(name.startswith(FILTER) for name in known)
    for name, times in Counter(name for name, _ in pairs).items():
        if filters and name.startswith(FILTER):
            # Their own rules name the fields.
            continue
        if name not in known:
            raise InvalidParameter(f"{name} is no parameter of this call, which takes {', '.join(known) or 'none'}")
        if times > 1 and known[name].get("type") != "array":
            raise InvalidParameter(f"{name} was given {times} times")
