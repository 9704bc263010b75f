"""Training the encoder on the garments of the data folder."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from placket.training.cache import build_all
from placket.training.encoder.dataset import CropStream
from placket.training.encoder.items import Item, Vocabulary, load_items
from placket.training.encoder.losses import Memory, contrastive, distillation, masked_binary, masked_cross_entropy
from placket.training.encoder.network import EMBEDDING, Encoder
from placket.training.encoder.teacher import teacher_features
from placket.training.loop import as_input
from placket.training.run import Batch, Recipe, Run, loader
from placket.training.sources import SETS

CATEGORY_WEIGHT = 1.5
ATTRIBUTE_WEIGHT = 0.35


@dataclass(slots=True, kw_only=True)
class EncoderRecipe(Recipe):
    """All that settles a run; see `recipes/encoder.yaml`."""

    pairs: int = 24
    views: int = 8
    rest: int = 64
    size: list[int] = field(default_factory=lambda: [96, 128, 160])
    grow_at: list[float] = field(default_factory=lambda: [0.3, 0.72])
    widths: list[int] = field(default_factory=lambda: [32, 48, 96, 192, 384])
    blocks: list[int] = field(default_factory=lambda: [2, 3, 5, 1])
    top: int = 640
    balance: float = 0.3
    teacher: float = 4.0
    contrast: float = 1.0
    memory: int = 3072
    weights: dict[str, float] = field(default_factory=dict)

    def side(self, progress: float) -> int:
        """The crops' side at this point of the run."""
        return self.size[sum(progress >= at for at in self.grow_at)]

    def network(self, labels: dict[str, int]) -> Encoder:
        """A fresh network of this recipe."""
        return Encoder(labels, tuple(self.widths), tuple(self.blocks), self.top)


class EncoderRun(Run):
    """An encoder's run. `features`: the teacher's, [n, 1280]."""

    clip = 5.0

    def __init__(
        self, recipe: EncoderRecipe, out: Path, vocabulary: Vocabulary, features: NDArray[np.float16] | None,
        sources: dict[str, int], start: Path | None = None,
    ) -> None:  # fmt: skip
        torch.manual_seed(recipe.seed)
        self.vocabulary, self.teacher, self.contrast = vocabulary, recipe.teacher, recipe.contrast
        labels = {a: len(v) for a, v in vocabulary.labels.items()}
        super().__init__(recipe, recipe.network(labels), out, sources, start)
        self.memory = Memory(recipe.memory, EMBEDDING, self.device)
        self.mean = self.deviation = torch.zeros(0)
        if features is not None:
            some = features[:: max(1, len(features) // 4000)].astype(np.float32)
            self.mean = torch.from_numpy(some.mean(0)).to(self.device)
            self.deviation = torch.from_numpy(some.std(0) + 0.05).to(self.device)

    def losses(self, batch: Batch, progress: float) -> tuple[Tensor, dict[str, float]]:
        """The sum of the weighted parts, and these."""
        with torch.autocast(self.device.type, torch.bfloat16):
            out = self.network(as_input(batch["image"], self.device))
        out = {k: v.float() for k, v in out.items()}
        to = {k: v.to(self.device) for k, v in batch.items() if k != "image"}
        sure = to["by_eye"]
        parts = {"category": CATEGORY_WEIGHT * masked_cross_entropy(out["category"], to["category"], sure)}
        attributes = [masked_cross_entropy(out[a], to[a], sure) for a in self.vocabulary.single if a != "category"]
        parts["attributes"] = ATTRIBUTE_WEIGHT * torch.stack(attributes).sum()
        parts["colors"] = 0.2 * masked_binary(out["colors"], to["colors"], to["colors_known"])
        parts["first_color"] = 0.4 * masked_cross_entropy(out["colors"], to["first_color"], sure)
        parts["details"] = 0.25 * masked_binary(out["details"], to["details"], to["details_known"])
        parts["near"] = 0.3 * masked_cross_entropy(out["by_embedding_category"], to["category"], sure) + 0.3 * (
            masked_cross_entropy(out["by_embedding_color"], to["first_color"], sure)
        )
        memory = self.memory if progress > 0.05 else None
        parts["contrast"] = self.contrast * contrastive(out["embedding"], to["product"], to["design"], memory)
        self.memory.add(out["embedding"], to["product"], to["design"])
        if "feature" in to and self.teacher > 0:
            weight = self.teacher * (1 - 0.8 * progress)
            parts["teacher"] = weight * distillation(out["feature"], to["feature"], self.mean, self.deviation)
        loss = torch.stack(list(parts.values())).sum()
        return loss, {k: float(v.detach()) for k, v in parts.items()}


def train_on(
    recipe: EncoderRecipe,
    items: list[Item],
    vocabulary: Vocabulary,
    cache: Path,
    out: Path,
    features: NDArray[np.float16] | None = None,
    start: Path | None = None,
) -> Path:
    """Train on these items whose pictures lie in `cache`; returns the checkpoint's path. `start`: a checkpoint
    whose weights to begin with."""
    out.mkdir(parents=True, exist_ok=True)
    run = EncoderRun(recipe, out, vocabulary, features, dict(Counter(i.dataset for i in items)), start)
    state = torch.tensor([recipe.side(run.clock.progress)]).share_memory_()

    def set_stage(progress: float) -> None:
        state[0] = recipe.side(progress)

    stream = CropStream(
        items,
        vocabulary,
        cache,
        recipe.weights,
        (recipe.pairs, recipe.views, recipe.rest),
        state,
        recipe.seed + run.clock.step,
        features,
        recipe.balance,
    )
    return run.go(loader(stream, recipe.workers), set_stage)


def train_encoder(
    recipe: EncoderRecipe,
    data: Path,
    out: Path,
    cache: Path | None = None,
    sets: Sequence[str] = SETS,
    start: Path | None = None,
) -> Path:
    """Train on these sets of the data folder; goes on where `out/checkpoint.pt` stands. Returns its path."""
    cache = cache or out / "cache"
    items = load_items(data, cache, build_all(data, cache))
    items = [i for i in items if i.part == "train" and i.dataset in sets]
    features = teacher_features(items, data, cache) if recipe.teacher > 0 else None
    return train_on(recipe, items, Vocabulary.read(data), cache, out, features, start)
