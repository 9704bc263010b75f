"""Several ``placket serve`` and ``placket worker`` processes on one data directory, to be killed and started again."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.postgres import reachable_folder
from tests.support.server import PlacketServer, free_port, placket_program
from tests.support.tiny_bundle import write_tiny_bundle

_PATIENCE = 120.0


class Fleet:
    """``servers`` processes that only serve, ``workers`` that only work, and the embedded PostgreSQL under them."""

    def __init__(self, folder: Path, servers: int, workers: int, environment: dict[str, str]) -> None:
        self.folder = folder
        self.members = [PlacketServer(folder, environment, port=_distinct_port(n)) for n in range(servers)]
        self._servers: list[subprocess.Popen[bytes] | None] = [None] * servers
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * workers
        self.kills: list[str] = []

    @property
    def log(self) -> Path:
        return self.folder / "fleet.log"

    def start(self) -> None:
        """Start whatever is not running, and wait until every server can serve."""
        for n, process in enumerate(self._servers):
            if process is None or process.poll() is not None:
                self._servers[n] = self._spawn(self.members[n], "serve", "--no-worker")
        for n, process in enumerate(self._workers):
            if process is None or process.poll() is not None:
                self._workers[n] = self._spawn(self.members[0], "worker")
        for member in self.members:
            self._await_ready(member)

    def _spawn(self, member: PlacketServer, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [placket_program(), *arguments], env=member.process_environment(), stdout=log, stderr=log
            )

    @staticmethod
    def _await_ready(member: PlacketServer) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{member.url}/readyz", timeout=10, trust_env=False).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("a server did not become ready")

    def targets(self) -> list[str]:
        """What can be killed."""
        names = [f"server {n}" for n in range(len(self._servers))] + [f"worker {n}" for n in range(len(self._workers))]
        return [*names, "postgres"]

    def kill(self, target: str) -> None:
        """``kill -9``; nothing is started again here, but PostgreSQL, which its users revive."""
        self.kills.append(target)
        kind, _, number = target.partition(" ")
        if kind == "postgres":
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                lines = (self.folder / "data/postgres/cluster/postmaster.pid").read_text().splitlines()
                os.kill(int(lines[0]), signal.SIGKILL)
            return
        process = (self._servers if kind == "server" else self._workers)[int(number)]
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End all of them as an operator would."""
        running = [p for p in (*self._workers, *self._servers) if p is not None and p.poll() is None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _distinct_port(n: int) -> int:
    return free_port() if n == 0 else free_port(avoid=n)


@contextmanager
def running_fleet(
    servers: int = 1, workers: int = 1, bundle: Path | None = None, **environment: str
) -> Iterator[Fleet]:
    """A fleet with a data directory of its own; the tiny bundle unless another is named."""
    with reachable_folder() as folder:
        if bundle is None:
            write_tiny_bundle(folder / "bundle")
        else:
            environment["PLACKET_BUNDLE"] = str(bundle)
        fleet = Fleet(folder, servers, workers, environment)
        try:
            fleet.start()
            yield fleet
        finally:
            fleet.stop()
