"""What every call begins with: whose key it is, and the parameters."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from placket.api.fashion_v1.answers import FashionAnswer, success
from placket.api.parts import ApiParts, parts_of
from placket.api.paths import path_text
from placket.api.query import Query
from placket.domain.errors import InvalidParameter, Unauthorized
from placket.services.keys import require_full
from placket.services.stores import Caller


@dataclass(frozen=True, slots=True)
class FashionCall:
    """``service`` is empty where the path has none."""

    request: Request
    parts: ApiParts
    caller: Caller
    query: Query
    service: str

    def answer(self, own: str, value: str, items: list[dict[str, object]]) -> FashionAnswer:
        """The answer of the calls that find things: how many, for which query, and they."""
        query = self.query.echo(own, value)
        return success(self.request, {"totalCount": len(items), "query": query, "items": items})


async def _open(request: Request, *, full: bool) -> FashionCall:
    """Key, then parameters. ``full``: a key for searching alone is none.

    Raises Unauthorized, RateLimited, AccessDenied, InvalidParameter.
    """
    parts = parts_of(request)
    try:
        key = path_text(request, "appKey")
    except InvalidParameter:
        raise Unauthorized("the key is unknown or was revoked") from None
    caller = await parts.keys.authenticate(key)
    request.state.key_id = caller.key_id
    if full:
        require_full(caller)
    query = Query(request.scope["query_string"])
    service = path_text(request, "serviceID") if "serviceID" in request.path_params else ""
    return FashionCall(request, parts, caller, query, service)


async def _call(request: Request) -> FashionCall:
    return await _open(request, full=True)


async def _search_call(request: Request) -> FashionCall:
    return await _open(request, full=False)


Call = Annotated[FashionCall, Depends(_call)]
"""By a key with full access; a call that says nothing else asks for one."""

SearchCall = Annotated[FashionCall, Depends(_search_call)]
"""By any key, one for searching alone too: for what visitors of a shop may do."""
