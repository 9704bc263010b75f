"""Which PostgreSQL: the embedded one of a data directory, or the one that a URL names."""

import asyncio
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Protocol

import platformdirs

from placket.domain.errors import EmbeddedServerError, PlacketError
from placket.storage.database import normalise_url

_ROOT_DATA_DIR = Path("/var/lib/placket")


class NoHome(PlacketError):
    """Neither HOME nor the account database says where the user's folders are."""

    reason = "NoHome"


def data_directory(configured: Path | None) -> Path:
    """Where everything is kept: as configured, else the user's data folder, else (for root) /var/lib/placket.

    Raises NoHome.
    """
    try:
        if configured is not None:
            return configured.expanduser().absolute()
        if sys.platform != "win32" and os.geteuid() == 0:
            return _ROOT_DATA_DIR
        return Path(platformdirs.user_data_dir("placket", appauthor=False))
    except RuntimeError:
        raise NoHome("this account has no home directory: set PLACKET_DATA_DIR to an absolute path") from None


def has_embedded(data_dir: Path) -> bool:
    """Whether the embedded server has ever been started there. Raises PermissionError."""
    return (data_dir / "postgres" / "cluster").exists()


class OpenServer(Protocol):
    """A context manager over the server's URL (for SQLAlchemy and psycopg 3). Entering and leaving block."""

    def __enter__(self) -> str:
        """Raises EmbeddedServerError, StorageUnavailable (a URL that is none of PostgreSQL's)."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def warnings(self) -> list[str]:
        """What will soon be in the way of storing, in words for anybody."""
        ...

    async def watch(self, stop: asyncio.Event) -> None:
        """Until ``stop``, keep the server running where that is ours to do."""
        ...


class ExternalServer:
    """Somebody else runs it; that it can be reached is seen when it is used."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> str:
        return normalise_url(self._url)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def warnings(self) -> list[str]:
        return []

    async def watch(self, stop: asyncio.Event) -> None:
        await stop.wait()


def open_server(data_dir: Path, database_url: str | None, account: str | None) -> OpenServer:
    """``account`` runs the embedded PostgreSQL when this process is root's. Nothing happens before it is entered."""
    if database_url is not None:
        return ExternalServer(database_url)
    if sys.platform == "win32":
        raise EmbeddedServerError(
            "there is no embedded PostgreSQL on Windows yet: set PLACKET_DATABASE_URL, or use WSL or a container"
        )
    from placket.storage.embedded import EmbeddedPostgres

    return EmbeddedPostgres(data_dir, account)
