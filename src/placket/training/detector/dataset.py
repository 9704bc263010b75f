"""An endless stream of training batches for the detector."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from placket.training.cache import Pixels, Store
from placket.training.detector.augment import (
    PAD,
    Scene,
    clip,
    flip,
    mosaic,
    paste,
    place,
    quarter_turn,
    recolour,
)
from placket.training.detector.nothing import draw_nothing, window
from placket.training.detector.targets import NOTHING, Sample, foreground

MOST_BOXES = 40
DRAWN_SHARE = 0.5
"""Of the pictures without a garment, beside those cut out of street photos."""
PASTED_ON = ("ccp", "viton", "cd", *NOTHING)
Batch = dict[str, Any]


class SceneStream(IterableDataset[Batch]):
    """Yields batches: `image` uint8 [b, 3, s, s], `boxes` [b, m, 4] pixels, `groups` [b, m], `negative` [b, c].

    `weights` is the share of each kind of sample; `state` is a shared tensor [size, strong] that the training loop
    sets: the picture's side, and whether mosaic and copy-paste are on.
    """

    def __init__(
        self,
        samples: list[Sample],
        cache: Path,
        weights: dict[str, float],
        batch: int,
        groups: int,
        state: torch.Tensor,
        seed: int,
        mosaic_share: float = 0.25,
        paste_share: float = 0.35,
        rare: float = 0.0,
        turned: float = 0.02,
    ) -> None:
        self.by_kind: dict[str, list[Sample]] = {}
        for sample in samples:
            if sample.kind in weights:
                self.by_kind.setdefault(sample.kind, []).append(sample)
        self.kinds = [k for k in weights if k in self.by_kind]
        self.repeats = {kind: np.cumsum(repeat_shares(own, groups, rare)) for kind, own in self.by_kind.items()}
        self.turned = turned
        total = sum(weights[k] for k in self.kinds)
        self.share = np.array([weights[k] / total for k in self.kinds])
        self.cache, self.batch, self.groups, self.state, self.seed = cache, batch, groups, state, seed
        self.mosaic_share, self.paste_share = mosaic_share, paste_share
        singles = [
            s for k in ("hm", "myntra") for s in self.by_kind.get(k, []) if len(s.groups) == 1 and s.groups[0] >= 0
        ]
        self.items: dict[int, list[Sample]] = {}
        for sample in singles:
            self.items.setdefault(int(sample.groups[0]), []).append(sample)
        self.stores: dict[str, Store] = {}

    def _load(self, sample: Sample, rng: np.random.Generator) -> Scene:
        if sample.dataset not in self.stores:
            self.stores[sample.dataset] = Store(self.cache / sample.dataset)
        pixels = self.stores[sample.dataset][sample.key]
        if sample.region is not None:
            x0, y0, x1, y1 = window(sample.region, pixels.shape[:2], rng)
            pixels = pixels[y0:y1, x0:x1]
        height, width = pixels.shape[:2]
        negative = np.ones(self.groups, np.float32)
        negative[list(sample.open_groups)] = 0
        return Scene(
            pixels, sample.boxes * np.array([width, height, width, height], np.float32), sample.groups, negative
        )

    def _pick(self, rng: np.random.Generator) -> Sample:
        kind = self.kinds[int(rng.choice(len(self.kinds), p=self.share))]
        steps = self.repeats[kind]
        return self.by_kind[kind][int(np.searchsorted(steps, rng.random() * steps[-1], side="right"))]

    def _cut_out(self, rng: np.random.Generator) -> tuple[Pixels, np.ndarray, int] | None:
        """A single item against a plain background, cut to its box, its group drawn evenly."""
        if not self.items:
            return None
        group = list(self.items)[int(rng.integers(len(self.items)))]
        pool = self.items[group]
        scene = self._load(pool[int(rng.integers(len(pool)))], rng)
        alpha = foreground(scene.pixels, 12).astype(np.float32)
        x0, y0, x1, y1 = scene.boxes[0].round().astype(int)
        alpha = alpha[y0:y1, x0:x1]
        if alpha.size == 0 or not 0.15 < alpha.mean() < 0.97:
            return None
        return scene.pixels[y0:y1, x0:x1], alpha, group

    def _one(self, sample: Sample, size: int, rng: np.random.Generator, strong: bool) -> Scene:
        scene = self._load(sample, rng)
        if sample.kind == "empty" and rng.random() < DRAWN_SHARE:
            scene.pixels = draw_nothing(scene.pixels.shape[0], rng)
        if rng.random() < self.turned:
            scene = quarter_turn(scene, left=bool(rng.integers(2)))
        roll = rng.random()
        spread = 0.35 if strong else 0.15
        scale = float(np.exp(rng.normal(0.0, spread))) if roll < 0.8 else 1.0
        scale = min(max(scale, 0.3), 2.2)
        pad = (PAD, PAD, PAD) if rng.random() < 0.7 else tuple(int(v) for v in rng.integers(0, 256, 3))
        scene = place(scene, size, scale, (float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))), pad)  # type: ignore[arg-type]
        if strong and rng.random() < self.paste_share and sample.kind in PASTED_ON:
            for _ in range(int(rng.integers(1, 4))):
                item = self._cut_out(rng)
                if item:
                    scene = paste(scene, *item, rng)
        return scene

    def _scene(self, size: int, rng: np.random.Generator, strong: bool) -> Scene:
        if strong and rng.random() < self.mosaic_share:
            scene = mosaic([self._load(self._pick(rng), rng) for _ in range(4)], size, rng)
        else:
            scene = self._one(self._pick(rng), size, rng, strong)
        if rng.random() < 0.5:
            scene = flip(scene)
        return clip(
            Scene(recolour(scene.pixels, rng, 1.0 if strong else 0.6), scene.boxes, scene.groups, scene.negative), size
        )

    def __iter__(self) -> Iterator[Batch]:
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        torch.set_num_threads(1)
        while True:
            size, strong = int(self.state[0]), bool(self.state[1])
            scenes = [self._scene(size, rng, strong) for _ in range(self.batch)]
            yield collate(scenes)


def repeat_shares(samples: list[Sample], groups: int, rare: float) -> NDArray[np.float64]:
    """Chance of each sample to be drawn, summing to 1: repeat-factor sampling (LVIS, Gupta et al. 2019).

    A sample counts max(1, sqrt(rare / f)) times, f being the share of samples that hold its rarest group; 0 draws
    evenly.
    """
    held = np.array([np.isin(np.arange(groups), s.groups) for s in samples]).reshape(len(samples), groups)
    factor = np.sqrt(rare / held.mean(0).clip(1e-9))
    weight = np.where(held, factor, 1.0).max(1).clip(1.0)
    return np.asarray(weight / weight.sum(), np.float64)


def collate(scenes: list[Scene]) -> Batch:
    """Stack scenes of one size; boxes are padded with zeros, groups with -1."""
    most = min(MOST_BOXES, max(1, max(len(s.groups) for s in scenes)))
    boxes = np.zeros((len(scenes), most, 4), np.float32)
    groups = np.full((len(scenes), most), -1, np.int64)
    for i, scene in enumerate(scenes):
        n = min(most, len(scene.groups))
        boxes[i, :n], groups[i, :n] = scene.boxes[:n], scene.groups[:n]
    pixels = np.stack([s.pixels for s in scenes]).transpose(0, 3, 1, 2)
    return {
        "image": torch.from_numpy(np.ascontiguousarray(pixels)),
        "boxes": torch.from_numpy(boxes),
        "groups": torch.from_numpy(groups),
        "negative": torch.from_numpy(np.stack([s.negative for s in scenes])),
    }
