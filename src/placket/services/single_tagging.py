"""One image tagged while its caller waits."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from placket.domain.garments import Garment
from placket.domain.images import ImageLimits
from placket.domain.tagger.single import read_single
from placket.services.key_turns import KeyTurns
from placket.services.ports import Fetcher, Vision
from placket.services.repeats import idempotency_of
from placket.services.stores import Caller
from placket.services.task_stores import UsageStore

ATTEMPTS = 2
"""A fetch is repeated once, after a 5xx, a reset or a time-out."""


@dataclass(frozen=True, slots=True)
class TaggingRules:
    """``attempt_timeout``: seconds of one attempt at an image; ``timeout``: of all."""

    image: ImageLimits
    attempt_timeout: float
    timeout: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """``detection``: the groups that were asked for."""

    garments: Sequence[Garment]
    detection: Sequence[str]


class SingleTagging:
    def __init__(
        self, fetcher: Fetcher, vision: Vision, usage: UsageStore, rules: TaggingRules, turns: KeyTurns | None = None
    ) -> None:
        self._fetcher = fetcher
        self._vision = vision
        self._usage = usage
        self._rules = rules
        self._turns = turns or KeyTurns()

    async def tag(self, caller: Caller, body: bytes, idempotency_key: str | None = None) -> Tagged:
        """``body``: the JSON of the request. A request that is understood counts, whatever comes of its image.

        With an ``idempotency_key`` that came before with the same request and image, it was counted then.
        Raises what :func:`read_single` raises, KeyReused, UsageExceeded, FetchError, ImageError, VisionUnavailable.
        """
        once = idempotency_of(idempotency_key, b"POST tags", body)
        async with self._turns.one(caller.key_id):
            # Megabytes of base64 take tens of milliseconds, in which other callers are answered.
            request = await asyncio.to_thread(read_single, body, max_bytes=self._rules.image.max_bytes)
            await self._usage.spend(caller, 1, once)
        image = request.image or await fetch_image(self._fetcher, request.url, self._rules, str(caller.project_id))
        if once is not None:
            # An address may show another image each time, and each of them counts.
            async with self._turns.one(caller.key_id):
                await self._usage.settle(caller, once, hashlib.sha256(image).digest())
        project = caller.project_id
        found = await self._vision.analyse(image, limits=self._rules.image, hints=request.hints, project=project)
        return Tagged(found.garments, request.detection)


async def fetch_image(fetcher: Fetcher, url: str, rules: TaggingRules, owner: str) -> bytes:
    """Raises FetchError."""
    fetched = await fetcher.fetch(
        url,
        max_bytes=rules.image.max_bytes,
        timeout=rules.attempt_timeout,
        attempts=ATTEMPTS,
        overall=rules.timeout,
        owner=owner,
    )
    return fetched.body
