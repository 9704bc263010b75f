"""Fixtures for every test that needs a real database: one server a session, one database a test."""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog

from placket.storage.database import Database
from tests.support.postgres import TestServer, reachable_folder

# The size of a terminal is what each test says it is. readline, which pytest loads, sets these two for the processes
# that it starts, and with -n those run the tests. Done here, before the conftest of a folder imports the commands.
for _name in ("COLUMNS", "LINES"):
    os.environ.pop(_name, None)


@pytest.fixture(autouse=True)
def logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands that run in the tests' own process set up how all of it logs, and loggers keep that once they are used:
    other tests would no longer see what is logged."""
    configure = structlog.configure

    def uncached(**settings: Any) -> None:
        configure(**settings | {"cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", uncached)
    yield
    structlog.reset_defaults()


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
