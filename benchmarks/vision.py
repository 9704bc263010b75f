"""How much of the bare networks' speed is left once photos go through the pool.

    python benchmarks/vision.py --bundle FOLDER [--photos DIR] [--count 400] [--size 900x1200] [--threads 0]

Bare: both networks on prepared inputs of the same photos, one photo a core. Pool: bytes in, garments out. Without
``--photos`` the photos are drawn. Prints one JSON object.
"""

import argparse
import asyncio
import io
import json
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from placket.domain.images import TAGGER, ImageLimits
from placket.machine import cores
from placket.services.ports import Priority
from placket.vision import BundleLibrary, VisionPool, read_bundle
from placket.vision.decoding import decode
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline

LIMITS = ImageLimits(TAGGER.formats, max_bytes=50_000_000)
_AT_ONCE = 64


def drawn_photos(count: int, width: int, height: int) -> list[bytes]:
    """JPEGs of coloured shapes over soft noise, so that decoding costs what a photo's does."""
    rng = np.random.default_rng(1)
    grain = Image.fromarray(rng.integers(90, 160, (height // 3, width // 3, 3), dtype=np.uint8)).resize((width, height))
    photos = []
    for _ in range(count):
        image = grain.copy()
        draw = ImageDraw.Draw(image)
        for _ in range(3):
            x, y = rng.uniform(0, 0.5, 2) * (width, height)
            w, h = rng.uniform(0.2, 0.5, 2) * (width, height)
            draw.rectangle((x, y, x + w, y + h), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=88)
        photos.append(buffer.getvalue())
    return photos


def read_photos(folder: Path, count: int) -> list[bytes]:
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))[:count]
    return [p.read_bytes() for p in files]


def bare(pipeline: Pipeline, photos: Sequence[bytes], threads: int) -> dict[str, float]:
    """Photos a second of the networks alone, and of decoding alone."""
    pictures = [decode(p, LIMITS) for p in photos]
    canvases = [pipeline.detector.canvas(p.pixels) for p in pictures]
    crops = [
        [pipeline.encoder.canvas(p.pixels, d.box) for d in pipeline.detector.find(c)]
        for p, c in zip(pictures, canvases, strict=True)
    ]

    def networks(i: int) -> None:
        pipeline.detector.find(canvases[i])
        pipeline.encoder.encode(crops[i])

    rates: dict[str, float] = {"garments_a_photo": sum(map(len, crops)) / len(crops)}
    with ThreadPoolExecutor(threads) as pool:
        for name, work in (("networks", networks), ("decoding", lambda i: decode(photos[i], LIMITS))):
            start = time.perf_counter()
            list(pool.map(work, range(len(photos))))
            rates[f"{name}_photos_a_second"] = len(photos) / (time.perf_counter() - start)
    return rates


async def pooled(bundle: Path, photos: Sequence[bytes], threads: int) -> dict[str, float]:
    pool = VisionPool(BundleLibrary(None, str(bundle)), threads=threads)
    start = time.perf_counter()
    await pool.ready()
    rates = {"start_seconds": time.perf_counter() - start}
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(photo: bytes) -> None:
        async with room:
            await pool.analyse(photo, limits=LIMITS, priority=Priority.BATCH)

    await asyncio.gather(*(one(p) for p in photos[:16]))
    start = time.perf_counter()
    await asyncio.gather(*(one(p) for p in photos))
    rates["pool_photos_a_second"] = len(photos) / (time.perf_counter() - start)
    alone = []
    for photo in photos[:100]:
        start = time.perf_counter()
        await pool.analyse(photo, limits=LIMITS)
        alone.append(1000 * (time.perf_counter() - start))
    rates["alone_p50_ms"] = statistics.median(alone)
    rates["alone_p99_ms"] = float(np.quantile(alone, 0.99))
    await pool.aclose()
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--size", default="900x1200", help="of drawn photos")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    width, height = (int(v) for v in options.size.split("x"))
    photos = (
        read_photos(options.photos, options.count) if options.photos else drawn_photos(options.count, width, height)
    )
    threads = options.threads or cores()
    engine = Engine(threads)
    # Two photos "in work" keep every network on the thread of its own photo, as in a busy pool.
    with engine.photo(), engine.photo():
        rates = bare(Pipeline(read_bundle(options.bundle), engine), photos, threads)
    rates |= asyncio.run(pooled(options.bundle, photos, threads))
    rates["pool_to_networks"] = rates["pool_photos_a_second"] / rates["networks_photos_a_second"]
    both = 1 / rates["networks_photos_a_second"] + 1 / rates["decoding_photos_a_second"]
    rates["pool_to_networks_and_decoding"] = rates["pool_photos_a_second"] * both
    print(
        json.dumps({"photos": len(photos), "threads": threads, **{k: round(v, 3) for k, v in rates.items()}}, indent=1)
    )


if __name__ == "__main__":
    main()
