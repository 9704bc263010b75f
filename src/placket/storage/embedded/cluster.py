"""The cluster's files: made by initdb once, checked before every start."""

import os
import shutil
import subprocess
from pathlib import Path

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded.account import Account
from placket.storage.embedded.binaries import MAJOR, Binaries
from placket.storage.embedded.config import SUPERUSER
from placket.storage.embedded.folders import Folders

_MEGABYTE = 1_000_000
INIT_BYTES = 300 * _MEGABYTE
"""Free space without which no cluster is made: 50 MB of tables, the log of writes, and something to store."""

START_BYTES = 48 * _MEGABYTE
"""Free space without which PostgreSQL would soon stop at a write: three segments of its log."""


ALMOST_FULL = (
    "the disk of the data directory is almost full: searches go on, but what has to be stored may soon fail; make room"
)


def check_version(folders: Folders) -> None:
    """Raises EmbeddedServerError for a cluster that these binaries cannot read."""
    if not folders.cluster.exists():
        return
    try:
        version = (folders.cluster / "PG_VERSION").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise EmbeddedServerError(
            f"{folders.cluster} is not a PostgreSQL cluster (its PG_VERSION cannot be read): move it away to begin"
            " anew, or restore a copy of it"
        ) from None
    if version != str(MAJOR):
        raise EmbeddedServerError(
            f"{folders.cluster} was made by PostgreSQL {version}, and this Placket brings PostgreSQL {MAJOR}: make a"
            " backup with the Placket that made it (`placket db backup`), move the folder away, and restore the backup"
        )


def make_cluster(folders: Folders, account: Account, binaries: Binaries) -> None:
    """initdb beside its final place, then a rename: what was left half done is begun again.

    Raises EmbeddedServerError, OSError.
    """
    check_space(folders.home, INIT_BYTES, "to make a database")
    if folders.new_cluster.exists():
        shutil.rmtree(folders.new_cluster)
    folders.new_cluster.mkdir(mode=0o700)
    if account.foreign:
        os.chown(folders.new_cluster, account.uid, account.gid)
    command = [
        binaries.tool("initdb"),
        f"--pgdata={folders.new_cluster}",
        f"--username={SUPERUSER}",
        # Its own pg_hba.conf is never read (see config.py), and is as closed as ours all the same.
        "--auth-local=peer",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--no-locale",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
        env=child_environment(), **account.popen,
    )  # fmt: skip
    if done.returncode != 0:
        shutil.rmtree(folders.new_cluster, ignore_errors=True)
        words = (done.stderr or done.stdout).strip().splitlines()
        raise EmbeddedServerError(f"PostgreSQL's initdb failed: {' / '.join(words[-3:])}")
    folders.new_cluster.rename(folders.cluster)
    _sync(folders.home)


def has_room(folder: Path) -> bool:
    """As much as a new database would need."""
    return shutil.disk_usage(folder).free >= INIT_BYTES


def check_space(folder: Path, needed: int, purpose: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EmbeddedServerError(
            f"{folder} has {free // _MEGABYTE} MB of free space, and {needed // _MEGABYTE} MB are needed {purpose}"
        )


def child_environment() -> dict[str, str]:
    """Nothing of ours: no PG* variable, no library path, no foreign language in messages."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
