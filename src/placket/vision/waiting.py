"""How much of their photos projects have waiting for a vision process."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from placket.domain.errors import RateLimited

MOST_BYTES = 256_000_000
_RETRY_SECONDS = 5.0


class WaitingRoom:
    """A project whose photos take more than ``most_bytes`` is refused more: else who sends them faster than they can be
    seen takes all memory. One photo is always taken. Threads may share it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._taken: Counter[int] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def place(self, project: int, size: int) -> Iterator[None]:
        """Raises RateLimited."""
        with self._lock:
            if self._taken[project] and self._taken[project] + size > self._most:
                raise RateLimited("too many photos of this project are waiting to be seen", _RETRY_SECONDS)
            self._taken[project] += size
        try:
            yield
        finally:
            with self._lock:
                self._taken[project] -= size
                if not self._taken[project]:
                    del self._taken[project]
