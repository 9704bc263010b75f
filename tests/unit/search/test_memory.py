"""Freshness, sharing, failure, memory and concurrency of the engine."""

import asyncio
import copy
import random
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from placket.domain.errors import StorageUnavailable
from placket.domain.garments import EMBEDDING_DIM
from placket.search import MemorySearch
from placket.search.table import Table
from placket.services.ports import DELETIONS_KEPT, Hit, IndexedProduct
from tests.contract.search.catalogue import BUNDLE, Catalogue, one_hot, unit


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest_asyncio.fixture
async def engine(catalogue: Catalogue) -> AsyncIterator[MemorySearch]:
    engine = MemorySearch(catalogue, memory_bytes=10**9, page_size=10)
    yield engine
    await engine.aclose()


async def ids(engine: MemorySearch, revision: int, service: int = 1) -> list[str]:
    hits = await engine.search(service, BUNDLE, revision, one_hot(0), limit=1000)
    return [h.product_id for h in hits]


async def test_a_state_that_is_new_enough_is_not_asked_for_again(engine: MemorySearch, catalogue: Catalogue) -> None:
    revision = catalogue.put("a", [one_hot(0)])
    for _ in range(3):
        assert await ids(engine, revision) == ["a"]
    assert catalogue.calls == [(1, -1)]
    catalogue.put("b", [one_hot(0)])
    assert await ids(engine, revision) == ["a"], "an older revision needs no refresh"
    assert await ids(engine, revision + 1) == ["a", "b"]
    assert await ids(engine, catalogue.touch()) == ["a", "b"]
    assert await ids(engine, catalogue.revision()) == ["a", "b"]
    assert catalogue.calls == [(1, -1), (1, 1), (1, 2)]
    older, newer = catalogue.put("c", [one_hot(0)]), catalogue.put("d", [one_hot(0)])
    assert await ids(engine, older) == await ids(engine, newer) == ["a", "b", "c", "d"]
    assert catalogue.calls[3:] == [(1, 2)], "what came along need not be asked for"


async def test_a_copy_that_was_not_searched_for_days_is_read_anew(catalogue: Catalogue) -> None:
    now = 1_800_000_000.0
    engine = MemorySearch(catalogue, memory_bytes=10**9, clock=lambda: now)
    try:
        catalogue.put("a", [one_hot(0)])
        assert await ids(engine, catalogue.put("b", [one_hot(0)])) == ["a", "b"]
        now += 0.4 * DELETIONS_KEPT.total_seconds()
        assert await ids(engine, catalogue.revision()) == ["a", "b"]
        now += 0.4 * DELETIONS_KEPT.total_seconds()
        assert await ids(engine, catalogue.put("c", [one_hot(0)])) == ["a", "b", "c"], "it was seen in between"
        assert [since for _, since in catalogue.calls] == [-1, 2]
        catalogue.delete("a")
        del catalogue.products[1]["a"]
        now += 0.6 * DELETIONS_KEPT.total_seconds()
        revision = catalogue.put("d", [one_hot(0)])
        answers = await asyncio.gather(ids(engine, revision), ids(engine, revision))
        assert answers == [["b", "c", "d"]] * 2, "of its deletion nobody tells any more"
        assert [since for _, since in catalogue.calls] == [-1, 2, -1]
    finally:
        await engine.aclose()


async def test_a_source_that_was_put_back_is_read_anew(engine: MemorySearch, catalogue: Catalogue) -> None:
    kept = catalogue.put("a", [one_hot(0)])
    before = copy.deepcopy((catalogue.products, catalogue.bundles, catalogue.revisions))
    catalogue.put("lost", [one_hot(0)])
    assert await ids(engine, catalogue.delete("a")) == ["lost"]
    catalogue.products, catalogue.bundles, catalogue.revisions = before
    assert await ids(engine, kept) == ["a"]
    # By a clock that is behind, what comes instead has the number of a lost change.
    assert await ids(engine, catalogue.put("new", [one_hot(0)])) == ["a", "new"]


async def test_concurrent_searches_share_one_refresh(engine: MemorySearch, catalogue: Catalogue) -> None:
    for number in range(25):
        catalogue.put(f"p{number:02}", [one_hot(0)])
    answers = await asyncio.gather(*(ids(engine, 25) for _ in range(20)))
    assert all(a == sorted(f"p{n:02}" for n in range(25)) for a in answers)
    assert catalogue.calls == [(1, -1), (1, 10), (1, 20)]
    assert engine.statistics().refreshes == 1


async def test_a_search_that_comes_during_a_refresh_gets_its_own_revision(
    engine: MemorySearch, catalogue: Catalogue
) -> None:
    catalogue.put("a", [one_hot(0)])
    async with catalogue.held_up():
        first = asyncio.create_task(ids(engine, 1))
        await catalogue.called(1)
        revision = catalogue.put("b", [one_hot(0)])
        second = asyncio.create_task(ids(engine, revision))
        await asyncio.sleep(0)
    assert await second == ["a", "b"]
    assert "a" in await first
    assert catalogue.calls == [(1, -1), (1, 1)]


async def test_a_product_that_moves_on_between_two_pages_is_not_passed_over(
    engine: MemorySearch, catalogue: Catalogue
) -> None:
    """Ten others fill the first page while ``x``, changed before them, changes again and leaves for the second."""
    catalogue.put("x", [one_hot(1)])
    await ids(engine, 1)
    wanted = catalogue.put("x", [one_hot(0)])
    for number in range(10):
        catalogue.put(f"p{number}", [one_hot(2)])
    original = catalogue.changes

    async def changing(service: int, bundle: str, since: int, limit: int, newest: str) -> list[IndexedProduct]:
        if since == 1:
            catalogue.put("x", [one_hot(0), one_hot(3)])
        return await original(service, bundle, since, limit, newest)

    catalogue.changes = changing  # type: ignore[method-assign]
    assert (await engine.search(1, BUNDLE, wanted, one_hot(0), limit=1)) == [Hit("x", 1.0)]


async def test_a_failed_refresh_fails_those_who_wait_and_the_next_one_goes_on(
    engine: MemorySearch, catalogue: Catalogue
) -> None:
    for number in range(25):
        catalogue.put(f"p{number:02}", [one_hot(0)])
    original, failures = catalogue.changes, [20]

    async def failing(service: int, bundle: str, since: int, limit: int, newest: str) -> list[IndexedProduct]:
        if since + 1 > 10 and failures:
            failures.pop()
            raise StorageUnavailable("gone")
        return await original(service, bundle, since, limit, newest)

    catalogue.changes = failing  # type: ignore[method-assign]
    results = await asyncio.gather(ids(engine, 25), ids(engine, 25), return_exceptions=True)
    assert [type(r) for r in results] == [StorageUnavailable] * 2
    assert len(await ids(engine, 25)) == 25
    assert catalogue.calls == [(1, -1), (1, 10), (1, 20)], "the first page was kept"


async def test_a_caller_who_leaves_does_not_take_the_refresh_along(engine: MemorySearch, catalogue: Catalogue) -> None:
    catalogue.put("a", [one_hot(0)])
    async with catalogue.held_up():
        leaving, staying = (asyncio.create_task(ids(engine, 1)) for _ in range(2))
        await catalogue.called(1)
        leaving.cancel()
    assert await staying == ["a"]
    assert leaving.cancelled()
    assert engine.statistics().refreshes == 1


async def test_the_longest_unused_copy_goes_first(catalogue: Catalogue) -> None:
    rows = unit(np.random.default_rng(0), 100)
    for service in (1, 2, 3):
        for number, row in enumerate(rows):
            catalogue.put(f"p{number}", [row], service=service)
    probe = MemorySearch(catalogue, 10**9)
    await ids(probe, 100)
    one = probe.statistics().memory_bytes
    await probe.aclose()
    engine = MemorySearch(catalogue, int(2.5 * one))
    for service, loads in ((1, 1), (2, 2), (1, 2), (3, 3), (1, 3), (3, 3), (2, 4), (1, 5)):
        await ids(engine, 100, service)
        assert engine.statistics().refreshes == loads, service
        assert engine.statistics().memory_bytes <= 2.5 * one
    assert engine.statistics().evictions == 3
    await engine.aclose()


async def test_a_copy_that_was_not_searched_for_a_week_goes(catalogue: Catalogue) -> None:
    """The service may be gone, by way of another process."""
    now = 1_800_000_000.0
    for service in (1, 2):
        catalogue.put("a", [one_hot(0)], service=service)
    engine = MemorySearch(catalogue, memory_bytes=10**9, clock=lambda: now)
    await ids(engine, 1, service=1)
    for days, copies in ((0, 2), (6, 2), (2, 1)):
        now += days * 86_400
        await ids(engine, 1, service=2)
        assert engine.statistics().copies == copies
    assert await ids(engine, 1, service=1) == ["a"]
    await engine.aclose()


async def test_a_copy_larger_than_the_memory_is_kept_while_it_is_the_one_in_use(catalogue: Catalogue) -> None:
    catalogue.put("a", [one_hot(0)])
    engine = MemorySearch(catalogue, memory_bytes=1)
    for _ in range(3):
        assert await ids(engine, 1) == ["a"]
    assert (engine.statistics().refreshes, engine.statistics().copies) == (1, 1)
    await engine.aclose()


async def test_a_copy_that_is_being_searched_is_not_evicted(catalogue: Catalogue) -> None:
    catalogue.put("a", [one_hot(0)], service=1)
    catalogue.put("b", [one_hot(0)], service=2)
    engine = MemorySearch(catalogue, memory_bytes=1)
    async with catalogue.held_up(service=1):
        slow = asyncio.create_task(ids(engine, 1, service=1))
        await catalogue.called(1)
        assert await ids(engine, 1, service=2) == ["b"]
        assert engine.statistics().copies == 2
    assert await slow == ["a"]
    assert engine.statistics().copies == 1
    await engine.aclose()


async def test_forgetting_during_a_search(engine: MemorySearch, catalogue: Catalogue) -> None:
    catalogue.put("a", [one_hot(0)])
    async with catalogue.held_up():
        search = asyncio.create_task(ids(engine, 1))
        await catalogue.called(1)
        engine.forget(1)
        assert engine.statistics().copies == 0
    assert await search == ["a"]
    assert await ids(engine, 1) == ["a"]
    assert engine.statistics().refreshes == 2


async def test_closing_ends_a_refresh(catalogue: Catalogue) -> None:
    engine = MemorySearch(catalogue, 10**9)
    catalogue.put("a", [one_hot(0)])
    async with catalogue.held_up():
        search = asyncio.create_task(ids(engine, 1))
        await catalogue.called(1)
        await engine.aclose()
        with pytest.raises(asyncio.CancelledError):
            await search


async def test_the_event_loop_goes_on_while_a_large_page_is_applied(catalogue: Catalogue) -> None:
    rows = unit(np.random.default_rng(0), 20_000)
    products = [IndexedProduct(f"p{n}", n, {}, "", [row], [[]]) for n, row in enumerate(rows)]
    catalogue.products[1] = {p.product_id: p for p in products}
    catalogue.bundles = {(1, p.product_id): BUNDLE for p in products}
    engine = MemorySearch(catalogue, 10**9, page_size=50_000)
    applied: list[float] = []
    original = Table.apply

    def timed(table: Table, page: list[IndexedProduct]) -> None:
        start = time.perf_counter()
        original(table, page)
        applied.append(time.perf_counter() - start)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "apply", timed)
        search = asyncio.create_task(ids(engine, 1))
        beats = 0
        while not search.done():
            await asyncio.sleep(0.001)
            beats += 1
    assert len(await search) == 1000
    # A loop that was held up for as long as the page took would have beaten only a few times.
    assert beats > min(20, applied[0] / 0.02)
    await engine.aclose()


async def test_statistics_say_which_way_searches_took(catalogue: Catalogue) -> None:
    rows = unit(np.random.default_rng(0), 3000)
    for number, row in enumerate(rows):
        catalogue.put(f"p{number}", [row])
    engine = MemorySearch(catalogue, memory_bytes=10**9)
    await engine.search(1, BUNDLE, 3000, rows[3], limit=5)
    await engine.search(1, BUNDLE, 3000, rows[3], limit=3000)
    await engine.search(2, BUNDLE, 0, rows[3], limit=5)
    seen = engine.statistics()
    assert (seen.int8, seen.gathered, seen.empty, seen.full) == (1, 1, 1, 0)
    assert 3000 < seen.scored_rows < 3300
    assert seen.memory_bytes > 3000 * EMBEDDING_DIM * 5
    await engine.aclose()


@pytest.mark.parametrize("memory", [1, 10**9])
async def test_searches_during_changes_see_whole_products_no_older_than_asked(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    """Every product has two garments that tell its version by their cosines; no search may miss one or see it twice.

    Element 0 of the first and element 1 of the second are version / 1024; neither answers the other's query.
    """
    monkeypatch.setattr(Table, "LEAST_DEAD", 20)
    engine = MemorySearch(catalogue, memory, page_size=7)
    versions: dict[int, dict[str, int]] = {}
    current = dict.fromkeys((f"p{n:02}" for n in range(40)), 0)

    def write(product_id: str) -> None:
        current[product_id] += 1
        value = current[product_id] / 1024
        catalogue.put(product_id, [one_hot(0, value), one_hot(1, value)], {"s1": str(current[product_id])})
        versions[catalogue.revision()] = dict(current)

    async def writer() -> None:
        dice = random.Random(1)
        for _ in range(300):
            for product_id in dice.sample(sorted(current), 3):
                write(product_id)
            await asyncio.sleep(0.0005)

    async def reader(seed: int) -> int:
        dice = random.Random(seed)
        searches = 0
        while not writing.done():
            revision = catalogue.revision()
            hits = await engine.search(1, BUNDLE, revision, one_hot(dice.randrange(2)), limit=100)
            found = {h.product_id: round(h.cosine * 1024) for h in hits}
            assert len(hits) == len(found) == 40
            assert all(found[p] >= version for p, version in versions[revision].items())
            if dice.random() < 0.1:
                await engine.search(2, BUNDLE, 0, one_hot(0), limit=1)
            searches += 1
        return searches

    for product_id in current:
        write(product_id)
    writing = asyncio.create_task(writer())
    searches = await asyncio.gather(*(reader(seed) for seed in range(8)))
    await writing
    assert sum(searches) > 100
    assert engine.statistics().compactions > 3
    await engine.aclose()
