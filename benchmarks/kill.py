"""`kill -9` at random moments of index runs: every run ends, counts add up, and the documents are those of quiet runs.

    python -m benchmarks.kill --kills 10 --rows 400

The same index files go to two services: one in peace, one while servers, workers and PostgreSQL are killed.
Exit code 1 where anything differs.
"""

import argparse
import contextlib
import json
import random
import sys
import time
from typing import Any

import httpx

from tests.support.fleet import Fleet, running_fleet
from tests.support.server import ImageHost, image_host, picture

_TIMES = {"createdAt", "updatedAt"}
_COUNTS = ("addCnt", "updateCnt", "deleteCnt", "failCnt", "totalCnt")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--files", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    environment = {
        "PLACKET_LEASE_SECONDS": "3",
        "PLACKET_INDEX_REQUESTS_PER_DAY": "1000",
        "PLACKET_SHUTDOWN_SECONDS": "5",
        "PLACKET_WORKER_CHUNK": "8",
    }
    with image_host() as host, running_fleet(1, 1, **environment) as fleet:
        files = [_index_file(host, options.rows, rng) for _ in range(options.files)]
        key = fleet.members[0].create_key("kill")
        quiet = _index(fleet, key, "quiet", files)
        loud = _index(fleet, key, "loud", files, kills=options.kills, rng=rng)
        same = _documents(fleet, key, "quiet") == _documents(fleet, key, "loud")
    print(json.dumps({"killed": fleet.kills, "quiet": quiet, "loud": loud, "documents equal": same}, indent=1))
    whole = all(run["totalCnt"] == sum(run[c] for c in _COUNTS[:-1]) for run in loud)
    return 0 if same and whole and quiet == loud and len(fleet.kills) == options.kills else 1


def _index_file(host: ImageHost, rows: int, rng: random.Random) -> bytes:
    """Adds, updates, deletions, repeated ids, and rows that fail in every way that costs nothing to stage."""
    lines = []
    for _ in range(rows):
        product = f"p{rng.randrange(rows)}"
        fate = rng.random()
        image = host.put(f"/{rng.randrange(60)}.png", picture(tuple(rng.choices(range(256), k=3))))  # type: ignore[arg-type]
        if fate < 0.1:
            lines.append({"product_id": product, "status": "disable"})
            continue
        if fate < 0.15:
            image = host.url("/missing.png")
        lines.append(
            {
                "product_id": product,
                "status": "enable",
                "category1_id": str(rng.randrange(5)),
                "image_url": image,
                "name": f"version {rng.randrange(1000)}",
            }
        )
    lines[0]["status"], lines[0]["category1_id"], lines[0]["image_url"] = "enable", "1", host.url("/0.png")
    host.put("/0.png", picture())
    return b"\n".join(json.dumps(line).encode() for line in lines)


def _index(
    fleet: Fleet, key: str, service: str, files: list[bytes], kills: int = 0, rng: random.Random | None = None
) -> list[dict[str, int]]:
    """Index the files one after another; ``kills`` are spread over all of them. The counts of each run."""
    base = f"{fleet.members[0].url}/nhn-ai-fashion-maker/v1.0/appkeys/{key}/service/{service}"
    _call("POST", base.replace("-maker", ""))
    runs = []
    for number, body in enumerate(files):
        made = _call("POST", f"{base}/index?format=jsonl", files={"file": ("shop.jsonl", body)})
        share = kills // len(files) + (number < kills % len(files))
        if rng is not None:
            _torment(fleet, share, rng)
        runs.append(_ended(base, made["data"]["indexID"]))
    return runs


def _torment(fleet: Fleet, kills: int, rng: random.Random) -> None:
    for _ in range(kills):
        time.sleep(rng.uniform(0.1, 1.0))
        fleet.kill(rng.choice(fleet.targets()))
        time.sleep(rng.uniform(0.0, 0.5))
        fleet.start()


def _ended(base: str, run_id: str) -> dict[str, int]:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        items = _call("GET", f"{base}/indexes?start=0&limit=100")["data"]["items"]
        run: dict[str, Any] = next(i for i in items if i["id"] == run_id)
        if run["status"] in ("finished", "failed"):
            return {name: run[name] for name in _COUNTS}
        time.sleep(0.2)
    raise AssertionError(f"run {run_id} did not end")


def _documents(fleet: Fleet, key: str, service: str) -> list[dict[str, Any]]:
    """Every document with its tags, and what looks like it."""
    url = f"{fleet.members[0].url}/placket/v1/services/{service}/products"
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False) as client:
        while True:
            page = client.get(url, params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
            found += [{k: v for k, v in item.items() if k not in _TIMES} for item in page["items"]]
            cursor = page["nextCursor"]
            if cursor is None:
                break
    base = f"{fleet.members[0].url}/nhn-ai-fashion/v1.0/appkeys/{key}/service/{service}"
    for item in found[::10]:
        item["neighbours"] = _call("GET", f"{base}/product/{item['product_id']}?limit=10")["data"]["items"]
    return found


def _call(method: str, url: str, **options: Any) -> dict[str, Any]:
    """A call that is repeated while the server or its database is away."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer: dict[str, Any] = httpx.request(method, url, timeout=30, trust_env=False, **options).json()
            if answer["header"]["isSuccessful"]:
                return answer
            if answer["header"]["resultCode"] != -50000:
                raise AssertionError(answer)
        if time.monotonic() > deadline:
            raise AssertionError(f"{method} {url.split('?')[0].rpartition('/')[2]} gets no answer")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
