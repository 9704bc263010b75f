"""Training the detector on the data folder, on a user's own boxes, or on drawn pictures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from placket.training.cache import build_all
from placket.training.detector.dataset import SceneStream
from placket.training.detector.drawings import DRAWN, draw_samples
from placket.training.detector.loss import detection_loss
from placket.training.detector.network import Detector, anchor_points, decode
from placket.training.detector.pseudo import KINDS, found_samples
from placket.training.detector.targets import Sample, load_samples
from placket.training.detector.user_data import DATASET as OWN
from placket.training.detector.user_data import read_coco
from placket.training.loop import as_input
from placket.training.run import Batch, Recipe, Run, loader
from placket.training.sources import SETS


@dataclass(slots=True, kw_only=True)
class DetectorRecipe(Recipe):
    """All that settles a run; see `recipes/detector.yaml`."""

    batch: int = 24
    size: list[int] = field(default_factory=lambda: [256, 320])
    grow_at: float = 0.45
    plain_from: float = 0.85
    widths: list[int] = field(default_factory=lambda: [16, 32, 64, 128, 224])
    blocks: list[int] = field(default_factory=lambda: [1, 2, 3, 2])
    neck: int = 80
    groups: int = 9
    drawn: int = 0
    rare: float = 0.0
    turned: float = 0.02
    weights: dict[str, float] = field(default_factory=dict)

    def network(self) -> Detector:
        """A fresh network of this recipe."""
        return Detector(self.groups, tuple(self.widths), tuple(self.blocks), self.neck)


class DetectorRun(Run):
    """A detector's run."""

    def __init__(self, recipe: DetectorRecipe, out: Path, sources: dict[str, int], start: Path | None = None) -> None:
        torch.manual_seed(recipe.seed)
        self.points: dict[int, Tensor] = {}
        super().__init__(recipe, recipe.network(), out, sources, start)

    def losses(self, batch: Batch, progress: float) -> tuple[Tensor, dict[str, float]]:
        """See `detection_loss`."""
        image = as_input(batch["image"], self.device)
        side = image.shape[-1]
        if side not in self.points:
            self.points[side] = anchor_points(side, side)[0].to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits, distances = self.network(image)
        points = self.points[side]
        rest = (batch[k].to(self.device) for k in ("boxes", "groups", "negative"))
        return detection_loss(logits.float(), decode(points, distances), points, *rest)


def train_on(
    recipe: DetectorRecipe,
    samples: list[Sample],
    cache: Path,
    out: Path,
    start: Path | None = None,
    labels_by: dict[str, Any] | None = None,
) -> Path:
    """Train on these samples whose pictures lie in `cache`; returns the checkpoint's path. `start`: a checkpoint
    whose weights to begin with; `labels_by`: where some of the labels come from."""
    out.mkdir(parents=True, exist_ok=True)
    run = DetectorRun(recipe, out, dict(Counter(s.dataset for s in samples)), start)
    run.taught_by = [labels_by] if labels_by else []
    state = torch.tensor([recipe.size[0], 1]).share_memory_()

    def set_stage(progress: float) -> None:
        state[0] = recipe.size[0] if progress < recipe.grow_at else recipe.size[1]
        state[1] = int(progress < recipe.plain_from)

    stream = SceneStream(
        samples,
        cache,
        recipe.weights,
        recipe.batch,
        recipe.groups,
        state,
        recipe.seed + run.clock.step,
        rare=recipe.rare,
        turned=recipe.turned,
    )
    return run.go(loader(stream, recipe.workers), set_stage)


def train_detector(
    recipe: DetectorRecipe,
    data: Path,
    out: Path,
    cache: Path | None = None,
    sets: Sequence[str] = SETS,
    start: Path | None = None,
) -> Path:
    """Train on these sets of the data folder; goes on where `out/checkpoint.pt` stands. Returns its path."""
    cache = cache or out / "cache"
    samples = load_samples(data, cache, build_all(data, cache))
    found, by = found_samples(cache) if set(KINDS) & set(recipe.weights) else ([], None)
    chosen = [s for s in (*samples, *found) if s.part == "train" and s.dataset in sets]
    return train_on(recipe, chosen, cache, out, start, by)


def _whole_set(recipe: DetectorRecipe, kind: str) -> DetectorRecipe:
    return replace(recipe, weights={kind: 1.0})


def train_on_coco(
    recipe: DetectorRecipe,
    annotations: Path,
    images: Path,
    out: Path,
    mapping: Mapping[str, str],
    cache: Path | None = None,
    start: Path | None = None,
) -> Path:
    """Train on a user's own boxes in COCO format. Raises InvalidParameter for a file that does not fit."""
    cache = cache or out / "cache"
    samples = [s for s in read_coco(annotations, images, cache, mapping) if s.part == "train"]
    return train_on(_whole_set(recipe, OWN), samples, cache, out, start)


def train_on_drawings(recipe: DetectorRecipe, out: Path, cache: Path | None = None) -> Path:
    """Train on `recipe.drawn` pictures that Placket draws: shows that training works, makes no useful network."""
    cache = cache or out / "cache"
    return train_on(_whole_set(recipe, DRAWN), draw_samples(recipe.drawn, recipe.seed, cache), cache, out)
