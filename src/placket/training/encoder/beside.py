"""Two bundles on the same garments: which of their tags are right, and whether they differ by more than chance.

The garments that both get right or both get wrong say nothing. Of the others, half would go either way if the bundles
were equally good.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from placket.training.encoder.evaluate import AGREEMENT, Answer, known_label
from placket.training.encoder.items import MULTI, Item

CHANCE = 0.05
"""With this probability at most an attribute of two equally good bundles is called better or worse. Of a page's
14 attributes one may be as often as not: a single verdict that is nearly chance says little."""


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
        if self.by_chance > CHANCE:
            return "as good, as far as these garments tell"
        return "better" if self.gained > self.lost else "worse"

    @property
    def by_chance(self) -> float:
        """How probable it is that a fair coin falls as unevenly (the exact form of McNemar's test)."""
        thrown, fewer = self.gained + self.lost, min(self.gained, self.lost)
        return min(1.0, 2 * sum(math.comb(thrown, heads) for heads in range(fewer + 1)) * 0.5**thrown)


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
