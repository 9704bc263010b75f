"""The connection pool, and the errors of the driver turned into the domain's."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pgvector.psycopg
import psycopg
import sqlalchemy.event
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import QueuePool

from placket.domain.errors import StorageUnavailable
from placket.storage.liveness import trust_what_was_in_use
from placket.storage.own_connections import OwnConnections

_LIVENESS = {"tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""libpq's parameters (milliseconds, seconds, a count) by which a host that is gone is noticed, not waited for."""

_WORDS = {"client_encoding": "utf8", "fallback_application_name": "placket"}
"""What travels is UTF-8, whatever the environment or the role says; and who has a session is seen beside it."""

_PATIENCE = 30.0
"""Seconds to wait for a connection while others of this process have them all."""

_GOING_AWAY = ("08", "57P")
"""How codes begin that tell of a connection that broke, or of a server that starts or ends."""


def normalise_url(url: str) -> str:
    """The SQLAlchemy form of a PostgreSQL URL, for psycopg 3. Raises StorageUnavailable."""
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            _check_url("postgresql://" + url.removeprefix(prefix))
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    raise StorageUnavailable("PLACKET_DATABASE_URL must begin with postgresql://")


def _check_url(url: str) -> None:
    """SQLAlchemy reads more than libpq, and some of it as something else; the URL's secrets are in neither's words."""
    try:
        theirs, ours = conninfo_to_dict(url), make_url(url)
    except (psycopg.ProgrammingError, ArgumentError, ValueError):
        raise StorageUnavailable(_UNREADABLE) from None
    if "host" not in ours.query:
        same = (theirs.get("host"), theirs.get("port"), theirs.get("dbname"))
        if same != (ours.host, None if ours.port is None else str(ours.port), ours.database or None):
            raise StorageUnavailable(_UNREADABLE)


def connect_options(url: str) -> dict[str, Any]:
    """How long a connection is waited for, how it is noticed to be dead, and in which letters it speaks; what the URL
    says itself counts."""
    options = {"connect_timeout": 10, **_LIVENESS, **_WORDS}
    return {name: value for name, value in options.items() if name not in make_url(url).query}


_UNREADABLE = (
    "PLACKET_DATABASE_URL cannot be read: it is postgresql://user:password@host:port/name, with %XX for each character"
    " of the password that means something in a URL"
)


def storable(word: str) -> bool:
    """Whether PostgreSQL can hold it: no NUL, no half of a surrogate pair. Nothing stored equals a word that is not."""
    return "\x00" not in word and not any("\ud800" <= c <= "\udfff" for c in word)


class Database:
    """One pool of connections. ``begin()`` is one transaction; ``read()`` is for a single statement that reads."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.url = normalise_url(url)
        self.most = pool_size
        self._engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_PATIENCE,
            # Locks are taken before what they guard is read, and readers need none: anything stricter only fails.
            isolation_level="READ COMMITTED",
            # A connection that died with the server is replaced before it is used.
            pool_pre_ping=True,
            connect_args={**connect_options(self.url), "prepare_threshold": 5, "cursor_factory": _BinaryCursor},
            # They may be secrets, and an error's words end up in the log.
            hide_parameters=True,
        )
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._ours = OwnConnections(pool_size, _PATIENCE)
        trust_what_was_in_use(self._engine.sync_engine)
        sqlalchemy.event.listen(self._engine.sync_engine, "connect", _set_up)
        sqlalchemy.event.listen(self._engine.sync_engine, "handle_error", _connect_anew)

    @property
    def conninfo(self) -> str:
        """The URL as psycopg and libpq take it, for a connection beside the pool."""
        return self.url.replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def in_use(self) -> int:
        """Connections of ``most`` that somebody has just now; with the last one, others begin to wait."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        return pool.checkedout()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction; raises StorageUnavailable when the server is away or goes away."""
        with _translated():
            async with self._ours.one(self._engine.begin) as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """No transaction around the statement, which spares two of the four journeys to the server. Raises as begin."""
        with _translated():
            async with self._ours.one(self._reading.connect) as connection:
                yield connection

    async def ping(self) -> None:
        """Raises StorageUnavailable, for a server that takes no writes too."""
        async with self.begin() as connection:
            if (await connection.execute(text("SHOW transaction_read_only"))).scalar_one() == "on":
                raise StorageUnavailable("the database takes no writes: it is read-only")

    async def aclose(self) -> None:
        await self._engine.dispose()


async def take_time(connection: AsyncConnection) -> None:
    """Within the caller's transaction: its statements take as long as the service is large, whatever limit the role has
    for its queries."""
    await connection.execute(text("SET LOCAL statement_timeout = 0"))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    # psycopg's own come from where SQLAlchemy is passed by: COPY, and the set-up of a connection.
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as error:
        what = "cannot do this" if answered(error) else "does not answer"
        raise StorageUnavailable(f"the database {what}: {_first_line(error)}") from error
    except PoolTimeout as error:
        raise StorageUnavailable("no database connection became free") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageUnavailable(f"the connection to the database broke: {_first_line(error)}") from error
        raise


def answered(error: Exception) -> bool:
    """Whether the server is there, and only could not do it: its disk is full, a time limit of the role has passed."""
    state: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state is not None and not state.startswith(_GOING_AWAY)


class _BinaryCursor(psycopg.AsyncCursor[Any]):
    """Takes results in binary: as text, the vectors of a large service would hold up the event loop for minutes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.format = psycopg.pq.Format.BINARY


WATCHED = {
    # What a frozen process has locked is waited for by everybody: no transaction here pauses for longer.
    "idle_in_transaction_session_timeout": "30s",
    # A machine that is gone says nothing; without these, the server believes in it for two hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
}
"""How the server notices that this process is no more, and lets go of what it holds."""

_SETTINGS = {
    **WATCHED,
    # For statements without a transaction around them.
    "default_transaction_isolation": "read committed",
    # Times are read with the session's zone, and answers are in UTC.
    "timezone": "UTC",
    # Labels and services differ by a thousand times. A plan for any of them, which PostgreSQL comes to prefer after a
    # few rare ones, reads all garments of a common one for each page.
    "plan_cache_mode": "force_custom_plan",
}
"""What statements here rely on, and the database, its role or the environment may have set otherwise."""


def _set_up(dbapi_connection: object, _record: object) -> None:
    dbapi_connection.run_async(_set_up_session)  # type: ignore[attr-defined]


async def _set_up_session(connection: psycopg.AsyncConnection[Any]) -> None:
    """The settings; and vectors travel in binary, as NumPy arrays."""
    await _set(connection, _SETTINGS)
    await connection.commit()
    await pgvector.psycopg.register_vector_async(connection)


async def have_watched(connection: psycopg.AsyncConnection[Any]) -> None:
    """For a connection beside the pool that locks something."""
    await _set(connection, WATCHED)


async def _set(connection: psycopg.AsyncConnection[Any], settings: Mapping[str, str]) -> None:
    wanted = ", ".join("set_config(%s, %s, false)" for _ in settings)
    await connection.execute(f"SELECT {wanted}", [word for pair in settings.items() for word in pair])


def _connect_anew(context: sqlalchemy.engine.ExceptionContext) -> None:
    """What no other try on these connections can mend: a server that takes no writes, which after a failover is not the
    one that was meant; tables and types that are no longer those which they know."""
    error = context.original_exception
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction) or _made_anew(error):
        context.is_disconnect = True


def _made_anew(error: BaseException) -> bool:
    """Whether tables or the type of vectors were made again since the session began, as by `pg_restore --clean`:
    prepared statements and the type's number are of what is gone. PostgreSQL has no code of its own for it."""
    if isinstance(error, psycopg.errors.FeatureNotSupported):
        return "RevalidateCachedQuery" in (error.diag.source_function or "")
    return isinstance(error, psycopg.errors.InternalError_) and "cache lookup failed for type" in str(error)


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]
