"""Training the encoder on the garments of the data folder."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from placket.domain.errors import InvalidParameter
from placket.training.ahead import Ahead, Batch
from placket.training.cache import build_all
from placket.training.encoder.dataset import CropStream
from placket.training.encoder.items import FOUND, Item, Vocabulary, load_items
from placket.training.encoder.lite import LiteTrunk
from placket.training.encoder.losses import Memory, contrastive, distillation, masked_binary, masked_cross_entropy
from placket.training.encoder.network import EMBEDDING, Encoder, Trunk
from placket.training.encoder.on_device import GalleryCrops
from placket.training.encoder.teacher import teacher_features
from placket.training.encoder.tutor import Answers, Tutor, blend, imitation, neighbours, shares
from placket.training.encoder.words import Said, Words, read_said, words_loss
from placket.training.gallery import Gallery
from placket.training.integers import in_integers, take_folded
from placket.training.layers import fold_all
from placket.training.loop import Average, as_input, read_checkpoint
from placket.training.run import Recipe, Run, loader, provenance_of, require_weight
from placket.training.sources import SETS, read_own_terms, sets_in
from placket.training.terms import by_source
from placket.training.unfold import unfold, with_caps

CATEGORY_WEIGHT = 1.5
ATTRIBUTE_WEIGHT = 0.35
WORDS_WEIGHT = 0.03
SINGLES = ("hm", "cd", "myntra")
"""Views of photos that show one garment."""


@dataclass(slots=True, kw_only=True)
class EncoderRecipe(Recipe):
    """All that settles a run; see `recipes/encoder.yaml`. `capped`: in floats, but inputs are cut at the ends of the
    ranges of the network in integers that the run begins with. `enlarged`: the side at which a tutor sees its crops."""

    pairs: int = 24
    views: int = 8
    rest: int = 64
    size: list[int] = field(default_factory=lambda: [96, 128, 160])
    grow_at: list[float] = field(default_factory=lambda: [0.3, 0.72])
    widths: list[int] = field(default_factory=lambda: [32, 48, 96, 192, 384])
    blocks: list[int] = field(default_factory=lambda: [2, 3, 5, 1])
    top: int = 640
    backbone: str = "plain"
    frozen: int = 7
    enlarged: int = 0
    integers: bool = False
    capped: bool = False
    balance: float = 0.3
    teacher: float = 4.0
    tutor: float = 0.0
    blended: float = 0.0
    worse: float = 0.0
    words: int = 0
    contrast: float = 1.0
    memory: int = 3072
    weights: dict[str, float] = field(default_factory=dict)

    def side(self, progress: float) -> int:
        """The crops' side at this point of the run."""
        return self.size[sum(progress >= at for at in self.grow_at)]

    def network(self, labels: dict[str, int]) -> Encoder:
        """A fresh network of this recipe."""
        if self.backbone not in ("plain", "lite2"):
            raise InvalidParameter(f"unknown backbone: {self.backbone}")
        if self.backbone == "lite2":
            return Encoder(labels, LiteTrunk(self.frozen, self.enlarged), words=self.words)
        network = Encoder(labels, Trunk(tuple(self.widths), tuple(self.blocks), self.top), words=self.words)
        if self.capped:
            with_caps(network, first="trunk.stem")
        if self.integers:
            in_integers(network, first="trunk.stem")
        return network


class EncoderRun(Run):
    """An encoder's run. `features`: the teacher's, [n, 1280]. With `tutors` their answers are learnt too, and
    the first one's features instead of the teacher's."""

    clip = 5.0

    def __init__(
        self, recipe: EncoderRecipe, out: Path, vocabulary: Vocabulary, features: NDArray[np.float16] | None,
        sources: dict[str, int], start: Path | None = None, tutors: Sequence[Path] = (),
    ) -> None:  # fmt: skip
        torch.manual_seed(recipe.seed)
        self.recipe: EncoderRecipe = recipe
        self.tutor: Tutor | None = None
        self.folded: dict[str, Tensor] | None = None
        self.knows_words = False
        self.weight, self.blended = recipe.tutor, round(recipe.blended * recipe.rest)
        self.vocabulary, self.teacher, self.contrast = vocabulary, recipe.teacher, recipe.contrast
        self.counts = {a: len(v) for a, v in vocabulary.labels.items()}
        super().__init__(recipe, recipe.network(self.counts), out, sources, start)
        if tutors:
            self.tutor, self.taught_by = tutor_of(tutors, vocabulary)
            require_weight(recipe.tutor)
            self.tutor.to(self.device)
        self.memory = Memory(recipe.memory, EMBEDDING, self.device)
        self.mean = self.deviation = torch.zeros(0)
        if features is not None:
            some = features[:: max(1, len(features) // 4000)].astype(np.float32)
            self.mean = torch.from_numpy(some.mean(0)).to(self.device)
            self.deviation = torch.from_numpy(some.std(0) + 0.05).to(self.device)

    def take(self, weights: dict[str, Tensor]) -> None:
        """As any run; folded, where the network is. Weights that are folded, where it is not, wait for `unfold`."""
        plain, own = self.recipe.backbone == "plain", self.network.state_dict()
        # Who begins with a network that was not asked for words has none to take over.
        self.knows_words = "words.weight" in weights
        weights = weights | {n: own[n] for n in own.keys() - weights.keys() if n.startswith("words.")}
        if plain and self.recipe.integers and not _is_folded(weights):
            capped = "trunk.top.conv.high" in weights
            before = replace(self.recipe, integers=False, capped=capped).network(self.counts)
            take_folded(self.network, before, weights)
        elif plain and self.recipe.capped and _is_folded(weights):
            self.folded = weights
        else:
            super().take(weights)

    def expect(self, words: Words) -> None:
        """Let a head that knows no words yet say what is usual, so that it does not drown the rest at first."""
        head = self.network.words
        if head is not None and not self.clock.step and not self.knows_words:
            with torch.no_grad():
                head.bias.copy_(words.chance())
            self.average = Average(self.network, self.recipe.average)

    def unfold(self, stream: Iterable[Batch]) -> None:
        """Take the weights that were folded, with norms that know the stream's pictures."""
        if self.folded is None:
            return
        image = as_input(next(iter(stream))["image"], self.device)
        try:
            unfold(self.network, self.folded, image)
        except (RuntimeError, KeyError):
            raise InvalidParameter(
                "the checkpoint to start with is of another network than this recipe makes"
            ) from None
        self.network.train()
        self.folded, self.average = None, Average(self.network, self.recipe.average)

    def losses(self, batch: Batch, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of the weighted parts, and these."""
        share = shares(self.blended if self.tutor else 0, self.device)
        image = blend(as_input(batch["image"], self.device), share)
        with torch.autocast(self.device.type, torch.bfloat16):
            out = self.network(image)
        out = {k: v.float() for k, v in out.items()}
        to = {k: v.to(self.device) for k, v in batch.items() if k not in ("image", "clean")}
        parts = {}
        if self.tutor:
            # Whatever became of a crop, what the tutor says of it as it was is to be said.
            asked = blend(as_input(batch["clean"], self.device), share) if "clean" in batch else image
            parts = self._taught(out, self.tutor.answer(asked), progress)
        if self.tutor and self.blended:
            # No label holds for a blend.
            out, to = ({k: v[: -self.blended] for k, v in x.items()} for x in (out, to))
        parts |= self._labelled(out, to, progress)
        loss = torch.stack(list(parts.values())).sum()
        return loss, {k: v.detach() for k, v in parts.items()}

    def _taught(self, out: dict[str, Tensor], told: Answers, progress: float) -> dict[str, Tensor]:
        assert self.tutor is not None
        by_head = imitation(out, told, self.tutor.weights(told))
        singles = [by_head[a] for a in self.vocabulary.single if a != "category"]
        parts = {
            "told_category": self.weight * CATEGORY_WEIGHT * by_head["category"],
            "told_attributes": self.weight * ATTRIBUTE_WEIGHT * torch.stack(singles).sum(),
            "told_sets": self.weight * (0.2 * by_head["colors"] + 0.25 * by_head["details"]),
            "told_neighbours": self.weight * neighbours(out["embedding"], told.embedding),
        }
        if self.teacher > 0:
            likeness = F.cosine_similarity(out["feature"], told.feature, dim=1).mean()
            parts["told_feature"] = self._teaching(progress) * (1 - likeness)
        return parts

    def _teaching(self, progress: float) -> float:
        return self.teacher * (1 - 0.8 * progress)

    def _labelled(self, out: dict[str, Tensor], to: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
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
        if "words" in out and "words" in to:
            parts["words"] = WORDS_WEIGHT * words_loss(out["words"], to["words"], to["words_known"])
        if "feature" in to and self.teacher > 0:
            likeness = distillation(out["feature"], to["feature"], self.mean, self.deviation)
            parts["teacher"] = self._teaching(progress) * likeness
        return parts


def _is_folded(weights: Mapping[str, Tensor]) -> bool:
    return "trunk.stem.norm.running_mean" not in weights


def trained_encoder(checkpoint: Path, labels: dict[str, int]) -> Encoder:
    """The averaged network of a checkpoint. Raises FileNotFoundError, and InvalidParameter for another network's."""
    saved = read_checkpoint(checkpoint)
    network = EncoderRecipe.of(saved["recipe"], str(checkpoint)).network(labels)
    network.load_state_dict(saved["average"])
    return network


def tutor_of(checkpoints: Sequence[Path], vocabulary: Vocabulary) -> tuple[Tutor, list[dict[str, Any]]]:
    """The networks that runs of their own recipes left, to be asked together, and how each came to be.

    Raises FileNotFoundError.
    """
    labels = {a: len(v) for a, v in vocabulary.labels.items()}
    networks, origins, sides = [], [], []
    for checkpoint in checkpoints:
        network = fold_all(trained_encoder(checkpoint, labels))
        if isinstance(network.trunk, LiteTrunk):
            network.trunk.fold()
        networks.append(network.to(memory_format=torch.channels_last))
        saved = read_checkpoint(checkpoint)
        origins.append(provenance_of(saved))
        sides.append(saved["recipe"]["size"][-1])
    return Tutor(networks, vocabulary, sides=sides), origins


def train_on(
    recipe: EncoderRecipe,
    items: list[Item],
    vocabulary: Vocabulary,
    cache: Path,
    out: Path,
    features: NDArray[np.float16] | None = None,
    start: Path | None = None,
    tutors: Sequence[Path] = (),
    own: Mapping[str, str] | None = None,
    said: Said | None = None,
) -> Path:
    """Train on these items whose pictures lie in `cache`; returns the checkpoint's path. `start`: a checkpoint
    whose weights to begin with; `tutors`: those of networks to learn from; `own`: terms by set;
    `said`: what records say of the photos. Raises InvalidParameter without a garment that the recipe weighs."""
    if not any(recipe.weights.get(i.view) and (i.tags or i.view == FOUND) for i in items):
        raise InvalidParameter(
            f"there is nothing to train on: no labelled garment of {', '.join(recipe.weights) or 'no set'} is left, "
            "without `val` and the twentieth that is set aside"
        )
    out.mkdir(parents=True, exist_ok=True)
    run = EncoderRun(recipe, out, vocabulary, features, by_source((i.dataset for i in items), own or {}), start, tutors)
    words = Words(items, said or {}, recipe.words) if recipe.words else None
    if words:
        run.expect(words)
    state = torch.tensor([recipe.side(run.clock.progress)]).share_memory_()

    def set_stage(progress: float) -> None:
        state[0] = recipe.side(progress)

    kind = GalleryCrops if recipe.gallery else CropStream
    stream = kind(
        items,
        vocabulary,
        cache,
        recipe.weights,
        (recipe.pairs, recipe.views, recipe.rest),
        state,
        recipe.seed + run.clock.step,
        features,
        recipe.balance,
        recipe.worse,
        words,
    )
    if isinstance(stream, GalleryCrops):
        stream.gallery = Gallery(cache, sorted({(i.dataset, i.key) for i in items}), run.device)
    run.unfold(stream)
    if isinstance(stream, GalleryCrops):
        # A CPU that cuts and computes has nothing to wait for.
        return run.go(Ahead(stream, run.device) if run.device.type == "cuda" else stream, set_stage)
    return run.go(loader(stream, recipe.workers), set_stage)


def lacking(items: Sequence[Item], recipe: EncoderRecipe) -> list[str]:
    """Sentences on what only a detector can add to the garments, and on what is made of them without it. The cache
    forgets what one found when the data changes."""
    bare = Counter(i.dataset for i in items if not i.boxed and i.view in SINGLES)
    out = []
    if bare:
        sets = ", ".join(f"{count} of {name}" for name, count in sorted(bare.items()))
        out.append(f"photos without a box: {sets}; each counts as one garment that fills it (--detector finds boxes)")
    if recipe.weights.get(FOUND) and not any(i.view == FOUND for i in items):
        out.append(f"the recipe weighs `{FOUND}`, garments that nobody labelled, and none was found (--detector does)")
    return out


def train_encoder(
    recipe: EncoderRecipe,
    data: Path,
    out: Path,
    cache: Path | None = None,
    sets: Sequence[str] = SETS,
    start: Path | None = None,
    tutors: Sequence[Path] = (),
    say: Callable[[str], None] = print,
) -> Path:
    """Train on these sets of the data folder; goes on where `out/checkpoint.pt` stands. Returns its path. What the
    garments lack is told by `say`."""
    cache = cache or out / "cache"
    items = load_items(data, cache, build_all(data, cache))
    items = [i for i in items if i.part == "train" and i.dataset in sets]
    items = [i for i in items if i.view != FOUND or FOUND in recipe.weights]
    for lack in lacking(items, recipe):
        say(lack)
    features = teacher_features(items, data, cache) if recipe.teacher > 0 and not tutors else None
    said = read_said(data, sets_in(data)) if recipe.words else None
    own = read_own_terms(data)
    return train_on(recipe, items, Vocabulary.read(data), cache, out, features, start, tutors, own, said)
