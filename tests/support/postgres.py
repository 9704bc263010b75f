"""One embedded PostgreSQL for a whole test session, and databases cut from one migrated template."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from placket.storage.embedded import EmbeddedPostgres
from placket.storage.embedded.account import choose_account
from placket.storage.schema import upgrade

_TEMPLATE = "placket_template"


def _roomy(folder: Path) -> bool:
    if not folder.is_dir() or not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free > 1_000_000_000


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A temporary folder below which PostgreSQL's account can be given a data directory; its path is short."""
    account = choose_account(None)
    candidates = [Path("/dev/shm"), Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    parent = next(p.resolve() for p in candidates if _roomy(p) and account.can_enter(p.resolve()))
    folder = Path(tempfile.mkdtemp(prefix="pkt", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class TestServer:
    """Makes databases; ``close()`` stops the server and removes everything."""

    __test__ = False

    def __init__(self, data_dir: Path) -> None:
        self._server = EmbeddedPostgres(data_dir)
        self._numbers = count(1)
        self._server.start()
        with self._superuser() as connection:
            # Nothing here has to survive a power failure.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER placket").format(sql.Identifier(_TEMPLATE)))
        upgrade(self._server.url(_TEMPLATE))

    def _superuser(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        url = self._server.url(database, "postgres").replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True)

    @contextmanager
    def database(self, *, migrated: bool = True, encoding: str = "UTF8") -> Iterator[str]:
        """The URL of a database of its own, dropped afterwards. One of another encoding begins empty."""
        name = f"test_{next(self._numbers)}"
        template, letters = _TEMPLATE if migrated else "template1", sql.SQL("")
        if encoding != "UTF8":
            template, letters = "template0", sql.SQL("LOCALE 'C' ENCODING {}").format(encoding)
        with self._superuser() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER placket STRATEGY file_copy {}").format(
                    sql.Identifier(name), sql.Identifier(template), letters
                )
            )
            if template == "template0":
                with self._superuser(name) as inside:
                    inside.execute("CREATE EXTENSION vector")
            try:
                yield self._server.url(name)
            finally:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        self._server.stop()
