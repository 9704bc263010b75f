"""The job of an index run's chunk: done, half done, or given up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from placket.domain.applying import Computed
from placket.domain.runs import RunKind
from placket.jobs.indexing import MOST_ATTEMPTS, IndexJobs
from placket.services.index_work import Aside, ChunkResult
from placket.services.stores import ChunkWork, Job

FIRST, SECOND = Computed(0, None, "a"), Computed(1, None, "b")
CHUNK = ChunkWork(uuid4(), 3, RunKind.INDEX, 1, "v1", (), (FIRST,))
JOB = Job(1, "chunk", str(CHUNK.run_id), {"number": 3, "times_down": {"h": 1}}, 1, None)


class Progress:
    def __init__(self, chunk: ChunkWork | None = CHUNK) -> None:
        self.found = chunk
        self.moving = False
        self.ended: list[tuple[Any, ...]] = []

    async def chunk(self, run_id: object, number: int) -> ChunkWork | None:
        assert number == 3
        return self.found

    async def complete(self, work: ChunkWork, job: Job, worker: str, computed: Sequence[Computed], _: int) -> None:
        self.ended.append(("complete", *computed))

    async def set_aside(
        self, work: ChunkWork, job: Job, worker: str, computed: Sequence[Computed], delay: float, times: object
    ) -> None:
        self.ended.append(("set_aside", *computed, delay, times))

    async def moves(self, work: ChunkWork, job: Job, worker: str) -> bool:
        self.ended += [("handed back",)] if self.moving else []
        return self.moving

    async def drop(self, job: Job, worker: str) -> None:
        self.ended.append(("drop",))


class Work:
    def __init__(self, result: ChunkResult) -> None:
        self.result = result

    async def compute(self, work: ChunkWork, times_down: Mapping[str, int]) -> ChunkResult:
        assert dict(times_down) == {"h": 1}
        return self.result


async def done(progress: Progress, result: ChunkResult, job: Job = JOB) -> list[tuple[Any, ...]]:
    await IndexJobs(progress, Work(result), 9).chunk(job, "w")  # type: ignore[arg-type]
    return progress.ended


async def test_a_whole_chunk_is_completed() -> None:
    assert await done(Progress(), ChunkResult((FIRST, SECOND))) == [("complete", FIRST, SECOND)]


async def test_half_a_chunk_is_set_aside() -> None:
    result = ChunkResult((FIRST,), Aside(5.0, {"h": 2}))
    assert await done(Progress(), result) == [("set_aside", FIRST, 5.0, {"h": 2})]


async def test_what_was_computed_already_is_not_computed_again() -> None:
    """However often it was begun: whoever was to apply it died."""
    whole = Progress(replace(CHUNK, whole=True))
    assert await done(whole, ChunkResult((SECOND,)), replace(JOB, attempts=MOST_ATTEMPTS + 1)) == [("complete", FIRST)]


async def test_what_was_begun_too_often_ends_with_what_is_known() -> None:
    nothing = ChunkResult(())
    assert await done(Progress(), nothing, replace(JOB, attempts=MOST_ATTEMPTS + 1)) == [("complete", FIRST)]


async def test_nothing_is_given_up_while_its_run_moves() -> None:
    """A worker without the bundle begins in vain, again and again, what waits for the one that has it."""
    progress = Progress()
    progress.moving = True
    assert await done(progress, ChunkResult(()), replace(JOB, attempts=MOST_ATTEMPTS + 1)) == [("handed back",)]


async def test_a_run_that_is_gone_is_dropped() -> None:
    assert await done(Progress(None), ChunkResult(())) == [("drop",)]
