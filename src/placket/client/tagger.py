"""Tagger v2.12: one image, or tasks of any number of them."""

import base64
import uuid
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import islice
from typing import Any, Literal

from placket.client.answers import read_tagger
from placket.client.errors import NothingAccepted
from placket.client.faces import Calls, M, call, listing
from placket.client.inputs import Source, is_url, parameters, segment, several, uploaded
from placket.client.shapes.tagger import (
    Context,
    Entry,
    FailedResult,
    Image,
    Result,
    Results,
    Submitted,
    TaggingResult,
    Task,
)
from placket.client.steps import Page, Pages, Progress, Request, Steps
from placket.client.waiting import wait_until

PREFIX = "/tagger/v2.12"
MOST_ENTRIES = 1000
_RESULTS_A_PAGE = 100
_FORMATS = ((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"BM", "bmp"), (b"RIFF", "webp"))


def entry(
    id: str,
    url: str,
    *,
    detection: Sequence[str] | None = None,
    name: str | None = None,
    keywords: str | None = None,
    gender: str | None = None,
) -> Entry:
    """An element of a ``taggingRequest``; put further ``context`` of the guide into it as you like.

    ``name``, ``keywords`` and ``gender`` of the product, in any of the four languages, help to tell what is seen.
    """
    context: Context = {"id": id}
    _say(context, detection, name, keywords, gender)
    return {"image": {"type": "url", "content": url}, "context": context}


def _say(
    context: Context | dict[str, Any],
    detection: Sequence[str] | None,
    name: str | None,
    keywords: str | None,
    gender: str | None,
) -> None:
    if detection:
        context["detection"] = several(detection, "detection")
    if name:
        context["productContentName"] = name
    if keywords:
        context["keywords"] = keywords
    if gender:
        context["gender"] = gender


class Tagger(Calls[M]):
    """``lang``: en, ko, zh or ja. ``detection``: groups to tag (TOP, BOTTOM, SHOES ...), clothing unless told.

    PUT and POST carry an Idempotency-Key: where the answer was lost, no task is made twice and no image counts twice.
    """

    @call
    def tag(
        self,
        photo: Source,
        *,
        detection: Sequence[str] | None = None,
        lang: str | None = None,
        name: str | None = None,
        keywords: str | None = None,
        gender: str | None = None,
    ) -> Steps[TaggingResult]:
        """One image: a ``Path``, bytes, or a URL; words as in :func:`entry`. Raises ImageRefused, UsageExceeded,
        OSError."""
        context: dict[str, Any] = {}
        _say(context, detection, name, keywords, gender)
        content = {"image": (yield from _image(photo)), "context": context}
        headers = {**_language(lang), "Idempotency-Key": uuid.uuid4().hex}
        request = Request("POST", f"{PREFIX}/tags", True, headers=headers, json=content)
        body = yield from self._retries.send(request, read_tagger)
        result: TaggingResult = body["data"]
        return result

    @call
    def create(
        self,
        entries: Iterable[Entry],
        *,
        album_name: str | None = None,
        description: str | None = None,
        detection: Sequence[str] | None = None,
        strict: bool = False,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Steps[Submitted]:
        """Make a task of at most 1,000 images (see :meth:`create_of_many`).

        Raises NothingAccepted, TooLarge, UsageExceeded; InvalidRequest names the field.
        """
        given = {"albumName": album_name, "description": description, "callbackUrl": callback_url}
        content = {**_content(entries, detection, strict), **{k: v for k, v in given.items() if v is not None}}
        return (yield from self._submit("POST", f"{PREFIX}/bulk", content, idempotency_key))

    @call
    def append(
        self,
        task_id: str,
        entries: Iterable[Entry],
        *,
        detection: Sequence[str] | None = None,
        strict: bool = False,
        idempotency_key: str | None = None,
    ) -> Steps[Submitted]:
        """At most 1,000 images more (see :meth:`append_of_many`).

        Raises NoSuchTask, TaskExpired, NothingAccepted, TooLarge, UsageExceeded.
        """
        content = _content(entries, detection, strict)
        return (yield from self._submit("PUT", _task_path(task_id), content, idempotency_key))

    @call
    def create_of_many(
        self,
        entries: Iterable[Entry],
        *,
        album_name: str | None = None,
        description: str | None = None,
        detection: Sequence[str] | None = None,
        callback_url: str | None = None,
        progress: Progress[Submitted] | None = None,
    ) -> Steps[Submitted]:
        """A task of any number of images: made with the first 1,000, the rest appended by the thousand.

        Counts and failures are those of all requests; ``progress`` sees them after each. ``callback_url`` is called
        each time that the task becomes done, which can be before the last thousand is appended. Raises NothingAccepted
        when not one of the first is valid.
        """
        given = {"albumName": album_name, "description": description, "callbackUrl": callback_url}
        head = {k: v for k, v in given.items() if v is not None}
        remaining = iter(entries)
        first = list(islice(remaining, MOST_ENTRIES))
        content = {**_content(first, detection, False), **head}
        task = yield from self._submit("POST", f"{PREFIX}/bulk", content, None)
        if progress is not None:
            progress(task)
        while more := list(islice(remaining, MOST_ENTRIES)):
            content = _content(more, detection, False)
            task = _together(task, (yield from self._appended(task["taskId"], content)))
            if progress is not None:
                progress(task)
        return task

    @call
    def append_of_many(
        self,
        task_id: str,
        entries: Iterable[Entry],
        *,
        detection: Sequence[str] | None = None,
        progress: Progress[Submitted] | None = None,
    ) -> Steps[Submitted]:
        """Any number of images more, by the thousand. Those that the task has are refused: so a list of which a part
        was sent is sent once more as a whole.

        Counts and failures are those of all requests. Raises as :meth:`append`, NothingAccepted when not one is valid.
        """
        remaining = iter(entries)
        task: Submitted | None = None
        refused: list[NothingAccepted] = []
        more = list(islice(remaining, MOST_ENTRIES))
        while more or not (task or refused):
            found = yield from self._appended(task_id, _content(more, detection, False))
            if task is not None:
                task = _together(task, found)
            elif isinstance(found, NothingAccepted):
                refused.append(found)
            else:
                task = reduce(_together, refused, found)
            if task is not None and progress is not None:
                progress(task)
            more = list(islice(remaining, MOST_ENTRIES))
        if task is None:
            raise refused[-1]
        return task

    @listing
    def list(self) -> Pages[Task]:
        """The project's tasks, newest first."""
        cursor: str | None = None
        while True:
            params = parameters(limit=_RESULTS_A_PAGE, cursor=cursor)
            body = yield from self._retries.send(Request("GET", f"{PREFIX}/bulk", True, params), read_tagger)
            yield Page(body["data"]["tasks"])
            cursor = body["data"]["nextCursor"]
            if cursor is None:
                return

    @call
    def status(self, task_id: str) -> Steps[Task]:
        """Raises NoSuchTask, TaskExpired."""
        return (yield from self._status(task_id))

    @call
    def wait(
        self, task_id: str, *, progress: Progress[Task] | None = None, timeout: float | None = None
    ) -> Steps[Task]:
        """Until every image is tagged or has failed. Raises WaitTimeout, NoSuchTask, TaskExpired."""
        return (
            yield from wait_until(
                lambda: self._status(task_id), lambda task: task["taskStatus"] == "TASK_DONE", progress, timeout
            )
        )

    @call
    def window(
        self, task_id: str, *, offset: int = 0, size: int = _RESULTS_A_PAGE, lang: str | None = None
    ) -> Steps[Results]:
        """``size`` (1 to 100) entries from ``offset`` on. Raises ResultsNotReady, NoSuchTask, TaskExpired."""
        return (yield from self._window(task_id, offset, size, lang))

    @listing
    def results(self, task_id: str, *, lang: str | None = None) -> Pages[Result]:
        """The images that were tagged, in the order of the requests. Raises as :meth:`window`."""
        yield from self._all(task_id, lang, "results")

    @listing
    def failures(self, task_id: str) -> Pages[FailedResult]:
        """The images that could not be tagged, and why."""
        yield from self._all(task_id, None, "failures")

    @call
    def delete(self, task_id: str) -> Steps[None]:
        """With its results; what is not done yet is dropped. Raises NoSuchTask."""
        yield from self._retries.send(Request("DELETE", _task_path(task_id), True), read_tagger)

    def _submit(self, method: str, path: str, content: dict[str, Any], key: str | None) -> Steps[Submitted]:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        request = Request(method, path, True, headers=headers, json=content)
        submitted: Submitted = yield from self._retries.send(request, read_tagger)
        return submitted

    def _appended(self, task_id: str, content: dict[str, Any]) -> Steps[Submitted | NothingAccepted]:
        try:
            return (yield from self._submit("PUT", _task_path(task_id), content, None))
        except NothingAccepted as error:
            return error

    def _status(self, task_id: str) -> Steps[Task]:
        request = Request("GET", f"{_task_path(task_id)}/status", True)
        body = yield from self._retries.send(request, read_tagger)
        task: Task = body["data"]
        return task

    def _window(self, task_id: str, offset: int, size: int, lang: str | None) -> Steps[Results]:
        request = Request(
            "GET", _task_path(task_id), True, parameters(offset=offset, size=size), headers=_language(lang)
        )
        body = yield from self._retries.send(request, read_tagger)
        results: Results = body["data"]
        return results

    def _all(self, task_id: str, lang: str | None, what: Literal["results", "failures"]) -> Pages[Any]:
        offset, total = 0, 1
        while offset < total:
            window = yield from self._window(task_id, offset, _RESULTS_A_PAGE, lang)
            yield Page(window[what])
            offset += _RESULTS_A_PAGE
            total = window["taskInfo"]["totalCount"]


def _image(photo: Source) -> Steps[Image]:
    if is_url(photo):
        return {"type": "url", "content": str(photo)}
    _, content, _ = yield from uploaded(photo)  # type: ignore[arg-type]
    # The prefix is required; the server goes by the bytes.
    kind = next((name for magic, name in _FORMATS if content.startswith(magic)), "tiff")
    return {"type": "base64", "content": f"data:image/{kind};base64,{base64.b64encode(content).decode()}"}


def _content(entries: Iterable[Entry], detection: Sequence[str] | None, strict: bool) -> dict[str, Any]:
    content: dict[str, Any] = {"taggingRequest": list(entries)}
    if detection:
        content["defaultDetection"] = several(detection, "detection")
    if strict:
        content["option"] = ["STRICT"]
    return content


def _together(task: Submitted, more: Submitted | NothingAccepted) -> Submitted:
    """Both requests' counts and failures; the later end of the time to append."""
    if isinstance(more, NothingAccepted):
        failed: Any = more.failures
        end, accepted = task["taskExpireAt"], 0
    else:
        failed = more["failureList"]
        end, accepted = more["taskExpireAt"], more["validation"]["accept"]
    before = task["validation"]
    return {
        **task,
        "taskExpiredAt": end,
        "taskExpireAt": end,
        "validation": {"accept": before["accept"] + accepted, "failure": before["failure"] + len(failed)},
        "failureList": [*task["failureList"], *failed],
    }


def _language(lang: str | None) -> dict[str, str]:
    return {} if lang is None else {"Accept-Language": lang}


def _task_path(task_id: str) -> str:
    return f"{PREFIX}/bulk/{segment(task_id)}"
