"""Drawn pictures as training samples: they show that training works on any machine, without a photo."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from placket.domain.garments import Box
from placket.domain.taxonomy import taxonomy
from placket.samples import CATEGORIES, catalogue, scene
from placket.training.cache import Pixels, write_store
from placket.training.detector.targets import Sample

DRAWN = "drawn"
SIZE = (240, 320)
PRODUCTS = 24


def draw_samples(count: int, seed: int, cache: Path) -> list[Sample]:
    """`count` scenes of one to four drawn garments, written to `cache/drawn.bin`; every tenth is set aside as `val`."""
    groups = list(taxonomy().groups)
    rng = np.random.default_rng(seed)
    products = catalogue(min(PRODUCTS, len(CATEGORIES)), seed, SIZE)
    samples: list[Sample] = []

    def pictures() -> Iterator[tuple[str, Pixels]]:
        for number in range(count):
            chosen = [products[int(i)] for i in rng.integers(0, len(products), int(rng.integers(1, 5)))]
            drawn = scene(chosen, int(rng.integers(2**31)), SIZE)
            boxes = np.array([_fractions(b) for b in drawn.boxes], np.float32)
            numbers = np.array([groups.index(s.group) for s in drawn.samples], np.int64)
            part = "val" if number % 10 == 0 else "train"
            samples.append(Sample(DRAWN, str(number), part, boxes, numbers, DRAWN))
            yield str(number), np.asarray(drawn.image.convert("RGB"))

    write_store(cache / DRAWN, pictures())
    return samples


def _fractions(box: Box) -> list[float]:
    return [box.x0, box.y0, box.x1, box.y1]
