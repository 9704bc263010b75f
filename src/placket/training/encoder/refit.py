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
from placket.training.onnx_models import cut_session
from placket.vision.bundle import FIRST_COLOR

BATCH = 64
STEPS, RATE, ROWS = 300, 0.002, 2048
PULLS = (1e-3, 1e-2)
WORSE_EVERY = 3


class Features:
    """An exported encoder, run as far as the features that its heads read.

    The file and not the network in training: what a server will see, integers and all, and many times as fast.
    """

    def __init__(self, path: Path) -> None:
        self._session, _ = cut_session(path, _read_by_heads)

    def of(self, crops: Sequence[Pixels]) -> Tensor:
        """[n, width] of crops [s, s, 3]."""
        image = np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2), dtype=np.float32)
        return torch.from_numpy(self._session.run(None, {"image": image})[0])


def _read_by_heads(graph: Any) -> str:
    return str(next(n.input[0] for n in graph.node if "category" in n.output))


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


def features_of(features: Features, items: Sequence[Item], side: int, cache: Path, how: Cut) -> Tensor:
    """The features [n, width] of the items' crops."""
    rng = np.random.default_rng(1)
    stores = {name: Store(cache / name) for name in {i.dataset for i in items}}
    out = []
    for start in range(0, len(items), BATCH):
        chunk = items[start : start + BATCH]
        out.append(features.of([_cut(stores[i.dataset][i.key], i, side, how, rng) for i in chunk]))
    return torch.cat(out)


def shelf(features: Features, items: Sequence[Item], side: int, cache: Path, vocabulary: Vocabulary, how: Cut) -> Shelf:
    """Features and labels of the items labelled by eye."""
    own = [i for i in items if i.by_eye]
    empty: NDArray[np.float32] = np.zeros((len(own), 0), np.float32)
    labels = labels_of(Predictions(own, empty, {}, empty), vocabulary)
    return Shelf(features_of(features, own, side, cache, how), labels)


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
    network: Encoder, exported: Path, side: int, data: Path, cache: Path, vocabulary: Vocabulary, worse: bool
) -> dict[str, dict[str, float]]:
    """Refit the heads of a network, which was `exported` for crops of this side, on all of `train`, each where that is
    better on `calib`, and give it one for the main colour; returns the scores by head, none where no garment is
    labelled in one of the two. `worse`: whether it was trained on crops made worse."""
    items = load_items(data, cache, build_all(data, cache))
    own = [i for i in items if i.part == "train" and i.by_eye]
    apart = [i for i in items if i.part == "calib" and i.by_eye]
    if not own or not apart:
        return {}
    seen = Features(exported)
    train = shelf(seen, own, side, cache, vocabulary, Cut.SHAKEN)
    if worse:
        train = both(train, shelf(seen, own[::WORSE_EVERY], side, cache, vocabulary, Cut.WORSE))
    held = shelf(seen, apart, side, cache, vocabulary, Cut.PLAIN)
    report = refit(network, train, held)
    return report | add_first_color(network, train, held, len(vocabulary.labels["colors"]))


def add_first_color(network: Encoder, train: Shelf, held: Shelf, labels: int) -> dict[str, dict[str, float]]:
    """Give the network a head for the main colour, unless it tells fewer rightly than the first of the colours does;
    the shares by that, and by it."""
    truth = torch.from_numpy(np.asarray(train.labels[FIRST_COLOR]))
    own = torch.from_numpy(np.asarray(held.labels[FIRST_COLOR]))
    head = fit_first_color(train.features, truth, labels)
    if head is None:
        return {}
    before, after = (right(h, held.features, own) for h in (network.heads["colors"], head))
    if not after < before:
        network.heads[FIRST_COLOR] = head
    return {FIRST_COLOR: {"before": before, "after": after}}
