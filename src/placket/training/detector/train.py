"""Training the detector: resumable, by the clock, with an averaged copy of the weights."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
import yaml
from torch.utils.data import DataLoader

from placket.training.cache import build_all
from placket.training.detector.dataset import SceneStream
from placket.training.detector.drawings import DRAWN, draw_samples
from placket.training.detector.loss import detection_loss
from placket.training.detector.network import Detector, anchor_points, decode
from placket.training.detector.targets import Sample, load_samples
from placket.training.detector.user_data import DATASET as OWN
from placket.training.detector.user_data import read_coco
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


@dataclass(slots=True)
class DetectorRecipe:
    """All that settles a run; see `recipes/detector.yaml`."""

    seed: int = 0
    minutes: float = 45.0
    steps: int | None = None
    batch: int = 24
    size: list[int] = field(default_factory=lambda: [256, 320])
    grow_at: float = 0.45
    plain_from: float = 0.85
    rate: float = 0.002
    decay: float = 0.05
    average: float = 0.9985
    widths: list[int] = field(default_factory=lambda: [16, 32, 64, 128, 224])
    blocks: list[int] = field(default_factory=lambda: [1, 2, 3, 2])
    neck: int = 80
    workers: int = 1
    groups: int = 9
    drawn: int = 0
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "DetectorRecipe":
        """From YAML; unknown keys are an error."""
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown keys in the recipe: {sorted(unknown)}")
        return cls(**values)

    def network(self) -> Detector:
        """A fresh network of this recipe."""
        return Detector(self.groups, tuple(self.widths), tuple(self.blocks), self.neck)


def _loader(
    recipe: DetectorRecipe, samples: list[Sample], cache: Path, state: torch.Tensor, done: int
) -> DataLoader[Any]:
    stream = SceneStream(samples, cache, recipe.weights, recipe.batch, recipe.groups, state, recipe.seed + done)
    prefetch = {"prefetch_factor": 4, "persistent_workers": True} if recipe.workers else {}
    return DataLoader(stream, batch_size=None, num_workers=recipe.workers, **prefetch)


class _Run:
    """One training run's state and its single step."""

    def __init__(self, recipe: DetectorRecipe, out: Path, sources: dict[str, int], start: Path | None = None) -> None:
        torch.manual_seed(recipe.seed)
        self.sources = sources
        self.recipe, self.out, self.device = recipe, out, device_of()
        self.network = recipe.network().to(self.device).to(memory_format=torch.channels_last)
        self.average = Average(self.network, recipe.average)
        self.optimizer = optimizer_for(self.network, recipe.rate, recipe.decay)
        self.clock = Clock(recipe.minutes * 60, steps=recipe.steps)
        self.points: dict[int, torch.Tensor] = {}
        self.began: dict[str, Any] | None = None
        saved = load_checkpoint(out / "checkpoint.pt")
        if saved is None and start is not None:
            self._begin_from(start)
        if saved:
            self.began = saved.get("began")
            self.network.load_state_dict(saved["network"])
            self.average.network.load_state_dict(saved["average"])
            self.average.updates = saved["step"]
            self.optimizer.load_state_dict(saved["optimizer"])
            self.clock = Clock(recipe.minutes * 60, saved["spent"], recipe.steps, saved["step"])

    def _begin_from(self, start: Path) -> None:
        """Take the averaged weights of another run; the optimiser and the clock begin anew."""
        other = load_checkpoint(start)
        if other is None:
            raise FileNotFoundError(start)
        self.network.load_state_dict(other["average"])
        self.average = Average(self.network, self.recipe.average)
        self.began = {"recipe": other["recipe"], "steps": other["step"], "minutes": round(other["spent"] / 60, 1)}

    def step(self, batch: dict[str, Any]) -> dict[str, float]:
        """One update; returns the loss's parts."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * one_cycle(self.clock.progress)
        image = as_input(batch["image"], self.device)
        side = image.shape[-1]
        if side not in self.points:
            self.points[side] = anchor_points(side, side)[0].to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits, distances = self.network(image)
        points = self.points[side]
        rest = (batch[k].to(self.device) for k in ("boxes", "groups", "negative"))
        loss, parts = detection_loss(logits.float(), decode(points, distances), points, *rest)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimizer.step()
        self.average.update(self.network)
        self.clock.step += 1
        return parts

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
            "began": self.began,
        }
        save_checkpoint(self.out / "checkpoint.pt", state)


def train_on(recipe: DetectorRecipe, samples: list[Sample], cache: Path, out: Path, start: Path | None = None) -> Path:
    """Train on these samples whose pictures lie in `cache`; returns the checkpoint's path. `start`: a checkpoint
    whose weights to begin with."""
    out.mkdir(parents=True, exist_ok=True)
    run = _Run(recipe, out, dict(Counter(s.dataset for s in samples)), start)
    state = torch.tensor([recipe.size[0], 1]).share_memory_()
    saved_at, every = run.clock.spent, log_interval(recipe.steps)
    totals: dict[str, float] = {}
    for batch in _loader(recipe, samples, cache, state, run.clock.step):
        progress = run.clock.progress
        if progress >= 1:
            break
        state[0] = recipe.size[0] if progress < recipe.grow_at else recipe.size[1]
        state[1] = int(progress < recipe.plain_from)
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
    return train_on(recipe, [s for s in samples if s.part == "train" and s.dataset in sets], cache, out, start)


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
