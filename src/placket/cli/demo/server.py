"""The demo's server: a `placket serve` in the background, found again by its note, ended by SIGTERM."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from placket.cli.demo.failure import DemoFailed
from placket.cli.demo.home import Home, ServerNote, read_note, write_note
from placket.settings import Settings

START_SECONDS = 180.0
"""For a first start on a slow machine: the database is made, networks are loaded."""
ANSWERING_SECONDS = 60.0
"""A server that answers but is still not ready after this long will not become so."""
_LOCAL_NETWORKS = ("127.0.0.0/8", "::1/128")
_CLOCK_TOLERANCE = 2.0


@dataclass(frozen=True, slots=True)
class Running:
    note: ServerNote
    process: psutil.Process
    started_now: bool

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.note.port}"


def find(home: Home) -> Running | None:
    """The server that an earlier demo started here, if it still lives."""
    note = read_note(home)
    if note is None:
        return None
    try:
        process = psutil.Process(note.pid)
        if abs(process.create_time() - note.created) > _CLOCK_TOLERANCE or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.Error:
        return None
    return Running(note, process, started_now=False)


def start(home: Home, settings: Settings, port: int | None) -> Running:
    """Start it on ``port``; None takes the usual port, or a free one when that is taken. Raises DemoFailed."""
    chosen = _port(port, settings.port)
    log = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it shows the admin token once
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "placket", "serve", "--host", "127.0.0.1", "--port", str(chosen)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(home, settings),
            cwd=home.folder,
            start_new_session=True,
        )
    finally:
        os.close(log)
    process = psutil.Process(child.pid)
    note = ServerNote(child.pid, process.create_time(), chosen)
    write_note(home, note)
    return Running(note, process, started_now=True)


def _environment(home: Home, settings: Settings) -> dict[str, str]:
    networks = [*map(str, settings.fetch_allow_networks), *_LOCAL_NETWORKS]
    config = os.environ.get("PLACKET_CONFIG")
    return {
        # Every run of the demo is an index request, and nobody wants to wait for tomorrow.
        "PLACKET_INDEX_REQUESTS_PER_DAY": "1000",
        **os.environ,
        **({"PLACKET_CONFIG": str(Path(config).absolute())} if config else {}),
        **_absolute_bundle(settings.bundle),
        "PLACKET_DATA_DIR": str(home.data),
        "PLACKET_FETCH_ALLOW_NETWORKS": ",".join(dict.fromkeys(networks)),
        "PYTHONUNBUFFERED": "1",
    }


def _absolute_bundle(bundle: str | None) -> dict[str, str]:
    """The server runs in another folder than we do."""
    if bundle is None or not Path(bundle).is_dir():
        return {}
    return {"PLACKET_BUNDLE": str(Path(bundle).absolute())}


def _port(asked: int | None, usual: int) -> int:
    if asked is not None:
        if asked and not _is_free(asked):
            raise DemoFailed(f"port {asked} is taken by another program: choose another with --port")
        return asked or _free_port()
    return usual if usual and _is_free(usual) else _free_port()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(home: Home, running: Running, seconds: float = START_SECONDS) -> None:
    """Return when it can serve. Raises DemoFailed when it ended, or could not in ``seconds``: then it says why."""
    deadline = time.monotonic() + seconds
    why, answered = "it does not answer", False
    with httpx.Client(base_url=running.address, trust_env=False, timeout=10.0) as client:
        while time.monotonic() < deadline:
            if not _lives(running.process):
                raise DemoFailed(f"the server ended while it was starting. Its last words:\n{last_lines(home.log)}")
            try:
                answer = client.get("/readyz")
                if answer.status_code == 200:
                    return
                why = "; ".join(answer.json()["problems"])
                deadline = min(deadline, time.monotonic() + ANSWERING_SECONDS) if not answered else deadline
                answered = True
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                why = "it does not answer"
            time.sleep(0.25)
    raise DemoFailed(f"the server is not ready: {why}. Its log is {home.log}")


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def last_lines(log: Path, count: int = 12) -> str:
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(f"  {line[:400]}" for line in lines[-count:] if "token" not in line.lower())


def stop(home: Home, running: Running, seconds: float) -> bool:
    """SIGTERM, and wait for at most ``seconds``; True when it has ended. Requests in hand are finished first."""
    with contextlib.suppress(psutil.NoSuchProcess):
        running.process.terminate()
    try:
        running.process.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    home.note.unlink(missing_ok=True)
    return True
