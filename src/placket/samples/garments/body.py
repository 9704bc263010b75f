"""What tops, outerwear and dresses share: a front, a back seen through the neck, sleeves, necklines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from placket.samples.cloth import Cloth
from placket.samples.drawing import Drawing, Lines, Piece
from placket.samples.geometry import Points, along, band, mirror, moved, outline, rungs, smooth, symmetric


@dataclass(frozen=True, slots=True)
class Block:
    """The measures of an upper body, centimetres, right half; y = 0 at the neck's side point."""

    neck: float = 9.0
    neck_depth: float = 8.5
    back_depth: float = 2.0
    shoulder: float = 22.0
    shoulder_drop: float = 4.5
    armpit: float = 24.0
    chest: float = 25.5
    waist: float = 24.5
    hem: float = 25.0
    length: float = 68.0
    hem_dip: float = 0.6
    v_neck: bool = False

    def front_neck(self) -> Points:
        """From the right neck point down to the middle."""
        n, d = self.neck, self.neck_depth
        if self.v_neck:
            return smooth([(n, 0), (n * 0.52, d * 0.52), (0, d)])
        return smooth([(n, 0), (n * 0.86, d * 0.5), (n * 0.5, d * 0.88), (0, d)])

    def back_neck(self) -> Points:
        n, d = self.neck, self.back_depth
        return smooth([(n, 0), (n * 0.7, d * 0.72), (0, d)])

    def tip(self) -> tuple[float, float]:
        return self.shoulder, self.shoulder_drop

    def pit(self) -> tuple[float, float]:
        return self.chest, self.armpit

    def side(self) -> list[tuple[float, float]]:
        """From the armpit to the hem's corner."""
        middle = self.armpit + (self.length - self.armpit) * 0.45
        return [self.pit(), (self.waist, middle), (self.hem, self.length)]

    def armhole(self) -> Points:
        (sx, sy), (px, py) = self.tip(), self.pit()
        inward = min(sx, px) - 0.9
        return smooth([(sx, sy), (inward, sy + (py - sy) * 0.45), (inward + 0.5, sy + (py - sy) * 0.75), (px, py)])

    def half_front(self) -> Points:
        """The right half's outline, from the neck's middle to the hem's middle."""
        hem = [
            (self.hem, self.length),
            (self.hem * 0.5, self.length + self.hem_dip * 0.8),
            (0, self.length + self.hem_dip),
        ]
        shoulder = [(self.neck, 0.0), self.tip()]
        return outline(self.front_neck()[::-1], shoulder, self.armhole(), self.side(), hem)


@dataclass(frozen=True, slots=True)
class Sleeve:
    """``angle``: degrees from hanging straight down. ``cuff``: half the width at the end. ``puff`` bulges, in cm."""

    length: float = 20.0
    cuff: float = 8.5
    angle: float = 38.0
    bend: float = 0.0
    puff: float = 0.0

    def outline(self, block: Block) -> Points:
        outer, end, inner = self.sides(block)
        under = [(block.chest - 7, block.armpit), (block.shoulder - 7, block.shoulder_drop + 1)]
        return np.vstack([smooth(outer), end, smooth(inner), np.array(under)])

    def sides(self, block: Block) -> tuple[Points, Points, Points]:
        """(outer edge from the shoulder, the end from outside to inside, inner edge to the armpit)."""
        a, b = np.radians(90 - self.angle), np.radians(90 - self.angle + self.bend)
        down, after = np.array([np.cos(a), np.sin(a)]), np.array([np.cos(b), np.sin(b)])
        out, out2 = np.array([down[1], -down[0]]), np.array([after[1], -after[0]])
        tip, pit = np.array(block.tip()), np.array(block.pit())
        elbow_out = tip + down * self.length * 0.5 + out * (1.0 + self.puff * 0.8)
        end_out = elbow_out + after * self.length * 0.5 - out * (0.4 + self.puff * 0.8)
        end_in = end_out - out2 * self.cuff * 2
        # Half-way down the inner edge the sleeve is as wide as armhole and cuff make it.
        depth = np.dot(pit - tip, -out)
        elbow_in = elbow_out - out * (depth * 0.42 + self.cuff * 1.12 + self.puff * 0.9)
        cap = tip + down * self.length * 0.16 + out * (0.9 + self.puff)
        inner = [end_in, elbow_in, pit] if self.length > 30 else [end_in, (end_in + pit) / 2 + out * 0.5, pit]
        return np.array([tip, cap, elbow_out, end_out]), np.array([end_out, end_in]), np.array(inner)

    def end_band(self, block: Block, depth: float, narrow: float = 0.0) -> Points:
        """A strip of ``depth`` cm beyond the end: a cuff."""
        _, end, _ = self.sides(block)
        across = end[1] - end[0]
        unit = across / np.hypot(*across)
        beyond = np.array([-unit[1], unit[0]])
        beyond = beyond if beyond[1] > 0 else -beyond
        a, b = end[0] + unit * narrow, end[1] - unit * narrow
        return np.array([end[0], end[1], b + beyond * depth, a + beyond * depth])


def back_inside(d: Drawing, b: Block, cloth: Cloth, label: bool = True) -> None:
    """The back seen through the neckline, darker, with the maker's label."""
    half = outline(
        [(0.0, b.back_depth)],
        b.back_neck()[::-1],
        [(b.neck + 2.5, 1.2), (b.neck + 2, b.neck_depth + 4), (0, b.neck_depth + 5)],
    )
    d.add(Piece(symmetric(half), cloth, dim=0.7, lift=0.0, round=1.2))
    if label:
        d.label(0, b.back_depth + 1.3)


def sleeves(d: Drawing, b: Block, s: Sleeve, cloth: Cloth, *, lift: float = 0.25) -> None:
    right = s.outline(b)
    for side, shape in ((1, right), (-1, mirror(right))):
        d.add(Piece(shape, cloth, grain=-side * s.angle, lift=lift))
    outer, inner = (smooth(x) for x in s.sides(b)[::2])
    pit = inner[-1]
    if s.length > 30:
        middle = along(outer, 0.5)[0]
        inside = along(inner, 0.55)[0]
        for shift in (-3.0, 0.5, 4.0):
            across = inside + np.outer((0, 0.4, 0.75), middle - inside)
            fold = across + np.array([(0, shift), (0, shift - 1.5), (0, shift - 0.5)])
            d.crease(fold, 0.55)
            d.crease(mirror(fold), 0.5)
    for dx, dy in ((-2.5, -9.0), (1.0, -7.0)):
        fold = pit + np.array([(-1.0, -0.6), (dx * 0.5 - 1.5, dy * 0.5), (dx - 2.0, dy)])
        d.crease(fold, 0.5)
        d.crease(mirror(fold), 0.5)


def body_creases(d: Drawing, b: Block, rng: np.random.Generator) -> None:
    """Pulls from the armpits and long soft waves down the body."""
    for side in (-1, 1):
        px, py = b.pit()
        for k in range(2):
            end = (px * rng.uniform(0.25, 0.6), py + rng.uniform(6, 16) * (1 + k))
            d.crease(
                [
                    (side * (px - 1.5), py + 1.5),
                    (side * (px + end[0]) / 2, (py + end[1]) / 2 - 1),
                    (side * end[0], end[1]),
                ],
                0.45,
            )
    for _ in range(3):
        x, y = rng.uniform(-0.7, 0.7) * b.hem, b.length - rng.uniform(4, 8)
        reach = rng.uniform(0.3, 0.5) * b.length
        d.crease([(x, y), (x + rng.normal(0, 1.2), y - reach / 2), (x + rng.normal(0, 2.5), y - reach)], 0.4)


def hem_stitches(d: Drawing, b: Block, s: Sleeve | None = None, tone: float = 0.8) -> None:
    low = [(-b.hem + 0.3, b.length - 2.2), (0, b.length + b.hem_dip - 2.2), (b.hem - 0.3, b.length - 2.2)]
    d.stitch(low, moved(np.array(low), 0, 0.55), tone=tone)
    if s is not None:
        _, end, _ = s.sides(b)
        across = end[1] - end[0]
        up = np.array([across[1], -across[0]]) / np.hypot(*across)
        up = up if up[1] < 0 else -up
        line = end + up * 2.0
        d.stitch(*d.both_sides(line, line + up * -0.5), tone=tone)


def neck_band(d: Drawing, b: Block, cloth: Cloth, width: float = 2.0, ribs: int = 44) -> None:
    """A ribbed strip set into the neckline, back part behind the front one."""
    front = np.vstack([b.front_neck(), mirror(b.front_neck())])
    inner = _inner_edge(front, width, b)
    d.add(Piece(np.vstack([front, inner[::-1]]), cloth, lift=0.32, round=0.9, folds=0.4))
    d.ribs(rungs(front, inner, ribs), tone=0.9)
    d.seam(front, tone=0.7, width=0.25)


def _inner_edge(front: Points, width: float, b: Block) -> Points:
    """The free edge of the band: it leans inwards at the sides, where it meets the back's."""
    narrower = (b.neck - width * 0.62) / b.neck
    rise = front[:, 1] / b.neck_depth * (b.neck_depth - width + width * 0.75) - width * 0.75
    return np.column_stack([front[:, 0] * narrower, rise])


def back_band(d: Drawing, b: Block, cloth: Cloth, width: float = 2.0) -> None:
    back = np.vstack([b.back_neck(), mirror(b.back_neck())])
    upper = back * ((b.neck - width * 0.62) / b.neck, 1.0) - (0, width * 0.75)
    d.add(Piece(np.vstack([moved(back, 0, 0.3), upper[::-1]]), cloth, dim=0.86, lift=0.0, round=0.9, folds=0.4))
    d.ribs(rungs(back, upper, 30), tone=0.9)


def ribbed_hem(d: Drawing, b: Block, cloth: Cloth, depth: float = 6.0, narrow: float = 1.6, dim: float = 0.97) -> None:
    top = [(-b.hem, b.length - 0.2), (0, b.length + b.hem_dip), (b.hem, b.length - 0.2)]
    low = [(-b.hem + narrow, b.length + depth), (0, b.length + depth + b.hem_dip), (b.hem - narrow, b.length + depth)]
    d.add(Piece(np.vstack([smooth(top), smooth(low)[::-1]]), cloth, dim=dim, round=1.4, lift=0.1))
    d.ribs(rungs(top, low, 70), tone=0.88)
    d.seam(top, tone=0.7, width=0.3)


def cuffs(
    d: Drawing, b: Block, s: Sleeve, cloth: Cloth, depth: float = 6.0, narrow: float = 1.2, ribbed: bool = True
) -> None:
    right = s.end_band(b, depth, narrow)
    for shape in (right, mirror(right)):
        d.add(Piece(shape, cloth, grain=0.0, dim=0.98, round=1.2, lift=0.12))
        corners = shape if shape is right else shape[::-1]
        if ribbed:
            d.ribs(rungs(corners[[0, 1]], corners[[3, 2]], 18), tone=0.88)
        d.seam(corners[[0, 1]], tone=0.7, width=0.3)


def placket(d: Drawing, cloth: Cloth, y0: float, y1: float, width: float, x: float = 0.0) -> None:
    """The strip that carries the buttons."""
    shape = np.array([(x - width / 2, y0), (x + width / 2, y0), (x + width / 2, y1), (x - width / 2, y1)])
    d.add(Piece(shape, cloth, round=0.35, lift=0.28, folds=0.9))
    d.stitch(
        [(x - width / 2 + 0.45, y0), (x - width / 2 + 0.45, y1)],
        [(x + width / 2 - 0.45, y0), (x + width / 2 - 0.45, y1)],
    )


def chest_pocket(
    d: Drawing, cloth: Cloth, x: float, y: float, w: float = 11.0, h: float = 12.5, *, flap: bool = False
) -> None:
    shape = np.array([(x - w / 2, y), (x + w / 2, y), (x + w / 2, y + h * 0.86), (x, y + h), (x - w / 2, y + h * 0.86)])
    d.add(Piece(shape, cloth, round=0.5, lift=0.16))
    inner = np.array(
        [
            (x - w / 2 + 0.5, y + 0.5),
            (x - w / 2 + 0.5, y + h * 0.84),
            (x, y + h - 0.7),
            (x + w / 2 - 0.5, y + h * 0.84),
            (x + w / 2 - 0.5, y + 0.5),
        ]
    )
    d.add(Lines([inner], 0.16, 0.78, (0.45, 0.25)))
    if flap:
        top = np.array(
            [
                (x - w / 2 - 0.3, y - 0.6),
                (x + w / 2 + 0.3, y - 0.6),
                (x + w / 2 + 0.3, y + 3.0),
                (x, y + 4.8),
                (x - w / 2 - 0.3, y + 3.0),
            ]
        )
        d.add(Piece(top, cloth, round=0.6, lift=0.3))
        d.add(Lines([moved(top[1:], 0, -0.6)], 0.16, 0.78, (0.45, 0.25)))
    else:
        d.stitch([(x - w / 2, y + 1.8), (x + w / 2, y + 1.8)])


def shirt_collar(d: Drawing, b: Block, cloth: Cloth, spread: float = 6.2, drop: float = 7.0) -> None:
    """Two turned-down leaves over the neckline; call after the front."""
    leaf = outline(
        [(0.4, b.neck_depth - 0.6), (b.neck * 0.55, b.neck_depth * 0.45), (b.neck * 0.72, -2.6)],
        [(b.neck + 0.4, -1.4), (b.neck + 1.6, 2.2), (spread + 2.2, b.neck_depth + drop * 0.55)],
    )
    for shape in (leaf, mirror(leaf)):
        d.add(Piece(shape, cloth, grain=20, round=0.9, lift=0.5, folds=0.5))
        d.add(Lines([shape], 0.16, 0.78, (0.45, 0.25)))


def collar_back(d: Drawing, b: Block, cloth: Cloth, height: float = 3.6) -> None:
    """The stand and fall of a collar behind the neck; call before the front."""
    half = outline(
        [(0, -height), (b.neck * 0.5, -height + 0.1), (b.neck * 0.86, -2.4)],
        [(b.neck + 1.4, 1.0), (b.neck, b.neck_depth * 0.6), (0, b.neck_depth + 3)],
    )
    d.add(Piece(symmetric(half), cloth, dim=0.74, lift=0.0, round=1.0))
    d.seam([(-b.neck * 0.8, 0.6), (0, 1.6), (b.neck * 0.8, 0.6)], tone=0.8)
    d.label(0, 2.4)


def hood(d: Drawing, b: Block, cloth: Cloth, lining: Cloth) -> None:
    """A hood laid up above the neck; call before the front."""
    outer = outline(
        [(0, -25.5), (8, -24.8), (14.6, -19), (16.2, -9), (13.5, -0.5), (b.neck + 3.0, 3.5)],
        [(b.neck, b.neck_depth), (0, b.neck_depth + 2)],
    )
    d.add(Piece(symmetric(outer), cloth, round=4.2, lift=0.0))
    inner = outline([(0, -19.5), (6.4, -18.6), (10.4, -12.5), (9.6, -3.5), (5.6, 4.5), (0.3, b.neck_depth + 1.5)])
    d.add(Piece(symmetric(inner), lining, dim=0.62, round=4.5, lift=0.0))
    d.label(0, -2.5)
    rim = band(np.vstack([inner, mirror(inner)]), 2.0)
    d.add(Piece(rim, cloth, round=0.7, lift=0.3, folds=0.5))
    d.add(Lines(d.both_sides(moved(inner, 0.75, 0)), 0.16, 0.78, (0.45, 0.25)))


def drawstrings(d: Drawing, y: float, color: tuple[float, float, float], rng: np.random.Generator) -> None:
    for side in (-1, 1):
        n = rng.uniform(15, 21)
        line = smooth(
            [
                (side * 3.2, y),
                (side * (3.6 + rng.uniform(-0.6, 1)), y + n * 0.5),
                (side * (3.0 + rng.uniform(-0.5, 1.4)), y + n),
            ]
        )
        d.add(Piece(band(line, 0.75), Cloth(color, weave="plain"), round=0.25, lift=0.35, folds=0.2))
        tip = line[-4:]
        d.add(Lines([tip], 0.7, (182, 180, 176)))


def lapels(d: Drawing, b: Block, cloth: Cloth, meet: float, notch: float = 8.5) -> None:
    """Collar and lapels of a tailored front that closes at ``meet``."""
    collar = outline(
        [(0, -2.4), (b.neck * 0.8, -2.0), (b.neck + 1.2, 0.4)],
        [(b.neck + 2.4, notch), (b.neck * 0.78, notch + 1.0), (b.neck - 3.4, 3.6), (0, 1.2)],
    )
    lapel = outline(
        [(b.neck - 2.2, 3.0), (b.neck * 0.78, notch + 1.0)],
        [(b.neck + 3.6, notch + 0.6), (b.neck + 2.4, notch + 7), (4.4, meet - 8), (0.2, meet)],
        [(0.2, meet), (b.neck * 0.5, notch + 6), (b.neck - 2.2, 3.0)],
    )
    for shape in (lapel, mirror(lapel), collar, mirror(collar)):
        d.add(Piece(shape, cloth, grain=24, round=0.9, lift=0.42, folds=0.5))


def front_halves(d: Drawing, b: Block, cloth: Cloth, opening: Sequence[tuple[float, float]]) -> None:
    """A front that opens along ``opening``, from the neck down; where x is negative, one side lies over the other."""
    edge = smooth(opening)
    hem = [(b.hem, b.length), (b.hem * 0.5, b.length + b.hem_dip * 0.8), (edge[-1, 0], b.length + b.hem_dip)]
    half = outline(edge[::-1], [(b.neck, 0.0), b.tip()], b.armhole(), b.side(), hem)
    d.add(Piece(mirror(half), cloth, lift=0.2), Piece(half, cloth, lift=0.35))
