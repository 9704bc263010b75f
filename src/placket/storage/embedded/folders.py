"""Where the server's files lie in the data directory, and who may do what there.

When Placket is root, folders that PostgreSQL writes belong to its account, and lie in folders of root that the account
may only pass through: it cannot put a link in the way of anything that root does here.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded.account import Account, account_name


@dataclass(frozen=True, slots=True)
class Folders:
    data: Path

    @property
    def home(self) -> Path:
        return self.data / "postgres"

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def new_cluster(self) -> Path:
        """Where initdb works; renamed when it is through."""
        return self.home / "cluster.new"

    @property
    def config(self) -> Path:
        return self.home / "conf"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts, stops or joins the server."""
        return self.home / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by the processes that use the server; who can have it alone was the last."""
        return self.home / "users.lock"

    @property
    def server_lock(self) -> Path:
        """Inherited by every process of the server, so it is free only when none of them lives."""
        return self.home / "server.lock"


def prepare(folders: Folders, account: Account) -> None:
    """Make every folder and set its rights. Raises EmbeddedServerError, OSError."""
    # Before anything is given away: whoever runs a server here would be kept out of it.
    if folders.cluster.exists() or folders.new_cluster.exists():
        _check_owner(folders, account)
    us = os.geteuid()
    passage = 0o710 if account.foreign else 0o700
    _make_data_directory(folders, account)
    _own(folders.home, us, account.gid, passage)
    _own(folders.config, us, account.gid, 0o750 if account.foreign else 0o700)
    _own(folders.log, account.uid, account.gid, 0o700)
    _own(folders.run, account.uid, account.gid, 0o700)
    if account.foreign and not account.can_enter(folders.log):
        raise EmbeddedServerError(_unreachable(folders.log, account))


def _make_data_directory(folders: Folders, account: Account) -> None:
    data = folders.data
    made = []
    folder = data
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    for folder in reversed(made):
        folder.mkdir(exist_ok=True)
        if account.foreign and folder != data:
            folder.chmod(0o755)  # ours, new, and only a way to the data directory
    if made or folders.home.is_dir() or not any(data.iterdir()):
        _own(data, None, account.gid, 0o710 if account.foreign else 0o700)
    elif data.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        # Somebody's folder, such as /tmp: its rights are not ours to take.
        raise EmbeddedServerError(
            f"{data} holds other files and others may write to it: set PLACKET_DATA_DIR to a folder of its own"
        )


def _own(folder: Path, uid: int | None, gid: int, mode: int) -> None:
    """Make a folder, or give it these rights. A link in its place is refused. ``uid`` None: leave the owner."""
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        owner = found.st_uid if uid is None else uid
        if os.geteuid() != 0 and found.st_uid != os.geteuid():
            raise EmbeddedServerError(
                f"{folder} belongs to {account_name(found.st_uid)}: run Placket as that account, or set another"
                " PLACKET_DATA_DIR"
            )
        if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (owner, gid):
            os.fchown(handle, owner, gid)
        if stat.S_IMODE(found.st_mode) != mode:
            os.fchmod(handle, mode)
    finally:
        os.close(handle)


def _check_owner(folders: Folders, account: Account) -> None:
    # Root that lets another account run PostgreSQL keeps the folder around it to itself, and would take it from others.
    # A copy whose owners were set at one stroke looks the same: which it is, a person has to say.
    around = folders.home.lstat().st_uid
    if account.foreign and around != 0:
        name = account_name(around)
        raise EmbeddedServerError(
            f"the database in {folders.cluster} is that of {name}: run Placket as {name}, not as root; if it was root's"
            f" before it was copied, `chown root {folders.home}` makes it so again"
        )
    if not folders.cluster.exists():
        return
    owner = folders.cluster.lstat().st_uid
    name = account_name(owner)
    if owner != account.uid:
        raise EmbeddedServerError(
            f"the database in {folders.cluster} belongs to {name}, and PostgreSQL would run as {account.name}: run"
            f" Placket as {name}, or as root with PLACKET_POSTGRES_ACCOUNT={name}"
        )


def _unreachable(folder: Path, account: Account) -> str:
    """Which of the folders on the way the account cannot enter, and what to do."""
    for parent in reversed(folder.parents):
        if not account.can_enter(parent):
            found = parent.stat()
            return (
                f"the account {account.name}, which runs PostgreSQL, cannot enter {parent}"
                f" ({stat.filemode(found.st_mode)} of {account_name(found.st_uid)}). Placket does not open folders"
                " outside its data directory: set PLACKET_DATA_DIR to one that this account can reach"
                f" (/var/lib/placket is the default for root), allow it with `chmod o+x {parent}`, or run Placket"
                " as an ordinary account"
            )
    return f"the account {account.name}, which runs PostgreSQL, cannot enter {folder}"
