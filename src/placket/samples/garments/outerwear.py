"""Blazers, jackets, coats, vests."""

from dataclasses import replace
from typing import Any

import numpy as np

from placket.samples.cloth import Cloth, make_cloth
from placket.samples.drawing import Drawing, Lines, Piece
from placket.samples.garments import body
from placket.samples.garments.body import Block, Sleeve
from placket.samples.geometry import Points, band, box, mirror, moved, outline, rungs, smooth, symmetric
from placket.samples.palette import RGB, lightness, shifted

_STEEL: RGB = (172, 173, 176)
_BRASS: RGB = (176, 142, 84)


def _block(rng: np.random.Generator, loose: float, length: float, **more: Any) -> Block:
    ease = loose + rng.uniform(-0.6, 0.6)
    b = Block(
        shoulder=21.5 + ease * 0.9, chest=24.5 + ease, waist=23.6 + ease, hem=24.5 + ease,
        armpit=24 + ease * 0.5, length=length + rng.uniform(-2, 2), neck=9.0, neck_depth=9.0,
    )  # fmt: skip
    return replace(b, **more)


def _sleeve(rng: np.random.Generator, cuff: float = 6.4, length: float = 57) -> Sleeve:
    return Sleeve(length, cuff, rng.uniform(7, 11), bend=-5)


def _lining(cloth: Cloth) -> Cloth:
    return Cloth(shifted(cloth.base, 0.8), weave="satin", shine=0.2)


def _button_color(cloth: Cloth, rng: np.random.Generator) -> RGB:
    return shifted(cloth.base, 0.55) if lightness(cloth.base) > 80 else ((70, 60, 54) if rng.random() < 0.5 else _BRASS)


def _welt_pockets(d: Drawing, cloth: Cloth, x: float, y: float, *, flap: bool, slant: float = 0.0) -> None:
    for side in (-1, 1):
        if flap:
            shape = np.array([(x - 7, y), (x + 7, y - slant), (x + 7.2, y + 5 - slant), (x - 7, y + 5.2)])
            d.add(Piece(shape if side > 0 else mirror(shape), cloth, round=0.5, lift=0.28))
        else:
            line = np.array([(x - 3, y + 8), (x + 3.4, y - 8)])
            d.add(Piece(band(line if side > 0 else mirror(line), 2.6), cloth, round=0.4, lift=0.25))


def _tailored_back(d: Drawing, b: Block, cloth: Cloth, meet: float) -> None:
    """Lining and collar stand, seen through a front that is open down to ``meet``."""
    inside = outline([(0, -1.5), (b.neck + 1.0, 0.5)], [(b.neck + 2, 14), (7, meet), (0, meet + 3)])
    d.add(Piece(symmetric(inside), _lining(cloth), dim=0.72, lift=0, round=2))
    fall = outline([(0, -2.6), (b.neck * 0.6, -2.5), (b.neck, -1.0)], [(b.neck + 0.5, 1.5), (0, 2.6)])
    d.add(Piece(symmetric(fall), cloth, dim=0.8, lift=0.2, round=0.8))
    d.label(0, 4.2, (62, 61, 63), 6)


def blazer(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "wool", rng)
    b, s = _block(rng, 0.4, 71, neck_depth=12, waist=22.5), _sleeve(rng, 6.2)
    meet = rng.uniform(36, 44)
    _tailored_back(d, b, cloth, meet)
    body.sleeves(d, b, s, cloth)
    rounded = [
        (b.neck, 0.0),
        (5.6, meet * 0.55),
        (-1.0, meet),
        (-1.4, b.length - 9),
        (1.6, b.length - 2),
        (5.5, b.length),
    ]
    body.front_halves(d, replace(b, hem_dip=0.4), cloth, rounded)
    body.body_creases(d, b, rng)
    d.seam(*d.both_sides([(12.5, 22), (11.8, 42), (12.5, b.length - 20)]), tone=0.84)
    _welt_pockets(d, cloth, 14.0, b.length - 22, flap=True)
    d.add(Piece(np.array([(8.6, 24), (17.8, 22.6), (18.0, 24.6), (8.8, 26)]), cloth, round=0.3, lift=0.2))
    body.lapels(d, b, cloth, meet)
    color_ = _button_color(cloth, rng)
    for i in range(2 if rng.random() < 0.6 else 1):
        d.button(0.6, meet + 1.5 + i * 10, color_, 1.0)
    _cuff_buttons(d, b, s, color_)
    return d


def _cuff_buttons(d: Drawing, b: Block, s: Sleeve, color: RGB) -> None:
    outer, end, _ = s.sides(b)
    for i in range(3):
        x, y = end[0] + (end[1] - end[0]) * 0.16 + (outer[2] - end[0]) * (0.08 + 0.055 * i)
        d.button(x, y, color, 0.6)
        d.button(-x, y, color, 0.6)


def _zip_jacket(
    d: Drawing, b: Block, s: Sleeve, cloth: Cloth, rng: np.random.Generator, metal: RGB, stand: float = 4.0
) -> None:
    """Stand collar and a zip to the top: the frame of bombers, leather and sports jackets."""
    body.collar_back(d, b, _lining(cloth), stand)
    body.sleeves(d, b, s, cloth)
    d.add(Piece(symmetric(b.half_front()), cloth, lift=0.36))
    body.body_creases(d, b, rng)
    d.zipper([(0, b.neck_depth - 1.5), (0, b.length + 1)], metal)


def _stand_collar(d: Drawing, b: Block, cloth: Cloth, height: float, ribbed: bool) -> None:
    low = np.vstack([b.front_neck()])
    lean = low[:, 1:] / b.neck_depth  # 0 at the side, where the stand leans in, to 1 in front
    top = low * ((b.neck - height * 0.3) / b.neck, 1.0) - np.hstack([0 * lean, height * (0.55 + 0.45 * lean)])
    half = np.vstack([low, top[::-1]])
    for shape in (half, mirror(half)):
        d.add(Piece(shape, cloth, round=0.9, lift=0.4, folds=0.5))
    if ribbed:
        d.ribs(d.both_sides(*rungs(low, top, 22)), tone=0.88)


def bomber_jacket(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "nylon", rng, 0.35)
    b, s = _block(rng, 2.4, 57), Sleeve(50, 6.4, 10, bend=-5, puff=1.0)
    rib = Cloth(shifted(cloth.base, 0.86), weave="knit")
    _zip_jacket(d, b, s, cloth, rng, _STEEL)
    body.cuffs(d, b, s, rib, 6.5, 1.6)
    body.ribbed_hem(d, b, rib, 6.5, 2.0)
    _stand_collar(d, b, rib, 3.6, True)
    _welt_pockets(d, cloth, 15.5, b.length - 15, flap=False)
    return d


def leather_jacket(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "leather", rng, 0.5)
    b, s = _block(rng, 0.4, 60, neck_depth=11), _sleeve(rng, 6.0)
    _zip_jacket(d, b, s, cloth, rng, _STEEL)
    d.zipper([(b.neck * 0.3, 20), (8.5, 34), (8.0, b.length)], _STEEL)
    lapel = outline(
        [(b.neck - 1, 0.5), (b.neck + 3.6, 9)],
        [(b.neck + 3.0, 13.5), (3.6, 25), (0.3, 28)],
        [(0.3, 28), (1.2, 16), (b.neck - 3, 6)],
    )
    for shape in (lapel, mirror(lapel)):
        d.add(Piece(shape, cloth, grain=20, round=1.0, lift=0.5))
        d.add(Lines([shape], 0.16, 0.7, (0.5, 0.2)))
    body.shirt_collar(d, b, cloth, 7, 4)
    d.zipper([(13.5, 40), (18.5, 53)], _STEEL)
    d.zipper([(-13.5, 40), (-18.5, 53)], _STEEL)
    d.seam(
        *d.both_sides([(b.shoulder - 1, 9), (14, 11.5), (10, 12)]),
        [(-b.hem, b.length - 5), (b.hem, b.length - 5)],
        tone=0.7,
    )
    return d


def denim_jacket(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "denim", rng)
    b, s = _block(rng, 0.6, 58), _sleeve(rng, 6.2, 54)
    thread: float | RGB = (190, 140, 78) if rng.random() < 0.7 else 1.3
    body.collar_back(d, b, cloth.plain(0.92))
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, cloth, 5.0, -0.2, ribbed=False)
    d.add(Piece(symmetric(b.half_front()), cloth, lift=0.36))
    body.body_creases(d, b, rng)
    from_yoke = [(0, 21.5), (b.chest - 3.2, 20.0)]
    v = [[(13.5, 22), (9.0, b.length - 5)], [(16.5, 22), (15.5, b.length - 5)]]
    d.seam(*d.both_sides(from_yoke, *v), tone=0.68)
    d.stitch(*d.both_sides(moved(np.array(from_yoke), 0, 0.6), *(moved(np.array(p), 0.7, 0) for p in v)), tone=thread)
    for x in (-11.5, 11.5):
        body.chest_pocket(d, cloth, x, 21.0, 10.5, 13, flap=True)
        d.button(x, 24.4, _BRASS, 0.7)
    body.placket(d, cloth, b.neck_depth - 0.5, b.length, 4.4)
    d.add(Piece(box(-b.hem - 0.2, b.length - 4.4, b.hem + 0.2, b.length + 1.0, 0.6), cloth, round=0.8, lift=0.2))
    d.stitch([(-b.hem + 0.3, b.length - 3.7), (b.hem - 0.3, b.length - 3.7)], tone=thread)
    for y in np.linspace(b.neck_depth + 2, b.length - 1.8, 6):
        d.button(0, float(y), _BRASS, 0.8)
    body.shirt_collar(d, b, cloth, 7.2, 7.0)
    return d


def jacket(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    """A work jacket: shirt collar, patch pockets, visible buttons; or a hooded shell with a zip."""
    if rng.random() < 0.4:
        return _shell(color, pattern, rng)
    d, cloth = Drawing(), make_cloth(color, pattern, "corduroy" if rng.random() < 0.3 else "plain", rng)
    b, s = _block(rng, 1.8, 70), _sleeve(rng, 7.0, 56)
    body.collar_back(d, b, _lining(cloth))
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, cloth, 4.0, 0.0, ribbed=False)
    d.add(Piece(symmetric(b.half_front()), cloth, lift=0.36))
    body.body_creases(d, b, rng)
    body.placket(d, cloth, b.neck_depth - 0.5, b.length, 4.2)
    for y in np.linspace(b.neck_depth + 3, b.length - 8, 5):
        d.button(0, float(y), _button_color(cloth, rng), 0.95)
    body.chest_pocket(d, cloth, -12.5, 23, 11.5, 13)
    for x in (-13.5, 13.5):
        body.chest_pocket(d, cloth, x, b.length - 24, 15, 18)
    body.shirt_collar(d, b, cloth, 7.0, 6.5)
    body.hem_stitches(d, b)
    return d


def _shell(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "nylon", rng, 0.22)
    b, s = _block(rng, 2.2, 70), _sleeve(rng, 6.8)
    body.hood(d, b, cloth, _lining(cloth))
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, cloth, 3.5, 0.4, ribbed=False)
    d.add(Piece(symmetric(b.half_front()), cloth, lift=0.36))
    body.body_creases(d, b, rng)
    d.add(Piece(box(-2.2, b.neck_depth - 2, 2.2, b.length + 0.4, 0.4), cloth, round=0.6, lift=0.35))
    d.seam([(0, b.neck_depth - 2), (0, b.length)], tone=0.6, width=0.4)
    d.seam(*d.both_sides([(2.2, 19), (b.shoulder, 17)]), tone=0.75)
    _welt_pockets(d, cloth, 15.5, b.length - 20, flap=False)
    return d


def coat(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "wool", rng)
    b = _block(rng, 1.2, 104, neck_depth=12, hem=28, waist=24.5)
    s, double = _sleeve(rng, 7.2, 60), bool(rng.random() < 0.4)
    meet = 34.0 if double else 40.0
    _tailored_back(d, b, cloth, meet)
    body.sleeves(d, b, s, cloth)
    over = -6.0 if double else -1.6
    body.front_halves(d, b, cloth, [(b.neck, 0), (5.0, meet * 0.55), (over, meet), (over, b.length)])
    body.body_creases(d, b, rng)
    for x in (-9.0, 6.0, 14.0):
        d.crease([(x, 50), (x + rng.normal(0, 1), 75), (x * 1.15, 100)], 0.6)
    _welt_pockets(d, cloth, 15.5, 62, flap=True)
    body.lapels(d, b, cloth, meet, 10)
    color_ = _button_color(cloth, rng)
    for i in range(3):
        for x in (-5.2, 6.4) if double else (0.6,):
            d.button(x, meet + 3 + i * 13, color_, 1.2)
    return d


def trench_coat(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "plain", rng)
    b, s = _block(rng, 1.4, 106, neck_depth=12, hem=31, waist=23.5), _sleeve(rng, 7.6, 59)
    _tailored_back(d, b, cloth, 32)
    body.sleeves(d, b, s, cloth)
    body.front_halves(d, b, cloth, [(b.neck, 0), (3.0, 16), (-8.0, 30), (-8.0, b.length)])
    body.body_creases(d, b, rng)
    flap = outline([(b.neck, 1), (b.shoulder - 1, 6)], [(b.chest - 2.6, 24), (12, 31), (3, 27)], [(4, 12)])
    d.add(Piece(mirror(flap), cloth, round=0.8, lift=0.35))
    body.lapels(d, b, cloth, 30, 10)
    _welt_pockets(d, cloth, 16.5, 68, flap=False)
    for i in range(4):
        if i != 2:
            d.button(-6.4, 32 + i * 11.0, _button_color(cloth, rng), 1.1)
            d.button(5.0, 32 + i * 11.0, _button_color(cloth, rng), 1.1)
    waist = b.armpit + (b.length - b.armpit) * 0.4
    d.add(Piece(box(-b.waist - 0.8, waist - 2.2, b.waist + 0.8, waist + 2.2, 0.5), cloth, round=0.7, lift=0.4))
    d.stitch([(-b.waist, waist - 1.5), (b.waist, waist - 1.5)], [(-b.waist, waist + 1.5), (b.waist, waist + 1.5)])
    d.add(Piece(band([(3, waist + 1.5), (6, waist + 12), (5, waist + 24)], 4.0), cloth, round=0.7, lift=0.4))
    d.add(Lines([_closed(box(0, waist - 2.8, 4.6, waist + 2.8, 0.8))], 0.8, shifted(cloth.base, 0.5)))
    outer, end, _ = s.sides(b)
    strap = end + (outer[2] - end[0]) * 0.28 + (0.3, 0)
    d.add(*(Piece(band(line, 2.4), cloth, round=0.5, lift=0.35) for line in (strap, mirror(strap))))
    return d


def _closed(p: Points) -> Points:
    return np.vstack([p, p[:1]])


def _quilted(d: Drawing, y0: float, y1: float, half: float, step: float) -> None:
    lines = [smooth([(-half, y + 0.6), (0, y + 1.4), (half, y + 0.6)]) for y in np.arange(y0, y1, step)]
    d.add(
        Lines(lines, 2.6, 0.86, blur=0.5),
        Lines(lines, 0.35, 0.62),
        Lines([moved(p, 0, 1.9) for p in lines], 1.8, 1.1, blur=0.5),
    )


def padded_jacket(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "nylon", rng, 0.4)
    b, s = _block(rng, 3.2, 66), Sleeve(56, 7.6, 10, bend=-5, puff=1.8)
    step = rng.uniform(6.5, 9.5)
    if rng.random() < 0.6:
        body.hood(d, b, cloth, _lining(cloth))
    else:
        body.collar_back(d, b, _lining(cloth), 6)
    body.sleeves(d, b, s, cloth)
    outer, _, inner = (smooth(x) for x in s.sides(b))
    quilts = rungs(outer[2:], inner[::-1], int(52 / step))
    both = quilts + [mirror(q) for q in quilts]
    d.add(Lines(both, 2.6, 0.86, blur=0.5), Lines(both, 0.35, 0.62))
    d.add(Piece(symmetric(b.half_front()), cloth, lift=0.4, round=3.2))
    _quilted(d, 11, b.length - 2, b.chest + 0.6, step)
    d.zipper([(0, b.neck_depth - 3), (0, b.length + 0.4)], shifted(cloth.base, 0.5))
    _welt_pockets(d, cloth, 16, b.length - 20, flap=False)
    _stand_collar(d, b, cloth, 6.0, False)
    return d


def outer_vest(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "nylon", rng, 0.35)
    b = _block(rng, 1.8, 64, shoulder=20.0)
    body.collar_back(d, b, _lining(cloth), 6)
    d.add(Piece(symmetric(b.half_front()), cloth, round=3.0))
    _quilted(d, 11, b.length - 2, b.chest + 0.6, rng.uniform(6, 9))
    d.zipper([(0, b.neck_depth - 3), (0, b.length + 0.4)], shifted(cloth.base, 0.5))
    hole = b.armhole()
    d.add(*(Piece(band(p, 1.4), cloth.plain(0.9), round=0.5, lift=0.1) for p in (hole, mirror(hole))))
    _stand_collar(d, b, cloth, 6.0, False)
    return d


KINDS = {
    f.__name__: f
    for f in (
        blazer, bomber_jacket, leather_jacket, denim_jacket, jacket, coat, trench_coat, padded_jacket, outer_vest,
    )
}  # fmt: skip
