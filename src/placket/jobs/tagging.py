"""Jobs of tagging tasks: ``tag_chunk`` tags some of a task's images, ``tag_webhook`` tells that it is done."""

import json
from uuid import UUID

import structlog

from placket.domain.errors import FetchError
from placket.domain.tagger.tasks import TaskRules
from placket.services.ports import Poster
from placket.services.stores import Job, JobQueue
from placket.services.tagging_work import TaggingWork
from placket.services.task_stores import TaskProgress
from placket.services.webhooks import SIGNATURE_HEADER, WebhookSigner

_log = structlog.get_logger()
CRASHES = 2
"""A chunk that was begun so often and never ended is split: one of its images may have killed its workers."""
WEBHOOK_ATTEMPTS = 8
WEBHOOK_TIMEOUT = 10.0


class TaggingJobs:
    def __init__(self, progress: TaskProgress, work: TaggingWork, rules: TaskRules) -> None:
        self._progress = progress
        self._work = work
        self._rules = rules

    async def chunk(self, job: Job, worker: str) -> None:
        task_id = UUID(job.subject)
        images = await self._progress.chunk(task_id, job.payload["numbers"])
        if not images:
            await self._progress.drop(job, worker)
            return
        if job.attempts > CRASHES and len(images) > 1:
            _log.warning("a chunk is split into its images", task=job.subject, attempts=job.attempts)
            await self._progress.split(task_id, job, worker, [image.number for image in images])
            return

        async def begin_trial(number: int) -> int:
            return await self._progress.begin_trial(task_id, number)

        suspect = job.payload.get("suspect", False) or job.attempts > CRASHES
        times_down = int(job.payload.get("times_down", 0))
        result = await self._work.compute(images, times_down, begin_trial if suspect else None)
        await self._progress.complete(task_id, job, worker, result.outcomes, self._rules, asides=result.asides)


class TaggingWebhooks:
    """Tells a caller's URL that its task is done; the job carries all that is said."""

    def __init__(self, queue: JobQueue, poster: Poster, signer: WebhookSigner) -> None:
        self._queue = queue
        self._poster = poster
        self._signer = signer

    async def call(self, job: Job, worker: str) -> None:
        if await self._delivered(job) or job.attempts >= WEBHOOK_ATTEMPTS:
            await self._queue.finish(job)
            return
        await self._queue.postpone(job, min(3600.0, 5.0 * 4 ** (job.attempts - 1)))

    async def _delivered(self, job: Job) -> bool:
        body = json.dumps(job.payload["event"], ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: self._signer.signature(job.project_id or 0, body),
        }
        try:
            status = await self._poster.post(job.payload["url"], body=body, headers=headers, timeout=WEBHOOK_TIMEOUT)
        except FetchError as error:
            _log.warning("a webhook could not be called", task=job.subject, error=error.detail)
            return False
        return 200 <= status < 300
