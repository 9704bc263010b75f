"""The computing half of a tagging task: a chunk's images fetched and analysed, each on its own."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from placket.domain.errors import FetchTimeout, PlacketError, StorageUnavailable, VisionCrashed, VisionUnavailable
from placket.domain.garments import Analysis
from placket.domain.tagger.tasks import ImageOutcome
from placket.domain.urls import check_url
from placket.services.exclusion import Exclusion
from placket.services.hosts import UNTRIED, Holder, HostBusy, Hosts
from placket.services.ports import Fetcher, Priority, Vision
from placket.services.single_tagging import TaggingRules, fetch_image
from placket.services.task_stores import SetAside, TaskImage

_log = structlog.get_logger()
INTERNAL = "InternalError"
MOST_TRIALS = 3
"""An image that was begun alone so often, and whose worker died each time, is the culprit."""

BeginTrial = Callable[[int], Awaitable[int]]
"""Image number to how often it was begun alone before; this time is counted."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """``asides``: images whose host has no turn for them now, by host."""

    outcomes: tuple[ImageOutcome, ...]
    asides: tuple[SetAside, ...]


class TaggingWork:
    def __init__(self, fetcher: Fetcher, vision: Vision, hosts: Hosts, rules: TaggingRules) -> None:
        self._fetcher = fetcher
        self._vision = vision
        self._hosts = hosts
        self._rules = rules
        self._exclusion = Exclusion()

    async def compute(
        self, task: str, images: Sequence[TaskImage], times_down: int, begin_trial: BeginTrial | None = None
    ) -> ChunkResult:
        """An outcome, or a place in an aside, for every image of the task; an image's failure is its own.

        ``times_down``: see :meth:`Hosts.sent_away`. With ``begin_trial`` the images are suspected of killing workers:
        each is analysed while this process analyses nothing else of any task. Raises VisionUnavailable or
        StorageUnavailable, which are no image's fault: the chunk has to wait.
        """
        # Before the images are fetched: else they are again each time that the chunk comes back.
        await self._vision.ready()
        chunk = Holder(task)
        by_url: defaultdict[str, list[TaskImage]] = defaultdict(list)
        for image in images:
            by_url[image.url].append(image)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._of_url(chunk, same, begin_trial)) for same in by_url.values()]
        outcomes: list[ImageOutcome] = []
        busy: defaultdict[str, list[int]] = defaultdict(list)
        for image, result in zip(
            itertools.chain(*by_url.values()), (r for t in tasks for r in t.result()), strict=True
        ):
            if isinstance(result, PlacketError):
                raise result
            if isinstance(result, ImageOutcome):
                outcomes.append(result)
            else:
                busy[_host(image)].append(image.number)
        asides = self._set_aside(task, busy, times_down, outcomes, suspect=begin_trial is not None)
        return ChunkResult(tuple(outcomes), asides)

    async def _of_url(
        self, chunk: Holder, images: Sequence[TaskImage], begin_trial: BeginTrial | None
    ) -> list[ImageOutcome | PlacketError | HostBusy]:
        """Images of one URL: fetched once, tagged for each that is said of it."""
        first = images[0]
        try:
            async with self._hosts.turn(_host(first), chunk):
                body = await fetch_image(self._fetcher, first.url, self._rules, chunk.owner)
        except Exception as error:
            return [_ended(image, error) for image in images]
        return [await self._one(body, image, begin_trial) for image in images]

    async def _one(
        self, body: bytes, image: TaskImage, begin_trial: BeginTrial | None
    ) -> ImageOutcome | PlacketError | HostBusy:
        try:
            found = await self._analyse(body, image, begin_trial)
        except Exception as error:
            return _ended(image, error)
        return ImageOutcome(image.number, found.garments)

    async def _analyse(self, body: bytes, image: TaskImage, begin_trial: BeginTrial | None) -> Analysis:
        async with self._exclusion.alone() if begin_trial else self._exclusion.shared():
            if begin_trial and await begin_trial(image.number) >= MOST_TRIALS:
                raise VisionCrashed("the image made the process die that was to tag it, each time that it was tried")
            return await self._vision.analyse(
                body, limits=self._rules.image, priority=Priority.BATCH, hints=image.hints
            )

    def _set_aside(
        self,
        task: str,
        busy: dict[str, list[int]],
        times_down: int,
        outcomes: list[ImageOutcome],
        *,
        suspect: bool,
    ) -> tuple[SetAside, ...]:
        asides: list[SetAside] = []
        for host, numbers in busy.items():
            sent_away = self._hosts.sent_away(host, len(numbers), times_down, task)
            if sent_away is None:
                outcomes += [ImageOutcome(n, None, FetchTimeout.reason, UNTRIED) for n in numbers]
            else:
                delay, times = sent_away
                asides.append(SetAside(tuple(numbers), times, delay, suspect))
        return tuple(asides)


def _ended(image: TaskImage, error: Exception) -> ImageOutcome | PlacketError | HostBusy:
    """What becomes of an image after an error. Nobody's fault is not raised: the other images' downloads would be
    cancelled for it."""
    if isinstance(error, HostBusy | VisionUnavailable | StorageUnavailable):
        return error
    if isinstance(error, PlacketError):
        return ImageOutcome(image.number, None, error.reason, error.detail)
    _log.error("an image could not be tagged", host=_host(image), exc_info=error)
    return ImageOutcome(image.number, None, INTERNAL, "an unforeseen error; see the server's log")


def _host(image: TaskImage) -> str:
    return check_url(image.url).authority
