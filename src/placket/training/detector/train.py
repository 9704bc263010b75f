"""Training the detector on the data folder, on a user's own boxes, or on drawn pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from placket.domain.errors import InvalidParameter
from placket.training.ahead import Batch
from placket.training.cache import build_all
from placket.training.detector.dataset import SceneStream
from placket.training.detector.drawings import DRAWN, draw_samples
from placket.training.detector.lite import LiteDetector
from placket.training.detector.loss import detection_loss, imitation_loss
from placket.training.detector.network import Detector, anchor_points, decode
from placket.training.detector.on_device import PlanStream, drawn_batches
from placket.training.detector.pseudo import KINDS, found_samples
from placket.training.detector.targets import Sample, load_samples
from placket.training.detector.user_data import DATASET as OWN
from placket.training.detector.user_data import read_coco
from placket.training.gallery import Gallery
from placket.training.integers import in_integers, take_folded
from placket.training.loop import as_input, read_checkpoint
from placket.training.run import Recipe, Run, loader, provenance_of, require_weight
from placket.training.sources import SETS, read_own_terms
from placket.training.terms import by_source

NOTHING = (
    "there is nothing to train on: no photo with boxes of the kinds that the recipe weighs ({kinds}) is left, without "
    "`val` and the twentieth that is set aside"
)


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
    backbone: str = "plain"
    frozen: int = 7
    drawn: int = 0
    tutor: float = 0.0
    integers: bool = False
    rare: float = 0.0
    turned: float = 0.02
    weights: dict[str, float] = field(default_factory=dict)

    def network(self) -> Detector:
        """A fresh network of this recipe."""
        if self.backbone not in ("plain", "lite2"):
            raise InvalidParameter(f"unknown backbone: {self.backbone}")
        if self.backbone == "lite2":
            return LiteDetector(self.groups, self.neck, self.frozen)
        network = Detector(self.groups, tuple(self.widths), tuple(self.blocks), self.neck)
        if self.integers:
            in_integers(network)
        return network


class DetectorRun(Run):
    """A detector's run. With a `tutor` its answers are learnt too. `start` may be an encoder's tutor where the backbone
    is the same."""

    def __init__(
        self, recipe: DetectorRecipe, out: Path, sources: dict[str, int], start: Path | None = None,
        tutor: Path | None = None,
    ) -> None:  # fmt: skip
        torch.manual_seed(recipe.seed)
        self.recipe: DetectorRecipe = recipe
        self.points: dict[int, Tensor] = {}
        self.weight = recipe.tutor
        super().__init__(recipe, recipe.network(), out, sources, start)
        self.tutor = None
        if tutor is not None:
            self.tutor = trained_detector(tutor).to(self.device).to(memory_format=torch.channels_last)
            self.taught_by = [provenance_of(read_checkpoint(tutor))]
            require_weight(recipe.tutor)

    def take(self, weights: dict[str, Tensor]) -> None:
        """As any run; or the trunk alone; or folded, where the network is."""
        if self.recipe.integers and any(k.endswith("running_mean") for k in weights):
            take_folded(self.network, replace(self.recipe, integers=False).network(), weights)
        elif isinstance(self.network, LiteDetector) and any(k.startswith("trunk.") for k in weights):
            self.network.take_trunk(weights)
        else:
            super().take(weights)

    def losses(self, batch: Batch, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        """See `detection_loss`."""
        image = as_input(batch["image"], self.device)
        side = image.shape[-1]
        if side not in self.points:
            self.points[side] = anchor_points(side, side)[0].to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            logits, distances = self.network(image)
        points = self.points[side]
        rest = (batch[k].to(self.device) for k in ("boxes", "groups", "negative"))
        boxes = decode(points, distances)
        loss, parts = detection_loss(logits.float(), boxes, points, *rest)
        if self.tutor is None:
            return loss, parts
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
            told_logits, told_distances = self.tutor(image)
        scores, places = imitation_loss(logits.float(), boxes, told_logits.float(), decode(points, told_distances))
        parts |= {"told_class": scores.detach(), "told_box": places.detach()}
        return loss + self.weight * (scores + 2.0 * places), parts


def trained_detector(checkpoint: Path) -> Detector:
    """The averaged network of a checkpoint, to be asked. Raises FileNotFoundError, and InvalidParameter for another
    network's."""
    saved = read_checkpoint(checkpoint)
    network = DetectorRecipe.of(saved["recipe"], str(checkpoint)).network()
    network.load_state_dict(saved["average"])
    network.eval().requires_grad_(False)
    return network


def train_on(
    recipe: DetectorRecipe,
    samples: list[Sample],
    cache: Path,
    out: Path,
    start: Path | None = None,
    labels_by: dict[str, Any] | None = None,
    tutor: Path | None = None,
    own: Mapping[str, str] | None = None,
) -> Path:
    """Train on these samples whose pictures lie in `cache`; returns the checkpoint's path. `start`: a checkpoint
    whose weights to begin with; `labels_by`: where some of the labels come from; `tutor`: the checkpoint of a detector
    to learn from; `own`: terms by set. Raises InvalidParameter without a sample of a kind that the recipe weighs."""
    if not any(recipe.weights.get(s.kind) for s in samples):
        raise InvalidParameter(NOTHING.format(kinds=", ".join(recipe.weights) or "none"))
    out.mkdir(parents=True, exist_ok=True)
    run = DetectorRun(recipe, out, by_source((s.dataset for s in samples), own or {}), start, tutor)
    run.taught_by = [*run.taught_by, *([labels_by] if labels_by else [])]
    state = torch.tensor([recipe.size[0], 1]).share_memory_()

    def set_stage(progress: float) -> None:
        state[0] = recipe.size[0] if progress < recipe.grow_at else recipe.size[1]
        state[1] = int(progress < recipe.plain_from)

    kind = PlanStream if recipe.gallery else SceneStream
    stream = kind(
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
    if not isinstance(stream, PlanStream):
        return run.go(loader(stream, recipe.workers), set_stage)
    gallery = Gallery(cache, stream.pictures(), run.device)
    stream.number = gallery.number
    return run.go(drawn_batches(loader(stream, recipe.workers), gallery), set_stage)


def train_detector(
    recipe: DetectorRecipe,
    data: Path,
    out: Path,
    cache: Path | None = None,
    sets: Sequence[str] = SETS,
    start: Path | None = None,
    tutor: Path | None = None,
) -> Path:
    """Train on these sets of the data folder; goes on where `out/checkpoint.pt` stands. Returns its path."""
    cache = cache or out / "cache"
    samples = load_samples(data, cache, build_all(data, cache))
    found, by = found_samples(data, cache) if set(KINDS) & set(recipe.weights) else ([], None)
    chosen = [s for s in (*samples, *found) if s.part == "train" and s.dataset in sets]
    return train_on(recipe, chosen, cache, out, start, by, tutor, read_own_terms(data))


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
    tutor: Path | None = None,
) -> Path:
    """Train on a user's own boxes in COCO format. Raises InvalidParameter for a file that does not fit."""
    cache = cache or out / "cache"
    samples = [s for s in read_coco(annotations, images, cache, mapping) if s.part == "train"]
    if not any(len(s.boxes) for s in samples):
        raise InvalidParameter(f"{annotations} has no box to train on: the network would learn that there is nothing")
    return train_on(_whole_set(recipe, OWN), samples, cache, out, start, tutor=tutor)


def train_on_drawings(recipe: DetectorRecipe, out: Path, cache: Path | None = None) -> Path:
    """Train on `recipe.drawn` pictures that Placket draws: shows that training works, makes no useful network."""
    cache = cache or out / "cache"
    return train_on(_whole_set(recipe, DRAWN), draw_samples(recipe.drawn, recipe.seed, cache), cache, out)
