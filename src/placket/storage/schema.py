"""Bringing a database to this version's schema, or refusing it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from placket.domain.errors import SchemaTooNew, StorageUnavailable
from placket.storage.database import WATCHED, answered, connect_options, normalise_url

OLDEST_SERVER = 15
"""Major version of PostgreSQL."""

ENCODING = "UTF8"
ENCODING_REMEDY = "make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"

MIGRATION_POLL_SECONDS = 0.25

_MIGRATION_LOCK = 0x706C61636B6574
"""Key of the advisory lock under which one process migrates while the others wait ("placket" in ASCII)."""

WAITING = "another process brings the database up to date, or holds its tables as a backup does; waiting for it"

_LIMITS = (
    # Not in the queue for a table for long: whoever comes later waits behind it, and whoever ends this process does.
    "SET LOCAL lock_timeout = '2s'",
    # What the role may have for its queries. A large table takes the time that it takes.
    "SET LOCAL statement_timeout = 0",
    # Nor for as long as this process is frozen.
    *(f"SET LOCAL {name} = '{value}'" for name, value in WATCHED.items()),
)


class _TablesInUse(StorageUnavailable):
    """Somebody holds a table that is to be changed; nothing was changed, and the next try may do."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def head_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str | None) -> bool:
    """Whether this code has this revision's migrations; None is an empty database."""
    if revision is None:
        return True
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def advice(current: str | None) -> str:
    """What to do about a database that is not at this code's schema."""
    if is_known(current):
        return "run `placket db upgrade` (starting a server does the same)"
    return (
        f"the database has schema {current}, which this Placket (schema {head_revision()}) does not know: it was used"
        " by a newer version. Install that version, or restore a backup made with this one"
    )


def _refuse_newer(connection: Connection) -> None:
    current = current_revision(connection)
    if not is_known(current):
        raise SchemaTooNew(advice(current))


def schema_status(url: str) -> tuple[str | None, str]:
    """(revision of the database or None, revision of this code). Raises StorageUnavailable."""
    with _connected(url) as connection:
        return current_revision(connection), head_revision()


def upgrade(url: str, when_waiting: Callable[[], None] = lambda: None) -> str:
    """Migrate to the newest schema; one process wins, the others wait and find nothing to do.

    ``when_waiting`` is called once, before a wait for another process. Returns the revision. Raises SchemaTooNew,
    StorageUnavailable.
    """
    told = False
    while (found := try_upgrade(url)) is None:
        if not told:
            when_waiting()
        told = True
        time.sleep(MIGRATION_POLL_SECONDS)
    return found[1]


def try_upgrade(url: str) -> tuple[str | None, str] | None:
    """Like ``upgrade``, but None while another process migrates or holds a table: for whoever must not be held up in a
    thread.

    Returns (revision before, None for an empty database; revision now). Raises SchemaTooNew, StorageUnavailable.
    """
    try:
        with _connected(url) as connection:
            _refuse_old_server(connection)
            locked = text("SELECT pg_try_advisory_xact_lock(:key)")
            if not connection.execute(locked, {"key": _MIGRATION_LOCK}).scalar():
                return None
            _refuse_newer(connection)
            before = current_revision(connection)
            if before is None:
                _refuse_encoding(connection)
            if before != head_revision():
                for limit in _LIMITS:
                    connection.execute(text(limit))
                command.upgrade(_config(connection), "head")
            return before, head_revision()
    except _TablesInUse:
        return None


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A transaction on a connection of its own."""
    engine = create_engine(normalise_url(url), connect_args=connect_options(url), hide_parameters=True)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        if isinstance(error, OperationalError) and not answered(error):
            raise StorageUnavailable(f"the database cannot be reached: {_reason(error)}") from None
        if isinstance(error.orig, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise _TablesInUse(f"another process holds a table of the database: {_reason(error)}") from None
        raise StorageUnavailable(f"the database cannot be brought up to date: {_reason(error)}{_hint(error)}") from None
    finally:
        engine.dispose()


def _hint(error: DBAPIError) -> str:
    if isinstance(error.orig, psycopg.errors.DuplicateTable | psycopg.errors.DuplicateColumn):
        return (
            ". It is another program's, and Placket needs a database of its own; or it is newer than the schema,"
            " because an older backup was read over it: `placket db restore` begins with an empty database"
        )
    if "vector" in str(error.orig):
        return "; have its administrator run CREATE EXTENSION vector in it"
    return ""


def _refuse_old_server(connection: Connection) -> None:
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    if number < OLDEST_SERVER * 10_000:
        raise StorageUnavailable(f"the database is PostgreSQL {number // 10_000}; {OLDEST_SERVER} or newer is needed")


def _refuse_encoding(connection: Connection) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != ENCODING:
        raise StorageUnavailable(f"the database holds text in {encoding}, which lacks letters: {ENCODING_REMEDY}")


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
