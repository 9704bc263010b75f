"""A real catalogue through the HTTP API: throughput against the bare networks, latencies, memory, and a contact sheet.

    python -m benchmarks.catalogue --data DIR [--bundle DIR] [--count 2000] [--sheet .work/contact-sheet.jpg]

DIR holds the training photos. They are served as JPEG by a local host, indexed from a JSONL and a CSV file, and asked
for by product, by camera and for tags. Prints one JSON object; the sheet shows queries and what was found, for eyes.
"""

import argparse
import csv
import io
import json
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.photos import Photo, real_photos
from benchmarks.serving import Memory, bare_networks, file_host, rounded, until_ready
from benchmarks.sheet import contact_sheet
from tests.support.server import PlacketServer, running_server

_CALLS = 200
_CLIENTS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--work", type=Path, default=Path(".work/photos"))
    parser.add_argument("--sheet", type=Path, default=Path(".work/contact-sheet.jpg"))
    options = parser.parse_args()
    photos = real_photos(options.data, options.work, {"hm": options.count // 2, "myntra": options.count // 2})
    phone = real_photos(options.data, options.work, {"cd": max(20, options.count // 10)})
    environment = {
        "PLACKET_BUNDLE": str(options.bundle.absolute()) if options.bundle else "",
        "PLACKET_VISION_THREADS": "0",
    }
    with file_host(options.work) as host:
        begun = time.perf_counter()
        with running_server(bundle=False, **environment) as server:
            until_ready(server)
            result: dict[str, Any] = {"start_seconds": time.perf_counter() - begun}
            result |= _measure(server, photos, phone, host, options.sheet)
    sample = [p.path.read_bytes() for p in photos[:: max(1, len(photos) // 400)]]
    result |= bare_networks(options.bundle, sample)
    result["share_of_bare_networks"] = result["index_photos_a_second"] / result["networks_photos_a_second"]
    print(json.dumps(rounded(result), indent=1))


def _measure(
    server: PlacketServer, photos: Sequence[Photo], phone: Sequence[Photo], host: str, sheet: Path
) -> dict[str, Any]:
    shop = _Shop(server, host)
    result: dict[str, Any] = {}
    jsonl = b"\n".join(json.dumps(_row(p, host)).encode() for p in photos)
    result |= {f"index_{k}": v for k, v in shop.index("jsonl", jsonl, len(photos)).items()}
    result |= {f"again_{k}": v for k, v in shop.index("jsonl", jsonl, len(photos)).items()}
    result |= {f"csv_{k}": v for k, v in shop.index("csv", _as_csv(phone, host), len(phone)).items()}
    calls = shop.calls(photos, phone)
    result["latency_ms"] = {name: _latency(call) for name, call in calls.items()}
    result["memory_mb"] = shop.memory.peak / 1e6
    contact_sheet(shop.answers(photos[:: len(photos) // 10][:10], phone[:6]), sheet)
    shop.memory.stop()
    return result


def _row(photo: Photo, host: str) -> dict[str, str]:
    return {
        "product_id": photo.id,
        "status": "enable",
        "name": photo.name,
        "category1_id": photo.category,
        "s1": photo.color,
        "image_url": f"{host}/{photo.path.name}",
    }


def _as_csv(photos: Sequence[Photo], host: str) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for p in photos:
        writer.writerow([p.id, "enable", p.name, p.category, "", "", f"{host}/{p.path.name}", p.color, ""])
    return buffer.getvalue().encode()


class _Shop:
    """The calls of the guide, as a program would make them."""

    def __init__(self, server: PlacketServer, host: str) -> None:
        assert server.process is not None
        key = server.create_key("benchmark")
        self._client = httpx.Client(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=_CLIENTS))
        self._api = f"{server.url}/nhn-ai-fashion/v1.0/appkeys/{key}/service/shop"
        self._maker = f"{server.url}/nhn-ai-fashion-maker/v1.0/appkeys/{key}/service/shop"
        self._host = host
        self.memory = Memory(server.process.pid)
        self.call("POST", self._api)

    def call(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.request(method, url, **options).json()
        if not answer["header"]["isSuccessful"]:
            raise AssertionError(answer)
        return answer

    def index(self, format: str, body: bytes, rows: int) -> dict[str, Any]:
        begun = time.perf_counter()
        self.call("POST", f"{self._maker}/index?format={format}", files={"file": (f"shop.{format}", body)})
        while True:
            run = self.call("GET", f"{self._maker}/indexes?start=0&limit=1")["data"]["items"][0]
            if run["status"] in ("finished", "failed"):
                break
            time.sleep(0.1)
        seconds = time.perf_counter() - begun
        assert run["totalCnt"] == rows == sum(run[c] for c in ("addCnt", "updateCnt", "deleteCnt", "failCnt"))
        return {"seconds": seconds, "photos_a_second": rows / seconds, "added": run["addCnt"], "failed": run["failCnt"]}

    def detect(self, photo: Photo) -> list[dict[str, Any]]:
        path = f"{self._host}/{photo.path.name}"
        found: list[dict[str, Any]] = self.call("GET", f"{self._api}/detect", params={"path": path})["data"]["items"]
        return found

    def tag(self, photo: Photo) -> list[dict[str, Any]]:
        given = {"path": f"{self._host}/{photo.path.name}", "item_limit": 3}
        found: list[dict[str, Any]] = self.call("GET", f"{self._api}/tag", params=given)["data"]["items"]
        return found

    def by_product(self, photo: Photo, limit: int = 100) -> list[dict[str, Any]]:
        url = f"{self._api}/product/{photo.id}"
        found: list[dict[str, Any]] = self.call("GET", url, params={"limit": limit})["data"]["items"]
        return found

    def by_link(self, link: str, limit: int = 100) -> list[dict[str, Any]]:
        given = {"link": link, "limit": limit}
        found: list[dict[str, Any]] = self.call("GET", f"{self._api}/image", params=given)["data"]["items"]
        return found

    def calls(self, photos: Sequence[Photo], phone: Sequence[Photo]) -> dict[str, Callable[[int], object]]:
        links = [item["link"] for photo in phone[:20] for item in self.detect(photo)]
        known = {hit["productID"] for hit in self.by_link(links[0], 200)}
        indexed = [p for p in photos if p.id in known] or list(photos)
        return {
            "detect": lambda n: self.detect(photos[n % len(photos)]),
            "tag": lambda n: self.tag(photos[n % len(photos)]),
            "product": lambda n: self.by_product(indexed[n % len(indexed)]),
            "image": lambda n: self.by_link(links[n % len(links)]),
        }

    def answers(self, products: Sequence[Photo], phone: Sequence[Photo]) -> list[dict[str, Any]]:
        """For the sheet: a query's file, what was asked, and the files and similarities of what was found."""
        rows = []
        for photo in products:
            try:
                hits = self.by_product(photo, 8)
            except AssertionError:
                continue  # nothing was found in this photo when it was indexed
            rows.append({"query": photo.path, "what": "product", "box": None, "hits": self._files(photo, hits)})
        for photo in phone:
            for item in self.detect(photo)[:1]:
                hits = [h for h in self.by_link(item["link"], 9) if h["productID"] != photo.id][:8]
                box = [*item["b0"], *item["b1"]]
                rows.append({"query": photo.path, "what": "camera", "box": box, "hits": self._files(photo, hits)})
            tags = self.tag(photo)[:1]
            words = ["; ".join(f"{t['attribute']} {t['labels'][0]['label']}" for t in i["tags"]) for i in tags]
            rows.append({"query": photo.path, "what": "tags: " + " | ".join(words), "box": None, "hits": []})
        return rows

    @staticmethod
    def _files(photo: Photo, hits: Sequence[dict[str, Any]]) -> list[tuple[Path, float]]:
        return [(photo.path.with_name(f"{h['productID']}.jpg"), h["similarity"]) for h in hits]


def _latency(call: Callable[[int], object]) -> dict[str, float]:
    """p50 and p99 in ms, alone and with 16 clients at once; requests a second of these."""

    def timed(n: int) -> float:
        start = time.perf_counter()
        call(n)
        return 1000 * (time.perf_counter() - start)

    for n in range(5):
        timed(n)
    alone = [timed(n) for n in range(_CALLS)]
    start = time.perf_counter()
    with ThreadPoolExecutor(_CLIENTS) as pool:
        together = list(pool.map(timed, range(2 * _CALLS)))
    rate = 2 * _CALLS / (time.perf_counter() - start)
    return {
        "alone_p50": statistics.median(alone),
        "alone_p99": float(np.quantile(alone, 0.99)),
        "16_p50": statistics.median(together),
        "16_p99": float(np.quantile(together, 0.99)),
        "16_a_second": rate,
    }


if __name__ == "__main__":
    main()
