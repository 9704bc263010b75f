"""A client written from the guide alone."""

import time
from typing import Any

import httpx


class FashionClient:
    """``call`` returns the body, after checking what every answer has."""

    def __init__(self, http: httpx.Client, key: str) -> None:
        self._http = http
        self.key = key

    def call(self, method: str, rest: str, *, maker: bool = False, **options: Any) -> dict[str, Any]:
        prefix = "nhn-ai-fashion-maker" if maker else "nhn-ai-fashion"
        answer = self._http.request(method, f"/{prefix}/v1.0/appkeys/{self.key}/{rest}", **options)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        body: dict[str, Any] = answer.json()
        return body

    def data(self, method: str, rest: str, **options: Any) -> dict[str, Any]:
        """The data of a call that must succeed."""
        body = self.call(method, rest, **options)
        assert body["header"] == {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}, body
        data: dict[str, Any] = body.get("data", {})
        return data

    def index(self, service: str, format: str, **files: Any) -> str:
        """Request indexing with ``file`` or ``link``; the index's id."""
        made = self.data("POST", f"service/{service}/index?format={format}", maker=True, files=files)
        index_id: str = made["indexID"]
        return index_id

    def wait_for(self, service: str, index_id: str, seconds: float = 60) -> dict[str, Any]:
        """The index's entry in the list, once it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            items = self.data("GET", f"service/{service}/indexes?start=0&limit=100", maker=True)["items"]
            entry: dict[str, Any] = next(i for i in items if i["id"] == index_id)
            if entry["status"] in ("finished", "failed"):
                return entry
            time.sleep(0.1)
        raise AssertionError(f"the index request did not end: {entry}")
