"""One server for every process on a data directory: the first starts it, the others join, the last stops it."""

import asyncio
import errno
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from urllib.parse import quote

import psycopg
import structlog
from psycopg import sql

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded import locks
from placket.storage.embedded.account import Account, choose_account
from placket.storage.embedded.binaries import runnable
from placket.storage.embedded.cluster import (
    ALMOST_FULL,
    START_BYTES,
    check_space,
    check_version,
    has_room,
    make_cluster,
)
from placket.storage.embedded.config import DATABASE, PORT, ROLE, SUPERUSER, prune_logs
from placket.storage.embedded.folders import Folders, prepare
from placket.storage.embedded.server import Server
from placket.storage.embedded.sockets import forget_socket_dir, socket_dir

_log = structlog.get_logger()

_LOCK_SECONDS = 180.0
"""Longer than a first start on a slow disk takes the process that does it."""

_WATCH_SECONDS = 0.2
_HOUSEKEEPING_SECONDS = 600.0
_MOST_DELAY_SECONDS = 10.0


class EmbeddedPostgres:
    """The embedded server, as one process sees it. Blocking; its methods may be called from any thread.

    ``account`` runs PostgreSQL when this process is root's; None takes ``postgres``, else ``nobody``.
    """

    def __init__(self, data_dir: Path, account: str | None = None) -> None:
        self._folders = Folders(data_dir.expanduser().resolve())
        self._wanted_account = account
        self._account: Account | None = None
        self._server: Server | None = None
        self._users: int | None = None
        self._socket_dir: Path | None = None
        self._mutex = Lock()

    @property
    def exists(self) -> bool:
        """Whether there is a cluster; the first start makes one."""
        return self._folders.cluster.exists()

    def start(self) -> str:
        """Start the server or join it; returns its URL. Raises EmbeddedServerError, saying what to mend."""
        with self._mutex, _explained():
            if self._users is None:
                self._join()
            return self.url()

    def url(self, database: str = DATABASE, role: str = ROLE) -> str:
        """For SQLAlchemy; without the ``+psycopg`` for libpq. Needs a started server."""
        if self._socket_dir is None:
            raise EmbeddedServerError("the embedded server is not started")
        host = quote(str(self._socket_dir), safe="")
        return f"postgresql+psycopg://{role}@/{database}?host={host}&port={PORT}"

    def stop(self) -> None:
        """Leave the server; who leaves last stops it, every session of it included."""
        with self._mutex, _explained():
            if self._users is None:
                return
            users, self._users = self._users, None
            assert self._server is not None
            try:
                with locks.exclusive(self._folders.start_lock, _LOCK_SECONDS):
                    if locks.try_lock(users):
                        self._server.stop()
                        forget_socket_dir(self._folders)
            finally:
                locks.unlock(users)

    def warnings(self) -> list[str]:
        """That the disk is almost full: the server then dies in the middle of its work, and does not start again."""
        try:
            return [] if has_room(self._folders.home) else [ALMOST_FULL]
        except OSError as error:
            return [f"the data directory is out of reach: {error.strerror or error}"]

    async def watch(self, stop: asyncio.Event) -> None:
        """Until ``stop``: start the server again when it dies, within about a second."""
        delay, kept_house = _WATCH_SECONDS, -math.inf
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), delay)
                return
            try:
                if await asyncio.to_thread(self._revive):
                    _log.warning("the embedded PostgreSQL had died and was started again")
                delay = _WATCH_SECONDS
                if time.monotonic() - kept_house > _HOUSEKEEPING_SECONDS:
                    await asyncio.to_thread(prune_logs, self._folders)
                    for warning in self.warnings():
                        _log.warning(warning)
                    kept_house = time.monotonic()
            except (EmbeddedServerError, OSError) as error:
                _log.error("the embedded PostgreSQL cannot be started again", error=str(error))
                delay = min(delay * 2, _MOST_DELAY_SECONDS)

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _join(self) -> None:
        self._account = choose_account(self._wanted_account)
        prepare(self._folders, self._account)
        self._server = Server(self._folders, self._account)
        with locks.exclusive(self._folders.start_lock, _LOCK_SECONDS):
            users = locks.open_lock(self._folders.users_lock)
            # Nobody can hold it alone: that is done under the start lock.
            locks.try_lock(users, shared=True)
            try:
                self._ensure_running()
            except BaseException:
                if locks.try_lock(users) and self._server.alive():
                    self._server.stop()
                locks.unlock(users)
                raise
            self._users = users

    def _revive(self) -> bool:
        assert self._server is not None
        if self._users is None or self._server.alive():
            return False
        with self._mutex, _explained():
            if self._users is None:
                return False
            with locks.exclusive(self._folders.start_lock, _LOCK_SECONDS):
                return self._ensure_running()

    def _ensure_running(self) -> bool:
        """Returns whether it had to be started. Needs the start lock."""
        assert self._server is not None
        assert self._account is not None
        folder = self._socket_dir = socket_dir(self._folders, self._account)
        if self._server.alive() and self._server.wait_ready(folder):
            return False
        check_version(self._folders)
        binaries = runnable(self._folders.data, self._account)
        if not self._folders.cluster.exists():
            make_cluster(self._folders, self._account, binaries)
        check_space(self._folders.home, START_BYTES, "to start the database")
        self._server.launch(binaries, folder)
        if not self._server.wait_ready(folder):
            raise EmbeddedServerError(f"the embedded PostgreSQL did not start: {self._server.last_words()}")
        self._ensure_database()
        return True

    def _ensure_database(self) -> None:
        """The role, no superuser, and its database. pgvector goes into the template, as only a superuser may add it."""
        with self._superuser("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(sql.Identifier(ROLE)))
        with self._superuser("template1") as connection:
            _ensure_vector(connection)
        with self._superuser("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(ROLE))
                )
        with self._superuser(DATABASE) as connection:
            _ensure_vector(connection)

    def _superuser(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self._socket_dir), port=PORT, user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=10
        )


def _ensure_vector(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    connection.execute("ALTER EXTENSION vector UPDATE")


@contextmanager
def _explained() -> Iterator[None]:
    """Failures of the system and the server become EmbeddedServerError, with what can be done about them."""
    try:
        yield
    except psycopg.Error as error:
        raise EmbeddedServerError(f"the embedded PostgreSQL cannot be set up: {str(error).strip()}") from error
    except OSError as error:
        advice = {
            errno.EROFS: "; the file system is read-only: set PLACKET_DATA_DIR to a folder that can be written",
            errno.ENOSPC: "; the disk is full: make room, then start again",
            errno.EDQUOT: "; the disk quota is used up: make room, then start again",
            errno.EACCES: "; run Placket as the account that owns it, or set another PLACKET_DATA_DIR",
            errno.EPERM: "; root may not do this here (a container without the capabilities CHOWN, SETUID, SETGID?):"
            " run Placket as an ordinary account",
            errno.ELOOP: "; there is a link where Placket's own folder or file should be",
            errno.ENOTDIR: "; there is something else where a folder should be",
        }.get(error.errno or 0, "")
        where = f"{error.filename}: " if error.filename else ""
        raise EmbeddedServerError(f"{where}{error.strerror or error}{advice}") from error
