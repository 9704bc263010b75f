"""When the detector is not sure of anything: how weak a box is looked at, and how sure the encoder must be of it.

A single item that the detector hardly sees is often plain to the encoder, and what is no garment looks like none of its
categories. Both figures are chosen on the part of `train` set aside, by what detector and encoder answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from placket.samples import catalogue
from placket.training.cache import Pixels, Store
from placket.training.detector.calibrate import (
    DRAWN,
    Seen,
    after_suppression,
    answer,
    drawn_pictures,
    f2_by_kind,
    worth,
)
from placket.training.detector.pictures import shown, truth_of
from placket.training.detector.targets import Sample
from placket.training.onnx_models import Detections, OnnxDetector
from placket.vision.bundle import read_bundle
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline

SCORES = (0.15, 0.2, 0.25, 0.3, 0.35)
CATEGORIES = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
NEARLY = 0.001
"""Of worth."""
SAMPLES = "samples"
SAMPLE_PRODUCTS, SAMPLE_SEED = 120, 41
_NONE = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


@dataclass(slots=True)
class Case:
    """What the detector is sure of in a picture, and where that is nothing: its best box, and how sure of its category
    the encoder is."""

    seen: Seen
    sure: Detections
    weak: Detections
    category: float = 0.0

    def answer(self, score: float, category: float) -> Detections:
        """With the two thresholds of the fallback."""
        if len(self.sure.scores):
            return self.sure
        return self.weak.above(score) if self.category >= category else _NONE


class _Cases:
    def __init__(self, bundle: Path, manifest: dict[str, Any]) -> None:
        settings = manifest["detector"]
        self._score, self._nms = settings["score_threshold"], settings["nms_iou"]
        self._detector = OnnxDetector(bundle / settings["file"], settings)
        shipped = read_bundle(bundle)
        weakest = shipped.detector.model_copy(update={"fallback_score": min(SCORES), "fallback_category": 0.0})
        self._pipeline = Pipeline(replace(shipped, detector=weakest), Engine(1))

    def of(self, kind: str, pixels: Pixels, sample: Sample) -> Case:
        raw = self._detector.candidates(pixels)
        seen = Seen(kind, truth_of(sample, pixels), raw, sample.open_groups, self._detector.vote_iou)
        found = after_suppression(seen, self._nms)
        sure = found.above(self._score)
        weak = answer(found, self._score, min(SCORES)) if not len(sure.scores) else _NONE
        garments = self._pipeline.garments(pixels) if len(weak.scores) else []
        return Case(seen, sure, weak, garments[0].category.score if garments else 0.0)


def cases(bundle: Path, manifest: dict[str, Any], samples: Sequence[Sample], cache: Path) -> list[Case]:
    """Of cached pictures, and of drawn ones, with a garment and without."""
    stores = {name: Store(cache / name) for name in {s.dataset for s in samples}}
    reader = _Cases(bundle, manifest)
    out = [reader.of(s.kind, shown(s, stores[s.dataset][s.key]), s) for s in samples]
    nothing = Sample("", "", "calib", np.zeros((0, 4), np.float32), np.zeros(0, np.int64), DRAWN)
    out += [reader.of(DRAWN, pixels, nothing) for pixels in drawn_pictures()]
    for product in catalogue(SAMPLE_PRODUCTS, SAMPLE_SEED):
        box = np.array([product.box.as_list()], np.float32)
        own = Sample("", "", "calib", box, np.full(1, -1, np.int64), SAMPLES)
        out.append(reader.of(SAMPLES, np.asarray(product.image.convert("RGB")), own))
    return out


def choose_fallback(found: Sequence[Case]) -> tuple[float, float, dict[str, float]]:
    """Score and category, and F2 by kind with them.

    The score is that of the pair that is worth most, see `worth`; of equals the highest. The category is the lowest
    that is worth nearly as much with it: few garments are seen so weakly that more could be told from these pictures,
    and a garment that is missed is worse than one too many.
    """
    seen = [case.seen for case in found]
    table = {
        (score, category): f2_by_kind(seen, [case.answer(score, category) for case in found])
        for score in SCORES
        for category in CATEGORIES
    }
    value = {pair: worth(f2) for pair, f2 in table.items()}
    score = max(value, key=lambda pair: (round(value[pair], 6), pair))[0]
    most = max(value[score, category] for category in CATEGORIES)
    category = next(c for c in CATEGORIES if value[score, c] >= most - NEARLY)
    return score, category, table[score, category]
