"""Every test here has data directories, servers and processes of its own."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.postgres import reachable_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach; no server is left in it."""
    with reachable_folder() as made:
        yield made
        for process in postgres_processes(made):
            with suppress(psutil.Error):
                process.kill()


def postgres_processes(folder: Path) -> list[psutil.Process]:
    """Every living PostgreSQL process that works below ``folder``."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd().startswith(f"{folder}/"):
                found.append(process)
    return found


def postmaster(data: Path) -> psutil.Process:
    pid = int((data / "postgres" / "cluster" / "postmaster.pid").read_text().split("\n")[0])
    return psutil.Process(pid)
