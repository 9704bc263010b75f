"""Bags, from the front."""

import numpy as np

from placket.samples.cloth import Cloth, make_cloth
from placket.samples.drawing import Drawing, Lines, Piece, Spot
from placket.samples.geometry import Points, band, box, ellipse, outline, smooth, symmetric
from placket.samples.palette import RGB

_GOLD: RGB = (198, 164, 94)
_SILVER: RGB = (188, 189, 192)


def _leather(color: str, pattern: str, rng: np.random.Generator) -> Cloth:
    return make_cloth(color, pattern, "leather", rng, rng.uniform(0.15, 0.4))


def _metal(rng: np.random.Generator) -> RGB:
    return _GOLD if rng.random() < 0.6 else _SILVER


def _ring(d: Drawing, x: float, y: float, r: float, metal: RGB) -> None:
    p = ellipse(x, y, r, r)
    d.add(Lines([np.vstack([p, p[:1]])], 0.45, metal))


def _handle(d: Drawing, x: float, top: float, foot: float, width: float, cloth: Cloth, dim: float = 1.0) -> None:
    """A loop that stands up between two feet at ``x`` left and right."""
    line = [
        (-x, foot),
        (-x * 0.94, top * 0.55),
        (-x * 0.55, top * 0.95),
        (0, top),
        (x * 0.55, top * 0.95),
        (x * 0.94, top * 0.55),
        (x, foot),
    ]
    d.add(Piece(band(line, width), cloth, round=0.5, lift=0.35, dim=dim, folds=0.5))


def handbag(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth, metal = Drawing(), _leather(color, pattern, rng), _metal(rng)
    w, h = rng.uniform(14, 17), rng.uniform(19, 23)
    strap = cloth.plain(0.92)
    _handle(d, 7.5, -15, 2, 1.5, strap, dim=0.75)
    front = outline(
        [(0, 0), (w * 0.86, 0.3)],
        [(w * 0.86, 0.3), (w * 0.98, h * 0.5), (w, h - 2.4), (w - 2.2, h)],
        [(w - 2.2, h), (0, h + 0.4)],
    )
    d.add(Piece(symmetric(front), cloth, round=2.6, lift=0.3))
    d.stitch(
        *d.both_sides(
            outline(
                [(w * 0.86 - 0.8, 1.2), (w * 0.98 - 0.9, h * 0.5), (w - 1.0, h - 2.6), (w - 2.6, h - 1.0), (0, h - 0.6)]
            )
        )
    )
    if rng.random() < 0.6:
        flap_h = h * rng.uniform(0.45, 0.62)
        flap = outline(
            [(0, -0.4), (w * 0.87, 0)], [(w * 0.87, 0), (w * 0.9, flap_h * 0.55), (w * 0.55, flap_h), (0, flap_h + 1.4)]
        )
        d.add(Piece(symmetric(flap), cloth, round=1.6, lift=0.55))
        d.add(
            Spot(box(-2.0, flap_h - 1.0, 2.0, flap_h + 2.4, 0.7), metal),
            Lines([np.array([(-1, flap_h + 0.7), (1, flap_h + 0.7)])], 0.4, 0.6),
        )
    else:
        d.zipper([(-w * 0.84, 0.7), (0, 0.4), (w * 0.84, 0.7)], metal)
        d.seam([(-w * 0.95, h * 0.66), (0, h * 0.7), (w * 0.95, h * 0.66)], tone=0.7)
    for x in (-7.5, 7.5):
        d.add(Piece(box(x - 1.3, 1.6, x + 1.3, 6.0, 0.8), strap, round=0.4, lift=0.3))
        _ring(d, x, 1.8, 1.1, metal)
    _handle(d, 7.5, -13.2, 1.6, 1.6, strap)
    return d


def tote_bag(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    canvas = bool(rng.random() < 0.6)
    d = Drawing()
    cloth = make_cloth(color, pattern, "plain", rng) if canvas else _leather(color, pattern, rng)
    strap = cloth.plain(0.95) if rng.random() < 0.7 else Cloth((150, 100, 62), weave="leather", shine=0.2)
    w, h = rng.uniform(17, 20), rng.uniform(34, 39)
    _handle(d, 8.0, -24, 3, 2.6, strap, dim=0.74)
    back = outline([(0, -1.2), (w * 0.96, -0.6)], [(w, 5), (0, 6)])
    d.add(Piece(symmetric(back), cloth.plain(), dim=0.66, lift=0, round=1.0))
    front = outline(
        [(0, 0.6), (w * 0.5, 0.4), (w * 0.97, 0)],
        [(w * 0.97, 0), (w, h * 0.5), (w - 0.4, h)],
        [(w - 0.4, h), (0, h + 0.7)],
    )
    d.add(Piece(symmetric(front), cloth, round=2.2, lift=0.35))
    for _ in range(5):
        x, y = rng.uniform(-w * 0.8, w * 0.8), rng.uniform(h * 0.3, h * 0.8)
        d.crease([(x, y), (x + rng.normal(0, 3), y + 5), (x + rng.normal(0, 5), y + 11)], 0.5 if canvas else 0.25)
    d.stitch([(-w * 0.97, 3.0), (0, 3.6), (w * 0.97, 3.0)])
    if pattern in ("graphic", "lettering"):
        from_top = h * 0.5
        d.add(
            Spot(ellipse(0, from_top, 8, 8), cloth.accents[0], shade=False),
            Spot(ellipse(2.4, from_top - 2.0, 4.4, 4.4), cloth.accents[1], shade=False),
        )
    for x in (-8.0, 8.0):
        d.add(Piece(box(x - 1.3, 0.4, x + 1.3, 7.5), strap, round=0.4, lift=0.25, folds=0.5))
        cross = [np.array([(x - 1.0, 4.2), (x + 1.0, 7.0)]), np.array([(x + 1.0, 4.2), (x - 1.0, 7.0)])]
        d.stitch(*cross, tone=0.7)
    _handle(d, 8.0, -21.5, 1.6, 2.6, strap)
    return d


def backpack(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d = Drawing()
    cloth = make_cloth(color, pattern, "nylon" if rng.random() < 0.7 else "plain", rng, 0.15)
    trim = Cloth((150, 104, 66), weave="leather", shine=0.2) if rng.random() < 0.35 else cloth.plain(0.8)
    for side in (-1, 1):
        d.add(
            Piece(
                band([(side * 8, 2), (side * 16.5, 8), (side * 17.6, 22), (side * 13, 38)], [3, 4.4, 4.0, 2.0]),
                cloth.plain(0.85),
                dim=0.8,
                round=1.0,
                lift=0.1,
            )
        )
    _handle(d, 3.4, -4.8, 2, 1.6, trim)
    front = outline(
        [(0, 0), (7, 0.3), (12.4, 3.4), (14.4, 10)], [(14.4, 10), (15.0, 28), (14.4, 39), (11.5, 42.5), (0, 43)]
    )
    d.add(Piece(symmetric(front), cloth, round=3.4, lift=0.35))
    for side in (-1, 1):
        d.add(
            Piece(
                smooth([(side * 13.2, 26), (side * 16.6, 27.5), (side * 16.4, 38), (side * 12.8, 40)], closed=True),
                cloth.plain(0.92),
                round=1.0,
                lift=0.2,
            )
        )
    zip_line = smooth([(-13.2, 18), (-12.2, 8), (-7, 3.6), (0, 3.0), (7, 3.6), (12.2, 8), (13.2, 18)])
    d.add(Lines([zip_line], 1.5, 0.7), Lines([zip_line], 0.4, (150, 150, 152), (0.2, 0.2)))
    pocket = outline([(0, 21.5), (9.0, 21.7), (11.6, 24.5)], [(11.6, 24.5), (11.8, 37), (9.6, 40), (0, 40.2)])
    d.add(Piece(symmetric(pocket), cloth, round=2.0, lift=0.5))
    d.zipper([(-10, 25), (0, 24.4), (10, 25)], (160, 160, 160))
    d.add(Piece(box(10.6, 24.6, 11.6, 28.6, 0.4), trim, round=0.3, lift=0.4))
    d.add(Piece(box(-3.0, 12, 3.0, 15.4, 0.5), trim, round=0.4, lift=0.3))
    d.stitch(np.vstack([q := box(-2.6, 12.4, 2.6, 15.0, 0.4), q[:1]]))
    d.seam([(-14.6, 32), (-12, 32.6)], [(14.6, 32), (12, 32.6)], tone=0.75)
    return d


def _flap_bag(d: Drawing, w: float, h: float, cloth: Cloth, metal: RGB, deep: float) -> None:
    d.add(Piece(box(-w, 0, w, h, 2.6), cloth, round=2.2, lift=0.4))
    flap = outline(
        [(0, -0.5), (w * 0.98, -0.1)], [(w * 1.01, 2), (w * 0.98, deep * 0.7), (w * 0.8, deep), (0, deep + 0.6)]
    )
    d.add(Piece(symmetric(flap), cloth, round=1.5, lift=0.5))
    d.stitch(*d.both_sides(smooth([(w * 0.94, 1), (w * 0.92, deep * 0.68), (w * 0.77, deep - 0.8), (0, deep - 0.3)])))
    d.add(Spot(ellipse(0, deep - 1.6, 1.5, 1.5), metal), Lines([ellipse(0, deep - 1.6, 0.9, 0.9)], 0.25, 0.7))


def _long_strap(d: Drawing, w: float, top: float, width: float, cloth: Cloth, rng: np.random.Generator) -> None:
    lean = rng.uniform(-2, 2)
    line: Points = smooth(
        [
            (-w + 0.4, 3),
            (-w * 0.96 + lean, top * 0.45),
            (-w * 0.5 + lean, top * 0.92),
            (lean, top),
            (w * 0.55 + lean, top * 0.9),
            (w * 0.98 + lean, top * 0.42),
            (w - 0.4, 3),
        ]
    )
    d.add(Piece(band(line, width), cloth, round=0.4, lift=0.3, folds=0.5))


def shoulder_bag(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth, metal = Drawing(), _leather(color, pattern, rng), _metal(rng)
    _long_strap(d, 12, -19, 2.2, cloth.plain(0.92), rng)
    half = outline([(0, 1.2), (12.5, -0.2)], [(12.5, -0.2), (14.6, 4), (13, 11.5), (7, 15.6), (0, 16.4)])
    d.add(Piece(symmetric(half), cloth, round=2.4, lift=0.4))
    d.zipper([(-12.2, 1.2), (0, 2.4), (12.2, 1.2)], metal)
    for f in (-0.6, -0.2, 0.3, 0.7):
        d.crease([(f * 11, 3), (f * 10, 7), (f * 8, 12)], 0.5)
    for x in (-12.0, 12.0):
        _ring(d, x, 1.4, 1.2, metal)
    return d


def crossbody_bag(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth, metal = Drawing(), _leather(color, pattern, rng), _metal(rng)
    _long_strap(d, 10, -26, 1.1, cloth.plain(0.92), rng)
    _flap_bag(d, 11, 15, cloth, metal, rng.uniform(7, 10.5))
    for x in (-10.4, 10.4):
        _ring(d, x, 2.0, 0.9, metal)
    return d


def clutch(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), _leather(color, pattern, rng)
    d.add(Piece(band([(-14.5, 4), (-17.5, 8), (-18.5, 15), (-16.5, 17), (-15.2, 9)], 1.0), cloth.plain(0.9), round=0.4))
    _flap_bag(d, 15, 17, cloth, _metal(rng), rng.uniform(8, 12))
    return d


KINDS = {f.__name__: f for f in (handbag, tote_bag, backpack, shoulder_bag, crossbody_bag, clutch)}
