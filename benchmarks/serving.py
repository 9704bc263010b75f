"""What benchmarks of a running installation share: a host of files, memory, and the bare networks to compare with."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil

import placket.bundles
from benchmarks.vision import bare
from placket.machine import cores
from placket.vision import read_bundle
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline
from tests.support.server import PlacketServer, free_port


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # As real image hosts do: head and body are two writes, and the second must not wait for an acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass


def _serve(folder: Path, port: int) -> None:
    ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(folder))).serve_forever()


@contextmanager
def file_host(folder: Path) -> Iterator[str]:
    """Serves the folder's files from a process of its own; the address without a slash at its end."""
    port = free_port(avoid=3)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, port), daemon=True)
    process.start()
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=30, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()


def until_ready(server: PlacketServer) -> None:
    while httpx.get(f"{server.url}/readyz", timeout=30, trust_env=False).status_code != 200:
        time.sleep(0.1)


class Memory:
    """Resident memory of the server and its children, in bytes; PostgreSQL is not among them. ``peak`` so far."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._process = psutil.Process(pid)
        self._pool = ThreadPoolExecutor(1)
        self._on = True
        self._pool.submit(self._watch)

    def now(self) -> int:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                if "postgres" not in process.name():
                    total += process.memory_info().rss
            except psutil.Error:
                pass
        return total

    def _watch(self) -> None:
        while self._on:
            self.peak = max(self.peak, self.now())
            time.sleep(0.2)

    def stop(self) -> None:
        self._on = False
        self._pool.shutdown()


def bare_networks(bundle: Path | None, photos: Sequence[bytes]) -> dict[str, float]:
    """See :func:`benchmarks.vision.bare`; of the shipped bundle where none is given."""
    folder = bundle or Path(placket.bundles.__file__).parent
    engine = Engine(cores())
    # Two photos "in work" keep every network on the thread of its own photo, as in a busy pool.
    with engine.photo(), engine.photo():
        return bare(Pipeline(read_bundle(folder), engine), photos, cores())


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return round(value, 3) if isinstance(value, float) else value
