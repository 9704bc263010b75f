"""Which account runs PostgreSQL, which refuses to be run by root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from placket.domain.errors import EmbeddedServerError

_DEFAULTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """``foreign``: Placket is root, and PostgreSQL runs as this other account."""

    name: str
    uid: int
    gid: int
    foreign: bool

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments of ``subprocess`` by which a child runs as this account, and nothing it makes is for others."""
        identity = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.foreign else {}
        return {**identity, "umask": 0o077, "cwd": "/"}

    def can_enter(self, folder: Path) -> bool:
        return self._succeeds('cd -- "$1"', folder)

    def can_read(self, file: Path) -> bool:
        return self._succeeds('test -r "$1"', file)

    def works_in(self, folder: Path, pid: int) -> bool:
        """Whether that is the working directory of a process of the account; it may look where root may not."""
        return self._succeeds('test "$1" -ef "$2"', Path("/proc", str(pid), "cwd"), folder)

    def _succeeds(self, script: str, *paths: Path) -> bool:
        """Ask the kernel as the account itself: modes, groups, access lists and mounts all count."""
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *map(str, paths)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **self.popen,
        )
        return done.returncode == 0


def choose_account(configured: str | None) -> Account:
    """The account of this process; if that is root's, ``configured``, else ``postgres``, else ``nobody``.

    Raises EmbeddedServerError.
    """
    uid = os.geteuid()
    if uid != 0:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise EmbeddedServerError(
                f"user id {uid} has no entry in the account database, which PostgreSQL needs: run Placket as an account"
                " that exists, or set PLACKET_DATABASE_URL"
            ) from None
        return Account(entry.pw_name, uid, os.getegid(), foreign=False)
    for name in (configured,) if configured else _DEFAULTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise EmbeddedServerError(f"PostgreSQL refuses to run as root: PLACKET_POSTGRES_ACCOUNT must not be {name}")
        return Account(name, entry.pw_uid, entry.pw_gid, foreign=True)
    wanted = configured or " or ".join(_DEFAULTS)
    raise EmbeddedServerError(
        f"PostgreSQL refuses to run as root, and there is no account {wanted}: set PLACKET_POSTGRES_ACCOUNT to an"
        " existing unprivileged account, or run Placket as one"
    )


def account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"
