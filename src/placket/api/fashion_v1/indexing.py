"""Indexing: requests, and the list of them."""

from datetime import datetime

from fastapi import APIRouter

from placket.api.described import INDEX_BODY, parameter
from placket.api.fashion_v1.answers import FashionAnswer, success
from placket.api.fashion_v1.call import Call
from placket.api.fashion_v1.documentation import described
from placket.api.fashion_v1.schemas import IndexAccepted, IndexList
from placket.api.index_upload import receive_index_file
from placket.api.query import Query
from placket.api.run_order import PAGED, SORT_KEYS, run_order
from placket.domain.errors import InvalidParameter
from placket.domain.runs import Run, RunState
from placket.services.indexing import FORMATS

router = APIRouter(tags=["AI Fashion v1.0: indexing"])

_SERVICE = "/nhn-ai-fashion-maker/v1.0/appkeys/{appKey}/service/{serviceID}"
_MOST_PAGE = 100

_FORMAT = parameter("format", {"type": "string", "enum": list(FORMATS)}, "Of the data file", required=True)
_START = parameter(
    "start",
    {"type": "integer", "minimum": 0, "maximum": PAGED - 1},
    f"Starts from 0; start + limit is at most {PAGED}",
    required=True,
)
_LIMIT = parameter("limit", {"type": "integer", "minimum": 1, "maximum": _MOST_PAGE}, "Max 100", required=True)
_ORDER = parameter(
    "order",
    {"type": "string", "default": "requestedTime:desc"},
    f"{{item}}:asc or {{item}}:desc, by {', '.join(SORT_KEYS)}",
)
_STATUS = parameter("status", {"type": "string", "enum": [str(s) for s in RunState]}, "Only those of this status")


@router.post(
    _SERVICE + "/index", **described("requestIndexing", "Indexing request", IndexAccepted, _FORMAT, body=INDEX_BODY)
)
async def index(call: Call) -> FashionAnswer:
    format = call.query.required("format")
    run = await receive_index_file(call.request, call.parts, call.caller, call.service, format)
    return success(call.request, {"indexID": str(run.id)})


@router.get(
    _SERVICE + "/indexes",
    **described("listIndexes", "Get a list of indexes", IndexList, _START, _LIMIT, _ORDER, _STATUS),
)
async def indexes(call: Call) -> FashionAnswer:
    query = call.query
    start = query.integer("start", 0, PAGED - 1)
    limit = query.integer("limit", 1, _MOST_PAGE)
    if start + limit > PAGED:
        raise InvalidParameter(f"start + limit must be at most {PAGED}")
    given = query.one("order")
    order = run_order("requestedTime:desc" if given is None else given)
    states = _states(query)
    service = await call.parts.catalogue.service(call.caller, call.service)
    total, runs = await call.parts.indexing.list(service, start=start, limit=limit, order=order, states=states)
    return success(call.request, {"total": total, "items": [_item(run) for run in runs]})


def _states(query: Query) -> tuple[RunState, ...]:
    status = query.one("status")
    if status is None:
        return ()
    try:
        return (RunState(status),)
    except ValueError:
        raise InvalidParameter(f"status must be one of {', '.join(RunState)}") from None


def _item(run: Run) -> dict[str, object]:
    return {
        "service": run.service,
        "id": str(run.id),
        "filename": run.filename,
        "status": str(run.state),
        "reservedTime": _epoch(run.reserved_at),
        "startTime": _epoch(run.started_at),
        "finishTime": _epoch(run.finished_at),
        "addCnt": run.added,
        "failCnt": run.failed,
        "deleteCnt": run.deleted,
        "updateCnt": run.updated,
        "totalCnt": run.total,
    }


def _epoch(time: datetime | None) -> int:
    """Seconds since the epoch; 0 until known."""
    return int(time.timestamp()) if time else 0
