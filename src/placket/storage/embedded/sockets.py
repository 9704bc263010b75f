"""The folder of the server's socket, whose path has room for some hundred bytes; a data directory may be deeper."""

import os
import stat
import sys
import tempfile
import zlib
from pathlib import Path

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded.account import Account
from placket.storage.embedded.config import PORT
from placket.storage.embedded.folders import Folders

MAX_PATH = 103 if sys.platform == "darwin" else 107
"""Bytes of ``sockaddr_un.sun_path``, without the closing zero."""

SOCKET_NAME = f".s.PGSQL.{PORT}"


def socket_dir(folders: Folders, account: Account) -> Path:
    """The data directory's own ``run``; where that is too deep, or of letters that are not stored in UTF-8, a recorded
    0700 folder among the temporary files.

    Call under the start lock. Raises EmbeddedServerError, OSError.
    """
    if _fits(folders.run):
        return folders.run
    record = folders.config / "socket-dir"
    # A copy of a data directory holds the record too: the folder may be in use, by the server of what was copied.
    prefix = f"placket-{zlib.crc32(os.fsencode(folders.home)):08x}-"
    if record.exists():
        known = Path(record.read_text("utf-8"))
        if known.name.startswith(prefix) and _private(known, account):
            return known
    for parent in dict.fromkeys((Path(tempfile.gettempdir()).resolve(), Path("/tmp").resolve())):  # noqa: S108
        if not _fits(parent / f"{prefix}12345678") or not account.can_enter(parent):
            continue
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        if account.foreign:
            os.chown(made, account.uid, account.gid, follow_symlinks=False)
        record.unlink(missing_ok=True)
        handle = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(str(made))
        return made
    raise EmbeddedServerError(
        f"the path of {folders.run} is too long for a socket ({MAX_PATH} bytes), and there is no shorter place for it:"
        " set PLACKET_DATA_DIR to a shorter path"
    )


def forget_socket_dir(folders: Folders) -> None:
    """Remove a folder that was made outside the data directory, once the server is down."""
    record = folders.config / "socket-dir"
    if not record.exists():
        return
    known = Path(record.read_text("utf-8"))
    record.unlink()
    if known.name.startswith("placket-") and known.is_dir() and not known.is_symlink() and not any(known.iterdir()):
        known.rmdir()


def _fits(folder: Path) -> bool:
    """Also whether the driver finds it, which takes every path for UTF-8."""
    path = os.fsencode(folder / SOCKET_NAME)
    return len(path) <= MAX_PATH and path == str(folder / SOCKET_NAME).encode("utf-8", "replace")


def _private(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and stat.S_IMODE(found.st_mode) == 0o700
