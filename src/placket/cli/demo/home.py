"""Where the demo keeps its things: one folder, which git ignores."""

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from placket.settings import Settings

FOLDER = Path(".demo")


@dataclass(frozen=True, slots=True)
class Home:
    """``folder``: key, log, pictures, photos, note of the running server; ``data``: that server's data directory."""

    folder: Path
    data: Path

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def token(self) -> Path:
        """What the console asks for."""
        return self.folder / "admin-token"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def note(self) -> Path:
        return self.folder / "server.json"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def photos(self) -> Path:
        return self.folder / "photos"

    def command(self, verb: str = "") -> str:
        """What starts this demo from the current folder, or with ``stop`` ends its server."""
        words = ["placket", "demo", verb] if verb else ["placket", "demo"]
        if self.folder != FOLDER.absolute():
            return shlex.join([*words, "--dir", str(self.folder)])
        return f"make {'-'.join(words[1:])}" if _has_makefile() else shlex.join(words)


@dataclass(frozen=True, slots=True)
class ServerNote:
    """The server that a demo started. ``created``: the process's start (seconds since the epoch), which with ``pid``
    tells it from a later process of the same number. ``image_pid``: the process that serves the pictures meanwhile."""

    pid: int
    created: float
    port: int
    image_port: int = 0
    image_pid: int = 0


def _has_makefile() -> bool:
    """Whether this is the project's own folder."""
    try:
        return "\ndemo-stop:" in Path("Makefile").read_text("utf-8", errors="replace")
    except OSError:
        return False


def open_home(folder: Path, settings: Settings) -> tuple[Home, str]:
    """The folder, made if need be, and a remark about where the data lies (empty when it lies there).

    PostgreSQL refuses to run as root. When we are root and the account that will run it cannot enter the folder,
    the data lies in root's default data directory instead. Raises EmbeddedServerError when there is no such account.
    """
    folder = folder.absolute()
    made = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if settings.data_dir is not None:
        return Home(
            folder, settings.data_dir.expanduser().absolute()
        ), f"Data in {settings.data_dir} (PLACKET_DATA_DIR)."
    if sys.platform == "win32" or os.geteuid() != 0 or settings.database_url is not None:
        return Home(folder, folder / "data"), ""
    from placket.storage.embedded.account import choose_account
    from placket.storage.locate import data_directory

    account = choose_account(settings.postgres_account)
    for new in made:
        new.chmod(new.stat().st_mode | 0o011)  # ours, and a way to the data directory, whatever the umask
    if account.can_enter(folder):
        return Home(folder, folder / "data"), ""
    data = data_directory(None)
    return Home(folder, data), (
        f"The account {account.name}, which runs PostgreSQL for root, cannot enter {folder}: the data lies in {data}."
    )


def read_note(home: Home) -> ServerNote | None:
    """None when there is none, or none that can be read."""
    try:
        return ServerNote(**json.loads(home.note.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_note(home: Home, note: ServerNote) -> None:
    partial = home.note.with_suffix(".new")
    partial.write_text(json.dumps(asdict(note)), "utf-8")
    partial.replace(home.note)


def write_secret(file: Path, text: str) -> None:
    """A file that only its owner can read, from its first moment."""
    partial = file.with_name(file.name + ".new")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(text)
    partial.replace(file)


@contextmanager
def one_at_a_time(home: Home) -> Iterator[bool]:
    """False when another demo is at work in the same folder."""
    if sys.platform == "win32":
        yield True
        return
    import fcntl

    with (home.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_UN)
