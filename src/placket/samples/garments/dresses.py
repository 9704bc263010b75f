"""Dresses, jumpsuits, overalls, swimwear."""

from dataclasses import replace

import numpy as np

from placket.samples.cloth import Cloth, make_cloth
from placket.samples.drawing import Drawing, Lines, Piece
from placket.samples.garments import body
from placket.samples.garments.body import Block, Sleeve
from placket.samples.geometry import Points, band, box, mirror, moved, outline, smooth, symmetric
from placket.samples.palette import shifted

_WAIST = 38.0


def _bodice(rng: np.random.Generator) -> Block:
    return Block(
        neck=rng.uniform(8.5, 10.5), neck_depth=rng.uniform(9, 13), shoulder=18.5, shoulder_drop=3.6, armpit=21.5,
        chest=20.5, waist=18.0, hem=17.5, length=_WAIST, v_neck=bool(rng.random() < 0.35), hem_dip=0.0,
    )  # fmt: skip


def _skirt_side(waist: float, hem: float, length: float, flare: float) -> list[tuple[float, float]]:
    return [(waist, _WAIST), (waist + (hem - waist) * flare, _WAIST + (length - _WAIST) * 0.42), (hem, length)]


def _falling_folds(
    d: Drawing, waist: float, hem: float, length: float, rng: np.random.Generator, count: int, depth: float
) -> None:
    for f in np.linspace(-0.85, 0.85, count) + rng.normal(0, 0.03, count):
        end = _WAIST + (length - _WAIST) * rng.uniform(0.6, 1.0)
        share = (end - _WAIST) / (length - _WAIST)
        x = f * (waist + (hem - waist) * share)
        d.crease([(f * waist, _WAIST + 1), ((f * waist + x) / 2, (_WAIST + end) / 2), (x, end)], depth)
    for f in np.linspace(-0.95, 0.95, 26):
        d.crease([(f * waist, _WAIST + 0.4), (f * waist * 1.04, _WAIST + rng.uniform(2.5, 5))], 0.45)


def dress(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    kind = str(rng.choice(["fit_and_flare", "shirt_dress", "slip", "t_shirt_dress"], p=[0.4, 0.25, 0.2, 0.15]))
    if kind == "slip":
        return _slip_dress(color, pattern, rng)
    d, cloth = Drawing(), make_cloth(color, pattern, "plain", rng)
    b, length = _bodice(rng), rng.uniform(88, 122)
    hem = {"fit_and_flare": 34.0, "shirt_dress": 29.0, "t_shirt_dress": 26.0}[kind]
    if kind != "fit_and_flare":
        b = replace(b, waist=19.5, hem=19.5, chest=21.5, v_neck=False, neck=8.6)
    s = (Sleeve(18, 8.2, 32), Sleeve(52, 5.2, 10, bend=-5), Sleeve(22, 7.0, 26, puff=3.0))[int(rng.integers(3))]
    if kind == "shirt_dress":
        body.collar_back(d, b, cloth.plain())
    else:
        body.back_inside(d, b, cloth.plain())
    body.sleeves(d, b, s, cloth)
    side = [*b.side()[:2], *_skirt_side(b.hem, hem, length, 0.5)]
    low = [(hem, length), (hem * 0.5, length + 1.4), (0, length + 1.8)]
    d.add(
        Piece(
            symmetric(outline(b.front_neck()[::-1], [(b.neck, 0), b.tip()], b.armhole(), side, low)), cloth, lift=0.34
        )
    )
    body.body_creases(d, b, rng)
    _falling_folds(d, b.hem, hem, length, rng, 9 if kind == "fit_and_flare" else 5, 0.75)
    edge = np.vstack([b.front_neck(), mirror(b.front_neck())])
    if kind == "shirt_dress":
        body.placket(d, cloth, b.neck_depth, length + 1.4, 3.2)
        for y in np.arange(b.neck_depth + 2, length - 4, 9.5):
            d.button(0, float(y), shifted(cloth.base, 0.6), 0.6)
        body.shirt_collar(d, b, cloth, 5.8, 6.4)
    else:
        d.add(Piece(band(edge, 1.2), cloth.plain(0.95), round=0.4, lift=0.2, folds=0.4))
    if kind != "t_shirt_dress":
        _waist(d, b, cloth, tie=kind == "shirt_dress" or bool(rng.random() < 0.4))
    d.stitch([(-hem + 0.4, length - 2.0), (0, length - 0.2), (hem - 0.4, length - 2.0)], tone=0.85)
    return d


def _waist(d: Drawing, b: Block, cloth: Cloth, *, tie: bool) -> None:
    if not tie:
        d.seam([(-b.hem, _WAIST), (0, _WAIST + 0.8), (b.hem, _WAIST)], tone=0.7, width=0.35)
        return
    d.add(Piece(box(-b.hem - 0.7, _WAIST - 1.6, b.hem + 0.7, _WAIST + 2.0, 0.5), cloth, round=0.6, lift=0.35))
    for line in (
        [(2, _WAIST), (5, _WAIST + 10), (4, _WAIST + 22)],
        [(2, _WAIST), (1.0, _WAIST + 11), (1.6, _WAIST + 26)],
    ):
        d.add(Piece(band(line, [1.6, 2.6, 3.2]), cloth, round=0.5, lift=0.4))
    for line in (
        [(2, _WAIST), (8, _WAIST - 3), (9, _WAIST + 2), (2, _WAIST + 0.6)],
        [(2, _WAIST), (-4, _WAIST - 3), (-5, _WAIST + 2), (2, _WAIST + 0.6)],
    ):
        d.add(Piece(smooth(line, closed=True), cloth, round=0.6, lift=0.4))
    d.add(Piece(box(0.4, _WAIST - 1.6, 3.6, _WAIST + 1.8, 1.0), cloth, round=0.6, lift=0.45))


def _slip_dress(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "satin", rng, 0.4)
    length, hem = rng.uniform(96, 122), rng.uniform(24, 30)
    top = smooth([(11.5, 17.0), (8.5, 18.5), (4.4, 23.2), (1.6, 24.8), (0, 25.0)])
    for side in (-1, 1):
        strap = [(side * 11.4, 17.6), (side * 10.2, 8), (side * 8.8, 0), (side * 8.4, 12), (side * 9.0, 29)]
        d.add(Piece(band(strap, 0.8), cloth.plain(), round=0.3, lift=0.2))
    d.add(
        Piece(
            symmetric(outline([(0, 28.5), (12, 27.5), (17.4, 29)], [(17, 36), (0, 38)])),
            cloth.plain(),
            dim=0.75,
            lift=0,
        )
    )
    side_ = [(11.5, 17.0), (14.2, 23), (17.5, 29.0)]
    low = [(17.5, 29.0), (16.4, 42), (19.5, 62), (hem, length)]
    d.add(Piece(symmetric(outline(top[::-1], side_, low, [(hem, length), (0, length + 1.6)])), cloth, lift=0.4))
    d.add(Piece(band(np.vstack([top, mirror(top)]), 1.0), cloth.plain(0.95), round=0.4, lift=0.15, folds=0.3))
    for x in rng.uniform(-14, 14, 8):
        y = rng.uniform(35, 60)
        d.crease(
            [(x * 0.9, y), (x + rng.normal(0, 1.5), (y + length) / 2), (x * 1.3, length - rng.uniform(2, 14))], 0.8
        )
    return d


def jumpsuit(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "plain", rng)
    b, s = replace(_bodice(rng), v_neck=False, neck=8.6, neck_depth=9), Sleeve(20, 8.6, 30)
    hem, spread, crotch, end = rng.uniform(15, 23), 1.6, 68.0, 136.0
    body.collar_back(d, b, cloth.plain())
    body.sleeves(d, b, s, cloth)
    side = [*b.side()[:2], (b.hem, _WAIST), (22.0, 58), (21.5, 70), (spread + hem + 1, 100), (spread + hem, end)]
    inner = [(spread, end), (0.8, 96), (0.2, crotch + 2), (0, crotch)]
    d.add(
        Piece(
            symmetric(outline(b.front_neck()[::-1], [(b.neck, 0), b.tip()], b.armhole(), side, inner)), cloth, lift=0.34
        )
    )
    body.body_creases(d, b, rng)
    body.placket(d, cloth, b.neck_depth, 58, 3.0)
    for y in np.arange(b.neck_depth + 2, 56, 8.5):
        d.button(0, float(y), shifted(cloth.base, 0.6), 0.6)
    for x in (-11.0, 11.0):
        body.chest_pocket(d, cloth, x, 20, 9, 10)
    d.seam([(0, 58), (0, crotch)], *d.both_sides([(17, 42), (20.6, 56)]), tone=0.7)
    for f in (-0.5, 0.5):
        d.crease([(f * 20, 66), (f * 18, 95), (f * 20, 130)], 0.6)
    body.shirt_collar(d, b, cloth, 5.6, 6.2)
    _waist(d, b, cloth, tie=True)
    return d


def overalls(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "denim", rng)
    hem, spread, crotch, end = rng.uniform(14, 20), 2.0, 62.0, 128.0
    bib = outline([(0, 12), (10.5, 12)], [(10.5, 12), (11.5, 26), (19.5, 36)])
    back = outline([(0, 22), (9, 24)], [(10, 26), (18, 35)], [(18, 40), (0, 42)])
    d.add(Piece(symmetric(back), cloth.plain(), dim=0.7, lift=0))
    for side in (-1, 1):
        d.add(
            Piece(
                band([(side * 9.0, 15), (side * 8.8, 4), (side * 7.6, -2), (side * 6.4, 6), (side * 5.5, 24)], 3.6),
                cloth,
                round=0.6,
                lift=0.2,
            )
        )
    outer = [(19.5, 36), (21.8, 50), (22.3, 62), (spread + hem + 1.5, 92), (spread + hem, end)]
    inner = [(spread, end), (1.0, 92), (0.2, crotch + 2), (0, crotch)]
    d.add(Piece(symmetric(outline(bib, outer, inner)), cloth, lift=0.34))
    thread = (194.0, 146.0, 84.0)
    d.add(Piece(box(-19.8, 36, 19.8, 40, 0.3), cloth, round=0.6, lift=0.25))
    d.stitch([(-19.5, 36.6), (19.5, 36.6)], [(-19.6, 39.4), (19.6, 39.4)], [(-9.8, 12.8), (9.8, 12.8)], tone=thread)
    d.stitch(
        *d.both_sides(smooth([(9.8, 13), (10.8, 26), (18.6, 35.6)]), smooth([(8, 40), (10, 47), (20.5, 50)])),
        tone=thread,
    )
    body.chest_pocket(d, cloth, 0, 18, 14, 14)
    for side in (-1, 1):
        d.button(side * 9.0, 14.6, (186, 150, 96), 1.1)
        d.add(Lines([box(side * 9.0 - 2.0, 10.5, side * 9.0 + 2.0, 13.2, 0.6)], 0.5, (180, 178, 172)))
        d.button(side * 20.3, 44, (186, 150, 96), 0.7)
        d.crease([(side * 3, 62), (side * 9, 60), (side * 17, 64)], 0.6)
        d.crease([(side * 4, 92), (side * 9, 94), (side * 15, 91)], 0.5)
    d.seam([(0, 40), (0, crotch)], tone=0.66, width=0.3)
    return d


def swimsuit(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "nylon", rng, 0.3)
    scoop, cut = rng.uniform(20, 27), rng.uniform(54, 60)
    neck = smooth([(10.5, 0), (9.8, 9), (6.8, scoop - 3.4), (2.4, scoop - 0.3), (0, scoop)])
    arm = smooth([(14.0, 0.4), (13.6, 10), (14.6, 18), (18.0, 24)])
    side = [(18.0, 24), (15.8, 38), (17.4, 48), (18.6, cut)]
    leg = smooth([(18.6, cut), (13.0, cut + 5), (7.0, cut + 13), (4.2, 76.5)])
    back = outline(
        [(0, scoop + 8), (7, scoop + 4), (11, 6), (11, 0)], [(14, 0.4), (13, 12), (16.6, 24)], [(14, 32), (0, 38)]
    )
    d.add(Piece(symmetric(back), cloth.plain(), dim=0.7, lift=0, round=1.0))
    low_back = outline([(0, cut + 2), (18.2, cut - 0.5)], [(12, cut + 8), (7.5, cut + 16), (4.2, 77.4)], [(0, 77.8)])
    d.add(Piece(symmetric(low_back), cloth.plain(), dim=0.68, lift=0, round=1.0))
    d.add(
        Piece(
            symmetric(outline(neck[::-1], [(10.5, 0), (14.0, 0.4)], arm, side, leg, [(4.2, 76.5), (0, 77.2)])),
            cloth,
            lift=0.35,
            round=2.6,
        )
    )
    edges: list[Points] = [neck, arm, leg]
    d.add(Lines(d.both_sides(*edges), 0.5, 0.82, blur=0.1))
    d.stitch(*d.both_sides(moved(neck, 0.7, 0.5), moved(arm, -0.8, 0.2), moved(leg, -0.4, -0.9)))
    if rng.random() < 0.4:
        d.seam(*d.both_sides(smooth([(14.5, 20), (9, 30), (9.5, 45), (12, cut + 4)])), tone=0.8)
    for x in (-7.0, 6.0):
        d.crease([(x, 40), (x * 1.3, 48), (x * 0.9, 58)], 0.4)
    return d


KINDS = {f.__name__: f for f in (dress, jumpsuit, overalls, swimsuit)}
