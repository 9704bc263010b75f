"""Tagging tasks through the HTTP API: throughput against the bare networks, memory, and many clients at once.

    python -m benchmarks.tagging task --data DIR [--count 1000]       # real photos
    python -m benchmarks.tagging task --data DIR --count 10000        # is memory flat?
    python -m benchmarks.tagging task --megapixels 12 [--count 300]   # drawn JPEGs, where decoding counts
    python -m benchmarks.tagging clients --data DIR [--clients 20] [--each 500] [--polls 200] [--apart]

DIR holds the training photos; they are served as JPEG by a local host. --bundle DIR names another bundle than the
shipped one. Prints one JSON object.
"""

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

import placket.bundles
from benchmarks.photos import real_photos
from benchmarks.polling import poll
from benchmarks.serving import Memory, bare_networks, file_host, rounded, until_ready
from benchmarks.vision import drawn_photos
from tests.support.fleet import running_fleet
from tests.support.server import PlacketServer, running_server

_A_REQUEST = 1000
_BARE_PHOTOS = 400
_DISTINCT_DRAWN = 24
_CURVE_STEP = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("task", "clients"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--work", type=Path, default=Path(".work/photos"))
    parser.add_argument("--count", type=int, default=1000, help="images of the task")
    parser.add_argument("--megapixels", type=float, help="draw the photos, this large")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--each", type=int, default=500, help="images of each client's task")
    parser.add_argument("--polls", type=float, default=200.0, help="requests a second for the status of a task")
    parser.add_argument("--apart", action="store_true", help="the worker is a process of its own, not in the server's")
    options = parser.parse_args()
    if (options.data is None) == (options.megapixels is None):
        parser.error("give either --data or --megapixels")
    wanted = options.count if options.what == "task" else options.clients * options.each
    files = _drawn(options) if options.megapixels else _real(options, wanted)
    with ExitStack() as stack:
        host = stack.enter_context(file_host(options.work))
        server = stack.enter_context(_installation(options))
        # A file that serves more than once has another URL each time, or it would be fetched and tagged once.
        urls = [f"{host}/{files[n % len(files)].name}?n={n}" for n in range(wanted)]
        if options.what == "task":
            result = _one_task(server, urls)
        else:
            result = _many_clients(server, urls, options.clients, options.polls)
    sample = [f.read_bytes() for f in files[:: max(1, len(files) // _BARE_PHOTOS)][:_BARE_PHOTOS]]
    result |= bare_networks(options.bundle, sample)
    rate = result["images_a_second"]
    result["share_of_bare_networks"] = rate / result["networks_photos_a_second"]
    both = 1 / result["networks_photos_a_second"] + 1 / result["decoding_photos_a_second"]
    result["share_of_networks_and_decoding"] = rate * both
    print(json.dumps(rounded(result), indent=1))


def _real(options: argparse.Namespace, wanted: int) -> list[Path]:
    half = min(wanted, 4000) // 2
    return [p.path for p in real_photos(options.data, options.work, {"hm": half, "myntra": min(wanted, 4000) - half})]


def _drawn(options: argparse.Namespace) -> list[Path]:
    """Of the proportions of a phone's photo."""
    options.work.mkdir(parents=True, exist_ok=True)
    height = round((options.megapixels * 1e6 * 4 / 3) ** 0.5)
    files = []
    for n, content in enumerate(drawn_photos(_DISTINCT_DRAWN, round(height * 3 / 4), height)):
        files.append(options.work / f"drawn-{options.megapixels:g}-{n}.jpg")
        files[-1].write_bytes(content)
    return files


@contextmanager
def _installation(options: argparse.Namespace) -> Iterator[PlacketServer]:
    bundle = (options.bundle or Path(placket.bundles.__file__).parent).absolute()
    environment = {"PLACKET_VISION_THREADS": "0", "PLACKET_BUNDLE": str(bundle)}
    if options.apart:
        with running_fleet(1, 1, bundle=bundle, **environment) as fleet:
            yield fleet.members[0]
    else:
        with running_server(bundle=False, **environment) as server:
            until_ready(server)
            yield server


def _entries(urls: Sequence[str], first: int = 0) -> dict[str, Any]:
    request = [
        {"image": {"type": "url", "content": url}, "context": {"id": str(n)}} for n, url in enumerate(urls, start=first)
    ]
    return {"taggingRequest": request}


class _Client:
    """The guide's calls, for one project of its own."""

    def __init__(self, server: PlacketServer, name: str) -> None:
        admin = {"Authorization": f"Bearer {server.admin_token}"}
        url = f"{server.url}/placket/v1/admin/keys"
        made = httpx.post(url, json={"name": name}, headers=admin, timeout=60, trust_env=False)
        self.key: str = made.raise_for_status().json()["key"]
        self.http = httpx.Client(
            base_url=f"{server.url}/tagger/v2.12/bulk/", headers={"x-api-key": self.key}, timeout=120, trust_env=False
        )

    def submit(self, urls: Sequence[str]) -> str:
        """A task of all the images, in as many requests as it takes; its id."""
        made = self.http.post("", json=_entries(urls[:_A_REQUEST])).raise_for_status().json()
        for first in range(_A_REQUEST, len(urls), _A_REQUEST):
            chunk = _entries(urls[first : first + _A_REQUEST], first)
            self.http.put(made["taskId"], json=chunk).raise_for_status()
        task: str = made["taskId"]
        return task

    def count(self, task: str) -> dict[str, int]:
        found: dict[str, int] = self.http.get(f"{task}/status").raise_for_status().json()["data"]["count"]
        return found

    def check_results(self, task: str, images: int) -> int:
        """How many failed; every image is there, once, in order."""
        ids: list[str] = []
        failed = 0
        for offset in range(0, images, 100):
            data = self.http.get(task, params={"offset": offset}).raise_for_status().json()["data"]
            failed += len(data["failures"])
            ids += sorted((r["id"] for r in (*data["results"], *data["failures"])), key=int)
        assert ids == [str(n) for n in range(images)]
        return failed


def _one_task(server: PlacketServer, urls: Sequence[str]) -> dict[str, Any]:
    client = _Client(server, "benchmark")
    assert server.process is not None
    memory = Memory(server.process.pid)
    curve: list[float] = []
    begun = time.perf_counter()
    task = client.submit(urls)
    submitted = time.perf_counter() - begun
    while True:
        count = client.count(task)
        ended = count["done"] + count["failure"]
        if ended >= (len(curve) + 1) * _CURVE_STEP:
            curve.append(memory.now() / 1e6)
        if not count["processing"]:
            break
        time.sleep(0.1)
    seconds = time.perf_counter() - begun
    memory.stop()
    return {
        "images": len(urls), "failed": client.check_results(task, len(urls)), "submit_seconds": submitted,
        "seconds": seconds, "images_a_second": len(urls) / seconds,
        "memory_peak_mb": memory.peak / 1e6, f"memory_mb_each_{_CURVE_STEP}_images": curve,
    }  # fmt: skip


def _many_clients(server: PlacketServer, urls: Sequence[str], clients: int, polls: float) -> dict[str, Any]:
    each = len(urls) // clients
    callers = [_Client(server, f"client {n}") for n in range(clients)]
    # A small task of each, so that there is something to ask for when nothing is being tagged.
    small = [c.submit(urls[:1]) for c in callers]
    while any(c.count(t)["processing"] for c, t in zip(callers, small, strict=True)):
        time.sleep(0.1)
    idle = _polled(server, [(c.key, t) for c, t in zip(callers, small, strict=True)], polls, seconds=10.0)

    def submit(n: int) -> tuple[str, float]:
        begun = time.perf_counter()
        task = callers[n].submit(urls[n * each : (n + 1) * each])
        return task, time.perf_counter() - begun

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        made = list(pool.map(submit, range(clients)))
    pairs = [(callers[n].key, task) for n, (task, _) in enumerate(made)]
    with _polling(server, pairs, polls) as polled:
        ends = _until_all_done(callers, [task for task, _ in made], begun)
        polled.stop()
    seconds = time.perf_counter() - begun
    failed = sum(c.check_results(t, each) for c, (t, _) in zip(callers, made, strict=True))
    taken = sorted(t for _, t in made)
    return {
        "images": len(urls), "failed": failed, "seconds": seconds, "images_a_second": len(urls) / seconds,
        "submit_seconds": {"median": statistics.median(taken), "most": taken[-1]},
        "first_and_last_task_done": [min(ends), max(ends)],
        "status_idle": idle, "status_while_tagging": polled.figures,
    }  # fmt: skip


def _until_all_done(callers: Sequence[_Client], tasks: Sequence[str], begun: float) -> list[float]:
    """Seconds after which each task was done."""
    ends: dict[int, float] = {}
    while len(ends) < len(tasks):
        for n, task in enumerate(tasks):
            if n not in ends and not callers[n].count(task)["processing"]:
                ends[n] = time.perf_counter() - begun
        time.sleep(0.5)
    return list(ends.values())


def _polled(server: PlacketServer, pairs: Sequence[tuple[str, str]], rate: float, seconds: float) -> dict[str, Any]:
    with _polling(server, pairs, rate) as polled:
        time.sleep(seconds)
        polled.stop()
    return polled.figures


class _Polled:
    """``figures`` after :meth:`stop`: see :func:`benchmarks.polling.poll`."""

    def __init__(self, server: PlacketServer, pairs: Sequence[tuple[str, str]], rate: float) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.figures: dict[str, Any] = {}
        self._ours, theirs = spawn.Pipe()
        self.process = spawn.Process(target=poll, args=(server.port, list(pairs), rate, theirs), daemon=True)
        self.process.start()
        assert self._ours.recv() == "begun"

    def stop(self) -> None:
        self._ours.send("stop")
        self.figures = self._ours.recv()


@contextmanager
def _polling(server: PlacketServer, pairs: Sequence[tuple[str, str]], rate: float) -> Iterator[_Polled]:
    """A process that asks for the tasks' status ``rate`` times a second."""
    polled = _Polled(server, pairs, rate)
    try:
        yield polled
    finally:
        polled.process.kill()
        polled.process.join()


if __name__ == "__main__":
    main()
