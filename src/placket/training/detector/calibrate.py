"""Thresholds of the detector, chosen on the part of `train` set aside for choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from placket.training.cache import Store
from placket.training.detector.coco import Truth, evaluate
from placket.training.detector.pictures import truth_of
from placket.training.detector.targets import Sample
from placket.training.onnx_models import Detections, OnnxDetector, iou_matrix, suppress

NMS_IOUS = (0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
SCORES = tuple(round(0.15 + 0.025 * i, 3) for i in range(19))
FALLBACKS = (0.05, 0.075, 0.1, 0.15, 0.2, 0.25)
SINGLE_KINDS = ("hm", "cd", "product", "myntra")
MOST_FALSE = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """A sample's truth and the raw candidates found in its picture."""

    kind: str
    truth: Truth
    raw: Detections
    open_groups: tuple[int, ...]


def look(detector: OnnxDetector, samples: Sequence[Sample], cache: Path) -> list[Seen]:
    """Run the detector over cached pictures."""
    stores = {name: Store(cache / name) for name in {s.dataset for s in samples}}
    out = []
    for sample in samples:
        pixels = stores[sample.dataset][sample.key]
        out.append(Seen(sample.kind, truth_of(sample, pixels), detector.candidates(pixels), sample.open_groups))
    return out


def after_suppression(one: Seen, iou: float) -> Detections:
    """Detections of a sample with another IoU of suppression; groups that its truth leaves open are dropped."""
    raw = one.raw
    keep = suppress(raw.boxes, raw.scores, raw.groups, iou)
    keep = keep[~np.isin(raw.groups[keep], one.open_groups)]
    return Detections(raw.boxes[keep], raw.scores[keep], raw.groups[keep])


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


def f1_by_kind(seen: Sequence[Seen], found: Sequence[Detections], score: float) -> dict[str, float]:
    """F1 at IoU 0.5 of what scores at least `score`, by kind of picture."""
    sums: dict[str, np.ndarray] = {}
    for one, all_found in zip(seen, found, strict=True):
        if one.kind != "empty":
            counts = np.array(matches(all_found.above(score), one.truth))
            sums[one.kind] = sums.get(one.kind, np.zeros(3, int)) + counts
    return {k: 2 * v[0] / max(1, 2 * v[0] + v[1] + v[2]) for k, v in sums.items()}


def _best_iou(seen: Sequence[Seen], names: Sequence[str]) -> tuple[float, dict[str, float]]:
    people = [s for s in seen if s.kind in ("ccp", "viton")]
    table = {}
    for iou in NMS_IOUS:
        figures = [
            evaluate([s.truth for s in part], [after_suppression(s, iou) for s in part], names).ap
            for kind in ("ccp", "viton") if (part := [s for s in people if s.kind == kind])
        ]  # fmt: skip
        table[str(iou)] = float(np.mean(figures))
    return float(max(table, key=lambda k: table[k])), table


def _fallback(seen: Sequence[Seen], found: Sequence[Detections], threshold: float) -> float | None:
    """The lowest score from which the best box is taken where none reaches the threshold, without answering nothing."""
    empties = [f for s, f in zip(seen, found, strict=True) if s.kind == "empty"]
    for score in FALLBACKS:
        if score < threshold and np.mean([len(f.above(score).scores) > 0 for f in empties] or [0.0]) <= MOST_FALSE:
            return score
    return None


def calibrate(detector: OnnxDetector, samples: Sequence[Sample], cache: Path, names: Sequence[str]) -> dict[str, Any]:
    """`nms_iou`, `score_threshold`, `fallback_score` for the bundle, and under `chosen` what each choice was made by.

    `nms_iou` has the best mean AP50:95 on street and studio; `score_threshold` the best mean F1 over the kinds of
    picture; `fallback_score` answers at most a tenth of the pictures without a garment.
    """
    seen = look(detector, samples, cache)
    iou, ious = _best_iou(seen, names)
    found = [after_suppression(s, iou) for s in seen]
    f1 = {score: f1_by_kind(seen, found, score) for score in SCORES}
    score = max(SCORES, key=lambda s: float(np.mean(list(f1[s].values()))))
    return {
        "nms_iou": iou, "score_threshold": score, "fallback_score": _fallback(seen, found, score),
        "chosen": {"ap_by_nms_iou": ious, "f1_by_score": {str(s): float(np.mean(list(v.values()))) for s, v in f1.items()},
                   "f1_by_kind": f1[score]},
    }  # fmt: skip
