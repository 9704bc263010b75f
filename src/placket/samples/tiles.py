"""Motifs that repeat: square tiles, drawn once a garment, that join at their edges."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from placket.samples.palette import RGB, shifted

Tile = npt.NDArray[np.float32]
"""Shape ``(n, n, 3)``, 0..255."""

SIDE = 192
_OVER = 2
Brush = Callable[[ImageDraw.ImageDraw, float, float], None]


def _ints(color: RGB) -> tuple[int, int, int]:
    return round(color[0]), round(color[1]), round(color[2])


class _Plate:
    """A canvas on which everything drawn over an edge comes in again at the other."""

    def __init__(self, ground: RGB) -> None:
        self.side = SIDE * _OVER
        self._image = Image.new("RGB", (self.side, self.side), _ints(ground))
        self._draw = ImageDraw.Draw(self._image)

    def stamp(self, x: float, y: float, brush: Brush) -> None:
        for dx in (-self.side, 0, self.side):
            for dy in (-self.side, 0, self.side):
                if -90 < x + dx < self.side + 90 and -90 < y + dy < self.side + 90:
                    brush(self._draw, x + dx, y + dy)

    def tile(self) -> Tile:
        return np.asarray(self._image.reduce(_OVER), dtype=np.float32)


def _spread(rng: np.random.Generator, count: int, side: int) -> list[tuple[float, float]]:
    """Points about evenly apart on a torus: best of twelve candidates (Mitchell 1991)."""
    points = [rng.uniform(0, side, 2)]
    while len(points) < count:
        candidates = rng.uniform(0, side, (12, 2))
        d = np.abs(candidates[:, None] - np.array(points)[None])
        d = np.minimum(d, side - d)
        points.append(candidates[np.hypot(d[..., 0], d[..., 1]).min(1).argmax()])
    return [(float(x), float(y)) for x, y in points]


def _blossom(color: RGB, heart: RGB, radius: float, petals: int, turn: float) -> Brush:
    def brush(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
        for i in range(petals):
            a = turn + 2 * math.pi * i / petals
            px, py, r = x + math.cos(a) * radius * 0.55, y + math.sin(a) * radius * 0.55, radius * 0.46
            draw.ellipse((px - r, py - r, px + r, py + r), _ints(shifted(color, 0.93 + 0.1 * (i % 2))))
        r = radius * 0.26
        draw.ellipse((x - r, y - r, x + r, y + r), _ints(heart))

    return brush


def _leaf(color: RGB, length: float, turn: float) -> Brush:
    t = np.linspace(0, 1, 9)
    width = np.sin(np.pi * t) * length * 0.2
    side = np.column_stack([t * length, width])
    shape = np.vstack([side, side[::-1] * (1, -1)])
    c, s = math.cos(turn), math.sin(turn)
    shape = np.column_stack([shape[:, 0] * c - shape[:, 1] * s, shape[:, 0] * s + shape[:, 1] * c])

    def brush(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
        draw.polygon([(x + px, y + py) for px, py in shape.tolist()], _ints(color))

    return brush


def floral(ground: RGB, colors: Sequence[RGB], rng: np.random.Generator) -> Tile:
    plate = _Plate(ground)
    green = (86.0, 116.0, 84.0) if rng.random() < 0.7 else colors[-1]
    big = rng.uniform(24, 46)
    places = _spread(rng, 26, plate.side)
    for x, y in places:
        for _ in range(2):
            plate.stamp(x, y, _leaf(shifted(green, rng.uniform(0.8, 1.1)), big * 1.5, rng.uniform(0, 6.3)))
    for i, (x, y) in enumerate(places):
        radius = big * (1.0, 0.6, 0.42)[i % 3]
        petals = int(rng.integers(5, 7))
        plate.stamp(x, y, _blossom(colors[i % len(colors)], (222, 178, 84), radius, petals, rng.uniform(0, 6.3)))
    return plate.tile()


def animal(ground: RGB, colors: Sequence[RGB], rng: np.random.Generator) -> Tile:
    """Leopard: dark rosettes with a deeper heart."""
    plate = _Plate(ground)
    dark, heart = (44.0, 33.0, 28.0), shifted(ground, 0.72)
    for x, y in _spread(rng, 42, plate.side):
        r = rng.uniform(13, 22)

        def rosette(draw: ImageDraw.ImageDraw, cx: float, cy: float, r: float = r) -> None:
            draw.ellipse((cx - r, cy - r * 0.8, cx + r, cy + r * 0.8), _ints(heart))

        plate.stamp(x, y, rosette)
        for a in rng.uniform(0, 6.3) + np.array([0.0, 1.5, 3.3, 4.6])[: rng.integers(3, 5)]:
            blob = rng.uniform(0.35, 0.6) * r
            plate.stamp(x + r * math.cos(a), y + r * 0.8 * math.sin(a), _disc(dark, blob, blob * 0.8))
    return plate.tile()


def _disc(color: RGB, rx: float, ry: float) -> Brush:
    return lambda draw, x, y: draw.ellipse((x - rx, y - ry, x + rx, y + ry), _ints(color))


def _levels(colors: Sequence[RGB], rng: np.random.Generator, cells: int, cuts: Sequence[float]) -> Tile:
    """Patches of flat colour: a smooth field on a torus, cut at quantiles."""
    seed = rng.random((cells, cells)).astype(np.float32)
    field = Image.fromarray(np.tile(seed, (3, 3))).resize((SIDE * 3, SIDE * 3), Image.Resampling.BICUBIC)
    values = np.asarray(field)[SIDE : 2 * SIDE, SIDE : 2 * SIDE]
    bins = np.digitize(values, np.quantile(values, cuts))
    tile = np.array(colors, dtype=np.float32)[bins % len(colors)]
    soft = Image.fromarray(tile.astype(np.uint8)).filter(ImageFilter.SMOOTH)
    return np.asarray(soft, dtype=np.float32)


def camouflage(ground: RGB, colors: Sequence[RGB], rng: np.random.Generator) -> Tile:
    shades = [ground, shifted(ground, 0.62), shifted(ground, 1.25), (58.0, 50.0, 40.0)]
    return _levels(shades, rng, 7, (0.36, 0.6, 0.82))


def abstract(ground: RGB, colors: Sequence[RGB], rng: np.random.Generator) -> Tile:
    return _levels([ground, colors[0], ground, colors[1]], rng, 4, (0.3, 0.45, 0.75))


def geometric(ground: RGB, colors: Sequence[RGB], rng: np.random.Generator) -> Tile:
    plate = _Plate(ground)
    n = int(rng.integers(4, 7))
    cell = plate.side / n
    sides = int(rng.choice([3, 4, 30]))
    for i in range(n):
        for j in range(n):
            color = colors[(i + j) % len(colors)]

            def shape(draw: ImageDraw.ImageDraw, x: float, y: float, color: RGB = color) -> None:
                draw.regular_polygon((x, y, cell * 0.36), sides, rotation=0, fill=_ints(color))

            plate.stamp((i + 0.5 * (j % 2)) * cell, (j + 0.5) * cell, shape)
    return plate.tile()


def argyle(ground: RGB, colors: Sequence[RGB], rng: np.random.Generator) -> Tile:
    """Two upright lozenges a tile, a thin lattice over them."""
    image = Image.new("RGB", (SIDE * _OVER, SIDE * _OVER), _ints(ground))
    draw, s = ImageDraw.Draw(image), SIDE * _OVER
    for i, cx in enumerate((0, s // 2, s)):
        for cy in (0, s) if i % 2 else (s // 2,):
            draw.polygon([(cx, cy - s // 2), (cx + s // 4, cy), (cx, cy + s // 2), (cx - s // 4, cy)], _ints(colors[0]))
    for k in range(-4, 5):
        for slope in (1, -1):
            draw.line([((k + 0.5) * s / 2, 0), ((k + 0.5 + slope) * s / 2, s)], _ints(colors[1]), 4)
    return np.asarray(image.reduce(_OVER), dtype=np.float32)


def paisley(ground: RGB, colors: Sequence[RGB], rng: np.random.Generator) -> Tile:
    plate = _Plate(ground)
    t = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    drop = np.column_stack([np.sin(t) * np.sin(t / 2) ** 1.3 + 0.35 * np.sin(t / 2) ** 6, -np.cos(t)])
    for i, (x, y) in enumerate(_spread(rng, 13, plate.side)):
        a, r = rng.uniform(0, 6.3), rng.uniform(30, 40)
        c, s = math.cos(a), math.sin(a)
        turned = np.column_stack([drop[:, 0] * c - drop[:, 1] * s, drop[:, 0] * s + drop[:, 1] * c])
        for scale, color in ((1.0, colors[i % len(colors)]), (0.72, ground), (0.45, colors[(i + 1) % len(colors)])):
            shape = turned * r * scale

            def brush(
                draw: ImageDraw.ImageDraw,
                cx: float,
                cy: float,
                shape: npt.NDArray[np.float64] = shape,
                color: RGB = color,
            ) -> None:
                draw.polygon([(cx + px, cy + py) for px, py in shape.tolist()], _ints(color))

            plate.stamp(x, y, brush)
    return plate.tile()


TILES: dict[str, Callable[[RGB, Sequence[RGB], np.random.Generator], Tile]] = {
    "floral": floral,
    "animal": animal,
    "camouflage": camouflage,
    "abstract": abstract,
    "geometric": geometric,
    "argyle_nordic": argyle,
    "paisley": paisley,
}
