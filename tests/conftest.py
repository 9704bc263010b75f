"""Fixtures for every test that needs a real database: one server a session, one database a test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from placket.storage.database import Database
from tests.support.postgres import TestServer, reachable_folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    with reachable_folder() as folder:
        server = TestServer(folder / "data")
        try:
            yield server
        finally:
            server.close()


@pytest.fixture
def database_url(postgres: TestServer) -> Iterator[str]:
    """A fresh, migrated database."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def empty_database_url(postgres: TestServer) -> Iterator[str]:
    """A fresh database without a schema."""
    with postgres.database(migrated=False) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, pool_size=10)
    try:
        yield opened
    finally:
        await opened.aclose()
