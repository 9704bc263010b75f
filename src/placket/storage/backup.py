"""Backups: one file of pg_dump's custom format, and a restore that puts the old database aside only when it is through.

Works for the embedded server and for any other, with the PostgreSQL programs that Placket brings.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from placket.domain.errors import InvalidParameter, PlacketError, StorageUnavailable
from placket.storage.database import normalise_url
from placket.storage.pg_tools import BackupUnusable, contents, dump, load, parameters_of
from placket.storage.schema import schema_status, upgrade

_RESTORE_LOCK = 0x706C6B72
_MAINTENANCE = ("postgres", "template1")


class DatabaseInUse(PlacketError):
    """Servers or workers are connected; their database cannot be replaced under them."""

    reason = "DatabaseInUse"


ANOTHER = "give this command the PLACKET_DATA_DIR or PLACKET_DATABASE_URL that the servers have"
"""The remedy where a command looks at a database that is not theirs."""


class NothingToBackUp(PlacketError):
    """It is not the database that anybody means; of a backup that is empty one learns when it is needed."""

    reason = "NothingToBackUp"


def backup(url: str, file: Path) -> int:
    """Write a consistent backup, whatever else goes on; returns its size in bytes.

    The file is there whole or not at all, and for its owner only (0600): it holds the installation's secrets.
    Raises InvalidParameter (the file exists, its folder does not), NothingToBackUp, StorageUnavailable.
    """
    if file.exists():
        raise InvalidParameter(f"{file} exists; give another name, or move it away")
    if not file.parent.is_dir():
        raise InvalidParameter(f"there is no folder {file.parent}")
    work = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(work, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        dump(url, work)
        if not _is_plackets(work):
            raise NothingToBackUp(f"the database holds nothing of Placket's, so there is no backup of it: {ANOTHER}")
        with work.open("rb") as written:
            os.fsync(written.fileno())
        work.rename(file)
    except OSError as error:
        raise InvalidParameter(f"{file} cannot be written: {error.strerror}") from None
    finally:
        work.unlink(missing_ok=True)
    return file.stat().st_size


def restore(url: str, file: Path) -> str:
    """Replace the database by a backup; returns its schema's revision, brought up to this version's.

    The backup is read into a new database first. Only when that is complete does it take the old one's name, in one
    transaction; until then the old one is untouched. Raises InvalidParameter, BackupUnusable, DatabaseInUse,
    SchemaTooNew, StorageUnavailable.
    """
    _check_file(file)
    target = parameters_of(url)["dbname"]
    fresh, old = f"{target}_restoring", f"{target}_replaced"
    with _maintenance(url) as connection:
        _lock(connection)
        _check_target(connection, target)
        _refuse_if_used(connection, target)
        _drop(connection, fresh)
        _drop(connection, old)
        connection.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8'").format(sql.Identifier(fresh)))
        try:
            revision = _fill(_with_database(url, fresh), file)
            _swap(connection, target, fresh, old)
        except BaseException:
            with suppress(psycopg.Error):
                _drop(connection, fresh)
            raise
        # If this fails, the next restore tries again.
        with suppress(psycopg.Error):
            _drop(connection, old)
        return revision


def _fill(url: str, file: Path) -> str:
    _check_extension(url)
    load(url, file)
    if schema_status(url)[0] is None:
        # Brought up to date as it is, it would be an empty database beside the one that was backed up.
        raise StorageUnavailable(
            "the backup's tables are in a schema that this role does not look into in a new database: give the role its"
            " search_path with ALTER ROLE ... SET search_path, for all databases; nothing was changed"
        )
    return upgrade(url)


def _check_extension(url: str) -> None:
    """The backup adds it, in the schema where it was, but could not say what is to be done where its role may not."""
    with psycopg.connect(**parameters_of(url)) as connection:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.errors.InsufficientPrivilege:
            raise StorageUnavailable(
                "the database that the backup is read into needs the extension vector, and this role may not create it:"
                " have its administrator run CREATE EXTENSION vector in the database template1, which new ones are"
                " copied from; nothing was changed"
            ) from None
        connection.rollback()


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise InvalidParameter(f"there is no file {file}")
    if not _is_plackets(file):
        raise BackupUnusable(f"{file} is a backup of something else")


def _is_plackets(file: Path) -> bool:
    # In whichever schema: a role that has one of its own name makes its tables there.
    return re.search(r" TABLE \S+ alembic_version ", contents(file)) is not None


def _swap(connection: psycopg.Connection[Any], target: str, fresh: str, old: str) -> None:
    """Renames fail while anybody is connected, and both happen or none."""
    _refuse_if_used(connection, target)
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    try:
        with connection.transaction():
            connection.execute(rename.format(sql.Identifier(target), sql.Identifier(old)))
            connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(target)))
    except psycopg.errors.ObjectInUse:
        raise _in_use(target) from None


def _check_target(connection: psycopg.Connection[Any], target: str) -> None:
    """What the swap at the end would fail at, hours later where the backup is large."""
    found = connection.execute(
        "SELECT pg_has_role(datdba, 'USAGE'), current_user FROM pg_database WHERE datname = %s", (target,)
    ).fetchone()
    if found is None:
        raise StorageUnavailable(
            f"there is no database {target} that the backup could take the place of: make one with CREATE DATABASE"
        )
    if not found[0]:
        raise StorageUnavailable(
            f"the database {target} is another role's: have its administrator run ALTER DATABASE {target} OWNER TO"
            f" {found[1]}; nothing was changed"
        )


def _refuse_if_used(connection: psycopg.Connection[Any], target: str) -> None:
    found = connection.execute(
        # Autovacuum has no user, and makes way by itself.
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usesysid IS NOT NULL AND pid <> pg_backend_pid()",
        (target,),
    ).fetchone()
    if found is not None and found[0]:
        raise _in_use(target)


def _in_use(target: str) -> DatabaseInUse:
    return DatabaseInUse(
        f"somebody is connected to the database {target}: stop every `placket serve` and `placket worker` first."
        " Nothing was changed"
    )


def _lock(connection: psycopg.Connection[Any]) -> None:
    found = connection.execute("SELECT pg_try_advisory_lock(%s)", (_RESTORE_LOCK,)).fetchone()
    if found is None or not found[0]:
        raise DatabaseInUse("another restore is going on")


def _drop(connection: psycopg.Connection[Any], database: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(database)))


@contextmanager
def _maintenance(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection beside the database that is to be replaced, in autocommit."""
    problem: Exception | None = None
    for database in _MAINTENANCE:
        try:
            connection = psycopg.connect(
                **{**parameters_of(url), "dbname": database, "connect_timeout": 10}, autocommit=True
            )
        except psycopg.OperationalError as error:
            problem = error
            continue
        with connection:
            try:
                yield connection
            except psycopg.errors.InsufficientPrivilege as error:
                raise StorageUnavailable(
                    f"the database's role may not do this: {_first_line(error)}. It needs CREATEDB and must own the"
                    " database; nothing was changed"
                ) from None
            except psycopg.Error as error:
                raise StorageUnavailable(f"the restore failed: {_first_line(error)}; nothing was changed") from None
        return
    raise StorageUnavailable(f"the database server cannot be reached: {_first_line(problem)}")


def _with_database(url: str, database: str) -> str:
    """The same server's other database, as a URL for SQLAlchemy."""
    made = make_url(normalise_url(url)).set(database=database).render_as_string(hide_password=False)
    # SQLAlchemy leaves the spaces of a password as they are; libpq does not take them.
    return made.replace(" ", "%20")


def _first_line(error: Exception | None) -> str:
    return str(error).strip().partition("\n")[0]
