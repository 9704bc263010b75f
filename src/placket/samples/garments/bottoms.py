"""Trousers, jeans, leggings, shorts, skirts."""

from dataclasses import dataclass

import numpy as np

from placket.samples.cloth import Cloth, make_cloth
from placket.samples.drawing import Drawing, Fade, Lines, Piece
from placket.samples.geometry import Points, band, box, mirror, moved, outline, rungs, smooth, symmetric
from placket.samples.palette import RGB, lightness, shifted

_BRASS: RGB = (182, 140, 86)
_OCHRE: RGB = (192, 142, 80)


@dataclass(frozen=True, slots=True)
class Legs:
    """Right half, centimetres; y = 0 at the waist. ``spread``: x of the inner hem, so that the legs part."""

    waist: float = 19.0
    hip: float = 22.4
    rise: float = 28.0
    length: float = 100.0
    knee: float = 20.0
    hem: float = 17.0
    spread: float = 2.5

    def half(self) -> Points:
        knee_y = self.rise + (self.length - self.rise) * 0.48
        inner = [(self.spread, self.length), (self.spread * 0.6, knee_y), (0.3, self.rise + 2), (0.0, self.rise)]
        outer = [(self.waist, 0), (self.hip - 1.0, self.rise * 0.45), (self.hip, self.rise * 0.85)]
        outer += [(self.spread * 0.6 + self.knee, knee_y), (self.spread + self.hem, self.length)]
        return outline([(0, 0.8), (self.waist * 0.6, 0.4), (self.waist, 0)], outer, inner)

    def hem_line(self, up: float) -> list[tuple[float, float]]:
        return [(self.spread + self.hem - 0.2, self.length - up), (self.spread + 0.1, self.length - up)]


def _legs(d: Drawing, g: Legs, cloth: Cloth, rng: np.random.Generator, *, inside: bool = True) -> None:
    if inside:
        back = outline([(0, -1.0), (g.waist * 0.6, -0.8), (g.waist - 0.3, 0.2)], [(g.waist - 1, 4), (0, 5)])
        d.add(Piece(symmetric(back), cloth.plain(), dim=0.68, lift=0, round=1.0))
        d.label(0, 0.2, width=5.0)
    d.add(Piece(symmetric(g.half()), cloth, lift=0.3))
    d.seam([(0, g.rise * 0.55), (0.3, g.rise * 0.85), (0, g.rise)], tone=0.72)
    for side in (-1, 1):
        for k in range(3):  # whiskers from the crotch
            y = g.rise - 5 + 3.0 * k
            reach = rng.uniform(0.45, 0.75) * g.hip
            d.crease(
                [(side * 1.0, y), (side * reach * 0.5, y - 1.6 - k * 0.2), (side * reach, y - 3.0 + 2.2 * k)], 0.45
            )
        if g.length > g.rise + 40:
            knee = g.rise + (g.length - g.rise) * 0.5
            for k in range(3):
                y = knee + rng.uniform(-9, 9)
                x = g.spread + g.knee * (0.12 if k % 2 else 0.9)
                d.crease([(side * x, y), (side * (g.spread + g.knee * 0.5), y + rng.normal(1.5, 1.2))], 0.5)
            for _ in range(2):
                y = g.length - rng.uniform(4, 16)
                d.crease(
                    [
                        (side * (g.spread + 1), y),
                        (side * (g.spread + g.hem * 0.55), y + 1.6),
                        (side * (g.spread + g.hem), y - 0.6),
                    ],
                    0.35,
                )


def _waistband(
    d: Drawing, g: Legs, cloth: Cloth, depth: float = 3.8, *, loops: bool = True, elastic: bool = False
) -> None:
    grow = (g.hip - g.waist) / (g.rise * 0.45) * depth * 0.55
    top = [(-g.waist - 0.15, -0.1), (0, 0.8), (g.waist + 0.15, -0.1)]
    low = [(-g.waist - grow, depth - 0.1), (0, depth + 0.8), (g.waist + grow, depth - 0.1)]
    d.add(Piece(np.vstack([smooth(top), smooth(low)[::-1]]), cloth, round=0.7, lift=0.22, folds=0.5))
    if elastic:
        d.ribs(rungs(top, low, 46), tone=0.84, width=0.3)
        return
    d.stitch(moved(np.array(low), 0, -0.5), moved(np.array(top), 0, 0.5))
    if loops:
        for x in (-0.62, 0.62, -0.2, 0.24):
            d.add(
                Piece(
                    box(x * g.waist - 0.7, -0.3, x * g.waist + 0.7, depth + 1.2, 0.2),
                    cloth,
                    round=0.25,
                    lift=0.4,
                    folds=0.3,
                )
            )


def _fly(d: Drawing, g: Legs, tone: float | RGB = 0.76) -> None:
    d.seam([(0, 4), (0, g.rise * 0.62)], tone=0.66, width=0.3)
    curve = smooth([(4.2, 4.4), (4.0, g.rise * 0.42), (2.8, g.rise * 0.54), (0.2, g.rise * 0.62)])
    d.stitch(curve, moved(curve, -0.55, -0.1), tone=tone)


def trousers(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    weave = str(rng.choice(["plain", "wool", "corduroy"], p=[0.55, 0.3, 0.15]))
    d, cloth = Drawing(), make_cloth(color, pattern, weave, rng)
    shape = int(rng.integers(3))  # tapered, straight, wide
    g = Legs(
        knee=(18.5, 20.0, 24.0)[shape],
        hem=(14.0, 19.0, 28.0)[shape],
        length=rng.uniform(94, 102),
        rise=28 + shape,
        spread=(3.5, 2.0, 0.8)[shape],
    )
    _legs(d, g, cloth, rng)
    _fly(d, g)
    for side in (-1, 1):
        d.seam([(side * (g.waist - 3.2), 4.0), (side * (g.hip - 1.4), 18.5)], tone=0.66, width=0.3)
        d.stitch([(side * (g.waist - 3.9), 4.0), (side * (g.hip - 2.2), 18.3)])
        middle = g.spread + g.hem * 0.5
        d.add(
            Lines([smooth([(side * 10.5, 6), (side * 11.5, 40), (side * middle, g.length - 1)])], 0.5, 1.05, blur=0.15)
        )
        if shape:
            d.crease([(side * 9.5, 4.5), (side * 10, 12), (side * 10.6, 22)], 0.6)
    _waistband(d, g, cloth)
    d.button(0.6, 2.6, shifted(cloth.base, 0.6) if lightness(cloth.base) > 80 else (110, 104, 98), 0.9)
    d.stitch(*d.both_sides(g.hem_line(3.4)), tone=0.86)
    return d


def jeans(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "denim", rng)
    shape = int(rng.integers(4))  # skinny, straight, wide, tapered
    g = Legs(
        waist=18.5,
        hip=21.8,
        knee=(15.0, 19.0, 23.0, 18.5)[shape],
        hem=(11.0, 17.5, 26.0, 13.5)[shape],
        length=rng.uniform(95, 103),
        rise=27 + rng.uniform(-2, 3),
        spread=(4.0, 2.2, 0.8, 3.6)[shape],
    )
    thread: float | RGB = _OCHRE if rng.random() < 0.75 and "denim" in color else 0.75
    _legs(d, g, cloth, rng)
    if pattern == "denim_wash" or "denim" in color:
        strength = rng.uniform(0.12, 0.32)
        knee = g.rise + (g.length - g.rise) * 0.45
        for side in (-1, 1):
            x = side * (g.spread * 0.5 + g.knee * 0.5)
            d.add(
                Fade((x, (g.rise + knee) / 2 - 4), (g.knee * 0.3, 17), strength),
                Fade((x, g.length - 22), (g.knee * 0.24, 16), strength * 0.6),
            )
            d.add(Fade((side * (g.hip + 1), 40), (5, 60), -0.12))
    _fly(d, g, thread)
    for side in (-1, 1):
        pocket = smooth([(side * 6.8, 4.0), (side * 8.6, 9.5), (side * 15, 12.2), (side * (g.hip - 1.0), 12.4)])
        d.seam(pocket, tone=0.6, width=0.35)
        d.stitch(moved(pocket, side * -0.2, 0.6), moved(pocket, side * -0.3, 1.15), tone=thread)
        d.button(side * 7.4, 4.8, _BRASS, 0.35)
    d.stitch(
        *d.both_sides(
            g.hem_line(1.4),
            [(0.5, g.rise), (g.spread * 0.6 + 0.7, (g.rise + g.length) / 2), (g.spread + 0.6, g.length - 1)],
        ),
        tone=thread,
    )
    _waistband(d, g, cloth)
    d.button(0.4, 2.6, _BRASS, 0.95)
    if rng.random() < 0.2:
        _ripped(d, g, rng)
    return d


def _ripped(d: Drawing, g: Legs, rng: np.random.Generator) -> None:
    for side in (-1, 1):
        y = g.rise + (g.length - g.rise) * rng.uniform(0.36, 0.46)
        x = side * (g.spread + g.knee * 0.5)
        half = g.knee * 0.3
        threads = [
            np.array(
                [(x - half * rng.uniform(0.6, 1), y + k), (x + half * rng.uniform(0.6, 1), y + k + rng.normal(0, 0.2))]
            )
            for k in np.linspace(-2.2, 2.2, 9)
        ]
        d.add(Lines(threads, 0.45, (226, 230, 234), blur=0.05), Lines(threads[::3], 0.5, 0.5))


def leggings(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "jersey", rng, 0.15)
    g = Legs(waist=15.5, hip=19.0, knee=12.5, hem=8.0, rise=26, length=rng.uniform(86, 92), spread=5.5)
    _legs(d, g, cloth, rng)
    _waistband(d, g, cloth.plain(0.96), 7.5, loops=False)
    d.stitch(*d.both_sides(g.hem_line(1.6)))
    if rng.random() < 0.3:
        side = smooth(
            [(g.waist + 0.5, 8), (g.hip - 0.6, 24), (g.knee + 2.6, 55), (g.spread + g.hem - 0.7, g.length - 1)]
        )
        d.add(Lines([side, mirror(side)], 1.2, (236, 236, 236)))
    return d


def joggers(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "terry", rng)
    g = Legs(waist=18.5, hip=23.2, knee=19.5, hem=12.5, length=88, rise=29, spread=4.0)
    rib = cloth.plain(0.95)
    for side in (-1, 1):
        x0, x1 = g.spread + 1.4, g.spread + g.hem - 1.0
        shape = np.array(
            [
                (side * x0, g.length - 1),
                (side * x1, g.length - 1),
                (side * (x1 - 0.6), g.length + 7),
                (side * (x0 + 0.4), g.length + 7),
            ]
        )
        d.add(Piece(shape, rib, round=1.0, lift=0.1))
        d.ribs(rungs(shape[:2], shape[[3, 2]], 20), tone=0.88)
    _legs(d, g, cloth, rng)
    for side in (-1, 1):
        d.seam([(side * (g.waist - 2.0), 6.0), (side * (g.hip - 2.5), 20)], tone=0.66, width=0.3)
    _waistband(d, g, rib, 5.5, loops=False, elastic=True)
    for side in (-1, 1):
        line = smooth([(side * 1.4, 3.5), (side * 2.2, 12), (side * 1.8, rng.uniform(17, 21))])
        d.add(Piece(band(line, 0.8), Cloth(shifted(cloth.base, 1.45)), round=0.25, lift=0.4))
    return d


def shorts(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    denim = "denim" in color or pattern == "denim_wash"
    d, cloth = Drawing(), make_cloth(color, pattern, "denim" if denim else "plain", rng)
    g = Legs(length=rng.uniform(40, 52), knee=23.5, hem=24.0, rise=28, spread=1.2, hip=23.6)
    elastic = not denim and bool(rng.random() < 0.4)
    _legs(d, g, cloth, rng)
    if not elastic:
        _fly(d, g, _OCHRE if denim else 0.76)
    for side in (-1, 1):
        d.seam([(side * (g.waist - 3.4), 4.2), (side * (g.hip - 2.0), 17)], tone=0.66, width=0.3)
    _waistband(d, g, cloth, 4.0, loops=not elastic, elastic=elastic)
    if elastic:
        for side in (-1, 1):
            d.add(
                Piece(
                    band([(side * 1.2, 3), (side * 2.6, 9), (side * 2.0, 15)], 0.8),
                    Cloth((236, 234, 228)),
                    round=0.25,
                    lift=0.4,
                )
            )
    else:
        d.button(0.5, 2.6, _BRASS if denim else shifted(cloth.base, 0.65), 0.9)
    d.stitch(*d.both_sides(g.hem_line(2.4)), tone=_OCHRE if denim else 0.82)
    return d


def swim_shorts(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "nylon", rng, 0.15)
    g = Legs(length=40, knee=23.5, hem=24.5, rise=27, spread=1.0, hip=23.6)
    _legs(d, g, cloth, rng)
    _waistband(d, g, cloth, 4.0, loops=False, elastic=True)
    for side in (-1, 1):
        d.add(
            Piece(
                band([(side * 1.0, 3), (side * 3.6, 8), (side * 2.4, 14)], 0.9),
                Cloth((240, 240, 238)),
                round=0.25,
                lift=0.45,
            )
        )
        d.seam([(side * (g.waist - 1.4), 5), (side * (g.hip - 1.2), 18)], tone=0.7, width=0.3)
    d.stitch(*d.both_sides(g.hem_line(2.2)))
    return d


def skirt(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    denim = "denim" in color or pattern == "denim_wash"
    d, cloth = Drawing(), make_cloth(color, pattern, "denim" if denim else "plain", rng)
    kind = "straight" if denim else str(rng.choice(["pleated", "a_line", "straight", "tiered"]))
    length = {
        "pleated": rng.uniform(45, 76),
        "a_line": rng.uniform(42, 70),
        "straight": rng.uniform(44, 62),
        "tiered": 76.0,
    }[kind]
    waist, hem = 17.5, {"pleated": 32.0, "a_line": 31.0, "straight": 22.5, "tiered": 34.0}[kind]
    g = Legs(waist=waist, hip=waist + (hem - waist) * 0.5, rise=length * 0.5, length=length)
    dip = 1.4 if kind != "straight" else 0.5
    side = [(waist, 0), (waist + (hem - waist) * (0.42 if kind != "straight" else 0.8), 18), (hem, length)]
    back = outline([(0, -0.8), (waist - 0.3, 0.2)], [(waist - 1, 4), (0, 5)])
    d.add(Piece(symmetric(back), cloth.plain(), dim=0.68, lift=0, round=1.0))
    d.label(0, 0.2, width=5)
    hem_line = [(hem, length), (hem * 0.5, length + dip * 0.8), (0, length + dip)]
    d.add(Piece(symmetric(outline([(0, 0.8), (waist, 0)], side, hem_line)), cloth, lift=0.3))
    count = {"pleated": 15, "a_line": 6, "straight": 3, "tiered": 10}[kind]
    for f in np.linspace(-0.86, 0.86, count) + rng.normal(0, 0.012, count):
        top, low = (f * waist, 4.5), (f * hem * 1.02, length - 0.6)
        if kind == "pleated":
            d.seam([top, low], tone=0.7, width=0.35)
            d.add(Lines([np.array([(top[0] + 0.7, top[1]), (low[0] + 1.1, low[1])])], 1.6, 0.84, blur=0.5))
            d.add(Lines([np.array([(top[0] - 0.8, top[1]), (low[0] - 1.3, low[1])])], 1.2, 1.09, blur=0.5))
        else:
            bottom = rng.uniform(0.55, 0.98)
            d.crease(
                [top, (f * (waist + hem) * 0.5, length * bottom * 0.6), (low[0], length * bottom)],
                0.7 if kind != "straight" else 0.35,
            )
    if kind == "tiered":
        for y in (length * 0.34, length * 0.66):
            half = waist + (hem - waist) * (0.42 + 0.58 * (y - 18) / (length - 18))
            d.seam([(-half, y), (0, y + 1.2), (half, y)], tone=0.66, width=0.4)
            for x in np.linspace(-half, half, 26):
                d.crease([(x, y + 1.3), (x * 1.02, y + rng.uniform(4, 8))], 0.6)
    if kind == "straight":
        _front_of_straight(d, g, length, dip, cloth, denim)
    _waistband(d, g, cloth, 3.6, loops=denim)
    if denim:
        d.button(0.3, 2.4, _BRASS, 0.95)
        d.add(Fade((9, length * 0.55), (7, 14), 0.16), Fade((-9, length * 0.55), (7, 14), 0.16))
    return d


def _front_of_straight(d: Drawing, g: Legs, length: float, dip: float, cloth: Cloth, denim: bool) -> None:
    tone: float | RGB = _OCHRE if denim else 0.78
    d.seam([(0, 4), (0, length + dip - 0.3)], tone=0.68, width=0.3)
    d.stitch([(0.6, 4), (0.6, length + dip - 0.3)], tone=tone)
    if denim:
        for side in (-1, 1):
            pocket = smooth([(side * 6.5, 3.8), (side * 8.5, 9), (side * 14, 11.5), (side * (g.hip + 1.0), 11.8)])
            d.seam(pocket, tone=0.62, width=0.35)
            d.stitch(moved(pocket, 0, 0.6), tone=tone)
    d.stitch([(-g.hip - 1.8, length - 2), (0, length + dip - 2.2), (g.hip + 1.8, length - 2)], tone=tone)


KINDS = {f.__name__: f for f in (trousers, jeans, leggings, joggers, shorts, swim_shorts, skirt)}
