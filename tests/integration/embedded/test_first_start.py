"""What a first start makes, and what it refuses."""

import asyncio
import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

from placket.domain.errors import EmbeddedServerError
from placket.storage.embedded import EmbeddedPostgres, cluster, config
from placket.storage.embedded.folders import Folders
from tests.integration.embedded.conftest import postgres_processes
from tests.integration.embedded.test_sharing import ask


def test_a_cluster_that_was_half_made_is_made_again(folder: Path) -> None:
    half = folder / "data" / "postgres" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    (half / "base").mkdir()
    with EmbeddedPostgres(folder / "data") as url:
        assert ask(url, "SELECT 1") == 1
    assert not half.exists()


def test_what_was_not_set_up_after_initdb_is_set_up_at_the_next_start(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data") as url:
        server = EmbeddedPostgres(folder / "data")
        server.start()
        admin = server.url("postgres", "postgres")
        assert ask(admin, "SELECT count(*) FROM pg_database WHERE datname = 'placket'") == 1
        from tests.integration.embedded.test_sharing import connect

        with connect(admin) as connection:
            connection.execute("DROP DATABASE placket")
            connection.execute("DROP ROLE placket")
        server.stop()
    with EmbeddedPostgres(folder / "data") as url:
        assert ask(url, "SELECT extname FROM pg_extension WHERE extname = 'vector'") == "vector"


async def test_a_disk_that_is_almost_full_is_told_while_the_server_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(folder / "data"):
        server = EmbeddedPostgres(folder / "data")
        assert server.warnings() == []
        monkeypatch.setattr(cluster.shutil, "disk_usage", lambda path: SimpleNamespace(free=cluster.INIT_BYTES - 1))
        assert server.warnings() == [cluster.ALMOST_FULL]
        server.start()
        stop = asyncio.Event()
        with structlog.testing.capture_logs() as lines:
            watch = asyncio.create_task(server.watch(stop))
            await asyncio.sleep(0.8)
            stop.set()
            await watch
        assert [(line["log_level"], line["event"]) for line in lines] == [("warning", cluster.ALMOST_FULL)]
        server.stop()
    monkeypatch.undo()
    (folder / "data" / "postgres").rename(folder / "data" / "elsewhere")
    assert server.warnings() == ["the data directory is out of reach: No such file or directory"]


def test_a_cluster_of_another_version_is_refused_and_kept(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data"):
        pass
    version = folder / "data" / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(EmbeddedServerError, match=r"made by PostgreSQL 16.*brings PostgreSQL 18.*backup"):
        EmbeddedPostgres(folder / "data").start()
    version.unlink()
    with pytest.raises(EmbeddedServerError, match="PG_VERSION cannot be read"):
        EmbeddedPostgres(folder / "data").start()
    version.write_text("18\n")
    with EmbeddedPostgres(folder / "data") as url:
        assert ask(url, "SELECT 1") == 1


def test_without_space_nothing_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "INIT_BYTES", 10**18)
    with pytest.raises(EmbeddedServerError, match=r"MB of free space, and 1000000000000 MB are needed"):
        EmbeddedPostgres(folder / "data").start()
    assert not (folder / "data" / "postgres" / "cluster").exists()
    monkeypatch.undo()
    with EmbeddedPostgres(folder / "data"):
        pass


def test_a_configuration_that_postgres_refuses_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedPostgres(folder / "data"):
        pass
    monkeypatch.setattr(config, "PORT", 0)
    with pytest.raises(EmbeddedServerError, match=r"did not start: .*port"):
        EmbeddedPostgres(folder / "data").start()
    assert postgres_processes(folder) == []


def test_a_file_where_the_folder_should_be(folder: Path) -> None:
    (folder / "data").write_text("mine")
    with pytest.raises(EmbeddedServerError, match=str(folder / "data")):
        EmbeddedPostgres(folder / "data").start()
    assert (folder / "data").read_text() == "mine"


def test_a_link_where_the_folder_should_be(folder: Path) -> None:
    (folder / "elsewhere").mkdir(mode=0o755)
    (folder / "data").mkdir()
    (folder / "data" / "postgres").symlink_to(folder / "elsewhere")
    with pytest.raises(EmbeddedServerError, match="data/postgres"):
        EmbeddedPostgres(folder / "data").start()
    assert stat.S_IMODE((folder / "elsewhere").stat().st_mode) == 0o755
    assert list((folder / "elsewhere").iterdir()) == []


def test_a_folder_that_everybody_writes_to_is_left_alone(folder: Path) -> None:
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "somebody's").write_text("")
    with pytest.raises(EmbeddedServerError, match="others may write to it"):
        EmbeddedPostgres(shared).start()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert [p.name for p in shared.iterdir()] == ["somebody's"]


def test_a_deep_data_directory_has_its_socket_elsewhere(folder: Path) -> None:
    data = folder.joinpath(*["deep" * 6] * 4) / "data"
    with EmbeddedPostgres(data) as url:
        assert ask(url, "SELECT 1") == 1
        socket_dir = Path((data / "postgres" / "conf" / "socket-dir").read_text())
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
        other = EmbeddedPostgres(data)
        assert other.start() == url
        other.stop()
    assert not socket_dir.exists()
    # A folder that somebody else could have made in its place is not used.
    forged = folder / "forged"
    forged.mkdir()
    forged.chmod(0o777)
    (data / "postgres" / "conf" / "socket-dir").write_text(str(forged))
    with EmbeddedPostgres(data) as url:
        assert "forged" not in url
        assert ask(url, "SELECT 1") == 1
    assert list(forged.iterdir()) == []


def test_a_copy_of_a_deep_data_directory_leaves_the_servers_socket_alone(folder: Path) -> None:
    """As one that is made from a snapshot, to look into it while the server runs."""
    deep = folder.joinpath(*["deep" * 6] * 4)
    with EmbeddedPostgres(deep / "data") as url:
        of_original = deep / "data" / "postgres" / "conf" / "socket-dir"
        of_copy = deep / "copy" / "postgres" / "conf" / "socket-dir"
        of_copy.parent.mkdir(parents=True)
        of_copy.write_text(of_original.read_text())
        with EmbeddedPostgres(deep / "copy") as copy:
            assert ask(copy, "SELECT 1") == 1
            assert copy != url
            assert ask(url, "SELECT 1") == 1
        assert ask(url, "SELECT 1") == 1


@pytest.mark.parametrize("name", ["with space", "quote's", "per%cent", 'double"quote', "ünï"])
def test_odd_names_of_the_data_directory(folder: Path, name: str) -> None:
    with EmbeddedPostgres(folder / name) as url:
        assert ask(url, "SELECT current_database()") == "placket"


def test_it_is_shut_down_in_order_whatever_script_its_folders_are_written_in(folder: Path) -> None:
    with EmbeddedPostgres(folder / "자료 é") as url:
        assert ask(url, "SELECT 1") == 1
    logs = (folder / "자료 é" / "postgres" / "log").glob("postgresql-*.log")
    assert "database system is shut down" in "".join(log.read_text() for log in logs)


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take no such name")
def test_a_folder_whose_name_is_not_in_utf_8(folder: Path) -> None:
    """As where the locale is EUC-KR; the driver cannot be told such a path, so the socket lies elsewhere."""
    data = folder / os.fsdecode("한글".encode("euc-kr"))
    with EmbeddedPostgres(data) as url:
        assert ask(url, "SELECT current_database()") == "placket"
    logs = (data / "postgres" / "log").glob("postgresql-*.log")
    assert b"database system is shut down" in b"".join(log.read_bytes() for log in logs)


def test_the_log_is_bounded(folder: Path) -> None:
    data = folder / "data"
    with EmbeddedPostgres(data):
        pass
    for n in range(50):
        (data / "postgres" / "log" / f"postgresql-20200101T0000{n:02}.log").write_text("old")
    with EmbeddedPostgres(data):
        logs = sorted(p.name for p in Folders(data).log.glob("postgresql-*.log"))
    assert 20 <= len(logs) <= 21
    assert logs[0] > "postgresql-20200101T000030"
