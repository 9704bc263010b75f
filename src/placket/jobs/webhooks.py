"""Telling a caller's URL what has ended: signed, and repeated with growing pauses until it is heard."""

import json
from collections.abc import Mapping
from typing import Any

import structlog

from placket.domain.errors import FetchError
from placket.services.ports import Poster
from placket.services.stores import Job, JobQueue
from placket.services.tallies import GIVEN_UP, HEARD, REPEATED
from placket.services.tally import Tally
from placket.services.webhooks import SIGNATURE_HEADER, WebhookSigner

_log = structlog.get_logger()
ATTEMPTS = 8
_TIMEOUT = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 3600.0


class WebhookDelivery:
    """Ends the job when the URL answered 2xx, or after :data:`ATTEMPTS`. ``calls``: counted by what becomes of them."""

    def __init__(self, queue: JobQueue, poster: Poster, signer: WebhookSigner, calls: Tally) -> None:
        self._queue = queue
        self._poster = poster
        self._signer = signer
        self._calls = calls

    async def deliver(self, job: Job, project_id: int, url: str, event: Mapping[str, Any]) -> None:
        heard = await self._heard(job, project_id, url, event)
        if heard or job.attempts >= ATTEMPTS:
            if not heard:
                _log.error("a webhook is given up", subject=job.subject, attempts=job.attempts)
            self._calls.add(HEARD if heard else GIVEN_UP)
            await self._queue.finish(job)
            return
        self._calls.add(REPEATED)
        await self._queue.postpone(job, min(_LONGEST_PAUSE, _FIRST_PAUSE * 4 ** (job.attempts - 1)))

    async def _heard(self, job: Job, project_id: int, url: str, event: Mapping[str, Any]) -> bool:
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: self._signer.signature(project_id, body)}
        try:
            status = await self._poster.post(url, body=body, headers=headers, timeout=_TIMEOUT)
        except FetchError as error:
            _log.warning("a webhook could not be called", subject=job.subject, attempt=job.attempts, error=error.detail)
            return False
        heard = 200 <= status < 300
        if not heard:
            _log.warning("a webhook was not taken", subject=job.subject, attempt=job.attempts, status=status)
        return heard
