"""T-shirts, shirts, knitwear, sweatshirts."""

from dataclasses import replace
from typing import Any

import numpy as np

from placket.samples.cloth import PRINTED_ON_THE_CHEST, Cloth, make_cloth
from placket.samples.drawing import Drawing, Lines, Piece, Spot, Text
from placket.samples.garments import body
from placket.samples.garments.body import Block, Sleeve
from placket.samples.geometry import Points, band, box, ellipse, mirror, moved, outline, rungs, smooth, symmetric
from placket.samples.palette import lightness, shifted

_WORDS = (
    "NORTH",
    "STUDIO",
    "HARBOUR",
    "SUNDAY",
    "ATELIER",
    "COASTAL",
    "No. 27",
    "FIELD",
    "MERIDIAN",
    "OPEN AIR",
    "1984",
)


def _block(rng: np.random.Generator, loose: float, length: float, **more: Any) -> Block:
    """A body with some ease: ``loose`` cm more on each side."""
    ease = loose + rng.uniform(-0.8, 0.8)
    b = Block(
        shoulder=20.5 + ease * 0.9, chest=23.4 + ease, waist=22.6 + ease, hem=23.3 + ease,
        armpit=23 + ease * 0.5, length=length + rng.uniform(-2, 2),
    )  # fmt: skip
    return replace(b, **more)


def _front(d: Drawing, b: Block, cloth: Cloth, rng: np.random.Generator) -> None:
    d.add(Piece(symmetric(b.half_front()), cloth, lift=0.34))
    body.body_creases(d, b, rng)
    hole = b.armhole()
    d.stitch(*d.both_sides(moved(hole, -0.7, 0.3)), tone=0.85)


def chest_print(d: Drawing, cloth: Cloth, rng: np.random.Generator, y: float = 25.0) -> None:
    """The picture or the word of a graphic or lettering cloth."""
    inks = [c for c in cloth.accents if abs(lightness(c) - lightness(cloth.base)) > 45] or [
        (240.0, 240.0, 238.0),
        (30.0, 30.0, 32.0),
    ]
    if cloth.pattern == "lettering":
        word = _WORDS[int(rng.integers(len(_WORDS)))]
        d.add(Text(word, (0, y), min(7.5, 36.0 / len(word)), inks[0]))
        if rng.random() < 0.5:
            d.add(Spot(box(-9, y + 4.6, 9, y + 5.0), inks[0], shade=False))
        return
    kind = int(rng.integers(4))
    ground, figure, detail = inks[0], inks[1 % len(inks)], shifted(inks[0], 0.7)
    if kind == 0:  # the sun over hills
        d.add(
            Spot(ellipse(0, y, 9.5, 9.5), ground, shade=False), Spot(ellipse(2.5, y - 2, 3.0, 3.0), figure, shade=False)
        )
        hills = smooth([(-9.0, y + 3.2), (-4, y + 0.6), (0, y + 3.2), (4.5, y + 1.2), (9.0, y + 3.0)])
        arc = ellipse(0, y, 9.5, 9.5, 80)
        d.add(Spot(np.vstack([hills, arc[(arc[:, 1] > y + 3.0)]]), detail, shade=False))
    elif kind == 1:  # waves
        rows = [
            smooth([(x, y + k * 3.0 + 1.3 * np.sin(x * 0.8 + k)) for x in np.linspace(-10, 10, 21)])
            for k in range(-2, 3)
        ]
        d.add(Lines(rows, 1.1, ground))
    elif kind == 2:  # circles
        for i, r in enumerate((10.0, 7.6, 5.2, 2.8)):
            d.add(Spot(ellipse(0, y + 2, r, r), (ground, figure)[i % 2], shade=False))
    else:  # an upright leaf
        t = np.linspace(0, np.pi, 24)
        leaf = np.column_stack([6.5 * np.sin(t) ** 0.9, y - 10 + 20 * t / np.pi])
        d.add(Spot(symmetric(leaf), ground, shade=False))
        veins = [
            np.array([(0, y + v), (s * 5.0 * np.sin((v + 12) / 22 * np.pi), y + v - 3.0)])
            for v in range(-4, 9, 3)
            for s in (-1, 1)
        ]
        d.add(Lines([np.array([(0, y - 9), (0, y + 11)]), *veins], 0.5, cloth.base))


def _jersey_top(d: Drawing, b: Block, s: Sleeve, cloth: Cloth, rng: np.random.Generator, rib: float = 2.0) -> None:
    band_cloth = cloth.plain(0.95)
    body.back_inside(d, b, cloth.plain())
    body.back_band(d, b, band_cloth, rib)
    body.sleeves(d, b, s, cloth)
    _front(d, b, cloth, rng)
    body.neck_band(d, b, band_cloth, rib)
    body.hem_stitches(d, b, s)
    if cloth.pattern in PRINTED_ON_THE_CHEST:
        chest_print(d, cloth, rng)


def t_shirt(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "jersey", rng)
    loose = rng.choice([0.0, 1.5, 4.0])
    b = _block(
        rng, loose, 66, neck=rng.uniform(8.4, 9.6), neck_depth=rng.uniform(8, 11), v_neck=bool(rng.random() < 0.22)
    )
    if b.v_neck:
        b = replace(b, neck_depth=15.0)
    _jersey_top(d, b, Sleeve(rng.uniform(17, 22) + loose, 8.6 + loose * 0.4, rng.uniform(30, 42)), cloth, rng, 1.9)
    if not b.v_neck and cloth.pattern == "solid" and rng.random() < 0.25:
        body.chest_pocket(d, cloth, 11.0, 20.0, 10, 11)
    return d


def long_sleeve_tee(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "jersey", rng)
    b = _block(rng, 0.5, 65, neck=9.6, neck_depth=9.5)
    _jersey_top(d, b, Sleeve(rng.uniform(56, 60), 4.9, rng.uniform(8, 12), bend=-5), cloth, rng, 1.7)
    return d


def tank_top(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "rib" if rng.random() < 0.4 else "jersey", rng)
    b = Block(
        neck=10.5,
        neck_depth=15,
        back_depth=9,
        shoulder=15.0,
        shoulder_drop=1.0,
        armpit=23,
        chest=22.5,
        waist=21,
        hem=22.5,
        length=62,
    )
    hole = smooth([b.tip(), (14.2, 9), (15.8, 18), b.pit()])
    half = outline(
        b.front_neck()[::-1], [(b.neck, 0), b.tip()], hole, b.side(), [(b.hem, b.length), (0, b.length + 0.6)]
    )
    back = outline(
        [(0, b.back_depth)],
        b.back_neck()[::-1],
        [(b.neck, 0), b.tip()],
        moved(hole, -1.2, 0),
        [(b.chest - 2, b.armpit), (0, 30)],
    )
    d.add(Piece(symmetric(back), cloth.plain(), dim=0.72, lift=0, round=1.2))
    d.label(0, b.back_depth + 1.2)
    d.add(Piece(symmetric(half), cloth))
    body.body_creases(d, b, rng)
    for edge in (np.vstack([b.front_neck(), mirror(b.front_neck())]), hole, mirror(hole)):
        d.add(Piece(band(edge, 1.3), cloth.plain(0.96), round=0.5, lift=0.2, folds=0.4))
    body.hem_stitches(d, b)
    if cloth.pattern in PRINTED_ON_THE_CHEST:
        chest_print(d, cloth, rng, 28)
    return d


def polo_shirt(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "rib" if pattern == "solid" else "jersey", rng)
    b, s = _block(rng, 0.8, 69, neck=8.4, neck_depth=9), Sleeve(20, 8.2, 33)
    trim = cloth.plain(0.94)
    body.collar_back(d, b, trim)
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, trim, 2.4, 0.2)
    _front(d, b, cloth, rng)
    body.placket(d, cloth.plain(), b.neck_depth - 1, b.neck_depth + 15, 3.2)
    for y in (11.0, 16.0, 21.0):
        d.button(0, y, shifted(cloth.base, 1.35) if lightness(cloth.base) < 140 else shifted(cloth.base, 0.8), 0.55)
    body.shirt_collar(d, b, trim, 5.4, 6.0)
    body.hem_stitches(d, b)
    return d


def shirt(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    weave = "corduroy" if pattern == "solid" and rng.random() < 0.15 else "denim" if "denim" in color else "plain"
    d, cloth = Drawing(), make_cloth(color, pattern, weave, rng)
    short = bool(rng.random() < 0.25)
    b = _block(rng, 1.2, 72, neck=8.2, neck_depth=8.5, hem_dip=4.5, back_depth=1.2)
    s = Sleeve(23, 9.5, 34) if short else Sleeve(rng.uniform(54, 57), 5.4, rng.uniform(8, 12), bend=-5)
    body.collar_back(d, b, cloth.plain())
    body.sleeves(d, b, s, cloth)
    if not short:
        body.cuffs(d, b, s, cloth, 6.0, -0.3, ribbed=False)
    _front(d, b, cloth, rng)
    body.placket(d, cloth, b.neck_depth, b.length + b.hem_dip - 0.4, 3.4)
    thread = (238.0, 236.0, 230.0) if rng.random() < 0.6 else shifted(cloth.base, 0.6)
    for y in np.arange(b.neck_depth + 1.0, b.length - 5, 9.2):
        d.button(0, float(y), thread, 0.6)
    if rng.random() < 0.55:
        body.chest_pocket(d, cloth, 11.5, 22.0)
    body.shirt_collar(d, b, cloth)
    body.hem_stitches(d, b)
    return d


def blouse(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "satin", rng, 0.2)
    b = _block(rng, 1.0, 62, neck=9.0, neck_depth=15, v_neck=True, waist=23.5, hem=25.5, hem_dip=1.5)
    s = Sleeve(50, 6.6, 13, bend=-6, puff=2.6)
    body.back_inside(d, b, cloth.plain())
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, cloth.plain(), 3.0, 2.2, ribbed=False)
    outer, end, _ = s.sides(b)
    gathers = rungs(end, smooth(outer)[-9:-4], 7)
    for line in gathers:
        d.crease(line, 0.5)
        d.crease(mirror(line), 0.5)
    _front(d, b, cloth, rng)
    edge = np.vstack([b.front_neck(), mirror(b.front_neck())])
    d.add(Piece(band(edge, 1.1), cloth.plain(0.95), round=0.4, lift=0.2, folds=0.4))
    body.placket(d, cloth, b.neck_depth - 0.3, b.length + 1.2, 2.4)
    for y in np.arange(b.neck_depth + 1.5, b.length - 3, 6.5):
        d.button(0, float(y), shifted(cloth.base, 0.78), 0.45)
    d.seam(*d.both_sides([(b.neck, 0.3), (b.neck + 6, 7.5), (b.shoulder - 1, 8.5)]), tone=0.8)
    for x in (8.0, 10.5, 13.0, 15.5):
        for side in (-1, 1):
            d.crease([(side * x, 8.6), (side * (x + 0.3), 14), (side * (x + 0.8), 21)], 0.4)
    return d


def camisole(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "satin", rng, 0.35)
    top = smooth([(12.5, 18.0), (9.5, 19.0), (4.9, 23.6), (1.8, 25.3), (0, 25.5)])
    half = outline(
        top[::-1],
        [(12.5, 18.0), (15.5, 26.0), (19.0, 30.6)],
        [(19, 30.6), (18.0, 45), (20.5, 62)],
        [(20.5, 62), (10, 63), (0, 63.2)],
    )
    back = outline([(0, 29.0), (12, 28.0), (18.6, 30.4)], [(18, 36), (0, 38)])
    for side in (-1, 1):
        d.add(
            Piece(
                band([(side * 12.4, 18.6), (side * 11.0, 8), (side * 9.6, 0), (side * 9.0, 10), (side * 9.4, 29)], 0.8),
                cloth.plain(),
                round=0.3,
                lift=0.2,
            )
        )
    d.add(Piece(symmetric(back), cloth.plain(), dim=0.75, lift=0))
    d.add(Piece(symmetric(half), cloth, lift=0.4))
    edge = np.vstack([top, mirror(top)])
    d.add(Piece(band(edge, 1.0), cloth.plain(0.95), round=0.4, lift=0.15, folds=0.3))
    for _ in range(5):
        x = rng.uniform(-13, 13)
        d.crease([(x, 30), (x * 1.1 + rng.normal(0, 1), 45), (x * 1.25, 59)], 0.6)
    d.stitch([(-20.2, 60.5), (0, 61.6), (20.2, 60.5)])
    return d


def sweatshirt(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "terry", rng)
    b, s = _block(rng, 3.0, 60, neck=9.0, neck_depth=8.5), Sleeve(50, 6.0, rng.uniform(8, 12), bend=-5)
    rib = cloth.plain(0.95)
    body.back_inside(d, b, cloth.plain())
    body.back_band(d, b, rib, 2.6)
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, rib, 6.5, 1.6)
    body.ribbed_hem(d, b, rib, 6.0, 2.2)
    _front(d, b, cloth, rng)
    body.neck_band(d, b, rib, 2.6)
    if rng.random() < 0.5 and not b.v_neck:
        d.seam([(-3.2, b.neck_depth + 0.6), (0, b.neck_depth + 5.0), (3.2, b.neck_depth + 0.6)], tone=0.8)
    if cloth.pattern in PRINTED_ON_THE_CHEST:
        chest_print(d, cloth, rng)
    return d


def hoodie(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "terry", rng)
    b, s = _block(rng, 3.6, 62, neck=9.6, neck_depth=8.0), Sleeve(51, 6.2, rng.uniform(8, 12), bend=-5)
    rib = cloth.plain(0.95)
    zipped = bool(rng.random() < 0.35) and pattern not in PRINTED_ON_THE_CHEST
    body.hood(d, b, cloth, cloth.plain(0.9))
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, rib, 6.5, 1.6)
    body.ribbed_hem(d, b, rib, 6.0, 2.2)
    _front(d, b, cloth, rng)
    collar = band(np.vstack([b.front_neck(), mirror(b.front_neck())]), 2.4)
    d.add(Piece(collar, cloth, round=0.8, lift=0.35, folds=0.5))
    if cloth.pattern in PRINTED_ON_THE_CHEST:
        chest_print(d, cloth, rng, 24)
    _kangaroo_pocket(d, b, cloth, zipped)
    if zipped:
        d.zipper([(0, b.neck_depth - 1.0), (0, b.length + 6)], (176, 176, 178))
    body.drawstrings(
        d, b.neck_depth + 0.6, shifted(cloth.base, 1.4) if rng.random() < 0.5 else shifted(cloth.base, 0.8), rng
    )
    return d


def _kangaroo_pocket(d: Drawing, b: Block, cloth: Cloth, split: bool) -> None:
    y0, y1 = b.length - 20.5, b.length - 0.3
    half: Points = outline(
        [(0.8 if split else 0.0, y0), (9.5, y0)],
        [(9.5, y0), (12.8, y0 + 5.5), (15.5, y0 + 13)],
        [(15.5, y1), (0.8 if split else 0.0, y1)],
    )
    for shape in (half, mirror(half)) if split else (symmetric(half),):
        d.add(Piece(shape, cloth, round=0.8, lift=0.3))
    d.stitch(*d.both_sides(moved(half[2:12], -0.8, 0.2), [(0.8, y0 + 0.7), (9.3, y0 + 0.7)]))


def _knit(color: str, pattern: str, rng: np.random.Generator) -> Cloth:
    weave = str(rng.choice(["knit", "rib", "cable"])) if pattern == "solid" else "knit"
    return make_cloth(color, pattern, weave, rng)


def sweater(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), _knit(color, pattern, rng)
    b, s = _block(rng, 2.4, 60, neck=9.4, neck_depth=8.0), Sleeve(51, 5.6, rng.uniform(8, 12), bend=-5, puff=0.6)
    rib = Cloth(cloth.base, weave="knit").plain(0.97)
    turtle = bool(rng.random() < 0.3)
    if not turtle and rng.random() < 0.3:
        b = replace(b, v_neck=True, neck_depth=16.0)
    if not turtle:
        body.back_inside(d, b, cloth.plain())
        body.back_band(d, b, rib, 2.6)
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, rib, 6.5, 1.2)
    body.ribbed_hem(d, b, rib, 5.5, 1.6)
    _front(d, b, cloth, rng)
    if turtle:
        _turtleneck(d, b, rib)
    else:
        body.neck_band(d, b, rib, 2.6)
    return d


def _turtleneck(d: Drawing, b: Block, rib: Cloth) -> None:
    low = np.vstack(d.both_sides(moved(b.front_neck(), 0.4, 0.4)))
    top = smooth([(-b.neck + 0.2, -10.0), (0, -9.2), (b.neck - 0.2, -10.0)])
    d.add(Piece(np.vstack([low, top]), rib, round=1.8, lift=0.4))
    fold = smooth([(-b.neck - 0.4, -1.2), (0, 1.4), (b.neck + 0.4, -1.2)])
    d.add(Piece(np.vstack([fold[::-1], top]), rib, round=1.6, lift=0.5))
    d.ribs(rungs(top, fold, 30), tone=0.88)


def cardigan(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), _knit(color, pattern, rng)
    b, s = _block(rng, 1.8, 58, neck=8.8, neck_depth=22.0), Sleeve(51, 5.4, rng.uniform(8, 12), bend=-5)
    rib = Cloth(cloth.base, weave="knit").plain(0.94)
    body.back_inside(d, b, cloth.plain())
    body.back_band(d, b, rib, 2.6)
    body.sleeves(d, b, s, cloth)
    body.cuffs(d, b, s, rib, 6.5, 1.2)
    body.ribbed_hem(d, b, rib, 5.5, 1.4)
    body.front_halves(d, b, cloth, [(b.neck, 0), (6.2, 11), (0.6, 22), (-1.4, 30), (-1.4, b.length)])
    body.body_creases(d, b, rng)
    edge = smooth([(b.neck - 0.4, -0.8), (6.0, 11), (1.2, 21), (0, 28), (0, b.length + 5.6)])
    for line, lift in ((mirror(edge)[::-1], 0.2), (edge, 0.35)):
        d.add(Piece(band(line, 3.2), rib, round=0.8, lift=lift, folds=0.5))
    for y in np.arange(25, b.length + 5, 7.4):
        d.button(0, float(y), shifted(cloth.base, 0.62) if lightness(cloth.base) > 90 else (160, 140, 112), 0.95)
    if rng.random() < 0.5:
        for x in (-13.0, 13.0):
            d.add(Piece(box(x - 6, b.length - 17, x + 6, b.length - 3, 0.6), cloth, round=0.5, lift=0.2))
            d.add(Piece(box(x - 6, b.length - 17, x + 6, b.length - 14.4), rib, round=0.4, lift=0.1))
    return d


def knit_vest(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), _knit(color, pattern, rng)
    b = _block(rng, 1.2, 58, neck=8.8, neck_depth=17, v_neck=True, shoulder=19.5, shoulder_drop=3.5)
    rib = Cloth(cloth.base, weave="knit").plain(0.93)
    body.back_inside(d, b, cloth.plain())
    body.back_band(d, b, rib, 2.4)
    body.ribbed_hem(d, b, rib, 5.5, 1.2)
    hole = b.armhole()
    for side in (hole, mirror(hole)):
        d.add(Piece(band(moved(side, 0.6 if side is hole else -0.6, 0), 3.0), rib, round=0.8, lift=0.1))
    _front(d, b, cloth, rng)
    body.neck_band(d, b, rib, 2.4)
    return d


KINDS = {
    f.__name__: f
    for f in (
        t_shirt, long_sleeve_tee, tank_top, polo_shirt, shirt, blouse, camisole,
        sweatshirt, hoodie, sweater, cardigan, knit_vest,
    )
}  # fmt: skip
