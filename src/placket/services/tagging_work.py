"""The computing half of a tagging task: a chunk's images fetched and analysed, each on its own."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from placket.domain.errors import FetchTimeout, PlacketError, StorageUnavailable, VisionCrashed, VisionUnavailable
from placket.domain.garments import Analysis
from placket.domain.tagger.tasks import ImageOutcome
from placket.domain.urls import check_url
from placket.services.exclusion import Exclusion
from placket.services.hosts import HostBusy, Hosts
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
        self, images: Sequence[TaskImage], times_down: int, begin_trial: BeginTrial | None = None
    ) -> ChunkResult:
        """An outcome, or a place in an aside, for every image; an image's failure is its own.

        ``times_down``: see :meth:`Hosts.delay`. With ``begin_trial`` the images are suspected of killing workers: each
        is analysed while this process analyses nothing else of any task. Raises VisionUnavailable or
        StorageUnavailable, which are no image's fault: the chunk has to wait.
        """
        chunk = object()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(chunk, image, begin_trial)) for image in images]
        outcomes: list[ImageOutcome] = []
        busy: defaultdict[str, list[int]] = defaultdict(list)
        for image, task in zip(images, tasks, strict=True):
            result = task.result()
            if isinstance(result, PlacketError):
                raise result
            if isinstance(result, ImageOutcome):
                outcomes.append(result)
            else:
                busy[_host(image)].append(image.number)
        asides = self._set_aside(busy, times_down, outcomes, suspect=begin_trial is not None)
        return ChunkResult(tuple(outcomes), asides)

    async def _one(
        self, chunk: object, image: TaskImage, begin_trial: BeginTrial | None
    ) -> ImageOutcome | PlacketError | HostBusy:
        try:
            found = await self._analyse(chunk, image, begin_trial)
        except HostBusy as busy:
            return busy
        except (VisionUnavailable, StorageUnavailable) as error:
            return error  # not raised: the other images' downloads would be cancelled for it
        except PlacketError as error:
            return ImageOutcome(image.number, None, error.reason, error.detail)
        except Exception:
            _log.exception("an image could not be tagged", host=_host(image))
            return ImageOutcome(image.number, None, INTERNAL, "an unforeseen error; see the server's log")
        return ImageOutcome(image.number, found.garments)

    async def _analyse(self, chunk: object, image: TaskImage, begin_trial: BeginTrial | None) -> Analysis:
        async with self._hosts.turn(_host(image), chunk):
            body = await fetch_image(self._fetcher, image.url, self._rules)
        async with self._exclusion.alone() if begin_trial else self._exclusion.shared():
            if begin_trial and await begin_trial(image.number) >= MOST_TRIALS:
                raise VisionCrashed("the image made the process die that was to tag it, each time that it was tried")
            return await self._vision.analyse(
                body, limits=self._rules.image, priority=Priority.BATCH, hints=image.hints
            )

    def _set_aside(
        self, busy: dict[str, list[int]], times_down: int, outcomes: list[ImageOutcome], *, suspect: bool
    ) -> tuple[SetAside, ...]:
        asides: list[SetAside] = []
        for host, numbers in busy.items():
            delay = self._hosts.delay(host, len(numbers), times_down)
            if delay is None:
                detail = "the image's host answered none of the requests before, so this image was not tried"
                outcomes += [ImageOutcome(n, None, FetchTimeout.reason, detail) for n in numbers]
            else:
                times = times_down + 1 if self._hosts.is_down(host) else 0
                asides.append(SetAside(tuple(numbers), times, delay, suspect))
        return tuple(asides)


def _host(image: TaskImage) -> str:
    return check_url(image.url).authority
