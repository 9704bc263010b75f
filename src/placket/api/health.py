"""Is it alive, can it serve, and how is it doing."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from placket.api.metrics import Metrics
from placket.api.parts import ApiParts, Parts
from placket.services.patience import within

_PROBE_SECONDS = 5.0

router = APIRouter(tags=["Operation"])


class Health(BaseModel):
    status: Literal["alive"]


class Readiness(BaseModel):
    status: Literal["ready", "not ready"]
    problems: list[str] = Field(description="Of a server that is ready, those that will soon be in its way.")


# Load balancers probe with HEAD too.
@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", operation_id="getHealth", summary="The process answers")
async def health() -> Health:
    return Health(status="alive")


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Requests can be served",
    responses={503: {"model": Readiness, "description": "Not now; the problems say why"}},
)
async def readiness(request: Request, response: Response, parts: Parts) -> Readiness:
    if request.app.state.leaving:
        problems = ["the server is about to stop"]
    else:
        problems = await _problems(parts)
    if problems:
        response.status_code = 503
        return Readiness(status="not ready", problems=problems)
    # Searches go on: a balancer that took every server away for it would make it worse.
    return Readiness(status="ready", problems=await parts.warnings())


async def _problems(parts: ApiParts) -> list[str]:
    try:
        return await within(_PROBE_SECONDS, parts.problems())
    except TimeoutError:
        return [f"the parts did not say how they are within {_PROBE_SECONDS:g} s"]


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, parts: Parts) -> Response:
    own: Metrics = request.app.state.metrics
    body = own.render(await parts.figures())
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")
