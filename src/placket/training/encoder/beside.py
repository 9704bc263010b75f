"""Two bundles on the same garments: which of their tags are right, and whether they differ by more than chance.

The garments that both get right or both get wrong say nothing. Of the others, half would go either way if the bundles
were equally good.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from placket.training.encoder.evaluate import AGREEMENT, Answer, known_label
from placket.training.encoder.items import MULTI, Item

SURE = 2.0
"""How many standard deviations of a fair coin are no chance: one such verdict in twenty is wrong."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Of `garments` with a known label this many are `right`, and with the other bundle `other`; `gained` are right
    here alone, `lost` there alone."""

    attribute: str
    garments: int
    right: int
    other: int
    gained: int
    lost: int

    @property
    def verdict(self) -> str:
        apart = self.gained - self.lost
        if abs(apart) <= SURE * math.sqrt(self.gained + self.lost):
            return "as good, as far as these garments tell"
        return "better" if apart > 0 else "worse"


def differences(items: Sequence[Item], own: Sequence[Answer], other: Sequence[Answer]) -> list[Difference]:
    """By attribute with one label, the category and the main colour first; none that no garment's label is known of."""
    out = []
    for name in (n for n in AGREEMENT if n not in MULTI):
        known = [k for k, item in enumerate(items) if known_label(item, name) is not None]
        if known:
            here, there = (_right(items, said, name, known) for said in (own, other))
            gained = sum(a and not b for a, b in zip(here, there, strict=True))
            lost = sum(b and not a for a, b in zip(here, there, strict=True))
            out.append(Difference(name, len(known), sum(here), sum(there), gained, lost))
    return out


def _right(items: Sequence[Item], said: Sequence[Answer], name: str, rows: Sequence[int]) -> list[bool]:
    firsts = [(known_label(items[k], name), said[k].first(name)) for k in rows]
    return [told is not None and told[0] == label for label, told in firsts]


def in_words(name: str, found: Sequence[Difference]) -> list[str]:
    """What is worse than the other bundle of this name, or better, and of how many attributes that cannot be told."""
    told = [
        f"{d.attribute}: {d.verdict} than {name}, {d.right / d.garments:.3f} right, not {d.other / d.garments:.3f} "
        f"({d.gained} of {d.garments} garments gained, {d.lost} lost)"
        for d in found
        if d.verdict in ("better", "worse")
    ]
    same = ", ".join(d.attribute for d in found if d.verdict not in ("better", "worse"))
    return [*told, f"as good as {name}, as far as these garments tell: {same}"] if same else told
