"""Jobs of tagging tasks: ``tag_chunk`` tags some of a task's images, ``tag_webhook`` tells that it is done."""

from uuid import UUID

import structlog

from placket.domain.tagger.tasks import TaskRules
from placket.jobs.webhooks import WebhookDelivery
from placket.services.stores import Job
from placket.services.tagging_work import TaggingWork
from placket.services.task_stores import TaskProgress

_log = structlog.get_logger()
CRASHES = 2
"""A chunk that was begun so often and never ended is split: one of its images may have killed its workers."""


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
        result = await self._work.compute(job.subject, images, times_down, begin_trial if suspect else None)
        await self._progress.complete(task_id, job, worker, result.outcomes, self._rules, asides=result.asides)


class TaggingWebhooks:
    """Tells a caller's URL that its task is done; the job carries all that is said."""

    def __init__(self, delivery: WebhookDelivery) -> None:
        self._delivery = delivery

    async def call(self, job: Job, worker: str) -> None:
        await self._delivery.deliver(job, job.project_id or 0, job.payload["url"], job.payload["event"])
