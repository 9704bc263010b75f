"""Migrations: one winner, and newer schemas refused."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from alembic import command

from placket.cli.doctor import _examine_database
from placket.domain.errors import SchemaTooNew, StorageUnavailable
from placket.domain.garments import Label
from placket.domain.labels import label_words
from placket.storage import schema
from placket.storage.database import Database, normalise_url, storable
from tests.support.memory_vision import garment
from tests.support.postgres import TestServer


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def test_an_empty_database_is_migrated_once(empty_database_url: str) -> None:
    assert schema.schema_status(empty_database_url) == (None, schema.head_revision())
    results: list[object] = []

    def migrate() -> None:
        try:
            results.append(schema.upgrade(plain(empty_database_url)))
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [schema.head_revision()] * 5
    assert schema.schema_status(empty_database_url) == (schema.head_revision(), schema.head_revision())


def test_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'future'")
    with pytest.raises(SchemaTooNew, match=r"schema future.*newer version"):
        schema.upgrade(database_url)
    assert schema.schema_status(database_url)[0] == "future"
    assert not schema.is_known("future")
    assert "db upgrade" in schema.advice(None)


def test_keys_of_an_older_database_are_listed_and_what_that_did_to_it_is_said_apart(
    empty_database_url: str, tmp_path: Path
) -> None:
    with schema._connected(empty_database_url) as connection:
        command.upgrade(schema._config(connection), "0002")
    environment = {"PLACKET_DATABASE_URL": plain(empty_database_url), "PLACKET_DATA_DIR": str(tmp_path)}
    listing = [sys.executable, "-m", "placket", "keys", "list", "--json"]
    first, second = (
        subprocess.run(listing, env={**os.environ, **environment}, capture_output=True, check=True) for _ in range(2)
    )
    assert json.loads(first.stdout) == json.loads(second.stdout) == []
    said = json.loads(first.stderr)
    assert "the older version cannot use it" in said["event"]
    assert (said["was"], said["schema"]) == ("0002", schema.head_revision())
    assert second.stderr == b""


@pytest.mark.parametrize("encoding", ["EUC_KR", "SQL_ASCII"])
def test_a_database_that_lacks_letters_is_refused_while_it_is_empty(postgres: TestServer, encoding: str) -> None:
    with postgres.database(encoding=encoding) as url:
        with pytest.raises(StorageUnavailable, match=f"{encoding}.*CREATE DATABASE"):
            schema.upgrade(url)
        found = [f for f in _examine_database(url) if f.level == "fail"]
        assert [f.text for f in found] == [f"it holds text in {encoding}: what has other letters cannot be stored"]
        # One that is in use already serves the shop whose letters it has.
        with schema._connected(url) as connection:
            command.upgrade(schema._config(connection), "0006")
        assert schema.upgrade(url) == schema.head_revision()


def test_garments_that_were_there_before_get_their_labels(empty_database_url: str) -> None:
    with schema._connected(empty_database_url) as connection:
        command.upgrade(schema._config(connection), "0002")
    seen = [
        garment(),
        replace(garment(1), tags={"colors": (Label("red", 0.9), Label("blue", 0.5)), "details": ()}),
        replace(garment(2), tags={}),
    ]
    with psycopg.connect(plain(empty_database_url), autocommit=True) as connection:
        connection.execute("INSERT INTO projects (name) VALUES ('p')")
        connection.execute("INSERT INTO services (project_id, name, bundle) VALUES (1, 'main', 'b')")
        connection.execute("INSERT INTO documents (service_id, product_id, revision) VALUES (1, 'p', 1)")
        for n, g in enumerate(seen):
            connection.execute(
                "INSERT INTO garments VALUES (1, 'b', %s, %s, array_fill(0.1::real, ARRAY[256])::vector)",
                (n, json.dumps(g.to_json())),
            )
    assert schema.upgrade(empty_database_url) == schema.head_revision()
    with psycopg.connect(plain(empty_database_url)) as connection:
        rows = connection.execute("SELECT labels, correction FROM garments ORDER BY ordinal").fetchall()
    assert [(sorted(labels), correction) for labels, correction in rows] == [(label_words(g), None) for g in seen]


def test_a_migration_that_fails_leaves_nothing(empty_database_url: str) -> None:
    with psycopg.connect(plain(empty_database_url), autocommit=True) as connection:
        connection.execute("CREATE TABLE jobs (mine int)")
    with pytest.raises(StorageUnavailable, match=r"brought up to date: .* needs a database of its own"):
        schema.upgrade(empty_database_url)
    with psycopg.connect(plain(empty_database_url)) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("jobs",)]


@pytest.mark.parametrize("read_over", ["0007", "0009"])
def test_an_older_backup_that_was_read_over_newer_tables_is_told_as_such(database_url: str, read_over: str) -> None:
    with psycopg.connect(plain(database_url)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (read_over,))
    with pytest.raises(StorageUnavailable, match=r"an older backup .* `placket db restore` begins with an empty"):
        schema.upgrade(database_url)


def test_a_table_that_somebody_holds_is_waited_for_in_short_tries(empty_database_url: str) -> None:
    with schema._connected(empty_database_url) as connection:
        command.upgrade(schema._config(connection), "0006")
    told: list[float] = []
    with psycopg.connect(plain(empty_database_url)) as backup:
        backup.execute("LOCK TABLE documents IN ACCESS SHARE MODE")
        begun = time.monotonic()
        assert schema.try_upgrade(empty_database_url) is None
        assert time.monotonic() - begun < 10
        waiting = threading.Thread(target=schema.upgrade, args=(empty_database_url, lambda: told.append(1.0)))
        waiting.start()
        while not told:
            time.sleep(0.01)
        assert schema.schema_status(empty_database_url)[0] == "0006"
    waiting.join(30)
    assert schema.schema_status(empty_database_url)[0] == schema.head_revision()
    assert told == [1.0]


def at_0006_with_a_migration_that(does: str, url: str) -> None:
    """``does``: a statement of PL/pgSQL, run within the next migration."""
    with schema._connected(url) as connection:
        command.upgrade(schema._config(connection), "0006")
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {does}; RETURN new; END$$")
        connection.execute("CREATE TRIGGER t BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION f()")


def test_the_time_that_the_role_may_take_for_a_query_is_not_that_of_a_migration(empty_database_url: str) -> None:
    at_0006_with_a_migration_that("PERFORM pg_sleep(2)", empty_database_url)
    limited = empty_database_url + "&options=-cstatement_timeout%3D1500"
    assert schema.upgrade(limited) == schema.head_revision()


async def test_a_full_disk_is_not_a_database_that_is_away(empty_database_url: str) -> None:
    full = "RAISE 'could not extend file' USING ERRCODE = 'disk_full'"
    at_0006_with_a_migration_that(full, empty_database_url)
    with pytest.raises(StorageUnavailable, match="cannot be brought up to date: could not extend file"):
        schema.upgrade(empty_database_url)
    assert schema.schema_status(empty_database_url)[0] == "0006"
    database = Database(empty_database_url, pool_size=2)
    try:
        with pytest.raises(StorageUnavailable, match="the database cannot do this: could not extend file"):
            async with database.begin() as connection:
                await connection.exec_driver_sql(f"DO $$BEGIN {full}; END$$")
    finally:
        await database.aclose()


@pytest.mark.parametrize("url", ["mysql://x", "", "placket", "sqlite:///x"])
def test_a_url_of_something_else(url: str) -> None:
    with pytest.raises(StorageUnavailable, match="must begin with postgresql://"):
        schema.upgrade(url)


def test_a_server_that_is_away() -> None:
    with pytest.raises(StorageUnavailable, match="cannot be reached") as caught:
        schema.upgrade("postgresql://user:geheim@127.0.0.1:1/none")
    assert "geheim" not in caught.value.detail
    assert normalise_url("postgres://h/d") == normalise_url("postgresql+psycopg://h/d") == "postgresql+psycopg://h/d"


async def test_a_pool_without_a_free_connection(database_url: str) -> None:
    import asyncio

    from sqlalchemy import text

    database = Database(database_url, pool_size=2)
    database._engine.pool._timeout = 0.2  # type: ignore[attr-defined]
    try:
        async with database.begin(), database.begin():
            with pytest.raises(StorageUnavailable, match="no database connection became free"):
                await database.ping()
        with pytest.raises(TimeoutError):  # the caller's own time limit is not the database's fault
            async with database.begin():
                raise TimeoutError
        async with database.begin() as connection:
            await connection.execute(text("SELECT 1"))
        await asyncio.gather(*(database.ping() for _ in range(4)))
    finally:
        await database.aclose()


async def test_a_connection_that_the_server_ends(database_url: str) -> None:
    from sqlalchemy import text

    database = Database(database_url, pool_size=2)
    try:
        with pytest.raises(StorageUnavailable, match=r"does not answer|broke"):
            async with database.begin() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        await database.ping()
    finally:
        await database.aclose()


@pytest.mark.parametrize(("word", "can"), [("", True), ("가\U0001f457", True), ("a\x00", False), ("\ud800", False)])
def test_what_postgres_can_hold(word: str, can: bool) -> None:
    assert storable(word) is can
