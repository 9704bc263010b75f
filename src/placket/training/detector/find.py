"""Boxes for photos that have none, so that the encoder learns on crops: the detector's best one, and on the street
photos without a mask every one."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from placket.training.cache import Store
from placket.training.detector.targets import Box
from placket.training.files import write_whole
from placket.training.onnx_models import OnnxDetector
from placket.training.rules import record_group
from placket.training.sources import Record, photos_with_boxes, read_garments, read_records, read_taxonomy, sets_in

SETS = ("myntra", "hm", "cd")
LEAST_SCORE = 0.15
STREET, STREET_SCORE = "ccp", 0.4
CHUNK = 400
FOUND_BOXES = "found_boxes.json"


def _places(
    dataset: str, wanted: Sequence[tuple[str, int]], detector: Path, settings: dict[str, Any], cache: Path
) -> dict[str, Box]:
    """Best box of the wanted group (-1 any) of each photo; runs in a process of its own."""
    network, store = OnnxDetector(detector, settings), Store(cache / dataset)
    out: dict[str, Box] = {}
    for key, group in wanted:
        found = network.detect(store[key]).above(LEAST_SCORE)
        own = [i for i in range(len(found.scores)) if group in (-1, int(found.groups[i]))]
        if own:
            # Without a group the largest of the sure ones: a model's shoes are not the shop's item.
            best = own[0] if group >= 0 else max(own, key=lambda i: float(found.scores[i]) * _area(found.boxes[i]))
            x0, y0, x1, y1 = (float(v) for v in found.boxes[best])
            out[f"{dataset}/{key}"] = (x0, y0, x1, y1)
    return out


def _street(keys: Sequence[str], detector: Path, settings: dict[str, Any], cache: Path) -> dict[str, list[Box]]:
    """Every box of each street photo; runs in a process of its own."""
    network, store = OnnxDetector(detector, settings), Store(cache / STREET)
    found = {key: network.detect(store[key]).above(STREET_SCORE).boxes for key in keys}
    return {key: [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes.tolist()] for key, boxes in found.items()}


def _area(box: Any) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def known_groups(data: Path, dataset: str, taxonomy: dict[str, Any]) -> Callable[[Record], str | None]:
    """What settles the group of a record of `train`: the garment labelled by eye, else the rules; None beyond `train`.

    A label chooses among the boxes of its photo only where it may be learnt from: where one calibrates, a crop is cut
    as the server cuts it, which knows no label.
    """
    group_of = {c: g for g, names in taxonomy["groups"].items() for c in names}
    seen = {g.id: group_of.get(g.category or "") for g in read_garments(data) if g.dataset == dataset}

    def group(record: Record) -> str | None:
        return (seen.get(record.id) or record_group(record)) if record.part == "train" else None

    return group


def unmasked_street(data: Path, cache: Path) -> list[str]:
    """Ids of the street photos of `train` without a mask."""
    if STREET not in sets_in(data):
        return []
    masks = Store(cache / STREET)
    return [r.id for r in read_records(data, STREET).values() if r.part == "train" and f"{r.id}/mask" not in masks]


def _wanted(data: Path, dataset: str) -> list[tuple[str, int]]:
    taxonomy = read_taxonomy(data)
    number = {name: i for i, name in enumerate(taxonomy["groups"])}
    group = known_groups(data, dataset, taxonomy)
    boxed = photos_with_boxes(data, dataset)
    bare = [r for r in read_records(data, dataset).values() if r.box is None and r.id not in boxed]
    return [(r.id, number[name] if (name := group(r)) else -1) for r in bare]


def find_boxes(detector: Path, settings: dict[str, Any], data: Path, cache: Path, processes: int = 2) -> int:
    """Write `cache/found_boxes.json` (`set/id` -> box as fractions) for the photos without a box, and
    `cache/found_street.json` (id -> boxes) for the street photos of `train` without a mask; returns how many boxes."""
    out: dict[str, Box] = {}
    street: dict[str, list[Box]] = {}
    bare = unmasked_street(data, cache)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = []
        for dataset in SETS:
            wanted = _wanted(data, dataset)
            for start in range(0, len(wanted), CHUNK):
                jobs.append(pool.submit(_places, dataset, wanted[start : start + CHUNK], detector, settings, cache))
        more = [
            pool.submit(_street, bare[start : start + CHUNK], detector, settings, cache)
            for start in range(0, len(bare), CHUNK)
        ]
        for job in jobs:
            out.update(job.result())
        for other in more:
            street.update(other.result())
    write_whole(cache / FOUND_BOXES, json.dumps(out))
    write_whole(cache / "found_street.json", json.dumps(street))
    return len(out) + sum(map(len, street.values()))


def find_boxes_once(detector: Path, settings: dict[str, Any], data: Path, cache: Path) -> None:
    """Find boxes unless some were found before: photos without a box are cut by a detector's when heads are fitted,
    thresholds chosen and figures taken, not one time by it and another time not at all."""
    if not (cache / FOUND_BOXES).exists():
        find_boxes(detector, settings, data, cache)
