"""Shoes, from the side: the far one of the pair a little behind and above the near one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from placket.samples.cloth import Cloth, make_cloth
from placket.samples.drawing import Drawing, Item, Lines, Piece, Spot, Text
from placket.samples.geometry import Points, Run, along, band, box, ellipse, moved, outline, smooth
from placket.samples.palette import RGB, lightness, shifted

_WHITE: RGB = (240, 239, 236)
_GUM: RGB = (176, 128, 82)
_DARK: RGB = (44, 42, 43)


def _pair(one: Callable[[Drawing], None], dx: float, dy: float) -> Drawing:
    """The same shoe twice; the far one first."""
    d, single = Drawing(), Drawing()
    one(single)
    d.add(*(_shift(i, dx, dy) for i in single.items), *single.items)
    d.creases = [(moved(p, dx, dy), s) for p, s in single.creases] + single.creases
    return d


def _shift(item: Item, dx: float, dy: float) -> Item:
    match item:
        case Piece():
            return replace(item, outline=moved(item.outline, dx, dy), dim=item.dim * 0.9)
        case Spot():
            return replace(item, outline=moved(item.outline, dx, dy), color=shifted(item.color, 0.9))
        case Lines():
            return replace(item, paths=[moved(p, dx, dy) for p in item.paths])
        case Text():
            return replace(item, at=(item.at[0] + dx, item.at[1] + dy))
        case _:
            return replace(item, at=(item.at[0] + dx, item.at[1] + dy))


def _rubber(color: RGB) -> Cloth:
    return Cloth(color, weave="satin", shine=0.18)


def _laces(d: Drawing, front: Run, color: RGB, count: int) -> None:
    """Bars across the throat, along a line from the toe up to the ankle."""
    for x, y in along(front, *np.linspace(0.06, 0.94, count)).tolist():
        d.add(
            Piece(
                band([(x - 2.0, y + 1.5), (x - 0.2, y - 0.2), (x + 1.5, y + 0.4)], 0.85),
                Cloth(color),
                round=0.3,
                lift=0.45,
            )
        )
        d.add(Spot(ellipse(x - 2.1, y + 1.9, 0.3, 0.3, 10), shifted(color, 0.55)))


def sneakers(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    cloth = make_cloth(color, pattern, "leather" if pattern == "solid" and rng.random() < 0.5 else "plain", rng, 0.12)
    kind = str(rng.choice(["court", "runner", "high"]))
    trim = cloth.dyed(cloth.accents[0]) if rng.random() < 0.6 else cloth.plain(0.8)
    sole = _rubber(_GUM if rng.random() < 0.2 else _WHITE)
    lace = _WHITE if rng.random() < 0.75 else shifted(cloth.base, 0.7)
    one = {"court": _court, "runner": _runner, "high": _high_top}[kind]
    return _pair(lambda d: one(d, cloth, trim, sole, lace), 5.5, -6.5 if kind != "high" else -5.0)


def _inside(d: Drawing, shape: Run, cloth: Cloth) -> None:
    d.add(Piece(smooth(shape, closed=True), cloth.plain(0.9), dim=0.55, lift=0, round=0.9))


def _court(d: Drawing, cloth: Cloth, trim: Cloth, sole: Cloth, lace: RGB) -> None:
    """A low court shoe, toe to the left."""
    _inside(d, [(11.5, -9.6), (17, -8.6), (24.5, -10.8), (25.2, -9.0), (17, -6.0), (11, -7.5)], cloth)
    tongue = outline([(6.2, -7.8), (9.6, -12.4), (12.0, -12.0)], [(12.6, -9.0), (9, -5.5)])
    d.add(Piece(tongue, cloth, round=0.8, lift=0.2))
    upper = outline(
        [(-3.6, -0.4), (-3.6, -2.6), (-1.4, -4.5), (2.2, -5.6), (6.0, -7.4), (10.6, -10.6)],
        [(10.6, -10.6), (15, -8.0), (20, -8.4), (25.0, -10.9)],
        [(25.0, -10.9), (26.2, -7.0), (26.0, -0.4)],
    )
    d.add(Piece(upper, cloth, round=1.5, lift=0.35))
    toe = smooth([(2.4, -5.6), (3.4, -3.0), (2.6, -0.4)])
    quarter = smooth([(6.4, -7.5), (8.0, -4.0), (7.0, -0.4)])
    d.seam(toe, quarter, tone=0.7)
    d.stitch(moved(quarter, -0.5, 0.0), moved(toe, -0.45, 0))
    d.add(
        Piece(
            outline([(21.6, -8.9), (25.0, -10.9), (26.2, -7.0), (26.1, -4.0)], [(22.8, -4.6), (21.6, -8.9)]),
            trim,
            round=0.6,
            lift=0.15,
        )
    )
    d.add(Piece(band([(12.6, -8.8), (13.6, -5.0), (16.0, -0.6)], 2.4), trim, round=0.4, lift=0.15))
    _laces(d, [(4.4, -6.4), (10.0, -10.0)], lace, 5)
    bottom = outline(
        [(-4.2, -0.9), (-4.0, 1.4), (-2.6, 2.4)],
        [(25.6, 2.4), (26.8, 1.4), (26.9, -1.2)],
        [(26.9, -1.2), (12, -0.5), (-4.2, -0.9)],
    )
    d.add(Piece(bottom, sole, round=0.7, lift=0.3))
    d.seam([(-4.1, 1.0), (12, 1.2), (26.8, 0.9)], tone=0.86)


def _runner(d: Drawing, cloth: Cloth, trim: Cloth, sole: Cloth, lace: RGB) -> None:
    """A running shoe with a thick curved sole and overlays."""
    _inside(d, [(12, -11.6), (18, -9.8), (25.4, -12.8), (25.4, -10.6), (18, -7.0), (11, -9)], cloth)
    d.add(
        Piece(outline([(6.4, -9.2), (10.4, -14.2), (12.8, -13.6)], [(13.2, -10.4), (9, -7)]), trim, round=0.8, lift=0.2)
    )
    upper = outline(
        [(-4.4, -2.0), (-3.4, -4.4), (0.4, -6.0), (4.4, -7.4), (8.2, -9.8), (11.4, -12.8)],
        [(11.4, -12.8), (15, -9.8), (20.5, -9.8), (25.6, -13.2)],
        [(25.6, -13.2), (26.2, -8.0), (26.6, -2.0)],
    )
    d.add(Piece(upper, cloth, round=1.6, lift=0.35))
    d.add(
        Piece(outline([(-4.4, -2.0), (-3.4, -4.4), (-0.6, -5.6)], [(0.6, -3.6), (6, -2.0)]), trim, round=0.7, lift=0.2)
    )
    d.add(
        Piece(
            outline(
                [(20.0, -9.9), (25.6, -13.2), (26.2, -8.0), (26.6, -2.0)], [(20.5, -2.0), (22.5, -6.0), (20.0, -9.9)]
            ),
            trim,
            round=0.8,
            lift=0.2,
        )
    )
    for a, b in (((9.6, -10.8), (6.0, -2.2)), ((12.4, -11.2), (12.0, -2.2)), ((14.0, -10.2), (18.0, -2.2))):
        d.add(Piece(band([a, ((a[0] + b[0]) / 2 + 0.8, (a[1] + b[1]) / 2), b], 1.1), trim, round=0.35, lift=0.15))
    _laces(d, [(5.4, -8.2), (10.6, -12.2)], lace, 5)
    bottom = outline(
        [(-5.2, -3.4), (-4.2, -0.4), (0, 1.6), (6, 2.0)],
        [(24, 2.0), (27.4, 1.0), (28.4, -2.6)],
        [(28.4, -2.6), (20, -2.8), (12, -1.0), (3, -1.2), (-5.2, -3.4)],
    )
    d.add(Piece(bottom, sole, round=1.0, lift=0.35))
    d.add(Lines([smooth([(-4.6, -0.9), (0, 1.0), (6, 1.3), (24, 1.3), (27.6, 0.2)])], 0.9, shifted(trim.base, 0.8)))
    d.seam([(14, -0.9), (20, -1.2), (27.6, -1.0)], tone=0.8)


def _high_top(d: Drawing, cloth: Cloth, trim: Cloth, sole: Cloth, lace: RGB) -> None:
    _inside(d, [(13.4, -20.6), (18, -19.2), (24.6, -20.8), (24.4, -18.6), (14, -18.0)], cloth)
    d.add(Piece(outline([(7.2, -11), (11.6, -22.0), (14.2, -21.6)], [(15, -17), (10, -8)]), cloth, round=0.8, lift=0.2))
    upper = outline(
        [(-3.0, -0.4), (-2.8, -2.6), (-0.6, -4.4), (3.0, -5.6), (6.4, -8.0), (9.6, -13.5), (12.8, -20.2)],
        [(12.8, -20.2), (18, -18.8), (24.8, -21.0)],
        [(24.8, -21.0), (24.4, -13), (25.8, -6), (25.8, -0.4)],
    )
    d.add(Piece(upper, cloth, round=1.6, lift=0.35))
    d.add(Piece(outline([(-3.2, 0), (-2.8, -2.8), (0.2, -4.5)], [(2.4, -3.2), (3.2, 0)]), sole, round=0.7, lift=0.25))
    front = smooth([(6.8, -8.2), (9.9, -13.4), (13.2, -20.0)])
    edge = moved(front, 2.4, 1.2)
    d.seam(edge, [(8.6, -6.5), (9.6, -0.5)], [(21.6, -20.2), (21.4, -9), (19.6, -0.5)], tone=0.72)
    d.stitch(moved(edge, 0.5, 0.2))
    d.add(Piece(band([(23.6, -20.6), (23.0, -12), (24.4, -1.0)], 2.2), trim, round=0.5, lift=0.15))
    _laces(d, [(5.6, -7.2), (9.0, -13.0), (12.6, -19.8)], lace, 8)
    bottom = box(-3.8, -1.0, 26.8, 2.4, 1.2)
    d.add(Piece(bottom, sole, round=0.7, lift=0.3))
    d.add(Lines([np.array([(-3.6, 1.2), (26.6, 1.2)])], 0.45, trim.base))


def boots(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    cloth = make_cloth(color, pattern, "leather", rng, 0.3)
    kind = str(rng.choice(["chelsea", "lace_up", "knee"]))
    height = {"chelsea": 22.0, "lace_up": 24.0, "knee": 42.0}[kind]
    sole = _rubber(_DARK if lightness(cloth.base) < 150 or rng.random() < 0.5 else _GUM)
    return _pair(lambda d: _boot(d, cloth, sole, kind, height), 8.0, -4.5)


def _boot(d: Drawing, cloth: Cloth, sole: Cloth, kind: str, height: float) -> None:
    h = -height
    _inside(d, [(10.6, h + 0.4), (17, h - 0.6), (24.4, h + 0.2), (24.2, h + 1.8), (11, h + 1.8)], cloth)
    upper = outline(
        [(-3.0, -0.6), (-3.2, -2.8), (-1.0, -4.8), (3.0, -6.0), (7.4, -8.6), (9.8, -12.6), (10.0, h * 0.75), (10.2, h)],
        [(10.2, h), (17, h + 1.1), (24.8, h)],
        [(24.8, h), (24.6, h * 0.6), (23.6, -9.5), (25.2, -4.0), (25.0, -0.6)],
    )
    d.add(Piece(upper, cloth, round=1.9, lift=0.35))
    for k in range(3):
        d.crease([(8.6, -8.4 - k * 1.5), (13, -8.6 - k * 1.4), (18, -10.0 - k)], 0.7)
    if kind == "chelsea":
        gore = outline([(14.2, h + 1.0), (14.6, -12), (16.6, -8.5)], [(16.6, -8.5), (19.2, -12), (20.0, h + 0.9)])
        d.add(Piece(gore, Cloth(shifted(cloth.base, 0.7), weave="rib"), round=0.6, lift=0))
        d.stitch(*([gore]))
        d.add(Piece(band([(23.4, h + 1.5), (24.4, h - 2.6), (25.2, h + 1.6)], 1.2), cloth, round=0.4, lift=0.2))
    elif kind == "lace_up":
        front = smooth([(6.4, -8.0), (9.6, -12.6), (10.6, h + 1.4)])
        d.seam(
            moved(front, 3.0, 0.6),
            [(7.0, -8.2), (9.6, -4.6), (9.2, -0.6)],
            [(20.5, h), (20.2, -11), (17.5, -0.8)],
            tone=0.66,
        )
        _laces(d, moved(front, 1.4, 0.4).tolist(), shifted(cloth.base, 0.55), 8)
    else:
        d.seam([(21.5, h + 0.6), (21.0, -12), (21.8, -1)], tone=0.68)
        d.zipper([(22.4, h + 1), (21.8, -4)], (150, 146, 140))
        for k in range(3):
            d.crease([(10.6, -16 - 5 * k), (15, -15 - 5 * k), (21, -18 - 5 * k)], 0.45)
    bottom = outline(
        [(-3.6, -1.0), (-3.4, 1.4), (-2.4, 1.9)],
        [(14, 1.9), (15.4, 1.2)],
        [(16.4, 1.6), (16.6, 3.4)],
        [(25.2, 3.4), (26.0, -1.0)],
        [(26.0, -1.0), (-3.6, -1.0)],
    )
    d.add(Piece(bottom, sole, round=0.5, lift=0.3))
    d.stitch([(-3.2, -0.4), (25.4, -0.4)], tone=1.4)


def loafers(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    cloth = make_cloth(color, pattern, "leather", rng, 0.4)
    return _pair(lambda d: _loafer(d, cloth), 5.5, -6.0)


def _loafer(d: Drawing, cloth: Cloth) -> None:
    _inside(d, [(9, -6.6), (16, -5.8), (25.0, -8.2), (25.0, -6.6), (16, -3.6), (8.6, -5)], cloth.dyed((196, 168, 132)))
    upper = outline(
        [(-3.4, -0.4), (-3.6, -2.2), (-1.4, -3.9), (3.4, -5.2), (8.6, -8.2)],
        [(8.6, -8.2), (11.6, -5.4), (17, -5.0), (25.2, -8.5)],
        [(25.2, -8.5), (26.2, -5.0), (26.0, -0.4)],
    )
    d.add(Piece(upper, cloth, round=1.5, lift=0.35))
    apron = smooth([(-1.2, -3.0), (2.6, -3.2), (7.4, -4.2), (10.6, -5.8)])
    d.seam(apron, tone=0.62, width=0.4)
    d.stitch(moved(apron, 0.1, 0.5))
    d.add(Piece(band([(5.0, -6.6), (7.4, -4.0), (7.6, -0.8)], 2.8), cloth, round=0.5, lift=0.35))
    d.add(Spot(box(5.6, -4.6, 8.6, -3.6, 0.4), (190, 152, 88)))
    bottom = outline(
        [(-4.0, -0.9), (-3.6, 0.5)],
        [(15.0, 0.6), (16.6, 0.4)],
        [(17.0, 2.4), (26.0, 2.4)],
        [(26.6, -0.9), (-4.0, -0.9)],
    )
    d.add(Piece(bottom, _rubber(_DARK), round=0.4, lift=0.3))


def sandals(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    """Seen from above, as a pair side by side."""
    cloth = make_cloth(color, pattern, "leather", rng, 0.25)
    d = Drawing()
    half = [
        (0.4, 0.2),
        (3.6, 1.0),
        (4.8, 6.0),
        (4.2, 12),
        (3.2, 17),
        (3.6, 22),
        (2.6, 25.6),
        (0, 26.4),
        (-2.8, 25.4),
        (-3.4, 21),
        (-3.0, 15),
        (-4.0, 9),
        (-3.8, 4),
        (-1.8, 0.8),
    ]
    for side in (-1, 1):
        foot: Points = smooth([(side * x + side * 6.0, y) for x, y in half], closed=True)
        d.add(Piece(moved(foot, 0.3, 0.5), _rubber(_DARK), lift=0))
        d.add(Piece(foot, Cloth((196, 160, 120), weave="leather", shine=0.1), round=1.2, lift=0))
        c = side * 6.0
        for y, w, inner, outer in ((6.0, 3.6, 3.9, 4.9), (11.0, 3.0, 3.7, 4.4), (18.0, 1.5, 3.3, 3.4)):
            ends = [
                (c - side * inner, y + 0.5),
                (c - side * inner * 0.5, y - 0.2),
                (c, y - 0.4),
                (c + side * outer * 0.6, y - 0.1),
                (c + side * outer, y + 0.4),
            ]
            d.add(Piece(band(ends, w), cloth, round=0.8, lift=0.5))
        d.add(
            Lines([np.vstack([q := box(c + side * 2.6, 17.0, c + side * 4.2, 19.2, 0.3), q[:1]])], 0.4, (196, 164, 96))
        )
    return d


KINDS = {f.__name__: f for f in (sneakers, boots, loafers, sandals)}
