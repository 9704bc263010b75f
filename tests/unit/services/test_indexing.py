"""Repeating what failed in a run."""

from dataclasses import replace
from typing import Any, cast

import pytest

from placket.domain.errors import InvalidParameter, NothingToRepeat
from placket.domain.runs import Row, Run, RunKind, RunState, Status
from placket.services.indexing import Indexing, IndexRules
from placket.services.stores import Service
from tests.support.memory_stores import MemoryRuns, MemoryServices

FIELDS = {"name": "a", "category1_id": "x", "image_url": "https://shop.example/a.jpg"}


@pytest.fixture
def services() -> MemoryServices:
    return MemoryServices()


@pytest.fixture
def runs(services: MemoryServices) -> MemoryRuns:
    return MemoryRuns(services)


@pytest.fixture
def indexing(services: MemoryServices, runs: MemoryRuns) -> Indexing:
    nothing = cast(Any, None)
    return Indexing(cast(Any, services), cast(Any, runs), nothing, nothing, IndexRules(9, "UTC", 9, 9, 9, 9.0, 2))


@pytest.fixture
async def shop(services: MemoryServices) -> Service:
    return await services.create(1, "shop", "v1", 5)


async def accepted(runs: MemoryRuns, shop: Service, *rows: Row) -> Run:
    return await runs.accept(shop, kind=RunKind.INDEX, filename="a.csv", rows=rows, daily_quota=None)


async def test_only_a_run_that_has_ended_is_repeated(indexing: Indexing, runs: MemoryRuns, shop: Service) -> None:
    run = await accepted(runs, shop, Row(1, "p1", Status.ENABLE, FIELDS, "ImageTimeoutError"))
    service_id, _, rows, callback = runs.runs[0]
    runs.runs[0] = service_id, replace(run, state=RunState.RUNNING), rows, callback
    with pytest.raises(InvalidParameter, match="not ended"):
        await indexing.repeat_failed(shop, run.id)
    runs.runs[0] = service_id, run, rows, callback
    assert (await indexing.repeat_failed(shop, run.id)).total == 1


async def test_rows_that_could_not_be_read_are_not_repeated(
    indexing: Indexing, runs: MemoryRuns, shop: Service
) -> None:
    run = await accepted(runs, shop, Row(1, "p1", Status.ENABLE, {}, "InvalidRow"))
    with pytest.raises(NothingToRepeat):
        await indexing.repeat_failed(shop, run.id)
    assert len(runs.runs) == 1
