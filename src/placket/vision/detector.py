"""Where garments are: the detector's canvas, and its answer to boxes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from placket.domain.errors import BundleInvalid
from placket.domain.garments import Box, Garment
from placket.domain.taxonomy import taxonomy
from placket.vision.bundle import Bundle, DetectorSettings
from placket.vision.engine import Engine
from placket.vision.preprocessing import Canvas, Pixels, batch, letterbox

_LEAST_SIDE = 1e-4
_MOST_CANDIDATES = 1000
_LEAST_VOTER = 0.1

Boxes = NDArray[np.float32]
"""``(n, 4)``: x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class Detection:
    """``score`` is that of ``group``; ``group_scores`` those of all nine, in the taxonomy's order, each 0..1."""

    box: Box
    group: str
    score: float
    group_scores: NDArray[np.float32]


Found = TypeVar("Found", Detection, Garment)


class Detector:
    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        """Raises BundleInvalid."""
        self.settings = bundle.detector
        self._groups = tuple(taxonomy().groups)
        self._network = engine.open(bundle.detector_path, ("boxes", "scores"))

    def canvas(self, pixels: Pixels) -> Canvas:
        return letterbox(pixels, self.settings.size[0], self.settings.pad)

    def find(self, canvas: Canvas, score_threshold: float | None = None) -> list[Detection]:
        """Garments in the picture on ``canvas``, best first; ``score_threshold`` instead of the bundle's."""
        boxes, scores = self._network.run(batch([canvas]))
        if boxes.ndim != 3 or boxes.shape[2] != 4 or scores.shape != (1, boxes.shape[1], len(self._groups)):
            raise BundleInvalid(f"the detector answered with shapes {boxes.shape} and {scores.shape}")
        settings = self.settings
        if score_threshold is not None:
            settings = settings.model_copy(update={"score_threshold": score_threshold, "fallback_score": None})
        likely = candidates(scores[0], settings)
        fractions, likely_scores = to_fractions(boxes[0, likely], canvas), scores[0, likely]
        return [
            Detection(
                Box(*voted(fractions, likely_scores[:, g], i, settings.vote_iou).tolist()),
                self._groups[g],
                float(likely_scores[i, g]),
                likely_scores[i],
            )
            for i, g in choose(fractions, likely_scores, settings)
        ]


def candidates(scores: NDArray[np.float32], settings: DetectorSettings) -> NDArray[np.intp]:
    """Rows of ``scores (n, groups)`` from which :func:`choose` can take one, or :func:`voted` a vote: a few of the
    thousands."""
    least = settings.score_threshold
    if settings.vote_iou is not None:
        least = min(least, _LEAST_VOTER)
    if settings.fallback_score is not None:
        least = min(least, settings.fallback_score)
    return np.flatnonzero(np.fmax.reduce(scores, axis=1) >= least)


def to_fractions(boxes: Boxes, canvas: Canvas) -> Boxes:
    """Boxes in pixels of a canvas to fractions of the picture on it, clipped to it."""
    origin = np.array([canvas.left, canvas.top] * 2, np.float32)
    sides = np.array([canvas.width, canvas.height] * 2, np.float32)
    fractions: Boxes = np.clip((boxes - origin) / sides, 0.0, 1.0)
    return fractions


def choose(boxes: Boxes, scores: NDArray[np.float32], settings: DetectorSettings) -> list[tuple[int, int]]:
    """Rows and groups of the garments among ``boxes (n, 4)`` with ``scores (n, groups)``, best first.

    A box counts for each group whose score reaches the threshold; within a group, boxes that overlap a better one by
    more than ``nms_iou`` are dropped. Boxes without area or with a NaN are none.
    """
    sound = np.all(boxes[:, 2:] - boxes[:, :2] > _LEAST_SIDE, axis=1)
    scores = np.where(sound[:, None], np.nan_to_num(scores, nan=0.0), 0.0)
    chosen: list[tuple[int, int]] = []
    for group in range(scores.shape[1]):
        rows = np.flatnonzero(scores[:, group] >= settings.score_threshold)
        if len(rows):
            rows = rows[np.argsort(-scores[rows, group], kind="stable")][:_MOST_CANDIDATES]
            chosen += [(int(i), group) for i in rows[suppress(boxes[rows], settings.nms_iou)]]
    chosen.sort(key=lambda c: (-scores[c], c))
    if not chosen and settings.fallback_score is not None and scores.size:
        row, group = (int(v) for v in np.unravel_index(int(np.argmax(scores)), scores.shape))
        if scores[row, group] >= settings.fallback_score:
            return [(row, group)]
    return chosen[: settings.max_detections]


def voted(boxes: Boxes, scores: NDArray[np.float32], chosen: int, vote_iou: float | None) -> NDArray[np.float32]:
    """The chosen box ``(4,)``, or with ``vote_iou`` the mean of it and of those of ``boxes (n, 4)`` that overlap it by
    that much, weighted by their ``scores (n,)`` for its group where these reach 0.1.

    Box voting (Gidaris and Komodakis 2015, "Object detection via a multi-region and semantic segmentation-aware CNN
    model", ICCV; arXiv 1505.01749).
    """
    best: NDArray[np.float32] = boxes[chosen]
    if vote_iou is None:
        return best
    weight = np.where(scores >= _LEAST_VOTER, scores, 0.0) * (iou(best, boxes) >= vote_iou)
    # A fallback may itself be weaker than a voter; a box without area or with a NaN overlaps nothing.
    weight[chosen] = scores[chosen]
    voters = weight > 0
    result: NDArray[np.float32] = np.average(boxes[voters], axis=0, weights=weight[voters]).astype(np.float32)
    return result


def suppress(boxes: Boxes, most_iou: float) -> list[int]:
    """Greedy non-maximum suppression of boxes in order of their score; the indices of those that stay."""
    stay: list[int] = []
    left = np.arange(len(boxes))
    while len(left):
        best, left = left[0], left[1:]
        stay.append(int(best))
        left = left[iou(boxes[best], boxes[left]) <= most_iou]
    return stay


def iou(box: NDArray[np.float32], boxes: Boxes) -> NDArray[np.float32]:
    """Intersection over union of ``box (4,)`` with each of ``boxes (n, 4)``."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    result: NDArray[np.float32] = shared / np.maximum(np.prod(box[2:] - box[:2]) + areas - shared, 1e-12)
    return result


def distinct(found: Iterable[Found], most_iou: float) -> list[Found]:
    """Best first, without those that overlap a better one of the same group: seen in two parts of a picture, or taken
    for two groups' garments where the encoder knows better."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: -f.score):
        same = [k.box.as_list() for k in kept if k.group == one.group]
        box = np.array(one.box.as_list(), np.float32)
        if not same or iou(box, np.array(same, np.float32)).max() <= most_iou:
            kept.append(one)
    return kept
