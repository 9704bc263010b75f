"""File locks (flock): they go with the processes that hold them, however those end, in any container of this host."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from placket.domain.errors import EmbeddedServerError

_POLL_SECONDS = 0.02


def open_lock(path: Path) -> int:
    """A file descriptor to lock; not inherited by children."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def try_lock(handle: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(handle: int) -> None:
    """Let go, also for children that inherited the descriptor, and close it."""
    fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


@contextmanager
def exclusive(path: Path, seconds: float) -> Iterator[None]:
    """Raises EmbeddedServerError when another process holds it that long."""
    handle = open_lock(path)
    try:
        deadline = time.monotonic() + seconds
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"another Placket process has held {path} for {seconds:.0f} s; is it stuck?")
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        unlock(handle)


def is_held(path: Path) -> bool:
    """Whether some process holds it exclusively. Looking takes it shared for an instant."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(handle, shared=True)
    finally:
        os.close(handle)
