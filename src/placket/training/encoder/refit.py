"""After training: the tag heads once more, alone, on the finished trunk's features.

In the run itself garments are drawn to balance sets and categories, and the trunk moves under the heads. Here every
garment labelled by eye counts once, as it occurs; where the run saw crops made worse, every third counts once more so.
Whether a refitted head is taken is chosen on the part set aside.
The main colour gets a head that the run does not have, see `first_color`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from placket.training.cache import Pixels, Store, build_all
from placket.training.encoder.calibrate import labels_of
from placket.training.encoder.crops import crop, shake, worse_crop
from placket.training.encoder.first_color import fit_first_color, right
from placket.training.encoder.items import MULTI, Item, Vocabulary, load_items
from placket.training.encoder.network import Encoder
from placket.training.encoder.predict import Predictions
from placket.vision.bundle import FIRST_COLOR

BATCH = 64
STEPS, RATE, ROWS = 300, 0.002, 2048
PULLS = (1e-3, 1e-2)
WORSE_EVERY = 3


@dataclass(frozen=True, slots=True)
class Look:
    """How the exported network sees a crop: its side in pixels, whether a mirrored second time (`flip`), and whether it
    was trained on crops made worse."""

    side: int
    flip: bool
    worse: bool = False


@dataclass(slots=True)
class Shelf:
    """Features [n, width] of the trunk and the labels by eye of the same rows."""

    features: Tensor
    labels: dict[str, Any]


class Cut(Enum):
    """How a crop is cut: as the server does, with a detector's error, or made worse."""

    PLAIN = "plain"
    SHAKEN = "shaken"
    WORSE = "worse"


def _cut(pixels: Pixels, item: Item, side: int, how: Cut, rng: np.random.Generator) -> Pixels:
    box = shake(item.box, rng, 0.7) if how is not Cut.PLAIN and item.boxed else item.box
    return worse_crop(pixels, box, side, rng) if how is Cut.WORSE else crop(pixels, box, side)


@torch.no_grad()
def features_of(network: Encoder, items: Sequence[Item], look: Look, cache: Path, how: Cut) -> Tensor:
    """The trunk's features [n, width] as the exported network will see them."""
    rng = np.random.default_rng(1)
    stores = {name: Store(cache / name) for name in {i.dataset for i in items}}
    out = []
    for start in range(0, len(items), BATCH):
        chunk = items[start : start + BATCH]
        crops = [_cut(stores[i.dataset][i.key], i, look.side, how, rng) for i in chunk]
        image = torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).copy()).float()
        image = image.contiguous(memory_format=torch.channels_last)
        feature = network.trunk(image)
        out.append(0.5 * (feature + network.trunk(torch.flip(image, [3]))) if look.flip else feature)
    return torch.cat(out)


def shelf(network: Encoder, items: Sequence[Item], look: Look, cache: Path, vocabulary: Vocabulary, how: Cut) -> Shelf:
    """Features and labels of the items labelled by eye."""
    own = [i for i in items if i.by_eye]
    empty: NDArray[np.float32] = np.zeros((len(own), 0), np.float32)
    labels = labels_of(Predictions(own, empty, {}, empty), vocabulary)
    return Shelf(features_of(network, own, look, cache, how), labels)


def both(one: Shelf, other: Shelf) -> Shelf:
    """The rows of both."""
    labels = {name: np.concatenate([values, other.labels[name]]) for name, values in one.labels.items()}
    return Shelf(torch.cat([one.features, other.features]), labels)


def _loss(logits: Tensor, truth: Tensor, multi: bool) -> Tensor:
    if multi:
        return F.binary_cross_entropy_with_logits(logits, truth, reduction="none").sum(1).mean()
    return F.cross_entropy(logits, truth, label_smoothing=0.02)


def fit_head(head: nn.Linear, features: Tensor, truth: Tensor, multi: bool, pull: float) -> nn.Linear:
    """Fit a copy of a head; `pull` holds it near the original."""
    copy = nn.Linear(head.in_features, head.out_features)
    copy.load_state_dict(head.state_dict())
    start = [p.detach().clone() for p in copy.parameters()]
    optimizer = torch.optim.Adam(copy.parameters(), RATE)
    generator = torch.Generator().manual_seed(0)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        rows = torch.randint(0, len(features), (ROWS,), generator=generator)
        distance = torch.stack([((p - s) ** 2).sum() for p, s in zip(copy.parameters(), start, strict=True)]).sum()
        loss = _loss(copy(features[rows]), truth[rows], multi) + pull * distance
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return copy


def _score(head: nn.Linear, held: Shelf, name: str, rows: Tensor) -> float:
    with torch.no_grad():
        logits = head(held.features[rows])
    truth = torch.from_numpy(np.asarray(held.labels[name]))[rows]
    if name in MULTI:
        return -float(_loss(logits, truth, True))
    return float((logits.argmax(1) == truth).float().mean())


def _known(labels: Any, multi: bool) -> Tensor:
    values = np.asarray(labels)
    return torch.from_numpy(np.flatnonzero(values[:, 0] >= 0 if multi else values >= 0))


def refit(network: Encoder, train: Shelf, held: Shelf) -> dict[str, dict[str, float]]:
    """Refit every head in place where that is better on `held`; returns the scores before and after by head. What
    nobody labelled, in one of the two, says nothing of its head, which stays."""
    report: dict[str, dict[str, float]] = {}
    for name in list(network.heads):
        multi = name in MULTI
        head = network.heads[name]
        assert isinstance(head, nn.Linear)
        rows, held_rows = _known(train.labels[name], multi), _known(held.labels[name], multi)
        if not len(rows) or not len(held_rows):
            continue
        truth = torch.from_numpy(np.asarray(train.labels[name]))[rows]
        before = _score(head, held, name, held_rows)
        tries = [fit_head(head, train.features[rows], truth, multi, pull) for pull in PULLS]
        scores = [_score(t, held, name, held_rows) for t in tries]
        best = int(np.argmax(scores))
        report[name] = {"before": before, "after": scores[best]}
        if scores[best] > before:
            network.heads[name] = tries[best]
    return report


def refit_heads(
    network: Encoder, data: Path, cache: Path, look: Look, vocabulary: Vocabulary
) -> dict[str, dict[str, float]]:
    """Refit a network's heads on all of `train`, each where that is better on `calib`, and give it one for the main
    colour; returns the scores by head, none where no garment is labelled in one of the two."""
    items = load_items(data, cache, build_all(data, cache))
    own = [i for i in items if i.part == "train" and i.by_eye]
    apart = [i for i in items if i.part == "calib" and i.by_eye]
    if not own or not apart:
        return {}
    train = shelf(network, own, look, cache, vocabulary, Cut.SHAKEN)
    if look.worse:
        train = both(train, shelf(network, own[::WORSE_EVERY], look, cache, vocabulary, Cut.WORSE))
    held = shelf(network, apart, look, cache, vocabulary, Cut.PLAIN)
    report = refit(network, train, held)
    return report | add_first_color(network, train, held, len(vocabulary.labels["colors"]))


def add_first_color(network: Encoder, train: Shelf, held: Shelf, labels: int) -> dict[str, dict[str, float]]:
    """Give the network a head for the main colour; the share right by the first of the colours before, and by it."""
    truth = torch.from_numpy(np.asarray(train.labels[FIRST_COLOR]))
    own = torch.from_numpy(np.asarray(held.labels[FIRST_COLOR]))
    head = fit_first_color(train.features, truth, labels)
    if head is None:
        return {}
    before = right(network.heads["colors"], held.features, own)
    network.heads[FIRST_COLOR] = head
    return {FIRST_COLOR: {"before": before, "after": right(head, held.features, own)}}
