"""Hats, scarves, socks, belts, ties."""

import numpy as np

from placket.samples.cloth import Cloth, make_cloth
from placket.samples.drawing import Drawing, Lines, Piece, Spot, Text
from placket.samples.geometry import Points, band, box, ellipse, moved, outline, rungs, smooth, symmetric
from placket.samples.palette import RGB, lightness, shifted


def cap(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    """Three-quarter view, the peak to the lower left."""
    d, cloth = Drawing(), make_cloth(color, pattern, "plain", rng)
    peak = cloth.plain() if rng.random() < 0.7 else cloth.dyed(cloth.accents[0])
    d.add(
        Piece(
            smooth([(-14.6, 11.6), (-8, 13.4), (4, 13.2), (9.6, 10.6), (0, 9.4), (-9, 9.6)], closed=True),
            peak,
            dim=0.55,
            round=1.0,
            lift=0,
        )
    )
    crown = outline(
        [(-10.4, 9.0), (-10.0, 0), (-5, -6.4), (1.8, -8.2), (8.2, -5.6), (11.6, 1), (12.0, 9.6)],
        [(12.0, 9.6), (4, 12.2), (-4, 11.2), (-10.4, 9.0)],
    )
    d.add(Piece(crown, cloth, round=3.4, lift=0.2))
    for path in (
        [(1.8, -8.0), (-4.6, -1), (-5.2, 10.6)],
        [(1.8, -8.0), (4.8, 0), (4.6, 11.8)],
        [(1.8, -8.0), (10, -1.4), (11.8, 5)],
    ):
        d.seam(path, tone=0.72)
        d.stitch(moved(np.array(path), 0.5, 0), moved(np.array(path), -0.5, 0))
    for x, y in ((-1.2, -3.6), (7.0, -2.6), (-7.6, -1.0)):
        d.add(Lines([np.vstack([q := ellipse(x, y, 0.5, 0.5, 14), q[:1]])], 0.3, 0.6))
    d.add(Spot(ellipse(1.8, -8.3, 1.1, 0.7, 20), peak.base))
    brim = outline(
        [(-10.6, 8.4), (-4, 10.6), (4.4, 11.8)],
        [(4.4, 11.8), (1.0, 15.6), (-7, 17.2), (-15.4, 15.4), (-16.8, 13.4), (-14.6, 10.8), (-10.6, 8.4)],
    )
    d.add(Piece(brim, peak, round=1.4, lift=0.5, folds=0.4))
    inner = [
        smooth([(-10.4 - k * 1.3, 9.4 + k * 0.9), (-5 - k, 12 + k * 0.9), (3.4 - k * 0.6, 12.4 + k * 0.7)])
        for k in range(1, 4)
    ]
    d.stitch(*inner)
    if pattern in ("graphic", "lettering") or rng.random() < 0.3:
        ink = (
            cloth.accents[0] if abs(lightness(cloth.accents[0]) - lightness(cloth.base)) > 50 else (236.0, 236.0, 232.0)
        )
        d.add(Text(str(rng.choice(["N", "A", "27", "FW", "OX"])), (-0.6, 3.6), 5.0, ink))
    return d


def beanie(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d = Drawing()
    cloth = make_cloth(color, pattern, "rib" if pattern == "solid" else "knit", rng)
    if rng.random() < 0.4:
        _pompom(d, cloth if rng.random() < 0.5 else cloth.dyed(cloth.accents[0]), rng)
    dome = outline([(0, -14), (5, -13.2), (9.6, -8.5), (11.4, 0), (11.6, 6)], [(11.6, 6), (0, 7)])
    d.add(Piece(symmetric(dome), cloth, round=3.6, lift=0.2))
    ribs = [smooth([(x * 0.12, -13.6), (x * 0.8, -7), (x, 5)]) for x in np.linspace(-11, 11, 19)]
    d.add(Lines(ribs, 0.5, 0.84, blur=0.12))
    cuff = outline([(0, 3.4), (12.1, 2.6)], [(12.3, 6), (12.0, 10.2)], [(12.0, 10.2), (0, 11.2)])
    d.add(Piece(symmetric(cuff), cloth.plain(), round=1.6, lift=0.5))
    d.ribs(
        rungs([(-12.1, 2.6), (0, 3.4), (12.1, 2.6)], [(-12.0, 10.2), (0, 11.2), (12.0, 10.2)], 27), tone=0.84, width=0.4
    )
    if rng.random() < 0.5:
        d.label(0, 6.0, (52, 50, 50) if lightness(cloth.base) > 110 else (224, 216, 200), 3.6)
    return d


def _pompom(d: Drawing, cloth: Cloth, rng: np.random.Generator) -> None:
    a = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    r = 4.4 + rng.normal(0, 0.28, 90)
    d.add(Piece(np.column_stack([r * np.cos(a), -16.5 + r * np.sin(a)]), cloth.plain(), round=1.6))
    tufts = [
        np.array([rng.normal((0.0, -16.5), 1.4), (x, -16.5 + y)])
        for x, y in zip(4.2 * np.cos(a[::3]), 4.2 * np.sin(a[::3]), strict=True)
    ]
    d.add(Lines(tufts, 0.2, 0.8), Lines(tufts[::2], 0.15, 1.2))


def bucket_hat(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "plain", rng)
    brim = outline(
        [(0, 2.4), (9.0, 2.0), (11.0, 2.4)],
        [(11.0, 2.4), (15.6, 10.0), (16.4, 12.4)],
        [(16.4, 12.4), (9, 14.8), (0, 15.4)],
    )
    crown = outline(
        [(0, -9.6), (7, -9.2), (9.0, -7.6)], [(9.0, -7.6), (10.4, -1), (11.2, 3.4)], [(11.2, 3.4), (6, 4.8), (0, 5.2)]
    )
    d.add(Piece(symmetric(crown), cloth, round=2.6, lift=0.1))
    d.add(Piece(symmetric(brim), cloth, round=1.4, lift=0.3))
    seam = [(-11.1, 3.0), (0, 4.8), (11.1, 3.0)]
    d.seam(seam, [(-8.8, -7.4), (0, -6.2), (8.8, -7.4)], tone=0.68, width=0.35)
    for k in range(1, 6):
        d.stitch([(-11.2 - k * 0.9, 3.2 + k * 1.6), (0, 4.9 + k * 1.8), (11.2 + k * 0.9, 3.2 + k * 1.6)], tone=0.84)
    d.add(*(Spot(ellipse(x, -3.2, 0.4, 0.4, 12), shifted(cloth.base, 0.6)) for x in (-7.6, -5.8)))
    return d


def scarf(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    """Folded once around an unseen neck, the ends hanging."""
    d = Drawing()
    cloth = make_cloth(color, pattern, str(rng.choice(["wool", "knit"])), rng)
    fringe = bool(rng.random() < 0.7)
    ends = [(-7.5, rng.uniform(62, 70), 15.5, -3.0), (7.0, rng.uniform(54, 62), 15.0, 4.0)]
    d.add(
        Piece(
            band([(-14, 4), (-9.5, -5), (0, -8), (9.5, -5), (14, 4)], [10, 11, 12, 11, 10]),
            cloth,
            dim=0.72,
            round=2.4,
            lift=0,
        )
    )
    for x, y, w, lean in ends:
        line = [(x * 1.4, 4), (x, 18), (x + lean, y)]
        shape = band(line, [w * 0.72, w * 0.9, w])
        d.add(Piece(shape, cloth, grain=lean, round=2.2, lift=0.45))
        for k in (-0.25, 0.2):
            d.crease([(x * 1.4 + k * w, 8), (x + k * w, 26), (x + lean + k * w, y * 0.9)], 0.6)
        if fringe:
            p = smooth(line)
            direction = p[-1] - p[-5]
            direction /= np.hypot(*direction)
            across = np.array([-direction[1], direction[0]])
            tufts = [
                np.array(
                    [
                        p[-1] + across * t * w,
                        p[-1] + across * (t * w + rng.normal(0, 0.3)) + direction * rng.uniform(4.5, 6),
                    ]
                )
                for t in np.linspace(-0.47, 0.47, 17)
            ]
            d.add(*(Piece(band(t, 0.6), cloth.plain(0.95), round=0.2, lift=0.1, folds=0.3) for t in tufts))
    loop = band([(-14.5, -1), (-10.5, 9), (1, 14), (11.5, 9), (14.5, -1)], [10, 12.5, 14, 12.5, 10])
    d.add(Piece(loop, cloth, grain=12, round=2.8, lift=0.6))
    for k in (-3.0, 0.5, 3.5):
        d.crease([(-13, 6 + k), (-3, 14 + k), (9, 12.5 + k), (14, 7 + k)], 0.8)
    return d


def socks(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "knit", rng)
    accent = cloth.plain(0.85) if rng.random() < 0.5 else cloth.dyed(cloth.accents[0])
    leg = rng.uniform(18, 30)
    half: Points = outline(
        [(0, -leg), (8.6, -leg)],
        [(8.6, -leg), (8.4, -6), (9.6, 1), (8.8, 6)],
        [(8.8, 6), (2, 11), (-6, 15.5), (-11.5, 15.8), (-13.4, 12.4), (-11, 8.4), (-4, 3.6), (-0.6, -2), (0, -leg)],
    )
    for dx, dy in ((10.5, -5.0), (0.0, 0.0)):
        d.add(Piece(moved(half, dx, dy), cloth, round=2.0, lift=0.4))
        toe = outline([(-9.6, 7.2), (-7.4, 11), (-6.4, 15.6)], [(-11.5, 15.8), (-13.4, 12.4), (-9.6, 7.2)])
        heel = outline([(8.9, -2.6), (4.6, 0), (4.0, 4.4), (6.4, 7.6)], [(8.8, 6), (9.6, 1), (8.9, -2.6)])
        d.add(
            Piece(moved(toe, dx, dy), accent, round=1.2, lift=0), Piece(moved(heel, dx, dy), accent, round=1.2, lift=0)
        )
        top = np.array([(dx, dy - leg), (dx + 8.6, dy - leg)])
        d.add(Piece(np.vstack([top, moved(top[::-1], 0, 5.0)]), accent, round=1.0, lift=0.05))
        d.ribs(rungs(top, moved(top, 0, 5.0), 16), tone=0.86)
    return d


def belt(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    """Rolled up, its end lying out to the right."""
    d, cloth = Drawing(), make_cloth(color, pattern, "leather", rng, 0.35)
    metal: RGB = (190, 190, 192) if rng.random() < 0.5 else (196, 160, 92)
    for k, r in enumerate((12.0, 10.6, 9.2)):
        ring = smooth([(r * np.cos(a) * 1.1, r * np.sin(a) * 0.42 + k * 0.6) for a in np.linspace(2.0, 8.2, 26)])
        d.add(Piece(band(ring, 3.4), cloth, round=1.0, lift=0.35, dim=0.84 + 0.08 * k))
    strap = smooth([(-11.5, 2.6), (-4, 7.4), (6, 8.2), (17, 5.6), (23.0, 4.0)])
    d.add(Piece(band(strap, 3.4), cloth, round=0.8, lift=0.5))
    d.stitch(moved(strap, 0, 1.2), moved(strap, 0, -1.2))
    d.add(*(Spot(ellipse(float(x), float(y), 0.3, 0.3, 10), (30, 26, 24), shade=False) for x, y in strap[-22:-3:4]))
    d.add(
        Lines([np.vstack([q := box(-13.4, -0.4, -9.4, 6.0, 0.9), q[:1]])], 0.9, metal),
        Lines([np.array([(-13.2, 2.8), (-8.4, 3.2)])], 0.6, metal),
    )
    return d


def tie(color: str, pattern: str, rng: np.random.Generator) -> Drawing:
    d, cloth = Drawing(), make_cloth(color, pattern, "satin", rng, 0.25)
    w = rng.uniform(4.0, 5.0)
    narrow = outline([(-0.8, 4), (1.6, 4)], [(3.0, 40), (2.2, 58), (0.6, 61), (-1.2, 58)])
    d.add(Piece(moved(narrow, 2.4, 0), cloth, grain=45, dim=0.8, round=0.8))
    loop = band(
        [(-1.5, 1), (-6.5, -8), (-5.4, -17), (0, -20), (5.4, -17), (6.5, -8), (1.5, 1)],
        [2.4, 3.2, 3.6, 3.8, 3.6, 3.2, 2.4],
    )
    d.add(Piece(loop, cloth, grain=30, round=0.8, lift=0.1))
    blade = outline([(0, 3), (1.9, 3.4)], [(1.9, 3.4), (w * 0.7, 34), (w, 62)], [(w, 62), (0, 67.5)])
    d.add(Piece(symmetric(blade), cloth, grain=45, round=1.2, lift=0.5))
    knot = outline([(0, -1.4), (2.8, -1.0)], [(2.8, -1.0), (1.9, 4.0)], [(0, 4.4)])
    d.add(Piece(symmetric(knot), cloth, grain=-40, round=0.9, lift=0.55))
    d.crease([(0, 5), (0.4, 12), (0.2, 20)], 0.6)
    return d


KINDS = {f.__name__: f for f in (cap, beanie, bucket_hat, scarf, socks, belt, tie)}
