"""Index runs over /placket/v1: submitted, followed, read row by row, cancelled, repeated."""

import os
from collections.abc import Sequence
from pathlib import Path

from placket.client.answers import read_placket
from placket.client.catalogue import service_path
from placket.client.faces import Calls, M, call, listing
from placket.client.inputs import Source, is_url, parameters, segment, uploaded
from placket.client.shapes.placket import Outcome, Run, RunKind, RunRow, RunStatus
from placket.client.steps import File, Page, Pages, Progress, Request, Steps
from placket.client.waiting import wait_until

_FORMATS = ("jsonl", "csv")
_ROWS_A_PAGE = 1000


def format_of(source: Source, format: str | None) -> str:
    """As given, else by the ending of the name. Raises ValueError."""
    if isinstance(source, bytes):
        name = ""
    else:
        # What follows a question mark belongs to the name of a file, and not to that of a URL.
        name = source.partition("?")[0] if isinstance(source, str) else os.fspath(source)
    found = format or Path(name).suffix.lstrip(".").lower()
    if found not in _FORMATS:
        raise ValueError("format must be jsonl or csv; it can be left out for a name that ends so")
    return found


def index_parts(source: Source) -> Steps[dict[str, File]]:
    """The parts of an index request's form. A link is a part without a file name."""
    if is_url(source):
        return {"link": (None, str(source).encode(), "text/plain")}  # type: ignore[dict-item]
    return {"file": (yield from uploaded(source, "index"))}  # type: ignore[arg-type]


class Runs(Calls[M]):
    """Index runs of a service; they act one after another."""

    @call
    def submit(
        self,
        service: str,
        source: Source,
        *,
        format: str | None = None,
        dry_run: bool = False,
        callback_url: str | None = None,
    ) -> Steps[Run]:
        """Index a JSONL or CSV file: a ``Path``, bytes, or the URL of one. ``dry_run`` only checks it.

        Raises NoSuchService, IndexFileInvalid, TooLarge, IndexQuotaExceeded, OSError.
        """
        parts = yield from index_parts(source)
        params = parameters(format=format_of(source, format), dryRun=dry_run or None, callbackUrl=callback_url)
        run: Run = yield from self._retries.send(
            Request("POST", f"{service_path(service)}/runs", False, params, files=parts), read_placket
        )
        return run

    @listing
    def list(
        self,
        service: str,
        *,
        status: RunStatus | Sequence[RunStatus] | None = None,
        kind: RunKind | Sequence[RunKind] | None = None,
        order: str | None = None,
    ) -> Pages[Run]:
        """Newest first, or by ``order``: ``startTime:asc`` ... Those of any ``status`` and ``kind``, unless told."""
        start = 0
        while True:
            params = parameters(start=start, limit=100, status=status, kind=kind, order=order)
            body = yield from self._retries.send(
                Request("GET", f"{service_path(service)}/runs", True, params), read_placket
            )
            yield Page(body["items"])
            start += len(body["items"])
            if not body["items"] or start >= body["total"]:
                return

    @call
    def get(self, service: str, run_id: str) -> Steps[Run]:
        """Raises NoSuchService, NoSuchRun."""
        return (yield from self._get(service, run_id))

    @call
    def wait(
        self, service: str, run_id: str, *, progress: Progress[Run] | None = None, timeout: float | None = None
    ) -> Steps[Run]:
        """Until it is ``finished`` or ``failed``; ``progress`` is called with it now and then. Raises WaitTimeout."""
        return (
            yield from wait_until(
                lambda: self._get(service, run_id),
                lambda run: run["status"] in ("finished", "failed"),
                progress,
                timeout,
            )
        )

    @listing
    def rows(self, service: str, run_id: str, *, outcome: Outcome | None = None) -> Pages[RunRow]:
        """In the order of the file: what became of each, and why."""
        start: int | None = 0
        while start is not None:
            params = parameters(start=start, limit=_ROWS_A_PAGE, outcome=outcome)
            body = yield from self._retries.send(
                Request("GET", f"{_run_path(service, run_id)}/rows", True, params), read_placket
            )
            yield Page(body["items"])
            start = body["nextStart"]

    @call
    def cancel(self, service: str, run_id: str) -> Steps[Run]:
        """Its rows not done fail as Cancelled. Raises RunHasEnded."""
        run: Run = yield from self._retries.send(
            Request("POST", f"{_run_path(service, run_id)}/cancel", False), read_placket
        )
        return run

    @call
    def repeat(self, service: str, run_id: str) -> Steps[Run]:
        """A new run of the rows that failed, but for those that could not be read or are out of date."""
        run: Run = yield from self._retries.send(
            Request("POST", f"{_run_path(service, run_id)}/repeat", False), read_placket
        )
        return run

    @call
    def reindex(self, service: str) -> Steps[Run | None]:
        """Compute the service's embeddings anew: the run, also one that is under way; None when they are of the bundle
        in use already."""
        # Asked for twice it is one run.
        body = yield from self._retries.send(Request("POST", f"{service_path(service)}/reindex", True), read_placket)
        run: Run | None = body["run"]
        return run

    def _get(self, service: str, run_id: str) -> Steps[Run]:
        run: Run = yield from self._retries.send(Request("GET", _run_path(service, run_id), True), read_placket)
        return run


def _run_path(service: str, run_id: str) -> str:
    return f"{service_path(service)}/runs/{segment(run_id)}"
