"""What a database's URL may say, how its connections are watched, and what is noticed of a server that is not well."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg.errors import ConnectionTimeout
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.cli.doctor import _examine_database, _missing_bundles
from placket.domain.errors import StorageUnavailable
from placket.settings import Settings
from placket.storage import schema
from placket.storage.checkup import check_up
from placket.storage.database import Database, connect_options, normalise_url
from placket.storage.own_connections import OwnConnections
from placket.storage.sessions import are_shared, refuse_shared_sessions
from placket.vision.library import BundleLibrary
from tests.support.tiny_bundle import write_tiny_bundle

HOST = "postgresql://shop:%s@127.0.0.1:5432/shop"


@pytest.mark.parametrize(
    "url",
    [
        *(HOST % password for password in ("S3K%RET", "S3K RET", "S3K/RET", "S3K%zz")),
        "postgresql://shop@127.0.0.1:notaport/shop",
        "mysql://shop@127.0.0.1/shop",
    ],
)
def test_a_url_that_two_read_as_two_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StorageUnavailable) as raised:
        normalise_url(url)
    assert "PLACKET_DATABASE_URL" in raised.value.detail and "S3K" not in raised.value.detail


@pytest.mark.parametrize(
    "url",
    [
        *(HOST % password for password in ("plain", "S3K%25RET", "a%20b%2Fc%40d", "#?+[]:")),
        "postgres://shop@db.internal/shop",
        "postgresql+psycopg://shop@[::1]:5433/shop",
        "postgresql://shop@/shop?host=db1,db2&port=5432,5433&target_session_attrs=read-write",
        "postgresql://shop@/shop?host=%2Fvar%2Frun%2Fpostgresql",
        "postgresql://db.internal",
    ],
)
def test_urls_that_are_taken(url: str) -> None:
    assert normalise_url(url).startswith("postgresql+psycopg://")


def test_a_host_that_is_gone_is_noticed_unless_the_url_says_otherwise() -> None:
    options = connect_options("postgresql://shop@db/shop?tcp_user_timeout=99&connect_timeout=3")
    assert "tcp_user_timeout" not in options and "connect_timeout" not in options
    assert (options["keepalives_idle"], options["keepalives_interval"], options["keepalives_count"]) == (10, 5, 3)
    assert connect_options("postgresql://shop@db/shop")["tcp_user_timeout"] == 10_000


async def test_a_server_that_takes_no_writes_is_not_ready(database_url: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(normalise_url(database_url).replace("+psycopg", ""))["dbname"]
    with psycopg.connect(normalise_url(database_url).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')  # type: ignore[call-overload]
    database = Database(database_url, 1)
    with pytest.raises(StorageUnavailable, match="read-only"):
        await database.ping()
    await database.aclose()
    assert check_up(database_url).read_only
    assert ("fail", "it is read-only") in [(f.level, f.text) for f in _examine_database(database_url)]


async def test_a_session_is_as_the_statements_need_it(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "EUC_KR")
    monkeypatch.setenv("PGTZ", "Asia/Seoul")
    name = psycopg.conninfo.conninfo_to_dict(normalise_url(database_url).replace("+psycopg", ""))["dbname"]
    with psycopg.connect(normalise_url(database_url).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'")  # type: ignore[call-overload]
    database = Database(database_url, 1)
    for way in (database.begin, database.read, database.begin):
        async with way() as connection:
            asked = text("SELECT CAST(:word AS text), now(), current_setting('transaction_isolation')")
            word, now, isolation = (await connection.execute(asked, {"word": "café 체크"})).one()
        assert (word, now.isoformat()[-6:], isolation) == ("café 체크", "+00:00", "read committed")
    async with database.read() as connection:
        paused = (await connection.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar_one()
        assert paused == "30s"
        asked = text("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        assert (await connection.execute(asked)).scalar_one() == "placket"
    await database.aclose()


async def test_what_an_error_says_holds_no_parameter(database_url: str) -> None:
    database = Database(database_url, 1)
    with pytest.raises(DBAPIError) as raised:
        async with database.begin() as connection:
            await connection.execute(text("SELECT 1 / CAST(:zero AS int), :secret"), {"zero": 0, "secret": "hush"})
    await database.aclose()
    assert "hush" not in str(raised.value)


def test_bundles_are_missed_before_an_upgrade_too_and_that_of_a_reindexing_under_way(
    empty_database_url: str, tmp_path: Path
) -> None:
    def missing() -> list[str]:
        return [f.text for f in _missing_bundles(empty_database_url, Settings(), tmp_path)]

    assert missing() == []
    with schema._connected(empty_database_url) as older:
        command.upgrade(schema._config(older), "0001")
    with psycopg.connect(normalise_url(empty_database_url).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("INSERT INTO projects (name) VALUES ('shop')")
        connection.execute("INSERT INTO services (project_id, name, bundle) VALUES (1, 'main', 'old-1')")
        for kind, bundle, ended in (("reindex", "new-1", None), ("reindex", "b", "now()"), ("index", "c", None)):
            connection.execute(
                "INSERT INTO index_runs (id, service_id, kind, filename, bundle, state, total_cnt, chunk_count,"
                " finished_at) VALUES (gen_random_uuid(), 1, %s, '', %s, '', 0, 0, %s)",
                (kind, bundle, ended),
            )
        assert missing() == [f"services need bundle {b}, which is not here" for b in ("new-1", "old-1")]
        connection.execute("UPDATE alembic_version SET version_num = 'future'")
    assert missing() == []


def test_a_bundle_that_services_need_and_nobody_kept_is_missed(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(normalise_url(database_url).replace("+psycopg", ""), autocommit=True) as connection:
        project = connection.execute("INSERT INTO projects (name) VALUES ('shop') RETURNING id").fetchone()
        assert project is not None
        current = BundleLibrary(None, None).current().version
        for name, bundle, deleted in (("a", "old-1", None), ("b", current, None), ("c", "older", "now()")):
            connection.execute(
                "INSERT INTO services (project_id, name, bundle, deleted_at) VALUES (%s, %s, %s, %s)",
                (project[0], name, bundle, deleted and datetime.now(UTC)),
            )
    missing = [f.text for f in _missing_bundles(database_url, Settings(), tmp_path)]
    assert missing == ["services need bundle old-1, which is not here"]
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_services_need_and_this_version_cannot_read_is_told(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(normalise_url(database_url).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("INSERT INTO projects (name) VALUES ('shop')")
        connection.execute("INSERT INTO services (project_id, name, bundle) SELECT id, 'a', 'new-1' FROM projects")
    BundleLibrary(tmp_path, str(write_tiny_bundle(tmp_path / "new", "new-1"))).current()
    assert list(_missing_bundles(database_url, Settings(), tmp_path)) == []
    manifest = tmp_path / "bundles" / "new-1" / "bundle.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))
    (found,) = _missing_bundles(database_url, Settings(), tmp_path)
    assert found.text.startswith("the kept copy of bundle new-1 cannot be read: ")
    assert "99 is of a newer version of Placket" in found.text


def test_connections_are_counted_by_the_narrowest_limit(database_url: str) -> None:
    plain = normalise_url(database_url).replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        name = psycopg.conninfo.conninfo_to_dict(plain)["dbname"]
        assert check_up(database_url).connections_left > 10
        connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 6')  # type: ignore[call-overload]
        # This one and the one that asks have two of them; one that asked before may be about to end.
        assert check_up(database_url).connections_left in (3, 4)
    told = [f.level for f in _examine_database(database_url) if f.text.endswith(" connections left")]
    assert told == ["warn"]


def test_a_pooler_that_shares_sessions_is_refused(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_shared_sessions(database_url)
    with psycopg.connect(normalise_url(database_url).replace("+psycopg", ""), autocommit=True) as shared:
        # What PgBouncer does in its transaction mode: the session that came back last is given out next.
        monkeypatch.setattr(psycopg, "connect", lambda *_, **__: nullcontext(shared))
        with pytest.raises(StorageUnavailable, match="pool_mode = session"):
            refuse_shared_sessions(database_url)
        assert are_shared(database_url)


async def test_a_server_that_does_not_answer_is_asked_once() -> None:
    asked = 0

    @asynccontextmanager
    async def silent() -> AsyncIterator[AsyncConnection]:
        nonlocal asked
        asked += 1
        raise OperationalError("", None, ConnectionTimeout("connection timeout expired"))
        yield

    ours = OwnConnections(10, 30.0)
    ours._in_use = 1
    with pytest.raises(OperationalError):
        async with ours.one(silent):
            pass
    assert asked == 1


async def test_with_fewer_connections_than_its_pool_may_have_a_process_is_only_slower(database_url: str) -> None:
    plain = normalise_url(database_url).replace("+psycopg", "")
    name = psycopg.conninfo.conninfo_to_dict(plain)["dbname"]

    async def ask(way: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> int:
        async with way() as connection:
            found: int = (await connection.execute(text("SELECT 1 FROM pg_sleep(0.01)"))).scalar_one()
            return found

    database = Database(database_url, 10)
    assert await asyncio.gather(*(ask(database.begin) for _ in range(10))) == [1] * 10
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 3')  # type: ignore[call-overload]
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await ask(database.begin)
        assert await asyncio.gather(*(ask(way) for way in (database.begin, database.read) * 20)) == [1] * 40
        connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')  # type: ignore[call-overload]
    await database.aclose()
    begun = time.monotonic()
    refused = await asyncio.gather(*(ask(database.read) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(error, StorageUnavailable) for error in refused)
    assert time.monotonic() - begun < 5
