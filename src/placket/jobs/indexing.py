"""Jobs of index runs: ``run`` lets one begin, ``chunk`` computes a part of it, ``webhook`` tells that it has ended."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from placket.domain.errors import FetchError
from placket.services.index_work import IndexWork
from placket.services.ports import Poster
from placket.services.stores import Job, JobQueue, RunEnded, RunProgress, RunStore
from placket.services.webhooks import SIGNATURE_HEADER, WebhookSigner

_log = structlog.get_logger()
MOST_ATTEMPTS = 50
"""A chunk that was begun so often is given up, so that its run can end. Far above what restarts explain."""
WEBHOOK_ATTEMPTS = 8
WEBHOOK_TIMEOUT = 10.0


class IndexJobs:
    def __init__(self, progress: RunProgress, work: IndexWork, document_quota: int) -> None:
        self._progress = progress
        self._work = work
        self._quota = document_quota

    async def run(self, job: Job, worker: str) -> None:
        _tell(await self._progress.start(UUID(job.subject), job, worker))

    async def chunk(self, job: Job, worker: str) -> None:
        chunk = await self._progress.chunk(UUID(job.subject), int(job.payload["number"]))
        if chunk is None:
            await self._progress.drop(job, worker)
            return
        computed = [] if job.attempts > MOST_ATTEMPTS else await self._work.compute(chunk)
        _tell(await self._progress.complete(chunk, job, worker, computed, self._quota))


def _tell(ended: RunEnded | None) -> None:
    if ended is not None:
        run = ended.run
        _log.info(
            "index run ended",
            run=str(run.id),
            service=run.service,
            state=str(run.state),
            added=run.added,
            updated=run.updated,
            deleted=run.deleted,
            failed=run.failed,
        )


class Webhooks:
    """Tells a caller's URL that its run has ended. Signed, so that the receiver can tell it from anybody's call."""

    def __init__(self, runs: RunStore, queue: JobQueue, poster: Poster, signer: WebhookSigner) -> None:
        self._runs = runs
        self._queue = queue
        self._poster = poster
        self._signer = signer

    async def call(self, job: Job, worker: str) -> None:
        ended = await self._runs.ended_run(UUID(job.subject))
        if ended is None or not ended.callback_url or await self._delivered(ended) or job.attempts >= WEBHOOK_ATTEMPTS:
            await self._queue.finish(job)
            return
        await self._queue.postpone(job, min(3600.0, 5.0 * 4 ** (job.attempts - 1)))

    async def _delivered(self, ended: RunEnded) -> bool:
        body = json.dumps(event_of(ended)).encode()
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: self._signer.signature(ended.project_id, body)}
        try:
            status = await self._poster.post(ended.callback_url, body=body, headers=headers, timeout=WEBHOOK_TIMEOUT)
        except FetchError as error:
            _log.warning("a webhook could not be called", run=str(ended.run.id), error=error.detail)
            return False
        return 200 <= status < 300


def event_of(ended: RunEnded) -> dict[str, object]:
    run = ended.run
    return {
        "event": "index_run.ended",
        "service": run.service,
        "indexID": str(run.id),
        "status": str(run.state),
        "cancelled": run.cancelled,
        "addCnt": run.added,
        "updateCnt": run.updated,
        "deleteCnt": run.deleted,
        "failCnt": run.failed,
        "totalCnt": run.total,
    }


async def purge(runs: RunStore, retention_days: int) -> None:
    """Remove what is past its time."""
    await runs.purge(datetime.now(UTC) - timedelta(days=retention_days))
