"""How the program ends where it cannot go on: a sentence and an exit code, never a traceback."""

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from placket.cli.main import app
from placket.cli.output import DISK_FULL, run_safely
from placket.cli.remote import failures
from tests.support.server import image_host, placket_program

_INTERRUPTED_WHILE_LOADING = """
import sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "placket.cli.runs":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from placket.cli.main import main
main()
"""


def test_an_interrupt_while_it_loads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_WHILE_LOADING], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", ["--version", "profile list", "profile list --json"])
def test_output_to_a_full_disk(arguments: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [placket_program(), *arguments.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            env={"XDG_CONFIG_HOME": str(tmp_path)},
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, "error: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("number", sorted(DISK_FULL))
def test_a_full_disk_is_no_wrong_command_line(number: int) -> None:
    with pytest.raises(OSError, match="full"), failures():
        raise OSError(number, "full")
    assert errno.ENOSPC in DISK_FULL


def test_what_kubernetes_sets_for_a_service_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACKET_PORT", "tcp://10.96.3.4:8780")
    done = CliRunner().invoke(app, ["serve"])
    assert done.exit_code == 2
    assert "enableServiceLinks: false" in done.stderr


def test_a_misspelt_variable_is_in_the_log_of_a_server_that_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        variables = {"PLACKET_DATABSE_URL": "postgresql://db.internal/placket", "PLACKET_PORT": port}
        done = subprocess.run(
            [placket_program(), "serve"], env=os.environ | variables, capture_output=True, text=True, timeout=60
        )
    line = json.loads(done.stderr.splitlines()[0])
    assert (line["level"], line["variable"]) == ("warning", "PLACKET_DATABSE_URL")
    assert line["remedy"] == "did you mean PLACKET_DATABASE_URL?"


def test_an_unknown_name_in_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "placket.toml"
    file.write_text('prot = 1\nxyzzy = 2\nworker_slots = "many"\n')
    monkeypatch.setenv("PLACKET_CONFIG", str(file))
    done = CliRunner().invoke(app, ["doctor"])
    lines = done.stderr.splitlines()
    assert (done.exit_code, lines[0]) == (2, "error: a setting is wrong:")
    assert "  prot in the file of PLACKET_CONFIG is no setting: did you mean port?" in lines
    assert any(line.startswith("  xyzzy in the file") and "settings.md" in line for line in lines)
    assert any(line.startswith("  worker_slots in the file of PLACKET_CONFIG: ") for line in lines)
    monkeypatch.setenv("PLACKET_WORKER_SLOTS", "few")
    assert "  PLACKET_WORKER_SLOTS: " in CliRunner().invoke(app, ["doctor"]).stderr


def test_what_is_no_file_or_no_folder_is_told_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()
    wrong: list[tuple[Callable[[], object], str]] = [
        (tmp_path.read_bytes, f"{tmp_path}: Is a directory"),
        ((file / "bundle.json").read_bytes, f"{file / 'bundle.json'}: Not a directory"),
        (file.mkdir, f"{file}: File exists"),
        ((tmp_path / "none").read_bytes, f"{tmp_path / 'none'}: No such file or directory"),
    ]
    for do, said in wrong:
        with pytest.raises(typer.Exit), run_safely():
            do()
        assert capsys.readouterr().err == f"error: {said}\n"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("ALL_PROXY", "socks5://127.0.0.1:9", "socksio"), ("SSL_CERT_FILE", "/none.pem", "No such file")],
)
def test_what_the_environment_says_of_the_way_to_the_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, said: str
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    for variable, text in {"PLACKET_URL": "http://placket.test", "PLACKET_KEY": "k", name: value}.items():
        monkeypatch.setenv(variable, text)
    (tmp_path / "a.jpg").write_bytes(b"")
    for arguments in (
        ["services", "list"],
        ["index", str(tmp_path), "-s", "shop"],
        ["tasks", "single", "http://x.test"],
    ):
        done = CliRunner().invoke(app, arguments)
        assert (done.exit_code, done.stderr.count("\n"), said in done.stderr) == (2, 1, True)


def test_a_profile_without_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def set_profile(name: str, url: str, *options: str, stdin: str = "secret\n") -> tuple[int, str]:
        done = CliRunner().invoke(app, ["profile", "set", name, "--url", url, *options], input=stdin)
        return done.exit_code, done.stderr

    code, said = set_profile("shop", "http://shop.test")
    assert (code, said.count("\n"), "--key -" in said) == (2, 1, True)
    # What is wrong by itself is said before the key is asked for.
    assert "the URL must be" in set_profile("shop", "shop.test")[1]
    assert "a profile's name" in set_profile("a b", "http://shop.test")[1]
    assert not list(tmp_path.rglob("profiles.toml"))
    assert set_profile("shop", "http://shop.test", "--key", "-")[0] == 0


@pytest.mark.parametrize("arguments", ["services list", "services create shop", "runs show r --service shop"])
def test_json_of_another_server(arguments: str) -> None:
    with image_host() as host:
        for path in ("", "/shop/runs/r"):
            host.put(f"/placket/v1/services{path}", b'{"status": "ok"}')
        done = subprocess.run(
            [placket_program(), *arguments.split()],
            env={**os.environ, "PLACKET_URL": host.url(""), "PLACKET_KEY": "a-key"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.endswith("is this a Placket server's URL?\n") and "Traceback" not in done.stderr


def test_names_that_the_encoding_of_the_output_lacks() -> None:
    service = {"name": "옷-é", "documents": 1, "remainingIndexRequests": 1, "bundle": "b", "createdAt": "2026-01-01"}
    with image_host() as host:
        host.put("/placket/v1/services", json.dumps({"items": [service]}).encode())
        environment = {**os.environ, "PLACKET_URL": host.url(""), "PLACKET_KEY": "a-key", "PYTHONIOENCODING": "euc-kr"}

        def listed(*options: str) -> str:
            command = [placket_program(), "services", "list", *options]
            done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
            assert (done.returncode, done.stderr) == (0, b"")
            return done.stdout.decode("euc-kr")

        assert "옷-\\xe9 " in listed()
        assert json.loads(listed("--json")) == [service]


def test_json_for_an_output_that_is_closed() -> None:
    with image_host() as host:
        host.put("/placket/v1/services", b'{"items": []}')
        environment = {**os.environ, "PLACKET_URL": host.url(""), "PLACKET_KEY": "a-key"}
        command = ["sh", "-c", '"$0" services list --json >&-', placket_program()]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_standard_streams_that_are_closed_are_not_taken_by_others(tmp_path: Path) -> None:
    """As by a daemon's starter: of the server, the listening socket became standard error, and the log had no place."""
    script = (
        "import os, sys; from placket.cli import main; main.app = lambda: print(*(os.readlink(f'/proc/self/fd/{n}')"
    )
    script += " for n in range(3)), file=open(sys.argv[1], 'w')); main.main()"
    subprocess.run(
        ["sh", "-c", '"$0" -c "$1" "$2" <&- >&- 2>&-', sys.executable, script, tmp_path / "told"], check=True
    )
    assert (tmp_path / "told").read_text().split() == [os.devnull] * 3


@pytest.mark.parametrize("words", [["embed", "a.jpg", "-o"], ["db", "backup"]])
def test_a_list_of_files_handed_over_as_one_name(words: list[str]) -> None:
    done = subprocess.run([placket_program(), *words, "photo.jpg " * 60], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ") and "photo.jpg photo.jpg" in done.stderr
    assert done.stderr.endswith("File name too long\n") and done.stderr.count("\n") == 1
