"""What reading and re-indexing a large service costs: rows compared, and vectors that need not be parsed."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import sqlalchemy
from pgvector import Vector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.labels import parse_labels
from placket.domain.runs import Row
from placket.storage.database import Database
from placket.storage.leftovers import CLEAR
from placket.storage.run_rows import insert_documents_as_rows
from tests.contract.storage.world import BUNDLE, QUOTA, World, analysis, disable, embedding, enable, planned

NEW = "bundle-2"
PRODUCTS, GARMENTS = 300, 4


async def fill(connection: AsyncConnection, service: int, bundle: str) -> None:
    await connection.execute(
        text(
            "INSERT INTO garments (document_id, bundle, ordinal, data, embedding)"
            " SELECT id, :bundle, n, '{}', CAST(:embedding AS vector) FROM documents"
            " CROSS JOIN generate_series(1, CAST(:garments AS integer)) n WHERE service_id = :service"
        ),
        {"bundle": bundle, "service": service, "garments": GARMENTS, "embedding": embedding("any").tolist()},
    )


@asynccontextmanager
async def re_indexed_just_now(world: World) -> AsyncIterator[AsyncConnection]:
    """The table's statistics are from before the new bundle's garments came."""
    async with world.database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO documents (service_id, product_id, revision)"
                " SELECT :service, 'p' || n, n FROM generate_series(1, CAST(:products AS integer)) n"
            ),
            {"service": world.service.id, "products": PRODUCTS},
        )
        await fill(connection, world.service.id, BUNDLE)
        await connection.execute(text("ANALYZE documents, garments"))
        await fill(connection, world.service.id, NEW)
        yield connection


async def test_what_is_left_to_re_index_is_found_without_comparing_everything_with_everything(world: World) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    run = await world.runs.accept_reindex(world.service, NEW, 2)
    async with re_indexed_just_now(world) as connection:
        sqlalchemy.event.listen(connection.sync_connection, "before_cursor_execute", note)
        assert await insert_documents_as_rows(connection, run.id, world.service.id, NEW, 0) == 0
        ((statement, values),) = asked
        plan = (await connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {statement}", values)).scalars().all()
    in_vain = sum(int(n) for n in re.findall(r"Rows Removed by Join Filter: (\d+)", "\n".join(plan)))
    assert in_vain <= PRODUCTS


async def test_a_portion_of_what_is_left_over_reads_no_more_than_that(world: World) -> None:
    values = {"service": world.service.id, "bundle": NEW, "after": "", "limit": PRODUCTS}
    async with re_indexed_just_now(world) as connection:
        plan = (await connection.execute(text(f"EXPLAIN (ANALYZE) {CLEAR}"), values)).scalars().all()
    read = [
        int(n) for line in plan if " on garments n" in line for n in re.findall(r"actual time=\S+ rows=(\d+)", line)
    ]
    assert read and max(read) <= GARMENTS


async def test_a_chunk_is_read_without_the_rest_of_its_run(world: World) -> None:
    """The statistics are from before the run came, as those of any run that has just begun."""
    asked: list[tuple[str, Any]] = []
    rows = [enable(n, f"p{n}") for n in range(1, PRODUCTS + 1)]
    await world.accept(rows, 2)
    await world.execute("ANALYZE index_rows, index_chunks")
    run = await world.accept(rows, 2)
    await world.execute("UPDATE index_runs SET state = 'running'")
    engine = world.database._engine.sync_engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    work = await world.progress.chunk(run.id, 7)
    assert work is not None and [row.product_id for row in work.rows] == ["p15", "p16"]
    ((statement, values),) = [one for one in asked if "index_rows" in one[0]]
    async with world.database.begin() as connection:
        plan = (await connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {statement}", values)).scalars().all()
    read = [int(n) for line in plan if " on index_" in line for n in re.findall(r"actual time=\S+ rows=(\d+)", line)]
    assert read and max(read) == 2


async def test_stored_vectors_are_not_parsed_from_text(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.documents.put(world.service, planned("p1"), analysis("p1"), None, QUOTA)
    monkeypatch.setattr(Vector, "from_text", None)
    (change,) = await world.documents.changes(world.service.id, BUNDLE, 0, 10)
    assert np.array_equal(change.vectors, [analysis("p1").garments[0].embedding])


async def test_a_statement_is_planned_for_what_it_asks_for(database_url: str) -> None:
    """A plan for any label, made after a few rare ones, reads all garments of a common one for each page."""
    database = Database(database_url, 1)
    world = await World(database).open()
    for _ in range(20):
        await world.documents.page(world.service, "", 10, parse_labels(["group:TOP"]))
    async with database.read() as connection:
        made = "SELECT sum(generic_plans), sum(custom_plans) > 0 FROM pg_prepared_statements"
        assert (await connection.execute(text(made))).one() == (0, True)
    await database.aclose()


async def test_storing_a_chunk_takes_as_many_statements_however_many_products_it_has(world: World) -> None:
    """Each is a journey to a server that is elsewhere, and the service is locked until the last is back."""
    asked: list[str] = []
    engine = world.database._engine.sync_engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    async def statements(rows: int, bundle: str = "", row: Callable[[int, str], Row] = enable) -> int:
        await world.work_off()  # what an earlier re-indexing left
        if bundle:
            run = await world.runs.accept_reindex(await world.refreshed(), bundle, rows)
        else:
            run = await world.accept([row(n, f"p{n}") for n in range(1, rows + 1)], rows)
        await world.begin(run)
        ((job, work),) = await world.claim_chunks()
        asked.clear()
        assert (await world.complete(job, work)) is not None
        count = len(asked)
        await world.work_off()
        return count

    async def statements_once_more(rows: int) -> int:
        """Of a re-indexing with the bundle that the service has already."""
        await world.execute("DELETE FROM garments")
        return await statements(rows, (await world.refreshed()).bundle)

    few, reindexed, again = await statements(2), await statements(2, "bundle-2"), await statements_once_more(2)
    assert (await statements(20), await statements(20, "bundle-3")) == (few, reindexed)
    assert await statements_once_more(20) == again
    deleted = await statements(2, row=disable)
    await statements(20)
    assert await statements(20, row=disable) == deleted
