"""What is to be known of a database before it is trusted with anything: for `placket doctor`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from placket.domain.errors import StorageUnavailable
from placket.storage.pg_tools import parameters_of
from placket.storage.schema import OLDEST_SERVER


@dataclass(frozen=True, slots=True)
class Checkup:
    """``version`` as PostgreSQL names it; ``pgvector`` the installed version, else the one that could be, else ''.
    ``connections_left``: to the server, the role or the database, of which the fewest. ``forbidden``: tables that the
    role may not read and write."""

    version: str
    new_enough: bool
    encoding: str
    pgvector: str
    pgvector_installed: bool
    now: datetime
    megabytes: int
    connections_left: int
    read_only: bool
    forbidden: tuple[str, ...]


def _connected(url: str) -> psycopg.Connection[Any]:
    # Without its encoding told, a database that has none gives bytes for text.
    return psycopg.connect(**{"client_encoding": "utf8", **parameters_of(url), "connect_timeout": 5})


def bundles_in_use(url: str) -> set[str]:
    """Versions that services are indexed with, or are being brought to. Raises StorageUnavailable."""
    try:
        with _connected(url) as connection:
            found = connection.execute(
                "SELECT bundle FROM services WHERE deleted_at IS NULL UNION SELECT r.bundle FROM index_runs r"
                " JOIN services s ON s.id = r.service_id WHERE s.deleted_at IS NULL AND r.kind = 'reindex'"
                " AND r.finished_at IS NULL"
            ).fetchall()
    except psycopg.Error as error:
        raise StorageUnavailable(str(error).strip().partition("\n")[0]) from None
    return {bundle for (bundle,) in found}


def check_up(url: str) -> Checkup:
    """Raises StorageUnavailable."""
    try:
        with _connected(url) as connection:
            row = connection.execute(
                """
                SELECT current_setting('server_version'), current_setting('server_version_num')::int,
                       current_setting('server_encoding'),
                       (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
                       (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'),
                       clock_timestamp(), pg_database_size(current_database()) / 1000000,
                       least(
                           current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity),
                           (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)
                               - (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user),
                           (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
                               - (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())
                       ),
                       current_setting('transaction_read_only')::bool,
                       (SELECT coalesce(array_agg(c.relname::text ORDER BY c.relname), '{}') FROM pg_class c
                        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
                        AND NOT has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE'))
                """
            ).fetchone()
    except psycopg.Error as error:
        raise StorageUnavailable(str(error).strip().partition("\n")[0]) from None
    assert row is not None
    version, number, encoding, installed, available, now, megabytes, left, read_only, forbidden = row
    return Checkup(
        version=version,
        new_enough=number >= OLDEST_SERVER * 10_000,
        encoding=encoding,
        pgvector=installed or available or "",
        pgvector_installed=installed is not None,
        now=now,
        megabytes=megabytes,
        connections_left=left,
        read_only=read_only,
        forbidden=tuple(forbidden),
    )
