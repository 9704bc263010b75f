"""The demo's calls: nothing here but HTTP that any program may speak."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from placket.cli.demo.failure import DemoFailed

_DUPLICATE = -42010
_SILENT_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Of an index run, in rows."""

    status: str
    added: int
    updated: int
    deleted: int
    failed: int
    total: int

    @property
    def done(self) -> int:
        return self.added + self.updated + self.deleted + self.failed

    def __add__(self, other: "Progress") -> "Progress":
        """Of both runs together."""
        return Progress(
            other.status,
            self.added + other.added,
            self.updated + other.updated,
            self.deleted + other.deleted,
            self.failed + other.failed,
            self.total + other.total,
        )


@dataclass(frozen=True, slots=True)
class Hit:
    product_id: str
    similarity: float


class Shop:
    """One key's view of one service. Every method raises DemoFailed with the server's own words."""

    def __init__(self, address: str, key: str, service: str) -> None:
        self._client = httpx.Client(base_url=address, trust_env=False, timeout=60.0)
        self._key = key
        self._name = service

    def close(self) -> None:
        self._client.close()

    def key_works(self) -> bool:
        answer = self._send("GET", f"/nhn-ai-fashion/v1.0/appkeys/{self._key}/services")
        return bool(answer["header"]["isSuccessful"])

    def ensure_service(self) -> None:
        path = f"/nhn-ai-fashion/v1.0/appkeys/{self._key}/service/{self._name}"
        header = self._send("POST", path)["header"]
        if not header["isSuccessful"] and header["resultCode"] != _DUPLICATE:
            raise DemoFailed(f"the service {self._name!r} cannot be created: {_words(header)}")

    def index(self, jsonl: bytes, report: Callable[[Progress], None]) -> tuple[str, Progress]:
        """Ask for it, and wait for its end, calling ``report`` now and then. Returns the run's id and how it ended."""
        path = f"{self._maker}/index"
        data = self._data("POST", path, params={"format": "jsonl"}, files={"file": ("demo.jsonl", jsonl)})
        run_id, seen, since = str(data["indexID"]), -1, time.monotonic()
        while True:
            progress = self._progress(run_id)
            report(progress)
            if progress.status in ("finished", "failed"):
                return run_id, progress
            if progress.done != seen:
                seen, since = progress.done, time.monotonic()
            elif time.monotonic() - since > _SILENT_SECONDS:
                raise DemoFailed(f"the index run stands still at {progress.done} of {progress.total} rows")
            time.sleep(0.2)

    def _progress(self, run_id: str) -> Progress:
        items = self._data("GET", f"{self._maker}/indexes", params={"start": 0, "limit": 100})["items"]
        for i in items:
            if i["id"] == run_id:
                return Progress(i["status"], i["addCnt"], i["updateCnt"], i["deleteCnt"], i["failCnt"], i["totalCnt"])
        raise DemoFailed("the index run is gone from the list of runs")

    def failed_rows(self, run_id: str) -> dict[str, str]:
        """Product id to reason."""
        answer = self._client.get(
            f"/placket/v1/services/{self._name}/runs/{run_id}/rows",
            params={"outcome": "failed", "limit": 1000},
            headers={"Authorization": f"Bearer {self._key}"},
        )
        if answer.status_code != 200:
            return {}
        return {str(row["product_id"]): str(row["detail"] or row["reason"]) for row in answer.json()["items"]}

    def similar(self, product_id: str, limit: int) -> list[Hit]:
        return _hits(self._data("GET", f"{self._service}/product/{product_id}", params={"limit": limit}))

    def detect(self, url: str) -> list[dict[str, Any]]:
        return list(self._data("GET", f"{self._service}/detect", params={"path": url})["items"])

    def by_link(self, link: str, limit: int) -> list[Hit]:
        return _hits(self._data("GET", f"{self._service}/image", params={"link": link, "limit": limit}))

    def tag(self, url: str, item_limit: int) -> list[dict[str, Any]]:
        params = {"path": url, "lang": "en", "item_limit": item_limit}
        return list(self._data("GET", f"{self._service}/tag", params=params)["items"])

    def answers(self, path: str) -> bool:
        try:
            return self._client.get(path, follow_redirects=True).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def _service(self) -> str:
        return f"/nhn-ai-fashion/v1.0/appkeys/{self._key}/service/{self._name}"

    @property
    def _maker(self) -> str:
        return f"/nhn-ai-fashion-maker/v1.0/appkeys/{self._key}/service/{self._name}"

    def _data(self, method: str, path: str, **more: Any) -> Any:
        body = self._send(method, path, **more)
        if not body["header"]["isSuccessful"]:
            raise DemoFailed(f"{path.rsplit('/', 1)[-1]}: {_words(body['header'])}")
        return body["data"]

    def _send(self, method: str, path: str, **more: Any) -> Any:
        try:
            body = self._client.request(method, path, **more).json()
            body["header"]["isSuccessful"]
        except httpx.HTTPError as error:
            raise DemoFailed(f"the server does not answer: {error or type(error).__name__}") from None
        except (ValueError, KeyError, TypeError):
            raise DemoFailed("the server's answer is not that of the AI Fashion API") from None
        return body


def _hits(data: Any) -> list[Hit]:
    return [Hit(str(i["productID"]), float(i["similarity"])) for i in data["items"]]


def _words(header: dict[str, Any]) -> str:
    return f"{header['resultCode']} {header['resultMessage']}: {header.get('detail', '')}".rstrip(": ")
