"""Index runs: submitted, followed, read row by row, cancelled, repeated."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from placket.api.described import INDEX_BODY, LOCATION, webhook
from placket.api.index_upload import receive_index_file
from placket.api.parts import Parts
from placket.api.placket_v1.auth import ByKey
from placket.api.placket_v1.parameters import PREFIX, ServiceName
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import IndexRunEnded, ReindexAnswer, Run, RunList, RunRow, RunRowList
from placket.api.run_order import SORT_KEYS, run_order
from placket.api.urls import callback_url
from placket.domain.errors import InvalidParameter
from placket.domain.runs import Outcome, RunKind, RunState

router = APIRouter(prefix=PREFIX, tags=["Index runs"])

_RUNS = "/services/{service}/runs"
_RUN = "/services/{service}/runs/{runId}"
_ENDED = webhook("indexRunEnded", "{$request.query.callbackUrl}", "The run has ended", IndexRunEnded)


def _located(response: Response, run: Run) -> Run:
    response.headers["Location"] = f"{PREFIX}/services/{run.service}/runs/{run.id}"
    return run


@router.post(
    _RUNS,
    status_code=202,
    operation_id="submitRun",
    summary="Index a file",
    responses={202: {"headers": LOCATION}, **problems(403, 404, 408, 409, 413, 415, 422)},
    openapi_extra={"requestBody": INDEX_BODY},
    callbacks=_ENDED,
)
async def submit(
    service: ServiceName,
    caller: ByKey,
    parts: Parts,
    request: Request,
    response: Response,
    format: Annotated[Literal["jsonl", "csv"], Query()],
    dryRun: Annotated[bool, Query(description="Only check the file; nothing changes.")] = False,
    callbackUrl: Annotated[str | None, Query(description="Called with POST when the run has ended.")] = None,
) -> Run:
    callback = callback_url(callbackUrl) if callbackUrl else ""
    run = await receive_index_file(request, parts, caller, service, format, check_only=dryRun, callback_url=callback)
    return _located(response, Run.of(run))


@router.get(_RUNS, operation_id="listRuns", summary="Index runs of a service", responses=problems(403, 404))
async def all_runs(
    service: ServiceName,
    caller: ByKey,
    parts: Parts,
    start: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    order: Annotated[
        str, Query(description=f":asc or :desc after one of {', '.join(SORT_KEYS)}.")
    ] = "requestedTime:desc",
    status: Annotated[
        str, Query(description="One or several of reserved, running, finished, failed, comma separated.")
    ] = "",
    kind: Annotated[str, Query(description="One or several of index, check, reindex; all when empty.")] = "",
) -> RunList:
    states, kinds = _states(status), _kinds(kind)
    sorting = run_order(order)
    found = await parts.catalogue.service(caller, service)
    total, runs = await parts.indexing.list(found, start=start, limit=limit, order=sorting, states=states, kinds=kinds)
    return RunList(total=total, items=[Run.of(r) for r in runs])


def _states(status: str) -> tuple[RunState, ...]:
    try:
        return tuple(RunState(word.strip()) for word in status.split(",") if word)
    except ValueError:
        raise InvalidParameter(f"status must be of {', '.join(RunState)}") from None


def _kinds(kind: str) -> tuple[RunKind, ...]:
    try:
        return tuple(RunKind(word.strip()) for word in kind.split(",") if word) or tuple(RunKind)
    except ValueError:
        raise InvalidParameter(f"kind must be of {', '.join(RunKind)}") from None


@router.get(_RUN, operation_id="getRun", summary="One run", responses=problems(403, 404))
async def one(service: ServiceName, runId: UUID, caller: ByKey, parts: Parts) -> Run:
    return Run.of(await parts.indexing.get(await parts.catalogue.service(caller, service), runId))


@router.get(
    _RUN + "/rows",
    operation_id="listRunRows",
    summary="Rows of a run: which product was added, updated, deleted, or failed and why",
    responses=problems(403, 404),
)
async def rows(
    service: ServiceName,
    runId: UUID,
    caller: ByKey,
    parts: Parts,
    outcome: Annotated[Outcome | None, Query()] = None,
    start: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> RunRowList:
    found = await parts.catalogue.service(caller, service)
    page = await parts.indexing.rows(found, runId, outcome=outcome, start=start, limit=limit + 1)
    following = start + limit if len(page) > limit else None
    return RunRowList(items=[RunRow.of(r) for r in page[:limit]], nextStart=following)


@router.post(
    _RUN + "/cancel",
    operation_id="cancelRun",
    summary="Cancel a run; its rows not done fail as Cancelled",
    responses=problems(403, 404, 409),
)
async def cancel(service: ServiceName, runId: UUID, caller: ByKey, parts: Parts) -> Run:
    return Run.of(await parts.indexing.cancel(await parts.catalogue.service(caller, service), runId))


@router.post(
    _RUN + "/repeat",
    status_code=202,
    operation_id="repeatFailedRows",
    summary="A new run of the rows of an ended one that failed",
    description=(
        "Rows that could not be read (`InvalidRow`) or are out of date (a later row of the run, a later run or a call"
        " has said what holds of the product) are left out: as many as the ended run's `failed` is more than the new"
        " one's `total`."
    ),
    responses={202: {"headers": LOCATION}, **problems(403, 404)},
)
async def repeat(service: ServiceName, runId: UUID, caller: ByKey, parts: Parts, response: Response) -> Run:
    run = await parts.indexing.repeat_failed(await parts.catalogue.service(caller, service), runId)
    return _located(response, Run.of(run))


@router.post(
    "/services/{service}/reindex",
    status_code=202,
    operation_id="reindexService",
    summary="Compute a service's embeddings anew, after a change of bundle",
    description="Where that is under way already, the answer is its run.",
    responses=problems(403, 404),
)
async def reindex(service: ServiceName, caller: ByKey, parts: Parts) -> ReindexAnswer:
    run = await parts.indexing.reindex(await parts.catalogue.service(caller, service))
    return ReindexAnswer(run=Run.of(run) if run else None)
