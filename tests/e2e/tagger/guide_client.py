"""A client of the bulk API as its guide describes it; it knows nothing of the server's code.

"클라이언트는 다량의 이미지를 담아 요청을 보내고 202 상태코드와 TASK ID를 응답받습니다 ... TASK_DONE 값을 받아야 Result
endpoint를 통해 태깅 결과를 확인할 수 있습니다."
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_IMAGES = 1000
PAGE = 100


class ApiError(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body


class BulkClient:
    def __init__(self, domain: str, api_key: str, language: str = "en") -> None:
        self._base = f"{domain}/tagger/v2.12/bulk/"
        self._headers = {"Content-Type": "application/json", "x-api-key": api_key}
        self._language = language

    def create(self, images: Mapping[str, str], **fields: Any) -> dict[str, Any]:
        """``images``: id to URL, 1,000 at most. The answer has taskId, albumName, validation ..."""
        return self._expect(202, "POST", "", self._body(images, fields))

    def append(self, task_id: str, images: Mapping[str, str], **fields: Any) -> dict[str, Any]:
        return self._expect(202, "PUT", task_id, self._body(images, fields))

    def tasks(self) -> list[dict[str, Any]]:
        tasks: list[dict[str, Any]] = self._expect(200, "GET", "")["data"]["tasks"]
        return tasks

    def status(self, task_id: str) -> dict[str, Any]:
        data: dict[str, Any] = self._expect(200, "GET", f"{task_id}/status")["data"]
        return data

    def wait(self, task_id: str, seconds: float) -> dict[str, Any]:
        """Poll until TASK_DONE."""
        deadline = time.monotonic() + seconds
        while True:
            status = self.status(task_id)
            if status["taskStatus"] == "TASK_DONE":
                return status
            if time.monotonic() > deadline:
                raise TimeoutError(status)
            time.sleep(0.2)

    def results(self, task_id: str) -> Iterator[dict[str, Any]]:
        """Page by 100 until the offset is past the total, as clients in the wild do."""
        offset = 0
        while True:
            data = self._expect(200, "GET", f"{task_id}?offset={offset}&size={PAGE}")["data"]
            yield from data["results"]
            offset += PAGE
            if offset > data["taskInfo"]["totalCount"]:
                return

    @staticmethod
    def _body(images: Mapping[str, str], fields: Mapping[str, Any]) -> dict[str, Any]:
        entries: Sequence[Any] = [
            {"image": {"type": "url", "content": url}, "context": {"id": name}} for name, url in images.items()
        ]
        return {"taggingRequest": entries, **fields}

    def _expect(self, expected: int, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, answer = self.call(method, path, None if body is None else json.dumps(body).encode())
        if status != expected:
            raise ApiError(status, answer)
        return answer

    def call(self, method: str, path: str, content: bytes | None = None) -> tuple[int, dict[str, Any]]:
        headers = {**self._headers, "accept-language": self._language}
        request = urllib.request.Request(self._base + path, content, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
