"""`kill -9` at random moments of tagging tasks: the results are those of quiet tasks, in order, none twice or missing.

    python -m benchmarks.tagging_kill --kills 20

Two servers and two workers on one PostgreSQL. The same requests go to the API twice: in peace, and while any of the
five is killed. A request that gets no answer is repeated with its Idempotency-Key, to whichever server is up; some
that got one are repeated too. Exit code 1 where anything differs.
"""

import argparse
import json
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.fleet import Fleet, running_fleet
from tests.support.server import ImageHost, image_host, picture, plain

_PATIENCE = 180.0
_PICTURES = 60
_REPEATED = 0.3
_ENVIRONMENT = {
    "PLACKET_LEASE_SECONDS": "3", "PLACKET_SHUTDOWN_SECONDS": "5",
    "PLACKET_WORKER_CHUNK": "8", "PLACKET_WORKER_SLOTS": "2",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """Entries for one of the tasks: the first of a task makes it, the others append."""

    task: int
    entries: list[dict[str, Any]]
    accepted: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--entries", type=int, default=60, help="in each request; there is one a kill and task")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with image_host() as host, running_fleet(2, 2, **_ENVIRONMENT) as fleet:
        urls = _urls(host, rng)
        requests = _requests(options.tasks, options.kills, options.entries, urls, rng)
        quiet = _Torment(fleet, "quiet", requests, rng).run(kills=0)
        loud = _Torment(fleet, "loud", requests, rng).run(kills=options.kills)
        kills = list(fleet.kills)
    same = quiet == loud
    whole = all(_in_order(requests, n, results) for n, results in enumerate(loud))
    counts = [{"entries": len(ids), "failures": sum("code" in r for _, r in ids)} for ids in loud]
    print(json.dumps({"killed": kills, "tasks": counts, "results equal": same, "whole and in order": whole}, indent=1))
    return 0 if same and whole and len(kills) == options.kills else 1


def _urls(host: ImageHost, rng: random.Random) -> list[str]:
    """Garments, nothing to be seen, no image, no page: whatever costs nothing to stage."""
    urls = [host.put(f"/{n}.png", picture(tuple(rng.choices(range(256), k=3)))) for n in range(_PICTURES)]  # type: ignore[arg-type]
    return [*urls, host.put("/plain.png", plain()), host.put("/page.html", b"<html>"), host.url("/missing.png")]


def _requests(tasks: int, kills: int, entries: int, urls: list[str], rng: random.Random) -> list[Request]:
    """Every task is made, then appended to once a kill; one entry of each request repeats an id of its task."""
    found = []
    for round_ in range(kills + 1):
        for task in range(tasks):
            first = round_ * entries
            made = [_entry(first + n, rng.choice(urls) + f"?v={rng.randrange(20)}", rng) for n in range(entries)]
            if round_:
                # An id of the task's first request: those of later ones may have given way to a repeated one.
                made[entries // 2] = _entry(rng.randrange(entries), urls[0], rng)
            found.append(Request(task, made, entries - bool(round_)))
    return found


def _entry(number: int, url: str, rng: random.Random) -> dict[str, Any]:
    detection = rng.choice([{}, {}, {"detection": ["TOP"]}, {"detection": ["SHOES", "BOTTOM"]}])
    return {"image": {"type": "url", "content": url}, "context": {"id": f"image {number}", **detection}}


Results = list[tuple[str, Any]]
"""Of one task, in order: (id, its taggingResult or its error's code)."""


class _Torment:
    """Sends all requests while members of the fleet are killed; a request or more is on its way at every kill."""

    def __init__(self, fleet: Fleet, name: str, requests: list[Request], rng: random.Random) -> None:
        self._fleet = fleet
        self._requests = requests
        self._name = name
        # Each for one thread: what is killed, and when, depends on the seed alone.
        self._rng = random.Random(rng.random())
        self._kill_rng = random.Random(rng.random())
        self._key = fleet.members[0].create_key(name)
        self._tasks: dict[int, str] = {}
        self._go = threading.Semaphore(0)

    def run(self, kills: int) -> list[Results]:
        """What each task holds when all is done."""
        rounds = max(1, kills)
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self._send_all, len(self._requests) // rounds + 1)
            for _ in range(kills):
                self._go.release()
                time.sleep(self._kill_rng.uniform(0.0, 1.0))
                self._fleet.kill(self._kill_rng.choice(self._fleet.targets()))
                time.sleep(self._kill_rng.uniform(0.0, 0.5))
                self._fleet.start()
            self._go.release(rounds + 1)
            sending.result()
        return [self._results(self._tasks[n]) for n in sorted(self._tasks)]

    def _send_all(self, a_round: int) -> None:
        for number, request in enumerate(self._requests):
            if number % a_round == 0:
                self._go.acquire()
            answer = self._send(number, request)
            if self._rng.random() < _REPEATED and self._send(number, request) != answer:
                raise AssertionError("a repeated request got another answer")
            counts = {"accept": request.accepted, "failure": len(request.entries) - request.accepted}
            if answer["validation"] != counts:
                raise AssertionError(answer)
            self._tasks.setdefault(request.task, answer["taskId"])

    def _send(self, number: int, request: Request) -> dict[str, Any]:
        task = self._tasks.get(request.task)
        # The request that made a task is sent again as it was, too.
        first = next(n for n, r in enumerate(self._requests) if r.task == request.task)
        method, path = ("POST", "") if number == first else ("PUT", f"/{task}")
        headers = {"Idempotency-Key": f"{self._name}-{number}"}
        return self._call(method, path, json={"taggingRequest": request.entries}, headers=headers)

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Repeated while servers or the database are away."""
        deadline = time.monotonic() + _PATIENCE
        headers = {"x-api-key": self._key, **options.pop("headers", {})}
        why = ""
        while time.monotonic() < deadline:
            url = f"{self._rng.choice(self._fleet.members).url}/tagger/v2.12/bulk{path}"
            try:
                answer = httpx.request(method, url, headers=headers, timeout=30, trust_env=False, **options)
            except httpx.TransportError as error:
                why = repr(error)
            else:
                if answer.status_code < 300:
                    found: dict[str, Any] = answer.json()
                    return found
                why = answer.text
                if answer.status_code < 500:
                    raise AssertionError(why)
            time.sleep(0.2)
        raise AssertionError(f"{method} gets no answer: {why}")

    def _results(self, task: str) -> Results:
        deadline = time.monotonic() + _PATIENCE
        while (status := self._call("GET", f"/{task}/status")["data"])["taskStatus"] != "TASK_DONE":
            if time.monotonic() > deadline:
                raise AssertionError(f"the task does not end: {status}")
            time.sleep(0.2)
        found: Results = []
        failed: Results = []
        for offset in range(0, status["count"]["total"], 100):
            data = self._call("GET", f"/{task}?offset={offset}")["data"]
            found += [(r["id"], r["taggingResult"]) for r in data["results"]]
            failed += [(r["id"], {"code": r["error"]["code"]}) for r in data["failures"]]
        if (len(found), len(failed)) != (status["count"]["done"], status["count"]["failure"]):
            raise AssertionError(f"{len(found)} results and {len(failed)} failures of {status['count']}")
        return found + failed


def _in_order(requests: list[Request], task: int, results: Results) -> bool:
    """Every accepted id once; results, and then failures, in the order of the requests."""
    sent: dict[str, None] = {}
    for request in requests:
        if request.task == task:
            sent.update(dict.fromkeys(e["context"]["id"] for e in request.entries))
    failed = {name for name, result in results if "code" in result}
    return [name for name, _ in results] == [*(n for n in sent if n not in failed), *(n for n in sent if n in failed)]


if __name__ == "__main__":
    sys.exit(main())
