"""Jobs of index runs: ``run`` lets one begin, ``chunk`` computes a part of it, ``webhook`` tells that it has ended."""

from datetime import timedelta
from uuid import UUID

import structlog

from placket.jobs.webhooks import WebhookDelivery
from placket.services.index_work import IndexWork
from placket.services.stores import Job, JobQueue, RunEnded, RunProgress, RunStore

_log = structlog.get_logger()
MOST_ATTEMPTS = 50
"""A chunk that was begun so often is given up, so that its run can end. Far above what restarts explain."""
# Beside a worker that lacks the bundle, a chunk that waits for one that has it is begun in vain each half minute: so
# not while others of its run come through.


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
        if chunk.whole:
            # Whoever was to apply it died.
            _tell(await self._progress.complete(chunk, job, worker, chunk.known, self._quota))
            return
        if job.attempts > MOST_ATTEMPTS:
            if await self._progress.moves(chunk, job, worker):
                return
            _tell(await self._progress.complete(chunk, job, worker, chunk.known, self._quota))
            return
        result = await self._work.compute(chunk, job.payload.get("times_down", {}))
        if result.aside is not None:
            aside = result.aside
            await self._progress.set_aside(chunk, job, worker, result.computed, aside.delay, aside.times_down)
            return
        _tell(await self._progress.complete(chunk, job, worker, result.computed, self._quota))


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


class IndexWebhooks:
    """Tells a caller's URL that its run has ended."""

    def __init__(self, runs: RunStore, queue: JobQueue, delivery: WebhookDelivery) -> None:
        self._runs = runs
        self._queue = queue
        self._delivery = delivery

    async def call(self, job: Job, worker: str) -> None:
        ended = await self._runs.ended_run(UUID(job.subject))
        if ended is None or not ended.callback_url:
            await self._queue.finish(job)
            return
        await self._delivery.deliver(job, ended.project_id, ended.callback_url, event_of(ended))


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
    await runs.purge(timedelta(days=retention_days))
