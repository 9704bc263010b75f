"""One server for all processes on a data directory: started once, adopted, revived, stopped by the last."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil
import psycopg
import pytest

from placket.domain.errors import EmbeddedServerError
from placket.storage import schema
from placket.storage.embedded import EmbeddedPostgres
from tests.integration.embedded.conftest import postgres_processes, postmaster

_USER = """
import sys
from pathlib import Path
from placket.storage.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


class User:
    """Another process that uses the server until it is told to leave, or killed."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _USER, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def url(self) -> str:
        return self._pipe(self.process.stdout).readline().strip()

    def leave(self) -> int:
        self._pipe(self.process.stdin).write("\n")
        self._pipe(self.process.stdin).close()
        code = self.process.wait(60)
        self._pipe(self.process.stdout).close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)
        for pipe in (self.process.stdin, self.process.stdout):
            self._pipe(pipe).close()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True, connect_timeout=10)


def ask(url: str, question: str) -> object:
    with connect(url) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


def test_two_first_starts_at_once_make_one_server(folder: Path) -> None:
    users = [User(folder / "data") for _ in range(3)]
    urls = {u.url() for u in users}
    assert len(urls) == 1
    assert ask(urls.pop(), "SELECT current_user") == "placket"
    assert postmasters(folder) == 1
    assert [u.leave() for u in users] == [0, 0, 0]
    assert postgres_processes(folder) == []


def test_the_last_to_leave_stops_it(folder: Path) -> None:
    data = folder / "data"
    first = User(data)
    first.url()
    server = EmbeddedPostgres(data)
    url = server.start()
    assert server.start() == url  # starting twice is starting once
    pid = postmaster(data).pid
    assert first.leave() == 0  # it had started the server
    assert ask(url, "SELECT 1") == 1
    short = User(data)  # such as `placket keys create` beside a running server
    short.url()
    assert short.leave() == 0
    assert postmaster(data).pid == pid
    server.stop()
    server.stop()
    assert postgres_processes(folder) == []
    assert not (data / "postgres" / "cluster" / "postmaster.pid").exists()
    with EmbeddedPostgres(data) as url:  # and one alone, with no server running
        assert ask(url, "SELECT 1") == 1


def test_a_server_whose_users_were_all_killed_is_adopted(folder: Path) -> None:
    data = folder / "data"
    user = User(data)
    user.url()
    pid = postmaster(data).pid
    user.kill()
    assert psutil.pid_exists(pid)
    with EmbeddedPostgres(data) as url:
        assert postmaster(data).pid == pid
        assert ask(url, "SELECT 1") == 1
    assert postgres_processes(folder) == []


async def watching(server: EmbeddedPostgres) -> tuple[asyncio.Event, "asyncio.Task[None]"]:
    stop = asyncio.Event()
    return stop, asyncio.create_task(server.watch(stop))


def postmasters(folder: Path) -> int:
    parents: dict[int, int] = {}
    for process in postgres_processes(folder):
        with suppress(psutil.NoSuchProcess):
            if "-D" in process.cmdline():
                parents[process.pid] = process.ppid()
    # A child has its parent's command line until it has set its own.
    return sum(parent not in parents for parent in parents.values())


def wait_for(url: str, question: str, seconds: float = 60.0) -> object:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask(url, question)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


async def test_a_killed_postgres_is_started_again_with_what_was_committed(folder: Path) -> None:
    data = folder / "data"
    with EmbeddedPostgres(data) as url:
        server = EmbeddedPostgres(data)
        server.start()
        stop, watch = await watching(server)
        with connect(url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        for n in range(3):
            open_one = connect(url)
            open_one.execute("INSERT INTO kept VALUES (%s)", (n,))
            open_one.execute("BEGIN")
            open_one.execute("INSERT INTO kept VALUES (-1)")
            before = postmaster(data)
            before.kill()
            before.wait(30)
            # Its children may still be there: none of them may write beside the new server.
            assert await asyncio.to_thread(wait_for, url, "SELECT count(*) FROM kept") == n + 1
            assert postmaster(data).pid != before.pid
            open_one.close()
        stop.set()
        await watch
        server.stop()
        assert ask(url, "SELECT 1") == 1
    assert postgres_processes(folder) == []


async def test_all_of_postgres_is_killed_at_once(folder: Path) -> None:
    data = folder / "data"
    with EmbeddedPostgres(data) as url:
        server = EmbeddedPostgres(data)
        server.start()
        watches = [await watching(s) for s in (server, server)]  # two watchers start one server
        for process in postgres_processes(folder):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        assert await asyncio.to_thread(wait_for, url, "SELECT 1") == 1
        assert postmasters(folder) == 1
        for stop, watch in watches:
            stop.set()
            await watch
        server.stop()


async def test_a_busy_child_of_a_killed_server_does_not_hold_up_the_new_one(folder: Path) -> None:
    data = folder / "data"
    with EmbeddedPostgres(data) as url:
        server = EmbeddedPostgres(data)
        server.start()
        with connect(url) as connection:
            backend = connection.info.backend_pid
            busy = asyncio.create_task(
                asyncio.to_thread(_expect_broken, connection, "SELECT count(*) FROM generate_series(1, 1000000000000)")
            )
            await asyncio.sleep(0.3)
            postmaster(data).send_signal(signal.SIGKILL)
            stop, watch = await watching(server)
            assert await asyncio.to_thread(wait_for, url, "SELECT 1") == 1
            assert not psutil.pid_exists(backend) or psutil.Process(backend).status() == psutil.STATUS_ZOMBIE
            await busy
        stop.set()
        await watch
        server.stop()


def _expect_broken(connection: "psycopg.Connection[tuple[object, ...]]", question: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute(question)


async def test_a_server_that_cannot_come_back_is_tried_again(folder: Path) -> None:
    data = folder / "data"
    server = EmbeddedPostgres(data)
    url = server.start()
    version = data / "postgres" / "cluster" / "PG_VERSION"
    stop, watch = await watching(server)
    version.write_text("17\n")
    postmaster(data).kill()
    await asyncio.sleep(1.0)
    assert not watch.done()
    version.write_text("18\n")
    assert await asyncio.to_thread(wait_for, url, "SELECT 1") == 1
    stop.set()
    await watch
    server.stop()


@pytest.mark.parametrize("stale", ["1\n", "{self}\n", "", "nonsense"])
def test_a_stale_pid_file_is_no_hindrance(folder: Path, stale: str) -> None:
    """Process ids are used again: the file may name a living process that has nothing to do with it."""
    data = folder / "data"
    with EmbeddedPostgres(data):
        pass
    cluster = data / "postgres" / "cluster"
    (cluster / "postmaster.pid").write_text(stale.format(self=psutil.Process().pid) + f"{cluster}\n1700000000\n5432\n")
    with EmbeddedPostgres(data) as url:
        assert ask(url, "SELECT 1") == 1


def test_using_it_before_it_is_started(folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="not started"):
        EmbeddedPostgres(folder / "data").url()


@pytest.mark.parametrize(
    ("number", "ctrl_c"),
    [
        (signal.SIGTERM, signal.SIG_DFL),
        (signal.SIGINT, signal.SIG_DFL),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGTERM, signal.SIG_IGN),
    ],
)
@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("keys", "list")])
def test_a_command_that_is_ended_while_it_starts_leaves_no_server(
    folder: Path, number: signal.Signals, ctrl_c: signal.Handlers, command: tuple[str, ...]
) -> None:
    """``ctrl_c``: what a shell makes of SIGINT for a command; in the background of a script it is ignored."""

    def as_a_shell_starts_it() -> None:
        signal.signal(signal.SIGINT, ctrl_c)
        # The tests themselves may run under nohup.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    environment = {**os.environ, "PLACKET_DATA_DIR": str(folder / "data")}
    started = subprocess.Popen(
        [sys.executable, "-m", "placket", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=as_a_shell_starts_it,
    )
    deadline = time.monotonic() + 60
    while not postgres_processes(folder) and time.monotonic() < deadline:
        time.sleep(0.01)
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    assert started.returncode == (130 if number == signal.SIGINT else -number)
    assert b"Traceback" not in said
    assert postgres_processes(folder) == []


def test_a_server_that_waits_for_anothers_migration_ends_when_told(folder: Path) -> None:
    data = folder / "data"
    with (
        EmbeddedPostgres(data) as url,
        psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other,
    ):
        other.execute("SELECT pg_advisory_lock(%s)", (schema._MIGRATION_LOCK,))
        waiting = subprocess.Popen(
            [sys.executable, "-m", "placket", "serve", "--port", "0"],
            env={**os.environ, "PLACKET_DATA_DIR": str(data), "PLACKET_BUNDLE": str(folder)},
            stderr=subprocess.PIPE,
        )
        assert waiting.stderr is not None
        assert b"another process brings the database up to date" in waiting.stderr.readline()
        waiting.terminate()
        try:
            assert waiting.wait(10) == -signal.SIGTERM
        finally:
            waiting.kill()
            waiting.communicate()
