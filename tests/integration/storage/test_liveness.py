"""Which connections of the pool are asked whether they are well before they are used, and which are trusted."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import psycopg as dialect

from placket.storage import liveness
from placket.storage.database import Database


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Connections that were asked."""
    asked: list[object] = []
    ask = dialect.PGDialectAsync_psycopg.do_ping

    def note(self: dialect.PGDialectAsync_psycopg, connection: object) -> bool:
        asked.append(connection)
        return bool(ask(self, connection))

    monkeypatch.setattr(dialect.PGDialectAsync_psycopg, "do_ping", note)
    return asked


@pytest.fixture
async def database(database_url: str, pings: list[object]) -> AsyncIterator[Database]:
    database = Database(database_url, 1)
    yield database
    await database.aclose()


async def session(database: Database) -> int:
    async with database.read() as connection:
        found: int = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        return found


async def test_a_connection_that_was_in_use_a_moment_ago_is_not_asked(database: Database, pings: list[object]) -> None:
    first = await session(database)
    async with database.begin() as connection:
        await connection.execute(text("SELECT 1"))
    assert await session(database) == first
    assert pings == []


async def test_a_connection_that_lay_idle_is_asked(
    database: Database, pings: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await session(database)
    monkeypatch.setattr(liveness, "_MOMENT", 0.0)
    assert await session(database) == first
    assert len(pings) == 1


async def test_a_session_that_was_ended_a_moment_ago_is_replaced(database: Database, pings: list[object]) -> None:
    for way in (database.read, database.begin):
        first = await session(database)
        with psycopg.connect(database.conninfo, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
        async with way() as connection:
            assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() != first
    assert len(pings) == 2
