"""Figures of a detector on `val`: COCO protocol, single items, hard photos, and two baselines beside each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.domain.errors import InvalidParameter
from placket.training.cache import Pixels
from placket.training.detector.calibrate import answer
from placket.training.detector.coco import Figures, Truth, evaluate, spread
from placket.training.detector.pictures import HARD, Picture, couples, pictures_of, truth_of
from placket.training.detector.targets import Sample
from placket.training.onnx_models import Detections, OnnxDetector, iou_matrix

STUDIO_GROUPS = ("TOP", "BOTTOM", "WHOLEBODY")
SINGLES = ("hm", "cd", "product", "myntra")
STREET = "ccp"
COUNTED = {STREET: (), "viton": STUDIO_GROUPS}
"""Photos with several garments: the groups whose every garment has a box; of the street all."""
MEANS = {"six groups": ("TOP", "BOTTOM", "WHOLEBODY", "SHOES", "BAG", "HAT"), "clothes": STUDIO_GROUPS}
"""Groups of the street whose mean has a floor and a goal."""


@dataclass(slots=True)
class Single:
    """Shares of single-item photos: found by any box, by the first, by the first with its group right."""

    photos: int
    any50: float
    any75: float
    first50: float
    first75: float
    grouped50: float
    boxes: float


@dataclass(slots=True)
class Taken:
    """What the street's garments of one group are taken for, as the detector is shipped: boxes of the group to learn
    from and to be judged by, how many of these are answered with each group at IoU 0.5, and how many not at all."""

    train: int
    boxes: int
    groups: dict[str, int]
    missed: int


@dataclass(slots=True)
class DetectorFigures:
    """All that the page tells; each set maps a finder (`detector`, `whole image`, `mean box`) to its figures. `spread`:
    how far the street's `MEANS` reach, by which photos there are."""

    coco: dict[str, dict[str, Figures]] = field(default_factory=dict)
    single: dict[str, dict[str, Single]] = field(default_factory=dict)
    hard: dict[str, Figures] = field(default_factory=dict)
    empty: dict[str, Any] = field(default_factory=dict)
    taken: dict[str, "Taken"] = field(default_factory=dict)
    spread: dict[str, tuple[float, float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values for bundle.json."""
        return asdict(self)


class Shipped:
    """The detector as it is shipped: boxes above the threshold, else the best one above `fallback_score`."""

    def __init__(self, detector: OnnxDetector, settings: dict[str, Any]) -> None:
        self.detector = detector
        self.score: float = settings["score_threshold"]
        self.fallback: float | None = settings.get("fallback_score")
        self.most: int = settings.get("max_detections", 20)

    def __call__(self, pixels: Pixels) -> Detections:
        return self.answer(self.detector.detect(pixels))

    def answer(self, found: Detections) -> Detections:
        """What of these detections is answered."""
        return answer(found, self.score, self.fallback).first(self.most)


def one_box(box: NDArray[np.float32], learnt: Sequence[Sample]) -> Detections:
    """Baseline for single items: always this box, and the most frequent group of these (training) samples."""
    groups = Counter(int(g) for s in learnt for g in s.groups if g >= 0)
    usual = groups.most_common(1)[0][0] if groups else 0
    return Detections(box.astype(np.float32)[None], np.ones(1, np.float32), np.array([usual]))


def mean_box(samples: Sequence[Sample]) -> NDArray[np.float32]:
    """A centred box [4] of the mean width and height in these samples."""
    every = np.concatenate([s.boxes for s in samples])
    half = (every[:, 2:] - every[:, :2]).mean(0) / 2
    return np.concatenate([0.5 - half, 0.5 + half]).astype(np.float32)


def whole_image(groups: int) -> Detections:
    """Baseline: the whole picture, for every group."""
    boxes = np.tile(np.array([0, 0, 1, 1], np.float32), (groups, 1))
    return Detections(boxes, np.ones(groups, np.float32), np.arange(groups))


def mean_boxes(samples: Sequence[Sample], groups: int) -> Detections:
    """Baseline: for every group a centred box of its mean width and height in these (training) samples."""
    sides: list[NDArray[np.float32]] = []
    every = np.concatenate([s.boxes for s in samples if len(s.boxes)])
    labels = np.concatenate([s.groups for s in samples if len(s.boxes)])
    for group in range(groups):
        own = every[labels == group] if (labels == group).any() else every
        sides.append((own[:, 2:] - own[:, :2]).mean(0))
    half = np.stack(sides) / 2
    return Detections(
        np.concatenate([0.5 - half, 0.5 + half], 1).astype(np.float32), np.ones(groups, np.float32), np.arange(groups)
    )


def single_figures(answers: Sequence[Detections], truths: Sequence[Truth]) -> Single:
    """Shares of photos with one true box that was found."""
    best, first, right = [], [], []
    for found, truth in zip(answers, truths, strict=True):
        overlap = iou_matrix(found.boxes, truth.boxes[:1])[:, 0]
        best.append(float(overlap.max(initial=0.0)))
        first.append(float(overlap[0]) if len(overlap) else 0.0)
        right.append(len(overlap) > 0 and int(truth.groups[0]) in (-1, int(found.groups[0])))
    a, b, r = np.array(best), np.array(first), np.array(right)
    count = float(np.mean([len(f.scores) for f in answers]))
    return Single(
        len(a), float((a >= 0.5).mean()), float((a >= 0.75).mean()),
        float((b >= 0.5).mean()), float((b >= 0.75).mean()), float(((b >= 0.5) & r).mean()), count,
    )  # fmt: skip


def taken_for(answers: Sequence[Detections], truths: Sequence[Truth], names: Sequence[str],
              train: Sequence[Sample]) -> dict[str, Taken]:  # fmt: skip
    """By group: what its boxes are taken for, each answer for one box alone."""
    learnt = np.concatenate([np.zeros(0, np.int64), *(s.groups for s in train)])
    out = {
        name: Taken(int((learnt == g).sum()), sum(int((t.groups == g).sum()) for t in truths), {}, 0)
        for g, name in enumerate(names)
    }
    for found, truth in zip(answers, truths, strict=True):
        for group, told in zip(truth.groups, _told(found, truth), strict=True):
            one = out[names[group]]
            if told is None:
                one.missed += 1
            else:
                one.groups[names[told]] = one.groups.get(names[told], 0) + 1
    return {name: one for name, one in out.items() if one.boxes}


def _told(found: Detections, truth: Truth) -> list[int | None]:
    """The group that each true box is answered with: its own where one is left for it, else another's; the pair that
    overlaps most goes first."""
    overlap = iou_matrix(truth.boxes, found.boxes)
    alike = truth.groups[:, None] == found.groups[None]
    told: list[int | None] = [None] * len(truth.groups)
    free = set(range(len(found.groups)))
    for fits in (overlap * alike, overlap * ~alike):
        rows, columns = np.nonzero(fits >= 0.5)
        for n in np.argsort(-fits[rows, columns], kind="stable"):
            row, column = int(rows[n]), int(columns[n])
            if told[row] is None and column in free:
                told[row] = int(found.groups[column])
                free.remove(column)
    return told


def _only(found: Detections, groups: Sequence[int]) -> Detections:
    keep = np.isin(found.groups, groups)
    return Detections(found.boxes[keep], found.scores[keep], found.groups[keep])


class Evaluation:
    """Evaluates a detector on `val` of the data folder; `samples` are those of every part."""

    def __init__(self, detector: OnnxDetector, settings: dict[str, Any], samples: Sequence[Sample], data: Path,
                 names: Sequence[str]) -> None:  # fmt: skip
        self.detector, self.shipped = detector, Shipped(detector, settings)
        self.data, self.names = data, list(names)
        self.val = [s for s in samples if s.part == "val"]
        self.train = [s for s in samples if s.part == "train"]

    def _kind(self, kind: str) -> list[tuple[Sample, Pixels]]:
        return list(pictures_of([s for s in self.val if s.kind == kind], self.data))

    def _coco(self, kind: str, counted: Sequence[str]) -> dict[str, Figures]:
        pairs = self._kind(kind)
        numbers = [self.names.index(n) for n in counted]
        truths = []
        for sample, pixels in pairs:
            truth, keep = truth_of(sample, pixels), np.isin(sample.groups, numbers)
            truths.append(Truth(truth.boxes[keep], truth.groups[keep], truth.width, truth.height))
        own = [self.detector.detect(pixels) for _, pixels in pairs]
        count = len(self.names)
        fixed = {"whole image": whole_image(count)}
        if learnt := [s for s in self.train if s.kind == kind and len(s.boxes)]:
            fixed["mean box"] = mean_boxes(learnt, count)
        out = {"detector": evaluate(truths, [_only(f, numbers) for f in own], self.names)}
        for name, found in fixed.items():
            out[name] = evaluate(truths, [_only(found, numbers)] * len(truths), self.names)
        return out

    def _single(self, kind: str) -> dict[str, Single]:
        pairs = [(s, p) for s, p in self._kind(kind) if len(s.boxes) == 1]
        truths = [truth_of(s, p) for s, p in pairs]
        learnt = [s for s in self.train if s.kind == kind and len(s.boxes)]
        whole = one_box(np.array([0, 0, 1, 1]), learnt)
        out = {
            "detector": single_figures([self.shipped(p) for _, p in pairs], truths),
            "whole image": single_figures([whole] * len(truths), truths),
        }
        if learnt:
            out["mean box"] = single_figures([one_box(mean_box(learnt), learnt)] * len(truths), truths)
        return out

    def _taken(self, kind: str) -> dict[str, Taken]:
        pairs = self._kind(kind)
        answers, truths = [self.shipped(p) for _, p in pairs], [truth_of(s, p) for s, p in pairs]
        return taken_for(answers, truths, self.names, [s for s in self.train if s.kind == kind])

    def _hard(self) -> dict[str, Figures]:
        pictures: list[Picture] = [(pixels, truth_of(sample, pixels)) for sample, pixels in self._kind(STREET)]
        out = {}
        for name, change in HARD.items():
            some = pictures[:40] if name == "12 megapixels" else pictures
            out[name] = self._figures([change(p) for p in some])
        out["two people, side by side"] = self._figures(couples(pictures))
        return out

    def _spread(self) -> dict[str, tuple[float, float]]:
        pictures = [(pixels, truth_of(sample, pixels)) for sample, pixels in self._kind(STREET)]
        found = [self.detector.detect(pixels) for pixels, _ in pictures]
        return spread([truth for _, truth in pictures], found, self.names, MEANS)

    def _figures(self, pictures: Sequence[Picture]) -> Figures:
        return evaluate([t for _, t in pictures], [self.detector.detect(p) for p, _ in pictures], self.names)

    def _empty(self) -> dict[str, Any]:
        samples = [s for s in self.val if s.kind == "empty"]
        answers = [len(self.shipped(p).scores) for _, p in pictures_of(samples, self.data)]
        rng = np.random.default_rng(0)
        plain = [np.full((480, 360, 3), v, np.uint8) for v in range(0, 256, 16)]
        noise = [rng.integers(0, 256, (320, 320, 3), dtype=np.uint8) for _ in range(16)]
        drawn = [len(self.shipped(p).scores) for p in (*plain, *noise)]
        return {"photos": len(answers), "answered": sum(a > 0 for a in answers), "plain": len(drawn),
                "plain_answered": sum(d > 0 for d in drawn)}  # fmt: skip

    def run(self) -> DetectorFigures:
        """All figures of the kinds of photos that `val` has. Raises InvalidParameter where it has none with a box."""
        boxes = {kind: [len(s.boxes) for s in self.val if s.kind == kind] for kind in (*COUNTED, *SINGLES)}
        if not any(map(any, boxes.values())):
            raise InvalidParameter(
                f"{self.data}: no photo of the split `val` has a box, so there is nothing to measure"
            )
        out = DetectorFigures()
        for kind, counted in COUNTED.items():
            if any(boxes[kind]):
                out.coco[kind] = self._coco(kind, counted or self.names)
        for kind in SINGLES:
            if 1 in boxes[kind]:
                out.single[kind] = self._single(kind)
            if max(boxes[kind], default=0) > 1:
                out.coco[kind] = self._coco(kind, self.names)
        if STREET in out.coco:
            out.taken, out.hard, out.spread = self._taken(STREET), self._hard(), self._spread()
        out.empty = self._empty()
        return out
