"""A database that is there and says nothing more: a stopped machine, a disk that hangs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url

from placket.api.figures import HELP
from placket.condition import Condition
from placket.search import MemorySearch
from placket.services.tallies import Tallies
from placket.storage.catalogue import PostgresServices
from placket.storage.database import Database
from placket.storage.documents import PostgresDocuments
from placket.storage.queue import PostgresQueue
from placket.vision import BundleLibrary, VisionPool
from tests.support.tiny_bundle import write_tiny_bundle


class FreezingWire:
    """Stands before a database and passes everything on, until it is told to hold all of it back."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self.thawed = asyncio.Event()
        self.thawed.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.thawed.wait()
        there, back = await asyncio.open_unix_connection(self._socket)
        await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self.thawed.wait()
                writer.write(data)
        writer.close()


@asynccontextmanager
async def behind_a_wire(url: str) -> AsyncIterator[tuple[FreezingWire, Database]]:
    there = make_url(url)
    wire = FreezingWire(f"{there.query['host']}/.s.PGSQL.{there.query['port']}")
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = Database(f"postgresql://{there.username}@127.0.0.1:{port}/{there.database}")
    try:
        yield wire, database
    finally:
        wire.thawed.set()
        await database.aclose()
        server.close()


@pytest.fixture
async def vision(tmp_path: Path) -> AsyncIterator[VisionPool]:
    pool = VisionPool(BundleLibrary(None, str(write_tiny_bundle(tmp_path / "bundle"))), threads=1)
    yield pool
    await pool.aclose()


def condition_of(database: Database, vision: VisionPool, search: MemorySearch, warnings: list[str]) -> Condition:
    stores = PostgresQueue(database), PostgresServices(database)
    return Condition(database, *stores, vision, search, Tallies(), 15.0, lambda: warnings)


async def test_how_it_is_and_its_figures_are_told_in_time(database_url: str, vision: VisionPool) -> None:
    async with behind_a_wire(database_url) as (wire, database):
        search = MemorySearch(PostgresDocuments(database), 1_000_000)
        condition = condition_of(database, vision, search, ["the disk is almost full"])
        assert await condition.problems() == []
        assert (await condition.statistics())["queue_jobs"] == 0.0
        wire.thawed.clear()
        began = time.monotonic()
        problems, figures = await asyncio.gather(condition.problems(), condition.statistics())
        assert time.monotonic() - began < 5.0
        assert problems == ["the database does not answer (waited 3 s)"]
        assert (figures["database_up"], "queue_jobs" in figures) == (0.0, False)
        assert (figures["vision_processes"], figures["warnings"]) == (1.0, 1.0)
        wire.thawed.set()
        assert await condition.problems() == []
        assert set(await condition.figures()) == set(HELP)
        await search.aclose()


async def test_connections_that_are_all_in_use_are_not_taken_for_a_database_that_is_away(
    database_url: str, vision: VisionPool
) -> None:
    database = Database(database_url, 2)
    search = MemorySearch(PostgresDocuments(database), 1_000_000)
    condition = condition_of(database, vision, search, [])
    async with database.begin(), database.begin():
        assert await condition.problems() == ["all connections to the database are in use (waited 3 s)"]
        figures = await condition.statistics()
    assert (figures["database_connections"], figures["database_connections_most"]) == (2.0, 2.0)
    assert await condition.problems() == []
    assert (await condition.statistics())["database_connections"] == 0.0
    await search.aclose()
    await database.aclose()
