"""The demo's folder, its note of the server, and its image host."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from placket.cli.demo import _hosting, server
from placket.cli.demo.failure import DemoFailed
from placket.cli.demo.goods import Product, first, index_files, products_of
from placket.cli.demo.home import (
    FOLDER,
    Home,
    ServerNote,
    one_at_a_time,
    open_home,
    read_note,
    write_note,
    write_secret,
)
from placket.cli.demo.host import PORTS, image_host
from placket.cli.demo.keeper import Folders, keep_pictures, release_pictures
from placket.domain.index_file import MAX_LENGTH
from placket.samples import catalogue
from placket.settings import Settings
from tests.support.postgres import reachable_folder

ROOT = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path / "data")


def test_the_host_serves_its_pictures_and_nothing_else() -> None:
    with image_host({"/a.jpg": b"abc"}) as address:
        assert int(address.rsplit(":", 1)[1]) in PORTS and address.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=address, trust_env=False) as client:
            found = client.get("/a.jpg")
            assert (found.status_code, found.content, found.headers["content-type"]) == (200, b"abc", "image/jpeg")
            assert client.get("/../etc/passwd").status_code == client.get("/").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


def test_the_port_of_last_time_is_taken_again() -> None:
    with image_host({}) as first:
        port = int(first.rsplit(":", 1)[1])
        with image_host({}, preferred=port) as other:
            assert other != first, "it is taken"
    with image_host({}, preferred=port) as again:
        assert again == first


def test_kept_pictures_are_those_of_the_folders_and_go_with_the_server(home: Home) -> None:
    home.images.mkdir()
    (home.images / "a-1.jpg").write_bytes(b"abc")
    (home.folder / "key").write_text("secret")
    pictures = Folders([home.photos / "images", home.images])
    assert list(pictures) == ["/a-1.jpg"] and pictures["/a-1.jpg"] == b"abc"
    for path in ("/../key", "/key", "//a-1.jpg", "/b.jpg", "/a-1.jpg?x", ""):
        assert path not in pictures
    with image_host({}) as free:
        port = int(free.rsplit(":", 1)[1])
    server_process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note = ServerNote(server_process.pid, psutil.Process(server_process.pid).create_time(), 8780, port)
    keeper = psutil.Process(keep_pictures(home, note))
    assert httpx.get(f"{free}/a-1.jpg", trust_env=False).content == b"abc", "from the moment that it is kept"
    server_process.communicate(b"\n")
    keeper.wait(20)


def test_the_pictures_are_kept_when_the_demo_fails(home: Home) -> None:
    me = psutil.Process()
    note = ServerNote(me.pid, me.create_time(), 8780)
    with pytest.raises(DemoFailed), _hosting(home, note, {"/a-1.jpg": b"abc"}) as host:
        assert httpx.get(f"{host}/a-1.jpg", trust_env=False).content == b"abc"
        raise DemoFailed("no product could be indexed")
    kept = json.loads(home.note.read_text())
    try:
        assert kept["image_port"] == int(host.rsplit(":", 1)[1])
        assert "placket.cli.demo.keeper" in psutil.Process(kept["image_pid"]).cmdline()
    finally:
        release_pictures(ServerNote(**kept))
    assert not psutil.pid_exists(kept["image_pid"]) or psutil.Process(kept["image_pid"]).status() == "zombie"


def test_a_note_finds_its_process_only(home: Home) -> None:
    assert server.find(home) is None
    me = psutil.Process()
    write_note(home, ServerNote(me.pid, me.create_time(), 8780))
    found = server.find(home)
    assert found is not None and found.address == "http://127.0.0.1:8780" and not found.started_now
    write_note(home, ServerNote(me.pid, me.create_time() - 100, 8780))
    assert server.find(home) is None, "a later process of the same number"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', json.dumps({"pid": 1, "created": 1, "port": 1, "x": 2})])
def test_a_broken_note_is_none(home: Home, text: str) -> None:
    home.note.write_text(text)
    assert read_note(home) is None and server.find(home) is None


def test_a_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    file.chmod(0o644)
    write_secret(file, "new")
    assert file.read_text() == "new" and stat.S_IMODE(file.stat().st_mode) == 0o600


def test_one_demo_at_a_time(home: Home) -> None:
    with one_at_a_time(home) as first, one_at_a_time(home) as second:
        assert first and not second
    with one_at_a_time(home) as third:
        assert third


def test_the_data_directory_that_is_set_is_used(tmp_path: Path) -> None:
    home, remark = open_home(tmp_path / "demo", Settings(data_dir=tmp_path / "mine"))
    assert home.data == tmp_path / "mine" and "PLACKET_DATA_DIR" in remark and home.folder.is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives PostgreSQL to another account")
def test_root_falls_back_when_the_account_cannot_reach_the_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home, remark = open_home(closed / "demo", Settings())
    assert home.data == Path("/var/lib/placket") and "cannot enter" in remark and home.folder == closed / "demo"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives PostgreSQL to another account")
def test_new_folders_of_root_let_the_account_pass_whatever_the_umask() -> None:
    with reachable_folder() as folder:
        old = folder / "old"
        old.mkdir(mode=0o755)
        before = os.umask(0o077)
        try:
            home, remark = open_home(old / "new" / "demo", Settings())
        finally:
            os.umask(before)
        assert (home.data, remark) == (old / "new" / "demo" / "data", "")
        assert [stat.S_IMODE(f.stat().st_mode) for f in (old, old / "new", home.folder)] == [0o755, 0o711, 0o711]


def test_the_index_file_keeps_the_limits() -> None:
    products = products_of(catalogue(12, size=(64, 64)))
    (file,) = index_files(products, "http://127.0.0.1:10000")
    rows = [json.loads(line) for line in file.splitlines()]
    assert [r["product_id"] for r in rows] == [f"demo-{i:03}" for i in range(1, 13)]
    for row in rows:
        assert all(len(str(value)) <= MAX_LENGTH.get(name, 7) for name, value in row.items())


@pytest.mark.parametrize(("count", "sizes"), [(9_999, [9_999]), (10_000, [10_000]), (10_001, [10_000, 1])])
def test_an_index_file_has_ten_thousand_rows_at_most(count: int, sizes: list[int]) -> None:
    products = [Product(f"{i:036}", "a" * 77, "b" * 72, s1="adults") for i in range(count)]
    files = list(index_files(products, "http://127.0.0.1:10000"))
    assert [f.count(b"\n") for f in files] == sizes
    assert all(len(f) <= Settings().index_file_max_bytes for f in files), "whole files of the longest rows are taken"


def test_the_first_of_a_category_or_of_all() -> None:
    one, two = Product("1", "", "tops", "shirt"), Product("2", "", "Dress")
    assert first([one, two], "Dress") == two
    assert first([one, two], "shirt") == first([one, two], "hat") == one


def test_the_command_is_one_that_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    there = Home(FOLDER.absolute(), tmp_path)
    assert (there.command(), there.command("stop")) == ("placket demo", "placket demo stop")
    (tmp_path / "Makefile").write_text("all:\n\ttrue\n")
    assert there.command("stop") == "placket demo stop", "somebody else's"
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    assert (there.command(), there.command("stop")) == ("make demo", "make demo-stop")
    elsewhere = Home(tmp_path / "a b", tmp_path)
    assert elsewhere.command("stop") == f"placket demo stop --dir '{tmp_path}/a b'"
    assert elsewhere.command() == f"placket demo --dir '{tmp_path}/a b'"
    assert "make demo-stop" in (ROOT / "README.md").read_text("utf-8")
