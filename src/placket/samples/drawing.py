"""A garment as a list of things to paint, back to front."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from placket.samples.cloth import Cloth
from placket.samples.geometry import Points, Run, box, ellipse, mirror, smooth
from placket.samples.palette import RGB


@dataclass(frozen=True, slots=True)
class Piece:
    """One cut of cloth.

    ``grain``: degrees by which the pattern is turned. ``round``: how far the edges turn away from the light, in
    centimetres. ``lift``: shadow that it casts on what lies beneath, 0..1. ``dim``: brightness factor, for parts that
    lie inside.
    """

    outline: Points
    cloth: Cloth
    grain: float = 0.0
    round: float = 2.2
    lift: float = 0.3
    dim: float = 1.0
    folds: float = 1.0


@dataclass(frozen=True, slots=True)
class Lines:
    """Seams, stitches, ribs. ``tone``: a brightness factor on what is there, or a colour. ``dash``: cm on, cm off."""

    paths: Sequence[Points]
    width: float
    tone: float | RGB
    dash: tuple[float, float] | None = None
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A hard, flat thing: a button, a buckle, a print."""

    outline: Points
    color: RGB
    shade: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """A printed word, ``height`` cm tall, its middle at ``at``."""

    word: str
    at: tuple[float, float]
    height: float
    color: RGB


@dataclass(frozen=True, slots=True)
class Fade:
    """A washed-out place: an ellipse that gets ``amount`` lighter (or, negative, darker) in its middle."""

    at: tuple[float, float]
    radii: tuple[float, float]
    amount: float


Item = Piece | Lines | Spot | Text | Fade


@dataclass(slots=True)
class Drawing:
    """``creases``: (path, strength) of folds that every piece shares, in centimetres."""

    items: list[Item] = field(default_factory=list)
    creases: list[tuple[Points, float]] = field(default_factory=list)

    def add(self, *items: Item) -> None:
        self.items.extend(items)

    def seam(self, *paths: Run | Points, tone: float = 0.72, width: float = 0.22) -> None:
        self.add(Lines([smooth(p) for p in paths], width, tone))

    def stitch(self, *paths: Run | Points, tone: float | RGB = 0.78) -> None:
        self.add(Lines([smooth(p) for p in paths], 0.16, tone, (0.45, 0.25)))

    def both_sides(self, *paths: Run | Points) -> list[Points]:
        return [q for p in paths for q in (smooth(p), mirror(smooth(p)))]

    def crease(self, path: Run | Points, strength: float = 1.0) -> None:
        self.creases.append((smooth(path), strength))

    def button(self, x: float, y: float, color: RGB, radius: float = 0.6) -> None:
        self.add(Spot(ellipse(x, y, radius, radius, 20), color))
        holes = [ellipse(x + dx, y + dy, radius * 0.16, radius * 0.16, 8) for dx in (-0.2, 0.2) for dy in (-0.2, 0.2)]
        self.add(Lines([np.vstack([h, h[:1]]) for h in holes], radius * 0.2, 0.5))

    def label(self, x: float, y: float, color: RGB = (236, 236, 232), width: float = 4.2) -> None:
        """The maker's label in the neck or the waist: a slip of woven ribbon, with no name on it."""
        self.add(Piece(box(x - width / 2, y, x + width / 2, y + width * 0.42, 0.1), Cloth(color), round=0.2, folds=0.3))
        self.add(
            Lines([np.array([(x - width * 0.3, y + width * 0.21), (x + width * 0.3, y + width * 0.21)])], 0.35, 0.55)
        )

    def zipper(self, path: Run | Points, metal: RGB) -> None:
        line = smooth(path)
        self.add(Lines([line], 1.3, 0.66, blur=0.1))
        self.add(Lines([line], 0.5, metal, (0.22, 0.18)))

    def ribs(self, rungs: Iterable[Points], tone: float = 0.86, width: float = 0.22) -> None:
        self.add(Lines(list(rungs), width, tone, blur=0.05))
