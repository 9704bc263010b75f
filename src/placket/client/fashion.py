"""AI Fashion v1.0, in its guide's words. The key is part of these paths; the client's log lines leave it out."""

from collections.abc import Mapping
from typing import Any

from placket.client.answers import read_fashion
from placket.client.drivers import AsyncDriver, SyncDriver
from placket.client.errors import NoSuchRun
from placket.client.faces import Calls, M, call, listing
from placket.client.inputs import Source, filter_parameters, parameters, segment
from placket.client.retries import Retries
from placket.client.runs import format_of, index_parts
from placket.client.shapes.fashion import (
    DetectedItems,
    Index,
    ServiceInformation,
    ServiceName,
    SimilarProducts,
    TaggedItems,
)
from placket.client.steps import Page, Pages, Progress, Request, Steps
from placket.client.waiting import wait_until

_LAST = 1000
_INDEXES_A_PAGE = 100


class Fashion(Calls[M]):
    """Images are given by URL here, and ``path`` is the guide's name for it."""

    def __init__(self, driver: SyncDriver | AsyncDriver, retries: Retries, key: str) -> None:
        super().__init__(driver, retries)
        self._api = f"/nhn-ai-fashion/v1.0/appkeys/{segment(key)}"
        self._maker = f"/nhn-ai-fashion-maker/v1.0/appkeys/{segment(key)}"

    @call
    def create_service(self, service: str) -> Steps[None]:
        yield from self._retries.send(Request("POST", self._service(service), False), read_fashion)

    @call
    def delete_service(self, service: str) -> Steps[None]:
        yield from self._retries.send(Request("DELETE", self._service(service), True), read_fashion)

    @call
    def services(self) -> Steps[list[ServiceName]]:
        data = yield from self._retries.send(Request("GET", f"{self._api}/services", True), read_fashion)
        found: list[ServiceName] = data["items"]
        return found

    @call
    def service_information(self) -> Steps[list[ServiceInformation]]:
        """Products of each service, and the index requests that it may still make today."""
        data = yield from self._retries.send(Request("GET", f"{self._maker}/services", True), read_fashion)
        found: list[ServiceInformation] = data["items"]
        return found

    @call
    def search_product(
        self,
        service: str,
        product_id: str,
        *,
        limit: int = 100,
        filters: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Steps[SimilarProducts]:
        """Raises NoSuchService, NoSuchProduct."""
        path = f"{self._service(service)}/product/{segment(product_id)}"
        found: SimilarProducts = yield from self._get(path, _options(limit, filters, threshold))
        return found

    @call
    def detect(self, service: str, path: str) -> Steps[DetectedItems]:
        """Raises NoSuchService, ImageRefused."""
        found: DetectedItems = yield from self._get(f"{self._service(service)}/detect", parameters(path=path))
        return found

    @call
    def search_link(
        self,
        service: str,
        link: str,
        *,
        limit: int = 100,
        filters: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Steps[SimilarProducts]:
        """Products like an item that :meth:`detect` found."""
        options = (*parameters(link=link), *_options(limit, filters, threshold))
        found: SimilarProducts = yield from self._get(f"{self._service(service)}/image", options)
        return found

    @call
    def tag(
        self, service: str, path: str, *, lang: str | None = None, item_limit: int | None = None
    ) -> Steps[TaggedItems]:
        """Raises NoSuchService, ImageRefused."""
        options = parameters(path=path, lang=lang, item_limit=item_limit)
        found: TaggedItems = yield from self._get(f"{self._service(service)}/tag", options)
        return found

    @call
    def index(self, service: str, source: Source, *, format: str | None = None) -> Steps[str]:
        """Request the indexing of a JSONL or CSV file (a ``Path``, bytes, or a URL); the indexID.

        Raises NoSuchService, IndexFileInvalid, TooLarge, IndexQuotaExceeded, OSError.
        """
        parts = yield from index_parts(source)
        request = Request(
            "POST",
            f"{self._maker}/service/{segment(service)}/index",
            False,
            parameters(format=format_of(source, format)),
            files=parts,
        )
        data = yield from self._retries.send(request, read_fashion)
        index_id: str = data["indexID"]
        return index_id

    @listing
    def indexes(self, service: str, *, status: str | None = None, order: str | None = None) -> Pages[Index]:
        """Newest first, or by ``order``; the API shows no more than 1,000."""
        for start in range(0, _LAST, _INDEXES_A_PAGE):
            data = yield from self._indexes(service, start, status, order)
            yield Page(data["items"])
            if start + _INDEXES_A_PAGE >= data["total"]:
                return

    @call
    def wait(
        self, service: str, index_id: str, *, progress: Progress[Index] | None = None, timeout: float | None = None
    ) -> Steps[Index]:
        """Until the index request is ``finished`` or ``failed``. Raises WaitTimeout, NoSuchRun."""
        return (
            yield from wait_until(
                lambda: self._index(service, index_id),
                lambda index: index["status"] in ("finished", "failed"),
                progress,
                timeout,
            )
        )

    def _index(self, service: str, index_id: str) -> Steps[Index]:
        for start in range(0, _LAST, _INDEXES_A_PAGE):
            data = yield from self._indexes(service, start, None, None)
            found: list[Index] = [i for i in data["items"] if i["id"] == index_id]
            if found:
                return found[0]
            if start + _INDEXES_A_PAGE >= data["total"]:
                break
        raise NoSuchRun(-43000, f"the service has no index request {index_id!r}")

    def _indexes(self, service: str, start: int, status: str | None, order: str | None) -> Steps[Any]:
        params = parameters(start=start, limit=_INDEXES_A_PAGE, status=status, order=order)
        path = f"{self._maker}/service/{segment(service)}/indexes"
        return (yield from self._retries.send(Request("GET", path, True, params), read_fashion))

    def _get(self, path: str, params: tuple[tuple[str, str], ...]) -> Steps[Any]:
        return (yield from self._retries.send(Request("GET", path, True, params), read_fashion))

    def _service(self, service: str) -> str:
        return f"{self._api}/service/{segment(service)}"


def _options(limit: int, filters: Mapping[str, str] | None, threshold: float | None) -> tuple[tuple[str, str], ...]:
    return (*parameters(limit=limit, threshold=threshold), *filter_parameters(filters))
