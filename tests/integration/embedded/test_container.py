"""As root of a container has it: without the capability to look into the processes of other accounts."""

import ctypes
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.integration.embedded.conftest import as_root, postgres_processes, postmaster

pytestmark = [as_root, pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")]

_PR_CAPBSET_DROP = 24
_CAP_SYS_PTRACE = 19

_USER = """
import sys
from pathlib import Path
from placket.storage.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
with server:
    print("started", flush=True)
    sys.stdin.readline()
    server._revive()
    print("revived", flush=True)
    sys.stdin.readline()
"""


def _lose_capability() -> None:
    """Of the program that is run next."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_PTRACE, 0, 0, 0)


def test_the_server_is_started_revived_and_stopped(folder: Path) -> None:
    data = folder / "data"
    with subprocess.Popen(
        [sys.executable, "-c", _USER, str(data)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=_lose_capability,
    ) as user:  # fmt: skip
        assert user.stdin is not None and user.stdout is not None
        assert user.stdout.readline() == "started\n"
        first = postmaster(data)
        # They live on, and have to be found and ended before the next server may start.
        for child in first.children():
            # The backend of the last question may be about to end.
            with suppress(psutil.NoSuchProcess):
                child.send_signal(signal.SIGSTOP)
        first.kill()
        while first.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        user.stdin.write("\n")
        user.stdin.flush()
        assert user.stdout.readline() == "revived\n"
        assert postmaster(data).pid != first.pid
    assert user.returncode == 0
    assert postgres_processes(data) == []
