"""How sure one has to be that a photo lies on its side before it is put upright: chosen on photos set aside.

Each is looked at as it is and turned by one, two and three quarters. Few photos come turned, so what is right of those
that stand counts most: of a hundred, one is taken to be off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from placket.training.cache import Pixels, Store
from placket.training.encoder.items import Item
from placket.vision.bundle import read_bundle
from placket.vision.encoder import TURNS
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline
from placket.vision.upright import turned

OFF = 0.01
"""Share of the photos that come turned."""
USUAL_LEAST = 4.0
"""Before it is chosen: near the odds of one of three ways in a hundred photos."""
LEASTS = tuple(float(x) for x in np.arange(0, 12.25, 0.25))
LEAST_PHOTOS = 50


@dataclass(frozen=True, slots=True)
class Told:
    """Of a photo turned by ``turn`` quarters: the ``seen`` one, and how much likelier than that it stands."""

    turn: int
    seen: int
    likelier: float

    def said(self, least: float) -> int:
        return self.seen if self.likelier >= least else 0


def told_of(bundle: Path, pictures: Iterable[Pixels]) -> list[Told]:
    """Each picture each way up, as the bundle's pipeline sees it."""
    pipeline = Pipeline(read_bundle(bundle), Engine(1))
    return [Told(turn, *pipeline.off(turned(pixels, turn))) for pixels in pictures for turn in range(TURNS)]


def pictures_of(items: Sequence[Item], cache: Path) -> Iterable[Pixels]:
    """The photos of items, each once."""
    stores = {name: Store(cache / name) for name in {i.dataset for i in items}}
    photos = {(i.dataset, i.key) for i in items}
    return (stores[dataset][key] for dataset, key in sorted(photos))


def right(told: Sequence[Told], least: float) -> list[float]:
    """Shares told right by turn [4]."""
    return [float(np.mean([t.said(least) == turn for t in told if t.turn == turn])) for turn in range(TURNS)]


def choose_least(told: Sequence[Told]) -> float:
    """That with which most photos are told right, when `OFF` of them come turned; of equals the highest."""

    def worth(least: float) -> float:
        upright, *others = right(told, least)
        return (1 - OFF) * upright + OFF * float(np.mean(others))

    return max(LEASTS, key=lambda least: (round(worth(least), 9), least))
