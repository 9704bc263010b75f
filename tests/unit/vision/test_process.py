"""How a vision process ended, as its supervisor tells it."""

import subprocess
import sys
import time
from unittest.mock import Mock

import pytest

from placket.vision.process import Process

_KILLED = """
import os, signal, sys, time
os.close(int(sys.argv[1]))
time.sleep(0.2)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Process:
    """What the kernel takes from one that it kills: its connection first, then all its memory."""

    def start(connection: int, _: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", _KILLED, str(connection)], pass_fds=(connection,))

    monkeypatch.setattr("placket.vision.process._start", start)
    return Process(Mock(), 1, alone=False, ready_by=0.0)


def test_one_that_the_system_killed_is_not_said_to_have_been_ended(killed: Process) -> None:
    deadline = time.monotonic() + 5
    while killed.read() == [] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert killed.end() == "it died of SIGKILL, as when memory runs out"


def test_one_that_is_ended_is_not_waited_for(killed: Process) -> None:
    assert killed.end() == "it was ended"
