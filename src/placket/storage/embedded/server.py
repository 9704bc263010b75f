"""The server's processes: started, found, judged alive, stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil
import psycopg

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded import locks
from placket.storage.embedded.account import Account
from placket.storage.embedded.binaries import Binaries
from placket.storage.embedded.cluster import child_environment
from placket.storage.embedded.config import PORT, SUPERUSER, prune_logs, write_config
from placket.storage.embedded.folders import Folders
from placket.storage.embedded.sockets import SOCKET_NAME

_READY_SECONDS = 120.0
"""A server that was killed in the midst of much writing has to replay its log first."""

_STOP_SECONDS = 60.0
_ORPHAN_SECONDS = 15.0


class Server:
    def __init__(self, folders: Folders, account: Account) -> None:
        self._folders = folders
        self._account = account
        self._child: subprocess.Popen[bytes] | None = None
        self._recognised: psutil.Process | None = None

    def alive(self) -> bool:
        """Whether there is a postmaster, ready or not."""
        if self._child is not None:
            self._child.poll()
        # The lock is what counts: process ids are used again, and other containers' cannot be seen.
        if not locks.is_held(self._folders.server_lock):
            return False
        pid = self._postmaster_pid()
        return pid is None or self._process(pid) is not None or self._listening_elsewhere()

    def wait_ready(self, socket_dir: Path) -> bool:
        """True when it takes connections, False when it has died. Raises EmbeddedServerError after two minutes."""
        deadline = time.monotonic() + _READY_SECONDS
        problem = ""
        while time.monotonic() < deadline:
            try:
                with psycopg.connect(
                    host=str(socket_dir), port=PORT, user=SUPERUSER, dbname="postgres", connect_timeout=10
                ):
                    return True
            except psycopg.OperationalError as error:
                problem = str(error).strip().partition("\n")[0]
            if not self.alive():
                return False
            time.sleep(0.03)
        raise EmbeddedServerError(
            f"the embedded PostgreSQL runs, and has not answered for {_READY_SECONDS:g} s: {problem}. Its log is in "
            f"{self._folders.log}"
        )

    def launch(self, binaries: Binaries, socket_dir: Path) -> None:
        """Start the postmaster; the cluster must be there and no server alive. Raises EmbeddedServerError, OSError."""
        handle = self._lock_for_server()
        try:
            # Nobody of the old server lives, so whatever these say is out of date.
            (self._folders.cluster / "postmaster.pid").unlink(missing_ok=True)
            (socket_dir / SOCKET_NAME).unlink(missing_ok=True)
            (socket_dir / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
            config = write_config(self._folders, self._account, socket_dir)
            prune_logs(self._folders)
            with self._startup_log() as log:
                self._child = subprocess.Popen(
                    [binaries.tool("postgres"), "-D", str(self._folders.cluster), "-c", f"config_file={config}"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=child_environment(),
                    # Ctrl-C is for Placket, which then stops the server; and it may outlive its starter.
                    start_new_session=True,
                    pass_fds=(handle,),
                    **self._account.popen,
                )
        finally:
            os.close(handle)

    def stop(self) -> None:
        """End every session, write everything down, stop. Returns when no process of it is left."""
        for number, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, 10.0)):
            pid = self._postmaster_pid()
            postmaster = self._process(pid) if pid is not None else None
            if postmaster is not None:
                with suppress(psutil.NoSuchProcess):
                    postmaster.send_signal(number)
            if self._wait_gone(seconds if postmaster is not None else 1.0):
                break
        else:
            self._kill_orphans()
        if self._child is not None:
            self._child.poll()

    def last_words(self) -> str:
        """The last lines of a server that did not come up."""
        startup = self._folders.log / "startup.txt"
        lines: list[str] = []
        with suppress(OSError):
            began = startup.stat().st_mtime
            # Its own log begins when it reads its configuration; older ones are of earlier servers.
            logs = [p for p in sorted(self._folders.log.glob("postgresql-*.log")) if p.stat().st_mtime >= began]
            for path in (startup, *logs):
                lines += [line for line in path.read_text("utf-8", "replace").splitlines() if "redirect" not in line]
        return " / ".join(lines[-4:]) or "it said nothing"

    def _startup_log(self) -> IO[bytes]:
        """What the server says before its own log begins."""
        path = self._folders.log / "startup.txt"
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "wb")

    def _lock_for_server(self) -> int:
        handle = locks.open_lock(self._folders.server_lock)
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while not locks.try_lock(handle):
            # A postmaster that was killed leaves children behind, who may still write.
            self._kill_orphans()
            if time.monotonic() > deadline:
                os.close(handle)
                raise EmbeddedServerError(
                    f"processes of an earlier PostgreSQL still use {self._folders.cluster} and do not end"
                    " (of another container, perhaps): end them first"
                )
            time.sleep(0.02)
        return handle

    def _wait_gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while locks.is_held(self._folders.server_lock):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _kill_orphans(self) -> None:
        for process in self._processes():
            with suppress(psutil.Error):
                process.kill()

    def _processes(self) -> Iterator[psutil.Process]:
        return (ours for pid in psutil.pids() if (ours := self._process(pid)) is not None)

    def _process(self, pid: int) -> psutil.Process | None:
        """A living process of the cluster: PostgreSQL's, of its account, at work in its folder."""
        try:
            process = psutil.Process(pid)
            if (
                process.name().startswith("postgres")
                and process.uids().real == self._account.uid
                and process.status() != psutil.STATUS_ZOMBIE
                and self._works_here(process)
            ):
                return process
        except (psutil.Error, ValueError):
            pass
        return None

    def _works_here(self, process: psutil.Process) -> bool:
        """Raises psutil.Error when it has ended."""
        try:
            return process.cwd() == str(self._folders.cluster)
        except psutil.AccessDenied:
            # A container's root has no CAP_SYS_PTRACE as a rule, and may not look into another account's processes.
            # Asking takes a process of its own, so the one that is watched all the time is asked about once.
            if process != self._recognised and self._account.works_in(self._folders.cluster, process.pid):
                self._recognised = process
            return process == self._recognised

    def _postmaster_pid(self) -> int | None:
        """None while it is being written, or when there is none."""
        try:
            # Other lines name folders, in whatever script.
            return int((self._folders.cluster / "postmaster.pid").read_bytes().partition(b"\n")[0])
        except (OSError, ValueError):
            return None

    def _listening_elsewhere(self) -> bool:
        """A server in another container of this host has a process id that means nothing here."""
        line = 4  # of postmaster.pid: the socket's folder
        try:
            folder = os.fsdecode((self._folders.cluster / "postmaster.pid").read_bytes().splitlines()[line])
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(1.0)
                client.connect(os.path.join(folder, SOCKET_NAME))  # noqa: PTH118 - it may be relative
        except (OSError, IndexError):
            return False
        return True
