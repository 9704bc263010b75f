"""Whether a connection keeps its session: behind some poolers, each transaction gets whichever is free."""

import secrets
from typing import Any

import psycopg

from placket.domain.errors import StorageUnavailable
from placket.storage.database import connect_options, normalise_url

SHARED = (
    "PLACKET_DATABASE_URL leads to a pooler that gives each transaction another session (PgBouncer: pool_mode ="
    " transaction)"
)
REMEDY = "have it keep sessions (pool_mode = session), or name the PostgreSQL behind it"
_LOOKS = 3
"""A pooler that others use may give away in between what would have told."""


def refuse_shared_sessions(url: str) -> None:
    """Raises StorageUnavailable: one process's locks, prepared statements and notices would meet another's."""
    if are_shared(url):
        raise StorageUnavailable(f"{SHARED}: {REMEDY}")


def are_shared(url: str) -> bool:
    """Whether what one connection sets is seen on another, or lost. Raises StorageUnavailable."""
    conninfo = normalise_url(url).replace("postgresql+psycopg://", "postgresql://", 1)
    options = {**connect_options(url), "autocommit": True, "prepare_threshold": None}
    try:
        with psycopg.connect(conninfo, **options) as one, psycopg.connect(conninfo, **options) as other:
            return any(_meet(one, other) for _ in range(_LOOKS))
    except psycopg.Error as error:
        reason = str(error).strip().partition("\n")[0]
        raise StorageUnavailable(f"the database cannot be reached: {reason}") from None


def _meet(one: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> bool:
    word = secrets.token_hex(8)
    one.execute("SELECT set_config('placket.session', %s, false)", (word,))
    return _word(other) == word or _word(one) != word


def _word(connection: psycopg.Connection[Any]) -> str | None:
    found = connection.execute("SELECT current_setting('placket.session', true)").fetchone()
    return None if found is None else found[0]
