"""Images that are suspected of killing workers."""

import asyncio
from typing import Any, cast

from placket.domain.garments import Analysis
from placket.domain.images import TAGGER
from placket.services.hosts import Hosts
from placket.services.ports import Fetched
from placket.services.single_tagging import TaggingRules
from placket.services.tagging_work import MOST_TRIALS, TaggingWork
from placket.services.task_stores import TaskImage


class Web:
    async def fetch(self, url: str, **_: object) -> Fetched:
        return Fetched(url.rpartition("/")[2].encode())


class Eyes:
    """``beside``: to each image those that were looked at in the same moments."""

    def __init__(self) -> None:
        self.now: set[bytes] = set()
        self.beside: dict[bytes, set[bytes]] = {}

    async def ready(self) -> None:
        pass

    async def analyse(self, image: bytes, **_: object) -> Analysis:
        self.now.add(image)
        self.beside[image] = set()
        for _moment in range(5):
            await asyncio.sleep(0.001)
            for one in self.now:
                self.beside[one] |= self.now - {one}
        self.now.discard(image)
        return Analysis(1, 1, (), "v1", "")


def images(*words: str) -> list[TaskImage]:
    return [TaskImage(n, f"http://{word}.test/{word}") for n, word in enumerate(words)]


async def test_a_suspect_is_looked_at_alone() -> None:
    eyes = Eyes()
    work = TaggingWork(cast(Any, Web()), cast(Any, eyes), Hosts(8), TaggingRules(TAGGER, 5, 10))

    async def first_trial(number: int) -> int:
        return 0

    await asyncio.gather(
        work.compute("one", images("a", "b"), 0),
        work.compute("two", images("x", "y"), 0, first_trial),
        work.compute("three", images("c"), 0),
    )
    assert eyes.beside[b"x"] | eyes.beside[b"y"] == set()
    assert eyes.beside[b"a"], "those that nobody suspects are looked at together"


async def test_a_suspect_that_was_tried_often_enough_is_looked_at_no_more() -> None:
    eyes = Eyes()
    work = TaggingWork(cast(Any, Web()), cast(Any, eyes), Hosts(8), TaggingRules(TAGGER, 5, 10))
    trials = {0: MOST_TRIALS - 1, 1: MOST_TRIALS}

    async def begin_trial(number: int) -> int:
        return trials[number]

    result = await work.compute("task", images("x", "y"), 0, begin_trial)
    assert set(eyes.beside) == {b"x"}
    assert [(o.number, o.reason) for o in result.outcomes] == [(0, ""), (1, "VisionCrashed")]
