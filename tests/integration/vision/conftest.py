import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from placket.vision import BundleLibrary, VisionPool
from tests.support.tiny_bundle import write_tiny_bundle

MARKER = "placket-test-crash:"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture(scope="session")
def library(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> BundleLibrary:
    return BundleLibrary(tmp_path_factory.mktemp("data"), str(tiny))


@pytest_asyncio.fixture
async def make_pool(library: BundleLibrary) -> AsyncIterator[Callable[..., VisionPool]]:
    """Makes pools whose children misbehave on command; closed at the end."""
    async with contextlib.AsyncExitStack() as stack:

        def make(**options: Any) -> VisionPool:
            settings = {"processes": 1, "threads": 2, "timeout": 30.0, "crash_marker": MARKER, **options}
            pool = VisionPool(settings.pop("library", library), **settings)
            stack.push_async_callback(pool.aclose)
            return pool

        yield make


def misbehave(how: str, image: bytes = b"") -> bytes:
    return f"{MARKER}{how}\n".encode() + image


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    except OSError:
        os.kill(pid, 0)
        return True
    return state != "Z"


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)
