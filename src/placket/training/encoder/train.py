"""Training the encoder: resumable, by the clock, with an averaged copy of the weights."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from placket.training.cache import build_all
from placket.training.encoder.dataset import CropStream
from placket.training.encoder.items import Item, Vocabulary, load_items
from placket.training.encoder.losses import Memory, contrastive, distillation, masked_binary, masked_cross_entropy
from placket.training.encoder.network import Encoder
from placket.training.encoder.teacher import teacher_features
from placket.training.loop import (
    Average,
    Clock,
    as_input,
    device_of,
    load_checkpoint,
    log_interval,
    log_line,
    one_cycle,
    optimizer_for,
    save_checkpoint,
)
from placket.training.sources import SETS

CHECKPOINT_SECONDS = 120.0
CATEGORY_WEIGHT = 1.5
ATTRIBUTE_WEIGHT = 0.35


@dataclass(slots=True)
class EncoderRecipe:
    """All that settles a run; see `recipes/encoder.yaml`."""

    seed: int = 0
    minutes: float = 50.0
    steps: int | None = None
    pairs: int = 24
    views: int = 8
    rest: int = 64
    size: list[int] = field(default_factory=lambda: [96, 128, 160])
    grow_at: list[float] = field(default_factory=lambda: [0.3, 0.72])
    rate: float = 0.002
    decay: float = 0.05
    average: float = 0.9985
    widths: list[int] = field(default_factory=lambda: [32, 48, 96, 192, 384])
    blocks: list[int] = field(default_factory=lambda: [2, 3, 5, 1])
    top: int = 640
    workers: int = 1
    balance: float = 0.3
    teacher: float = 4.0
    contrast: float = 1.0
    memory: int = 3072
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "EncoderRecipe":
        """From YAML; unknown keys are an error."""
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown keys in the recipe: {sorted(unknown)}")
        return cls(**values)

    def side(self, progress: float) -> int:
        """The crops' side at this point of the run."""
        return self.size[sum(progress >= at for at in self.grow_at)]

    def network(self, labels: dict[str, int]) -> Encoder:
        """A fresh network of this recipe."""
        return Encoder(labels, tuple(self.widths), tuple(self.blocks), self.top)


class _Run:
    """One training run's state and its single step."""

    def __init__(self, recipe: EncoderRecipe, out: Path, vocabulary: Vocabulary, features: NDArray[np.float16] | None,
                 sources: dict[str, int]) -> None:  # fmt: skip
        torch.manual_seed(recipe.seed)
        self.sources = sources
        self.recipe, self.out, self.device, self.vocabulary = recipe, out, device_of(), vocabulary
        labels = {a: len(v) for a, v in vocabulary.labels.items()}
        self.network = recipe.network(labels).to(self.device).to(memory_format=torch.channels_last)
        self.average = Average(self.network, recipe.average)
        self.optimizer = optimizer_for(self.network, recipe.rate, recipe.decay)
        self.clock = Clock(recipe.minutes * 60, steps=recipe.steps)
        self.memory = Memory(recipe.memory, self.network.embed.out_features, self.device)
        self.mean = self.deviation = torch.zeros(0)
        if features is not None:
            some = features[:: max(1, len(features) // 4000)].astype(np.float32)
            self.mean = torch.from_numpy(some.mean(0)).to(self.device)
            self.deviation = torch.from_numpy(some.std(0) + 0.05).to(self.device)
        saved = load_checkpoint(out / "checkpoint.pt")
        if saved:
            self.network.load_state_dict(saved["network"])
            self.average.network.load_state_dict(saved["average"])
            self.average.updates = saved["step"]
            self.optimizer.load_state_dict(saved["optimizer"])
            self.clock = Clock(recipe.minutes * 60, saved["spent"], recipe.steps, saved["step"])

    def losses(self, batch: dict[str, Any], progress: float) -> dict[str, Tensor]:
        """The weighted parts of the loss."""
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
        parts["details"] = 0.15 * masked_binary(out["details"], to["details"], to["details_known"])
        parts["near"] = 0.3 * masked_cross_entropy(out["by_embedding_category"], to["category"], sure) + 0.3 * (
            masked_cross_entropy(out["by_embedding_color"], to["first_color"], sure)
        )
        memory = self.memory if progress > 0.05 else None
        parts["contrast"] = self.recipe.contrast * contrastive(out["embedding"], to["product"], to["design"], memory)
        self.memory.add(out["embedding"], to["product"], to["design"])
        if "feature" in to and self.recipe.teacher > 0:
            weight = self.recipe.teacher * (1 - 0.8 * progress)
            parts["teacher"] = weight * distillation(out["feature"], to["feature"], self.mean, self.deviation)
        return parts

    def step(self, batch: dict[str, Any]) -> dict[str, float]:
        """One update; returns the loss's parts."""
        progress = self.clock.progress
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * one_cycle(progress)
        parts = self.losses(batch, progress)
        loss = torch.stack(list(parts.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.average.update(self.network)
        self.clock.step += 1
        return {k: float(v.detach()) for k, v in parts.items()}

    def save(self) -> None:
        """Checkpoint, from which a run goes on and an export is made."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "step": self.clock.step,
            "optimizer": self.optimizer.state_dict(),
            "spent": self.clock.spent,
            "recipe": asdict(self.recipe),
            "sources": self.sources,
        }
        save_checkpoint(self.out / "checkpoint.pt", state)


def train_on(
    recipe: EncoderRecipe,
    items: list[Item],
    vocabulary: Vocabulary,
    cache: Path,
    out: Path,
    features: NDArray[np.float16] | None = None,
) -> Path:
    """Train on these items whose pictures lie in `cache`; returns the checkpoint's path."""
    out.mkdir(parents=True, exist_ok=True)
    run = _Run(recipe, out, vocabulary, features, dict(Counter(i.dataset for i in items)))
    state = torch.tensor([recipe.side(run.clock.progress)]).share_memory_()
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
    more = {"prefetch_factor": 4, "persistent_workers": True} if recipe.workers else {}
    saved_at, totals, every = run.clock.spent, dict[str, float](), log_interval(recipe.steps)
    for batch in DataLoader(stream, batch_size=None, num_workers=recipe.workers, **more):
        progress = run.clock.progress
        if progress >= 1:
            break
        state[0] = recipe.side(progress)
        for name, value in run.step(batch).items():
            totals[name] = totals.get(name, 0.0) + value
        if run.clock.step % every == 0:
            means = {k: v / every for k, v in totals.items()}
            log_line(
                out / "log.jsonl",
                step=run.clock.step,
                spent=run.clock.spent,
                progress=progress,
                side=int(batch["image"].shape[-1]),
                **means,
            )
            totals = {}
        if run.clock.spent - saved_at > CHECKPOINT_SECONDS:
            run.save()
            saved_at = run.clock.spent
    run.save()
    return out / "checkpoint.pt"


def train_encoder(
    recipe: EncoderRecipe, data: Path, out: Path, cache: Path | None = None, sets: Sequence[str] = SETS
) -> Path:
    """Train on these sets of the data folder; goes on where `out/checkpoint.pt` stands. Returns its path."""
    cache = cache or out / "cache"
    items = load_items(data, cache, build_all(data, cache))
    items = [i for i in items if i.part == "train" and i.dataset in sets]
    features = teacher_features(items, data, cache) if recipe.teacher > 0 else None
    return train_on(recipe, items, Vocabulary.read(data), cache, out, features)
