"""Thresholds of the detector, chosen on the part of `train` set aside for choices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.training.cache import Pixels, Store
from placket.training.detector.coco import Truth
from placket.training.detector.nothing import draw_nothing
from placket.training.detector.pictures import shown, truth_of
from placket.training.detector.targets import NOTHING, Sample
from placket.training.onnx_models import Detections, OnnxDetector, iou_matrix, settled

NMS_IOUS = (0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
SCORES = tuple(round(0.3 + 0.025 * i, 3) for i in range(10))
FALLBACKS = (None, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35)
EMPTY_SHARE = 0.03
DRAWN = "drawn"
DRAWN_PICTURES, DRAWN_SIDE, DRAWN_SEED = 120, 320, 77
PEOPLE = ("ccp", "viton")
WITHOUT = (*NOTHING, DRAWN)


@dataclass(frozen=True, slots=True)
class Seen:
    """A sample's truth, the raw candidates found in its picture, and from which IoU on they vote."""

    kind: str
    truth: Truth
    raw: Detections
    open_groups: tuple[int, ...]
    vote_iou: float | None = None


def look(detector: OnnxDetector, samples: Sequence[Sample], cache: Path) -> list[Seen]:
    """Run the detector over cached pictures."""
    stores = {name: Store(cache / name) for name in {s.dataset for s in samples}}
    out = []
    for sample in samples:
        pixels = shown(sample, stores[sample.dataset][sample.key])
        raw = detector.candidates(pixels)
        out.append(Seen(sample.kind, truth_of(sample, pixels), raw, sample.open_groups, detector.vote_iou))
    return out


def drawn_pictures() -> Iterator[Pixels]:
    """Pictures without a garment, always the same."""
    for number in range(DRAWN_PICTURES):
        yield draw_nothing(DRAWN_SIDE, np.random.default_rng([DRAWN_SEED, number]))


def look_at_nothing(detector: OnnxDetector) -> list[Seen]:
    """Run it over drawn pictures without a garment."""
    nobody = Truth(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), DRAWN_SIDE, DRAWN_SIDE)
    return [Seen(DRAWN, nobody, detector.candidates(pixels), (), detector.vote_iou) for pixels in drawn_pictures()]


def after_suppression(one: Seen, iou: float) -> Detections:
    """Detections of a sample with another IoU of suppression; groups that its truth leaves open are dropped."""
    found = settled(one.raw, iou, one.vote_iou)
    told = ~np.isin(found.groups, one.open_groups)
    return Detections(found.boxes[told], found.scores[told], found.groups[told])


def matches(found: Detections, truth: Truth, iou: float = 0.5) -> tuple[int, int, int]:
    """True positives, false positives and misses, greedily, best first, group and IoU right; unknown groups fit any."""
    overlap = iou_matrix(found.boxes, truth.boxes)
    free = np.ones(len(truth.groups), bool)
    hits = 0
    for row, group in enumerate(found.groups):
        fits = free & (overlap[row] >= iou) & ((truth.groups == group) | (truth.groups < 0))
        if fits.any():
            free[int(np.argmax(overlap[row] * fits))] = False
            hits += 1
    return hits, len(found.groups) - hits, int(free.sum())


def answer(found: Detections, score: float, fallback: float | None) -> Detections:
    """What scores at least `score`, else the best one from `fallback` on."""
    sure = found.above(score)
    if len(sure.scores) == 0 and fallback is not None:
        return found.above(fallback).first(1)
    return sure


def f2_by_kind(seen: Sequence[Seen], answers: Sequence[Detections]) -> dict[str, float]:
    """F2 at IoU 0.5 of the answers by kind of picture; for pictures without a garment the share without an answer."""
    sums: dict[str, NDArray[np.int64]] = {}
    for one, found in zip(seen, answers, strict=True):
        if one.kind in WITHOUT:
            counts = np.array([0, 1, 0]) if len(found.scores) else np.array([1, 0, 0])
        else:
            # A single item's group is settled by its category; here it only has to be found.
            known = one.truth.groups if one.kind in PEOPLE else np.full_like(one.truth.groups, -1)
            counts = np.array(matches(found, replace(one.truth, groups=known)))
        sums[one.kind] = sums.get(one.kind, np.zeros(3, np.int64)) + counts
    out = {k: float(5 * v[0] / max(1, 5 * v[0] + v[1] + 4 * v[2])) for k, v in sums.items()}
    return out | {k: float(sums[k][0] / sums[k].sum()) for k in WITHOUT if k in sums}


def worth(by_kind: dict[str, float]) -> float:
    """One figure for a choice: the mean over kinds of pictures, where three in a hundred are taken to show no garment.

    A catalogue has fewer; a shopper's camera and a list of links have more.
    """
    garments = [v for k, v in by_kind.items() if k not in WITHOUT]
    nothing = [v for k, v in by_kind.items() if k in WITHOUT] or [1.0]
    return (1 - EMPTY_SHARE) * float(np.mean(garments)) + EMPTY_SHARE * float(np.mean(nothing))


def _choices(seen: Sequence[Seen], found: Sequence[Detections]) -> dict[tuple[float, float | None], dict[str, float]]:
    """F2 by kind for every pair of scores."""
    table: dict[tuple[float, float | None], dict[str, float]] = {}
    for score in SCORES:
        for fallback in FALLBACKS:
            table[score, fallback] = f2_by_kind(seen, [answer(f, score, fallback) for f in found])
    return table


def calibrate(detector: OnnxDetector, samples: Sequence[Sample], cache: Path) -> dict[str, Any]:
    """`nms_iou`, `score_threshold`, `fallback_score` for the bundle, and under `chosen` what each choice was made by.

    The three are worth most together, see `worth`; of equals the highest fallback, which takes the least for a garment,
    and to three digits the lowest IoU, which shows one twice least often.
    F2, not F1: a garment that is missed fails a shop's whole row, a box too many costs a glance.
    """
    seen = [*look(detector, samples, cache), *look_at_nothing(detector)]
    by_iou = {}
    for iou in NMS_IOUS:
        table = _choices(seen, [after_suppression(s, iou) for s in seen])
        best = max(table, key=lambda k: (worth(table[k]), k[1] or 1.0))
        by_iou[iou] = (
            best,
            table[best],
            {str(s): max(worth(v) for k, v in table.items() if k[0] == s) for s in SCORES},
        )
    iou = max(by_iou, key=lambda i: (round(worth(by_iou[i][1]), 3), -i))
    (score, fallback), f2, by_score = by_iou[iou]
    return {
        "nms_iou": iou, "score_threshold": score, "fallback_score": fallback,
        "chosen": {"f2_by_kind": f2, "worth_by_score": by_score,
                   "worth_by_nms_iou": {str(i): worth(v[1]) for i, v in by_iou.items()}},
    }  # fmt: skip
