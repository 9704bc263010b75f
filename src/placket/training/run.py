"""One training run of either network: resumable, by the clock, with an averaged copy of the weights."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import torch
import yaml
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from placket.domain.errors import InvalidParameter
from placket.training.ahead import Batch
from placket.training.layers import grow
from placket.training.loop import (
    Average,
    Clock,
    device_of,
    load_checkpoint,
    log_interval,
    log_line,
    one_cycle,
    read_checkpoint,
    save_checkpoint,
)
from placket.training.optimizer import Optimizer
from placket.training.terms import brief

CHECKPOINT_SECONDS = 120.0
LOG_SECONDS = 60.0
"""On few cores fifty steps take minutes, in which nobody would know whether it goes on."""


@dataclass(slots=True, kw_only=True)
class Recipe:
    """What settles a run of either network. `steps` instead of `minutes` is for tests; with `gallery` the pictures
    are cut and changed on the device that trains, which a GPU needs so as not to wait."""

    seed: int = 0
    minutes: float = 45.0
    steps: int | None = None
    rate: float = 0.002
    decay: float = 0.05
    muon: bool = False
    average: float = 0.9985
    workers: int = 1
    gallery: bool = False

    @classmethod
    def read(cls, path: Path) -> Self:
        """From YAML. Raises InvalidParameter for what is no recipe of this network."""
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InvalidParameter(f"{path} is no YAML: {error}") from None
        return cls.of(values, str(path))

    @classmethod
    def of(cls, values: Any, whose: str) -> Self:
        """From a recipe's values. Raises InvalidParameter for those of another network's recipe."""
        if not isinstance(values, dict):
            raise InvalidParameter(f"{whose} is no recipe: it has no keys")
        if unknown := sorted(set(values) - {f.name for f in fields(cls)}):
            raise InvalidParameter(
                f"keys in the recipe of {whose} that no {cls.__name__} has: {', '.join(map(str, unknown))}"
            )
        return cls(**values)


class Run(ABC):
    """State of a run and its single step.

    Goes on from `out/checkpoint.pt` where there is one, else begins with the averaged weights of the checkpoint
    `start`, else with `network` as it is. `sources`: pictures by set, for the bundle's provenance.
    """

    clip = 10.0
    taught_by: Sequence[dict[str, Any]] = ()
    """Provenance of the networks whose answers are learnt."""

    def __init__(
        self, recipe: Recipe, network: nn.Module, out: Path, sources: dict[str, int], start: Path | None = None
    ) -> None:
        """Raises FileNotFoundError where `start` does not exist, and InvalidParameter where `out` has a checkpoint that
        no run left."""
        self.recipe, self.out, self.sources, self.device = recipe, out, sources, device_of()
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.average = Average(self.network, recipe.average)
        self.optimizer = Optimizer(self.network, recipe.rate, recipe.decay, recipe.muon)
        self.clock = Clock(recipe.minutes * 60, steps=recipe.steps)
        self.began: dict[str, Any] | None = None
        saved = load_checkpoint(out / "checkpoint.pt")
        if saved is not None:
            if not saved["optimizer"]:
                raise InvalidParameter(
                    f"{out / 'checkpoint.pt'} is no run that was cut off: begin with it (--start) in another folder"
                )
            self._go_on(saved)
        elif start is not None:
            self._begin_from(start)

    def _go_on(self, saved: dict[str, Any]) -> None:
        if {name: value.shape for name, value in saved["network"].items()} != self._shapes():
            raise InvalidParameter(
                f"{self.out / 'checkpoint.pt'} is a run of another network than this recipe makes: "
                "give it a folder of its own"
            )
        self.began = saved.get("began")
        self.network.load_state_dict(saved["network"])
        self.average.network.load_state_dict(saved["average"])
        self.average.updates = saved["step"]
        self.optimizer.load_state_dict(saved["optimizer"])
        self.clock = Clock(self.recipe.minutes * 60, saved["spent"], self.recipe.steps, saved["step"])

    def _shapes(self) -> dict[str, torch.Size]:
        return {name: value.shape for name, value in self.network.state_dict().items()}

    def _begin_from(self, start: Path) -> None:
        """Take the averaged weights of another run; the optimiser and the clock begin anew."""
        other = read_checkpoint(start)
        try:
            self.take(other["average"])
        except (RuntimeError, KeyError):
            # What torch says names every weight of both networks.
            raise InvalidParameter(f"{start} is of another network than this recipe makes") from None
        self.average = Average(self.network, self.recipe.average)
        self.began = provenance_of(other)

    def take(self, weights: dict[str, Tensor]) -> None:
        """Begin with these weights; blocks that the network has beyond them change nothing at first."""
        grow(self.network, weights)

    @abstractmethod
    def losses(self, batch: Batch, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch, and its parts for the log, detached. They stay on the device: to read them, a GPU
        would be waited for at every step."""

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One update; returns the loss's parts."""
        progress = self.clock.progress
        self.optimizer.set_rate(self.recipe.rate * one_cycle(progress))
        loss, parts = self.losses(batch, progress)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
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
            "taught_by": list(self.taught_by),
        }
        save_checkpoint(self.out / "checkpoint.pt", state)

    def go(self, batches: Iterable[Batch], set_stage: Callable[[float], None]) -> Path:
        """Step until the clock has run out; `set_stage` is told the progress before each. Returns the checkpoint."""
        self.clock.begin()
        if self.clock.step:
            print(self._went_on(), flush=True)
        saved_at = said_at = self.clock.spent
        every, since = log_interval(self.recipe.steps), 0
        totals: dict[str, Tensor] = {}
        for batch in batches:
            progress = self.clock.progress
            if progress >= 1:
                break
            set_stage(progress)
            for name, value in self.step(batch).items():
                totals[name] = totals[name] + value if name in totals else value
            since += 1
            if self.clock.step % every == 0 or self.clock.spent - said_at > LOG_SECONDS:
                self._log(progress, int(batch["image"].shape[-1]), {k: float(v) / since for k, v in totals.items()})
                totals, since, said_at = {}, 0, self.clock.spent
            if self.clock.spent - saved_at > CHECKPOINT_SECONDS:
                self.save()
                saved_at = self.clock.spent
        self.save()
        return self.out / "checkpoint.pt"

    def _went_on(self) -> str:
        path, minutes = self.out / "checkpoint.pt", self.clock.spent / 60
        if self.clock.progress >= 1:
            # Who has new photos would take the old network for the new one.
            return (
                f"{path} is of a run that has ended, after {minutes:.1f} minutes: nothing is trained. Give a new run a "
                "folder of its own; more minutes prolong this one"
            )
        return f"going on from {path}, after {self.clock.step:,} steps in {minutes:.1f} minutes"

    def _log(self, progress: float, side: int, means: dict[str, float]) -> None:
        path = self.out / "log.jsonl"
        log_line(path, step=self.clock.step, spent=self.clock.spent, progress=progress, side=side, **means)


def require_weight(tutor: float) -> None:
    """Raise InvalidParameter where a recipe gives a tutor no weight: its answers would be asked for and not learnt."""
    if tutor <= 0:
        raise InvalidParameter("the recipe gives a tutor no weight (`tutor: 0`): nothing would be learnt from it")


def provenance_of(saved: dict[str, Any]) -> dict[str, Any]:
    """How the network of a checkpoint came to be: recipe, steps, minutes, the pictures of each set, what it began with,
    what its weights were averaged with, and whose answers it learnt. One out of a bundle keeps its name."""
    return brief({
        "recipe": saved["recipe"], "steps": saved["step"], "minutes": round(saved["spent"] / 60, 1),
        "sources": saved.get("sources", {}), "began": saved.get("began"),
        **{k: saved[k] for k in ("run", "share", "mixed_with", "taught_by") if saved.get(k)},
    })  # fmt: skip


def loader(stream: IterableDataset[Batch], workers: int) -> DataLoader[Batch]:
    """The stream's batches, made by processes of their own."""
    more: dict[str, Any] = {"prefetch_factor": 4, "persistent_workers": True} if workers else {}
    return DataLoader(stream, batch_size=None, num_workers=workers, **more)
