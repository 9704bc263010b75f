"""The demo's pictures for as long as its server lives: the console shows products by the addresses they were indexed
from, also when the demo itself has ended. Run as a process of its own by :func:`keep_pictures`."""

import contextlib
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from placket.cli.demo.home import Home, ServerNote
from placket.cli.demo.host import serving

_NAME = re.compile(r"/([\w-]+\.jpg)")
_LOOK_SECONDS = 1.0
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_MODULE = "placket.cli.demo.keeper"


class Folders(Mapping[str, bytes]):
    """``/name.jpg`` to the content of the file of that name in the first folder that has it."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders

    def __getitem__(self, path: str) -> bytes:
        name = _NAME.fullmatch(path)
        for folder in self._folders if name else ():
            with contextlib.suppress(OSError):
                return (folder / name[1]).read_bytes()  # type: ignore[index]
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return (f"/{file.name}" for folder in self._folders for file in folder.glob("*.jpg"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def keep_pictures(home: Home, note: ServerNote) -> int:
    """Serve the demo's folders at the note's port, at once and until its server ends. Returns the process's id."""
    folders = [home.images, home.photos / "images"]
    child = subprocess.Popen(
        [sys.executable, "-m", _MODULE, str(note.image_port), str(note.pid), repr(note.created), *map(str, folders)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home.folder,
        start_new_session=True,
    )
    deadline = time.monotonic() + _START_SECONDS
    while child.poll() is None and time.monotonic() < deadline and not _answers(note.image_port):
        time.sleep(0.05)
    return child.pid


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def release_pictures(note: ServerNote) -> None:
    """End what :func:`keep_pictures` began, if it still lives: its port is free then."""
    try:
        process = psutil.Process(note.image_pid)
        if note.image_pid and _MODULE in process.cmdline():
            process.terminate()
            process.wait(_STOP_SECONDS)
    except psutil.Error:
        return


def main(port: int, pid: int, created: float, folders: list[Path]) -> None:
    with serving(Folders(folders), port):
        while _lives(pid, created):
            time.sleep(_LOOK_SECONDS)


def _lives(pid: int, created: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), [Path(a) for a in sys.argv[4:]])
