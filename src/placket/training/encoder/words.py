"""What a shop's records say of a garment, word by word, as something more to be told from its picture.

The labels by eye are few words from a short list. A shop's description knows rib from jersey and a welt pocket from a
flap; a network that has to tell such words apart looks at what the labels need too. The head that tells them is of the
training alone.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from placket.training.encoder.items import Item
from placket.training.sources import read_records

PROSE = ("name", "description")
VALUES = (
    "product_type", "pattern", "colour", "colour_value", "index_group", "garment_group",
    "article_type", "usage", "gender", "season", "label",
)  # fmt: skip
LEAST_PHOTOS = 40
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")

Said = Mapping[tuple[str, str], Collection[str]]
"""What is said of a photo (set, id)."""


def said_of(labels: Mapping[str, object]) -> set[str]:
    """The words of a record's prose, and its other values as `field=value`."""
    out = {f"{name}={labels[name]}" for name in VALUES if labels.get(name)}
    for name in PROSE:
        out.update(_WORD.findall(str(labels.get(name) or "").lower()))
    return out


def read_said(data: Path, sets: Collection[str]) -> dict[tuple[str, str], set[str]]:
    """What the records of these sets say."""
    return {(name, record.id): said_of(record.labels) for name in sets for record in read_records(data, name).values()}


class Words:
    """Targets for the `most` words that are said of most photos, of 40 at least, each within its set.

    `said` uint8 [n, most]: which words are said of an item; `known` uint8 [n, most]: those of its set, where anything
    is said of it. Of other sets' words its silence says nothing.
    """

    def __init__(self, items: Sequence[Item], said: Said, most: int) -> None:
        photos = sorted({(i.dataset, i.id) for i in items})
        counts = Counter((name, word) for name, key in photos for word in said.get((name, key), ()))
        common = sorted((c for c in counts.items() if c[1] >= LEAST_PHOTOS), key=lambda c: (-c[1], c[0]))[:most]
        self.number = {word: n for n, (word, _) in enumerate(common)}
        of_set: dict[str, list[int]] = {}
        for (name, _), n in self.number.items():
            of_set.setdefault(name, []).append(n)
        told, known = (np.zeros((len(items), most), np.uint8) for _ in range(2))
        for row, item in enumerate(items):
            if words := said.get((item.dataset, item.id)):
                known[row, of_set.get(item.dataset, [])] = 1
                told[row, [self.number[pair] for w in words if (pair := (item.dataset, w)) in self.number]] = 1
        self.said, self.known = torch.from_numpy(told), torch.from_numpy(known)

    def batch(self, indices: Sequence[int]) -> dict[str, Tensor]:
        """The rows of these items."""
        return {"words": self.said[indices], "words_known": self.known[indices]}

    def chance(self) -> Tensor:
        """The logit of each word among the items of its set [most], for a head to begin with."""
        share = (self.said.sum(0, dtype=torch.float) + 1) / (self.known.sum(0, dtype=torch.float) + 2)
        return torch.logit(share)


def words_loss(logits: Tensor, said: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy of the known words, summed over them; mean over the items of which anything is said."""
    weight = known.float()
    each = F.binary_cross_entropy_with_logits(logits, said.float(), weight, reduction="sum")
    return each / (weight.amax(1).sum()).clamp(min=1.0)
