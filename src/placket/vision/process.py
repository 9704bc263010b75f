"""One vision process as its supervisor sees it: started, spoken to without ever waiting for it, ended."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable

from placket.vision.jobs import Job
from placket.vision.protocol import MOST_ANSWER_BYTES, Frame, FrameReader, Options

_READ_BYTES = 1 << 18
_LAST_MOMENT = 1.0
"""Seconds that a process may take to end after it hung up."""
_SECRETS = ("PLACKET_", "PG")


class Process:
    """``capacity``: photos that it may have in hand. ``alone``: it was started for one suspect photo."""

    def __init__(self, options: Options, capacity: int, *, alone: bool, ready_by: float) -> None:
        self.capacity = capacity
        self.alone = alone
        self.ready = False
        self.ready_by = ready_by
        self.in_hand: dict[int, Job] = {}
        self.connection, theirs = socket.socketpair()
        self.connection.setblocking(False)
        self._outbox: deque[memoryview] = deque()
        self._hung_up = False
        self._reader = FrameReader(MOST_ANSWER_BYTES)
        with theirs:
            self._process = _start(theirs.fileno(), options)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def writing(self) -> bool:
        return bool(self._outbox)

    def give(self, job: Job, patience: float) -> None:
        """Put a photo into its hands. Until it says that it has begun, ``patience`` seconds may go by."""
        job.begun = False
        job.deadline = time.monotonic() + patience
        self.in_hand[job.id] = job
        self._outbox.extend(memoryview(part) for part in job.frame().parts() if part)
        self.write()

    def write(self) -> None:
        """Send what the connection takes now; a process that reads no more must not stop its supervisor."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self._outbox:
                sent = self.connection.send(self._outbox[0])
                if sent == len(self._outbox[0]):
                    self._outbox.popleft()
                else:
                    self._outbox[0] = self._outbox[0][sent:]

    def read(self) -> list[Frame] | None:
        """What it has said since; None when it is gone. Raises BrokenFrame."""
        try:
            data = self.connection.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except ConnectionError:
            data = b""
        self._hung_up = not data
        return self._reader.feed(data) if data else None

    def overdue(self, now: float) -> bool:
        """It has not come up in time, or a photo hangs."""
        if not self.ready:
            return now > self.ready_by
        return any(now > job.deadline for job in self.in_hand.values())

    def deadlines(self) -> Iterable[float]:
        return [job.deadline for job in self.in_hand.values()] if self.ready else [self.ready_by]

    def end(self) -> str:
        """Kill it, if it still lives, and say how it ended."""
        self.connection.close()
        self._outbox.clear()
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Who is killed hangs up first, and is dead a moment later: it is not we who ended it.
            self._process.wait(_LAST_MOMENT if self._hung_up else 0)
        killed = self._process.poll() is None
        self._process.kill()
        code = self._process.wait()
        if code >= 0:
            return f"it ended with status {code}"
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        if -code != signal.SIGKILL:
            return f"it died of {name}"
        return "it was ended" if killed else f"it died of {name}, as when memory runs out"


def _start(connection: int, options: Options) -> "subprocess.Popen[bytes]":
    # -P: what lies in the working directory is not imported. Secrets of the server are none of the decoder's business.
    command = [sys.executable, "-P", "-m", "placket.vision.child", str(connection), str(os.getpid()), options.encode()]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_SECRETS)}
    return subprocess.Popen(
        command,
        pass_fds=(connection,),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        process_group=0,
    )
