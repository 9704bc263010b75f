"""Index runs: received, accepted, listed, cancelled, repeated."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from unicodedata import category
from urllib.parse import unquote, urlsplit
from uuid import UUID

from placket.domain.errors import (
    FetchBusy,
    FetchError,
    FetchTooLarge,
    IndexFileInvalid,
    IndexFileTooLarge,
    IndexQuotaExceeded,
    InvalidParameter,
    NothingToRepeat,
)
from placket.domain.index_file import read_index_file
from placket.domain.quota_day import start_of_day
from placket.domain.runs import Outcome, Row, RowResult, Run, RunKind, RunState
from placket.domain.urls import check_url
from placket.services.ports import Fetcher, Vision
from placket.services.stores import RunStore, Service, ServiceStore

FORMATS = ("jsonl", "csv")
_PAGE = 1000
_MOST_NAME = 255


@dataclass(frozen=True, slots=True)
class IndexRules:
    """Sizes in bytes, ``link_timeout`` in seconds, ``chunk`` in rows."""

    requests_per_day: int
    zone: str
    file_max_bytes: int
    link_max_bytes: int
    max_rows: int
    link_timeout: float
    chunk: int


@dataclass(frozen=True, slots=True)
class IndexFile:
    """What a caller sent: ``link`` wins over ``body``. ``callback_url`` is called when the run has ended."""

    format: str
    body: bytes | None = None
    filename: str = ""
    link: str | None = None
    check_only: bool = False
    callback_url: str = ""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise InvalidParameter("format must be jsonl or csv")
        if self.link is None and self.body is None:
            raise InvalidParameter("the request has neither a file nor a link")
        if self.callback_url:
            check_url(self.callback_url)


class Indexing:
    def __init__(
        self, services: ServiceStore, runs: RunStore, fetcher: Fetcher, vision: Vision, rules: IndexRules
    ) -> None:
        self._services = services
        self._runs = runs
        self._fetcher = fetcher
        self._vision = vision
        self._rules = rules

    @property
    def most_file_bytes(self) -> int:
        return self._rules.file_max_bytes

    @asynccontextmanager
    async def receiving(self, service: Service) -> AsyncIterator[None]:
        """Hold the service's one place for a request being received. Raises IndexRequestInProgress."""
        async with self._runs.receiving(service.id):
            yield

    async def submit(self, service: Service, file: IndexFile) -> Run:
        """Check the file and store its run.

        Raises IndexQuotaExceeded, then IndexFileTooLarge, IndexFileEmpty, IndexFileInvalid.
        """
        now = await self._services.now()
        if not file.check_only:
            await self._check_quota(service, now)
        body, filename, most = await self._read(file, str(service.project_id))
        # In a thread: a large file takes long enough for other requests to notice.
        rows = await asyncio.to_thread(
            read_index_file, body, file.format, max_bytes=most, max_rows=self._rules.max_rows
        )
        kind = RunKind.CHECK if file.check_only else RunKind.INDEX
        return await self._accept(service, kind, filename, rows, now, callback_url=file.callback_url)

    async def _accept(
        self,
        service: Service,
        kind: RunKind,
        filename: str,
        rows: Sequence[Row],
        now: datetime,
        *,
        callback_url: str = "",
        repeats: UUID | None = None,
    ) -> Run:
        return await self._runs.accept(
            service,
            kind=kind,
            filename=_printable(filename),
            rows=rows,
            chunk_size=self._rules.chunk,
            daily_quota=self._rules.requests_per_day,
            day_start=start_of_day(now, self._rules.zone),
            callback_url=callback_url,
            repeats=repeats,
        )

    async def _check_quota(self, service: Service, now: datetime) -> None:
        """Before the file is looked at; :meth:`RunStore.accept` checks again under its lock."""
        used = await self._services.requests_since([service.id], start_of_day(now, self._rules.zone))
        if used.get(service.id, 0) >= self._rules.requests_per_day:
            raise IndexQuotaExceeded(f"a service may make {self._rules.requests_per_day} index requests a day")

    async def _read(self, file: IndexFile, owner: str) -> tuple[bytes, str, int]:
        """(bytes, name, most bytes)."""
        if file.link is None:
            assert file.body is not None
            return file.body, file.filename, self._rules.file_max_bytes
        most = self._rules.link_max_bytes
        try:
            fetched = await self._fetcher.fetch(
                file.link, max_bytes=most, timeout=self._rules.link_timeout, owner=owner
            )
        except FetchTooLarge as error:
            raise IndexFileTooLarge(error.detail) from None
        except FetchBusy:
            raise
        except FetchError as error:
            raise IndexFileInvalid(f"the link cannot be had: {error.detail}") from None
        return fetched.body, unquote(urlsplit(file.link).path.rsplit("/", 1)[-1], errors="replace"), most

    async def list(
        self,
        service: Service,
        *,
        start: int,
        limit: int,
        order: tuple[str, bool] = ("reserved_at", True),
        states: Sequence[RunState] = (),
        kinds: Sequence[RunKind] = (RunKind.INDEX,),
    ) -> tuple[int, list[Run]]:
        """(all that match, the page of them)."""
        return await self._runs.list(service, start=start, limit=limit, order=order, states=states, kinds=kinds)

    async def get(self, service: Service, run_id: UUID) -> Run:
        """Raises NoSuchRun."""
        return await self._runs.get(service, run_id)

    async def rows(
        self, service: Service, run_id: UUID, *, outcome: Outcome | None, start: int, limit: int
    ) -> Sequence[RowResult]:
        """Rows of a run in file order, with what became of them. Raises NoSuchRun."""
        return await self._runs.rows(service, run_id, outcome=outcome, start=start, limit=limit)

    async def cancel(self, service: Service, run_id: UUID) -> Run:
        """Raises NoSuchRun, RunNotCancellable (it has ended)."""
        return await self._runs.cancel(service, run_id)

    async def repeat_failed(self, service: Service, run_id: UUID) -> Run:
        """A new run, of the same kind and name, of the rows of an ended run that failed, could be read and are not out
        of date.

        Raises NoSuchRun, InvalidParameter (it still runs), NothingToRepeat, IndexQuotaExceeded.
        """
        run = await self._runs.get(service, run_id)
        if not run.state.ended:
            raise InvalidParameter("the run has not ended yet")
        if run.kind is RunKind.REINDEX:
            # Its rows are not whole: what is to be done anew is whatever lacks its embeddings now.
            again = await self.reindex(service)
            if again is None:
                raise NothingToRepeat
            return again
        rows: list[Row] = []
        start = 0
        while page := await self._runs.rows(service, run_id, outcome=Outcome.FAILED, start=start, limit=_PAGE):
            rows += [Row(r.line, r.product_id, r.status, r.fields) for r in page if r.fields]
            start += len(page)
        if not rows:
            raise NothingToRepeat
        return await self._accept(service, run.kind, run.filename, rows, await self._services.now(), repeats=run_id)

    async def reindex(self, service: Service) -> Run | None:
        """Compute the service's embeddings with the bundle in use; None when every product has them already. Asked for
        once more while that is under way, it is the same run: another would fetch every photo again.

        A service that has switched may still have products whose photo could not be had then: they are tried anew.
        """
        bundle = self._vision.default_bundle
        if service.bundle == bundle and not await self._runs.documents_without(service, bundle):
            return None
        return await self._runs.accept_reindex(service, bundle, self._rules.chunk)


def _printable(filename: str) -> str:
    """A wide or unbroken space is a space: left out like what cannot be printed, it would make one word of two."""
    spaced = "".join(" " if category(c) == "Zs" else c for c in filename)
    clean = "".join(c for c in spaced if c.isprintable() and not "\ud800" <= c <= "\udfff")
    return clean[:_MOST_NAME]
