"""An endless stream of training batches for the detector."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from placket.training.ahead import Batch
from placket.training.cache import Pixels, Store, write_store
from placket.training.detector import plans
from placket.training.detector.augment import Scene, draw
from placket.training.detector.nothing import draw_nothing, window
from placket.training.detector.plans import GREY, Colour, Key, Part, Plan
from placket.training.detector.targets import NOTHING, Sample, foreground

MOST_BOXES = 40
DRAWN_SHARE = 0.5
"""Of the pictures without a garment, beside those cut out of street photos."""
DRAWN = "drawn-nothing"
DRAWN_COUNT, DRAWN_SIDE = 400, 256
PASTED_ON = ("ccp", "viton", "cd", *NOTHING)


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
        self.backgrounds: dict[Key, Colour | None] = {}
        self._draw_nothings()

    def _draw_nothings(self) -> None:
        if "empty" in self.by_kind and not (self.cache / f"{DRAWN}.json").exists():
            rng = np.random.default_rng(0)
            write_store(self.cache / DRAWN, ((str(n), draw_nothing(DRAWN_SIDE, rng)) for n in range(DRAWN_COUNT)))

    def pictures(self) -> list[Key]:
        """All that scenes are made of."""
        own = {(s.dataset, s.key) for samples in self.by_kind.values() for s in samples}
        drawn = [(DRAWN, str(n)) for n in range(DRAWN_COUNT)] if "empty" in self.by_kind else []
        return sorted(own) + drawn

    def _store(self, dataset: str) -> Store:
        if dataset not in self.stores:
            self.stores[dataset] = Store(self.cache / dataset)
        return self.stores[dataset]

    def _read(self, picture: Key) -> Pixels:
        return self._store(picture[0])[picture[1]]

    def _part(self, sample: Sample, rng: np.random.Generator) -> Part:
        store = self._store(sample.dataset)
        height, width, _ = store.shapes[store.where[sample.key]]
        frame = (0, 0, width, height)
        if sample.region is not None:
            frame = window(sample.region, (height, width), rng)
        negative = np.ones(self.groups, np.float32)
        negative[list(sample.open_groups)] = 0
        scale = np.array([frame[2] - frame[0], frame[3] - frame[1]] * 2, np.float32)
        return Part((sample.dataset, sample.key), frame, sample.boxes * scale, sample.groups, negative)

    def _pick(self, rng: np.random.Generator) -> Sample:
        kind = self.kinds[int(rng.choice(len(self.kinds), p=self.share))]
        steps = self.repeats[kind]
        return self.by_kind[kind][int(np.searchsorted(steps, rng.random() * steps[-1], side="right"))]

    def _background(self, item: Part) -> Colour | None:
        """Colour of the background of a single item; None where it is not plain."""
        if item.picture not in self.backgrounds:
            pixels = self._read(item.picture)
            x0, y0, x1, y1 = item.boxes[0].round().astype(int)
            alpha = foreground(pixels, plans.TOLERANCE)[y0:y1, x0:x1]
            plain = alpha.size > 0 and 0.15 < alpha.mean() < 0.97
            border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
            red, green, blue = (int(v) for v in np.median(border, axis=0))
            self.backgrounds[item.picture] = (red, green, blue) if plain else None
        return self.backgrounds[item.picture]

    def _paste(self, plan: Plan, size: int, rng: np.random.Generator) -> Plan:
        """Single items against a plain background, cut out; their groups are drawn evenly."""
        for _ in range(int(rng.integers(1, 4))):
            pool = self.items[list(self.items)[int(rng.integers(len(self.items)))]]
            item = self._part(pool[int(rng.integers(len(pool)))], rng)
            colour = self._background(item)
            if colour is not None:
                plan = plans.paste(plan, item, colour, size, rng)
        return plan

    def _one(self, sample: Sample, size: int, rng: np.random.Generator, strong: bool) -> Plan:
        if sample.kind == "empty" and rng.random() < DRAWN_SHARE:
            key = str(int(rng.integers(DRAWN_COUNT)))
            sample = Sample(DRAWN, key, sample.part, sample.boxes, sample.groups, sample.kind)
        part = self._part(sample, rng)
        if rng.random() < self.turned:
            part = plans.quarter_turn(part, left=bool(rng.integers(2)))
        spread = 0.35 if strong else 0.15
        scale = float(np.exp(rng.normal(0.0, spread))) if rng.random() < 0.8 else 1.0
        scale = min(max(scale, 0.3), 2.2)
        pad = GREY
        if rng.random() >= 0.7:
            red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
            pad = (red, green, blue)
        plan = plans.place(part, size, scale, (float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))), pad)
        if strong and self.items and rng.random() < self.paste_share and sample.kind in PASTED_ON:
            plan = self._paste(plan, size, rng)
        return plan

    def plan(self, size: int, rng: np.random.Generator, strong: bool) -> Plan:
        """The next scene."""
        if strong and rng.random() < self.mosaic_share:
            plan = plans.mosaic([self._part(self._pick(rng), rng) for _ in range(4)], size, rng)
        else:
            plan = self._one(self._pick(rng), size, rng, strong)
        if rng.random() < 0.5:
            plan = plans.mirror(plan, size)
        plan.look = plans.draw_look(rng, 1.0 if strong else 0.6)
        return plan

    def batch_of(self, scenes: list[Plan], size: int) -> Batch:
        """The batch of these plans."""
        return collate([draw(plan, size, self._read) for plan in scenes])

    def __iter__(self) -> Iterator[Batch]:
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        torch.set_num_threads(1)
        while True:
            size, strong = int(self.state[0]), bool(self.state[1])
            yield self.batch_of([self.plan(size, rng, strong) for _ in range(self.batch)], size)


def repeat_shares(samples: list[Sample], groups: int, rare: float) -> NDArray[np.float64]:
    """Chance of each sample to be drawn, summing to 1: repeat-factor sampling (LVIS, Gupta et al. 2019).

    A sample counts max(1, sqrt(rare / f)) times, f being the share of samples that hold its rarest group; 0 draws
    evenly.
    """
    held = np.array([np.isin(np.arange(groups), s.groups) for s in samples]).reshape(len(samples), groups)
    factor = np.sqrt(rare / held.mean(0).clip(1e-9))
    weight = np.where(held, factor, 1.0).max(1).clip(1.0)
    return np.asarray(weight / weight.sum(), np.float64)


class Boxed(Protocol):
    """A scene, drawn or planned."""

    boxes: NDArray[np.float32]
    groups: NDArray[np.int64]
    negative: NDArray[np.float32]


def collate_boxes(scenes: Sequence[Boxed]) -> Batch:
    """What is in scenes; boxes are padded with zeros, groups with -1."""
    most = min(MOST_BOXES, max(1, max(len(s.groups) for s in scenes)))
    boxes = np.zeros((len(scenes), most, 4), np.float32)
    groups = np.full((len(scenes), most), -1, np.int64)
    for i, scene in enumerate(scenes):
        n = min(most, len(scene.groups))
        boxes[i, :n], groups[i, :n] = scene.boxes[:n], scene.groups[:n]
    return {
        "boxes": torch.from_numpy(boxes),
        "groups": torch.from_numpy(groups),
        "negative": torch.from_numpy(np.stack([s.negative for s in scenes])),
    }


def collate(scenes: list[Scene]) -> Batch:
    """Stack scenes of one size."""
    pixels = np.stack([s.pixels for s in scenes]).transpose(0, 3, 1, 2)
    return {"image": torch.from_numpy(np.ascontiguousarray(pixels)), **collate_boxes(scenes)}
