"""Who asks: a Bearer key, or the admin token. From then on, what is asked with is looked at."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from placket.api.parts import Parts
from placket.api.placket_v1.known import check_parameters
from placket.domain.errors import Unauthorized
from placket.services.keys import require_full
from placket.services.stores import Caller

_KEY = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="A key made by `placket keys create`.")
_TOKEN = HTTPBearer(auto_error=False, scheme_name="AdminToken", description="See `placket keys admin-token`.")


async def _authenticated(
    request: Request, parts: Parts, given: Annotated[HTTPAuthorizationCredentials | None, Security(_KEY)]
) -> Caller:
    if given is None:
        raise Unauthorized("the request has no header 'Authorization: Bearer KEY'")
    caller = await parts.keys.authenticate(given.credentials)
    request.state.key_id = caller.key_id
    return caller


async def _any_caller(request: Request, caller: Annotated[Caller, Depends(_authenticated)]) -> Caller:
    check_parameters(request)
    return caller


async def _caller(request: Request, caller: Annotated[Caller, Depends(_authenticated)]) -> Caller:
    require_full(caller)
    check_parameters(request)
    return caller


async def require_admin(
    request: Request, parts: Parts, given: Annotated[HTTPAuthorizationCredentials | None, Security(_TOKEN)]
) -> None:
    if given is None:
        raise Unauthorized("the request has no header 'Authorization: Bearer TOKEN'")
    await parts.admin_token.check(given.credentials)
    request.state.key_id = "admin"
    check_parameters(request)


ByKey = Annotated[Caller, Depends(_caller)]
"""A key with full access; a call that says nothing else asks for one."""

BySearchKey = Annotated[Caller, Depends(_any_caller)]
"""Any key, one for searching alone too: for calls that visitors of a shop may make."""
