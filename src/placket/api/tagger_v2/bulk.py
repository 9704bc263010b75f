"""``/bulk``: tasks of many images, made, appended to, watched, read, deleted."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from placket.api.described import parameter, webhook
from placket.api.query import Query
from placket.api.tagger_v2.answers import TaggerAnswer, failure_list, success, time_stamp
from placket.api.tagger_v2.codes import code_of_reason
from placket.api.tagger_v2.documentation import (
    BULK_BODY,
    IDEMPOTENCY_KEY,
    LANGUAGE,
    MOST_OFFSET,
    OFFSET,
    SIZE,
    failures,
)
from placket.api.tagger_v2.parts import TaggerParts, read_body
from placket.api.tagger_v2.routes import Routes
from placket.api.tagger_v2.schemas import (
    DeletedAnswer,
    ResultsAnswer,
    Submitted,
    TaggingTaskDone,
    TaskAnswer,
    TaskListAnswer,
)
from placket.api.tagger_v2.single import language_of
from placket.domain.errors import InvalidParameter
from placket.domain.tagger.result import tagging_result
from placket.domain.tagger.tasks import Submission, Task
from placket.services.tagging_tasks import ResultPage

MOST_RESULTS = 100
MOST_TASKS = 1000
_DONE = webhook("taggingTaskDone", "{$request.body#/callbackUrl}", "The task is done", TaggingTaskDone)
_CURSOR = re.compile(r"t([0-9a-f]{1,15})")


class BulkCalls:
    def __init__(self, parts: TaggerParts) -> None:
        self._parts = parts

    def add_to(self, routes: Routes) -> None:
        submit: dict[str, Any] = {
            "status_code": 202,
            "response_model": Submitted,
            "openapi_extra": {"parameters": [IDEMPOTENCY_KEY], "requestBody": BULK_BODY},
        }
        routes.add(
            "POST",
            "/bulk",
            self.create,
            operation_id="createTaggingTask",
            summary="Make a task of many images",
            responses=failures(413),
            callbacks=_DONE,
            **submit,
        )
        routes.add(
            "PUT",
            "/bulk/{taskId}",
            self.append,
            operation_id="appendToTaggingTask",
            summary="Append images to a task, within its time",
            responses=failures(404, 410, 413),
            **submit,
        )
        routes.add(
            "GET",
            "/bulk",
            self.list,
            operation_id="listTaggingTasks",
            summary="The project's tasks, newest first",
            response_model=TaskListAnswer,
            responses=failures(),
            openapi_extra={
                "parameters": [
                    parameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_TASKS}, "Most tasks"),
                    parameter("cursor", {"type": "string"}, "The nextCursor of the page before"),
                ]
            },
        )
        self._add_task_calls(routes)

    def _add_task_calls(self, routes: Routes) -> None:
        routes.add(
            "GET",
            "/bulk/{taskId}/status",
            self.status,
            operation_id="getTaggingTaskStatus",
            summary="How far a task is",
            response_model=TaskAnswer,
            responses=failures(404, 410),
        )
        routes.add(
            "GET",
            "/bulk/{taskId}",
            self.results,
            operation_id="getTaggingResults",
            summary="Results of a task that is done, in the order of the requests",
            response_model=ResultsAnswer,
            responses=failures(404, 409, 410),
            openapi_extra={"parameters": [OFFSET, SIZE, LANGUAGE]},
        )
        routes.add(
            "DELETE",
            "/bulk/{taskId}",
            self.delete,
            operation_id="deleteTaggingTask",
            summary="Remove a task with its results; what is not done yet is dropped",
            response_model=DeletedAnswer,
            responses=failures(404),
        )

    async def create(self, request: Request) -> Response:
        caller = await self._parts.caller(request)
        key = request.headers.get("idempotency-key")
        return _submitted(request, await self._parts.tasks.create(caller, await read_body(request), key))

    async def append(self, request: Request) -> Response:
        caller = await self._parts.caller(request)
        key = request.headers.get("idempotency-key")
        body = await read_body(request)
        return _submitted(request, await self._parts.tasks.append(caller, _task_id(request), body, key))

    async def list(self, request: Request) -> Response:
        caller = await self._parts.caller(request)
        query = Query(request.scope["query_string"])
        cursor = query.one("cursor")
        limit: int | None = None
        if cursor is not None or query.one("limit") is not None:
            limit = query.integer("limit", 1, MOST_TASKS, MOST_RESULTS)
        before = None if cursor is None else _sequence(cursor)
        found = await self._parts.tasks.tasks(caller, before=before, limit=None if limit is None else limit + 1)
        shown = found if limit is None else found[:limit]
        following = f"t{shown[-1].sequence:x}" if len(found) > len(shown) else None
        return success(request, {"tasks": [_task(t) for t in shown], "nextCursor": following})

    async def status(self, request: Request) -> Response:
        caller = await self._parts.caller(request)
        return success(request, _task(await self._parts.tasks.task(caller, _task_id(request))))

    async def results(self, request: Request) -> Response:
        caller = await self._parts.caller(request)
        query = Query(request.scope["query_string"])
        offset = query.integer("offset", 0, MOST_OFFSET, 0)
        size = query.integer("size", 1, MOST_RESULTS, MOST_RESULTS)
        language = language_of(request)
        page = await self._parts.tasks.results(caller, _task_id(request), offset, size)
        return success(request, _page(page, language))

    async def delete(self, request: Request) -> Response:
        caller = await self._parts.caller(request)
        await self._parts.tasks.delete(caller, _task_id(request))
        return success(request, {"taskId": _task_id(request)})


def _task_id(request: Request) -> str:
    value: str = request.path_params["taskId"]
    return value


def _sequence(cursor: str) -> int:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidParameter("cursor is not one that a list of tasks gave")
    return int(found[1], 16)


def _submitted(request: Request, submission: Submission) -> TaggerAnswer:
    request.state.code = 0
    expires = time_stamp(submission.expires_at)
    content = {
        "taskId": str(submission.task_id),
        "albumName": submission.album_name,
        "taskExpiredAt": expires,
        "taskExpireAt": expires,
        "validation": {"accept": submission.accepted, "failure": len(submission.rejected)},
        "failureList": failure_list(submission.rejected),
        "status": "ok",
        "error": None,
    }
    return TaggerAnswer(content, 202)


def _task(task: Task) -> dict[str, Any]:
    return {
        "taskId": str(task.id),
        "albumName": task.album_name,
        "description": task.description,
        "count": task.counts(),
        "taskStatus": str(task.status),
        "taskExpireAt": time_stamp(task.expires_at),
        "resultExpiredAt": time_stamp(task.results_expire_at),
        "createDate": time_stamp(task.created_at),
    }


def _page(page: ResultPage, language: str) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in page.entries:
        if entry.garments is None:
            error = {"code": code_of_reason(entry.reason), "message": entry.detail}
            failed.append({"id": entry.image_id, "error": error})
        else:
            result = tagging_result(entry.garments, entry.detection, language)
            results.append({"id": entry.image_id, "taggingResult": result})
    info = {"totalCount": page.task.total, "offset": page.offset, "size": page.size}
    return {"taskInfo": info, "results": results, "failures": failed}
