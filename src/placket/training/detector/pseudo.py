"""Boxes by a bundle for photos without any, so that the detector learns on more people than were labelled.

Worn: shop photos whose item is known by its label, mostly on a model. The label settles what the box is and what is not
there: a dress is no top. Street: photos without a mask; detector and encoder have to agree. What is in doubt is left
open, not learnt as absent.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.training.cache import Store, build_all
from placket.training.detector.find import STREET, known_groups, unmasked_street
from placket.training.detector.targets import Sample
from placket.training.encoder.calibrate import log_softmax
from placket.training.encoder.crops import crop
from placket.training.files import write_whole
from placket.training.manifest import read_manifest
from placket.training.onnx_models import Detections, Floats, OnnxDetector, OnnxEncoder, encoder_of, iou_matrix
from placket.training.sources import photos_with_boxes, read_records, read_taxonomy
from placket.training.terms import NETWORKS, brief

WORN, ON_STREET = "worn", "street"
KINDS = (WORN, ON_STREET)
SHOPS = ("myntra", "hm")
MAIN_SCORE, DOUBT, SURE = 0.25, 0.1, 0.5
LEAST_MAIN = 0.04
"""Of the picture; less is a part of the item."""
STREET_DOUBT, STREET_SURE = 0.12, 0.42
RIVALS = ("TOP", "BOTTOM")
PART, CLEARLY = 0.8, 1.5
MOST_OF_A_GROUP = 700
"""Photos a shop; studio photos show tops enough."""
ENCODER_WEIGHT, LEAST_SHARE = 0.3, 1e-3
ALWAYS_OPEN = ("JEWELRY", "ACCESSORY")
# What a photo of one of these does not show: its label would be another.
ABSENT = {
    "WHOLEBODY": ("TOP", "SWIMWEAR", "HAT"),
    "TOP": ("WHOLEBODY", "SWIMWEAR", "HAT"),
    "BOTTOM": ("WHOLEBODY", "SWIMWEAR", "HAT"),
}
THINGS, SAME = ("SHOES", "BAG", "HAT", "JEWELRY", "ACCESSORY"), 0.6
"""A thing whose box is that of the main item, by IoU, is that item: where nothing has ever said that a studio shows no
bag, a detector sees one in every shirt, and would learn it from itself."""
FILE = "found_samples.json"
CHUNK = 300
Labels = tuple[list[list[float]], list[int], list[int]]
"""Boxes, their groups, and the groups left open."""


def _within(inner: NDArray[np.float32], outer: NDArray[np.float32]) -> float:
    """Share of a box that lies in another."""
    low, high = np.maximum(inner[:2], outer[:2]), np.minimum(inner[2:], outer[2:])
    return float(np.prod((high - low).clip(0)) / max(float(np.prod(inner[2:] - inner[:2])), 1e-9))


def worn_labels(found: Detections, group: int, names: Sequence[str]) -> Labels | None:
    """Labels of a photo whose main item is of this group; None where the detector does not see it."""
    own = np.flatnonzero((found.groups == group) & (found.scores >= MAIN_SCORE))
    if not len(own) or np.prod(found.boxes[own[0], 2:] - found.boxes[own[0], :2]) < LEAST_MAIN:
        return None
    main = int(own[0])
    absent = {names.index(n) for n in ABSENT.get(names[group], ())}
    things = [names.index(n) for n in THINGS if n != names[group]]
    same = iou_matrix(found.boxes[[main]], found.boxes)[0] > SAME
    boxes, groups = [found.boxes[main].tolist()], [group]
    opens = {names.index(n) for n in ALWAYS_OPEN}
    for row, (number, score) in enumerate(zip(found.groups.tolist(), found.scores.tolist(), strict=True)):
        if row == main or number in absent or score < DOUBT or (number in things and same[row]):
            continue
        # Trousers that fill a dress are the dress once more.
        part_of_main = number != group and _within(found.boxes[row], found.boxes[main]) > PART
        if score >= SURE and not (names[group] == "WHOLEBODY" and part_of_main):
            boxes.append(found.boxes[row].tolist())
            groups.append(number)
        else:
            opens.add(number)
    return boxes, groups, sorted(opens)


def street_labels(found: Detections, shares: Floats, names: Sequence[str]) -> Labels:
    """Labels of a street photo; `shares` [n]: how probable each box's group is to the encoder."""
    scores: Floats = (found.scores * np.maximum(shares, LEAST_SHARE) ** ENCODER_WEIGHT).astype(np.float32)
    sure, doubt = scores >= STREET_SURE, scores >= STREET_DOUBT
    sure &= ~_contested(found, scores, names)
    opens = {names.index(n) for n in ALWAYS_OPEN} | set(found.groups[doubt & ~sure].tolist())
    return found.boxes[sure].tolist(), found.groups[sure].tolist(), sorted(opens)


def _contested(found: Detections, scores: Floats, names: Sequence[str]) -> NDArray[np.bool_]:
    """Which of the boxes are a whole garment's or its part's, where neither is clearly likelier than the other."""
    out = np.zeros(len(scores), bool)
    rivals = np.flatnonzero(np.isin(found.groups, [names.index(n) for n in RIVALS]))
    for whole in np.flatnonzero(found.groups == names.index("WHOLEBODY")):
        for part in rivals:
            if _within(found.boxes[part], found.boxes[whole]) > PART:
                out[part] |= scores[part] < CLEARLY * scores[whole]
                out[whole] |= scores[whole] < CLEARLY * scores[part]
    return out


def _shares(encoder: OnnxEncoder, pixels: Any, found: Detections, side: int, group_of: NDArray[np.int64]) -> Floats:
    out: Floats = np.zeros(len(found.scores), np.float32)
    for start in range(0, len(out), 8):
        rows = slice(start, start + 8)
        crops = np.stack([crop(pixels, (*box,), side) for box in found.boxes[rows].tolist()])
        p = np.exp(log_softmax(encoder.run(crops)["category"]))
        out[rows] = (p * (group_of[None] == found.groups[rows, None])).sum(1)
    return out


def _label(bundle: Path, dataset: str, wanted: Sequence[tuple[str, int]], cache: Path, taxonomy: Any) -> list[Any]:
    """Rows of samples of some photos; runs in a process of its own."""
    manifest, names = read_manifest(bundle), list(taxonomy["groups"])
    group_of = np.array([i for i, n in enumerate(names) for _ in taxonomy["groups"][n]])
    detector = OnnxDetector(bundle / manifest["detector"]["file"], manifest["detector"])
    encoder, side = encoder_of(bundle, manifest), manifest["encoder"]["size"][0]
    store, rows = Store(cache / dataset), []
    for key, group in wanted:
        pixels = store[key]
        found = detector.detect(pixels).above(DOUBT)
        if dataset == STREET:
            labels: Labels | None = street_labels(found, _shares(encoder, pixels, found, side, group_of), names)
        else:
            labels = worn_labels(found, group, names)
        if labels and labels[0]:
            rows.append([dataset, key, *labels, ON_STREET if dataset == STREET else WORN])
    return rows


def _wanted(data: Path, cache: Path, taxonomy: Any) -> dict[str, list[tuple[str, int]]]:
    names, out = list(taxonomy["groups"]), {}
    for dataset in SHOPS:
        group, boxed = known_groups(data, dataset, taxonomy), photos_with_boxes(data, dataset)
        records = [r for r in read_records(data, dataset).values() if r.id not in boxed]
        bare = [r for r in records if r.part == "train" and r.box is None]
        own = [(r.id, names.index(g)) for r in bare if (g := group(r))]
        out[dataset] = [pair for n in range(len(names)) for pair in [p for p in own if p[1] == n][:MOST_OF_A_GROUP]]
    out[STREET] = [(key, -1) for key in unmasked_street(data, cache)]
    return out


def label_photos(bundle: Path, data: Path, cache: Path, processes: int = 2) -> int:
    """Write `cache/found_samples.json`, with what sets the bundle has seen; returns how many photos got labels."""
    build_all(data, cache)
    taxonomy = read_taxonomy(data)
    rows: list[Any] = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(_label, bundle, dataset, wanted[start : start + CHUNK], cache, taxonomy)
            for dataset, wanted in _wanted(data, cache, taxonomy).items()
            for start in range(0, len(wanted), CHUNK)
        ]
        for job in jobs:
            rows += job.result()
    manifest = read_manifest(bundle)
    training = [manifest["training"][name] for name in NETWORKS if name in manifest["training"]]
    origin = brief({"bundle": manifest["version"], "taught_by": training})
    write_whole(cache / FILE, json.dumps({"by": origin, "rows": rows}))
    return len(rows)


def found_samples(data: Path, cache: Path) -> tuple[list[Sample], dict[str, Any]]:
    """The samples of `found_samples.json` and whose labels they are. A photo may have come into another part since
    it was labelled, or have lost its record.

    Raises FileNotFoundError.
    """
    path = cache / FILE
    if not path.exists():
        raise FileNotFoundError(f"{path}: no bundle has labelled the photos yet")
    content = json.loads(path.read_text())
    records = {dataset: read_records(data, dataset) for dataset in {row[0] for row in content["rows"]}}
    samples = [
        Sample(dataset, key, record.part, np.array(boxes, np.float32), np.array(groups, np.int64), kind, tuple(opens))
        for dataset, key, boxes, groups, opens, kind in content["rows"]
        if (record := records[dataset].get(key))
    ]
    return samples, content["by"]
