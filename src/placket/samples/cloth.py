"""What a garment is cut from: a pattern of colours and a weave that the light shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt

from placket.samples.palette import RGB, accents, cloth_color, lightness, shifted
from placket.samples.tiles import SIDE, TILES, Tile

Field = npt.NDArray[np.float32]
"""Shape ``(h, w)``: a value a pixel."""

PATTERNS = (
    "solid", "stripe", "check", "dot", "floral", "graphic", "lettering", "animal", "camouflage", "argyle_nordic",
    "geometric", "colorblock", "tie_dye", "paisley", "abstract", "melange", "denim_wash",
)  # fmt: skip
PRINTED_ON_THE_CHEST = frozenset({"graphic", "lettering"})


@dataclass(frozen=True, slots=True)
class Cloth:
    """``scale``: centimetres of one repeat of the pattern. ``shine``: 0 matt to 1 patent leather."""

    base: RGB
    pattern: str = "solid"
    weave: str = "plain"
    accents: tuple[RGB, ...] = ()
    scale: float = 4.0
    upright: bool = False
    shine: float = 0.1
    tile: Tile | None = field(default=None, repr=False, compare=False)

    def plain(self, factor: float = 1.0) -> "Cloth":
        """The same stuff without its pattern, for bands, linings and facings."""
        return Cloth(shifted(self.base, factor), weave=self.weave, shine=self.shine)

    def dyed(self, color: RGB, weave: str | None = None) -> "Cloth":
        return Cloth(color, weave=weave or self.weave, shine=self.shine)

    def colors(self, u: Field, v: Field, px: float) -> npt.NDArray[np.float32]:
        """RGB at ``(u, v)`` centimetres; ``px`` pixels a centimetre. ``(h, w, 3)``, or ``(1, 1, 3)`` if all is one."""
        base = np.array(self.base, dtype=np.float32)
        if self.tile is not None:
            return _tiled(self.tile, u, v, self.scale)
        paint = _PAINTERS.get(self.pattern)
        return paint(self, u, v, px) if paint else base[None, None]

    def relief(self, u: Field, v: Field, px: float, noise: Field) -> Field:
        """Brightness factor of the weave, about 1. ``noise``: unit normal, a value a pixel."""
        weave = _WEAVES.get(self.weave)
        grain = noise * np.float32(_GRAIN.get(self.weave, 0.018))
        return cast(Field, grain + 1.0 if weave is None else grain + weave(u, v, px))


def make_cloth(color: str, pattern: str, weave: str, rng: np.random.Generator, shine: float = 0.1) -> Cloth:
    """Raises KeyError for an unknown colour, ValueError for an unknown pattern."""
    if pattern not in PATTERNS:
        raise ValueError(f"no such pattern: {pattern}")
    base = cloth_color(color, rng)
    partners = tuple(accents(color, rng, 4))
    tile = TILES[pattern](base, partners, rng) if pattern in TILES else None
    low, high = _SCALES.get(pattern, (3.0, 5.0))
    return Cloth(base, pattern, weave, partners, float(rng.uniform(low, high)), bool(rng.random() < 0.25), shine, tile)


_SCALES = {
    "stripe": (1.6, 5.0), "check": (4.0, 11.0), "dot": (2.4, 5.5), "floral": (18.0, 30.0), "animal": (15.0, 22.0),
    "camouflage": (26.0, 36.0), "argyle_nordic": (13.0, 17.0), "geometric": (14.0, 24.0), "paisley": (20.0, 28.0),
    "abstract": (26.0, 44.0), "tie_dye": (16.0, 24.0),
}  # fmt: skip


def _mix(a: Sequence[float], b: Sequence[float], t: Field) -> npt.NDArray[np.float32]:
    first, second = np.array(a, dtype=np.float32), np.array(b, dtype=np.float32)
    return cast("npt.NDArray[np.float32]", first + (second - first) * t[..., None])


def _bars(x: Field, period: float, share: float, px: float) -> Field:
    """1 on bars that take ``share`` of each period, with edges a pixel soft."""
    distance = np.abs(x - np.round(x / period) * period)
    return cast(Field, np.clip((share * period / 2 - distance) * px + 0.5, 0, 1).astype(np.float32))


def _tiled(tile: Tile, u: Field, v: Field, scale: float) -> npt.NDArray[np.float32]:
    step = SIDE / scale
    i = (v * step).astype(np.int32) % SIDE
    j = (u * step).astype(np.int32) % SIDE
    return tile[i, j]


def _stripe(c: Cloth, u: Field, v: Field, px: float) -> npt.NDArray[np.float32]:
    x = u if c.upright else v
    share = 0.16 + 0.34 * (c.scale % 1.0)
    return _mix(c.base, c.accents[0], _bars(x, c.scale, share, px))


def _check(c: Cloth, u: Field, v: Field, px: float) -> npt.NDArray[np.float32]:
    """Gingham when small, tartan (with thin lines between) when large."""
    a, b = _bars(u, c.scale, 0.5, px), _bars(v, c.scale, 0.5, px)
    colors = _mix(c.base, c.accents[0], (a + b) * np.float32(0.42))
    if c.scale > 6.5:
        half = c.scale / 2
        lines = np.maximum(_bars(u - half / 2, c.scale, 0.05, px), _bars(v - half / 2, c.scale, 0.05, px))
        second = np.array(c.accents[1], dtype=np.float32)
        colors += (second - colors) * (lines * np.float32(0.8))[..., None]
    return colors


def _dot(c: Cloth, u: Field, v: Field, px: float) -> npt.NDArray[np.float32]:
    row = np.round(v / (c.scale / 2))
    du = u - (row % 2) * (c.scale / 2)
    du = du - np.round(du / c.scale) * c.scale
    distance = np.hypot(du, v - row * (c.scale / 2))
    return _mix(c.base, c.accents[0], np.clip((c.scale * 0.15 - distance) * px + 0.5, 0, 1).astype(np.float32))


def _colorblock(c: Cloth, u: Field, v: Field, px: float) -> npt.NDArray[np.float32]:
    return _mix(c.accents[0], c.base, np.clip((v - 20.0 - c.scale) * px, 0, 1).astype(np.float32))


def _tie_dye(c: Cloth, u: Field, v: Field, px: float) -> npt.NDArray[np.float32]:
    y = v - 26.0
    radius, angle = np.hypot(u, y), np.arctan2(y, u)
    t = np.sin(radius / c.scale * 6.3 + angle * 2 + np.sin(angle * 7 + radius * 0.3)) * 0.5 + 0.5
    blend = _mix(c.base, c.accents[0], (t * t * (3 - 2 * t)).astype(np.float32))
    second = np.array(c.accents[1], dtype=np.float32)
    veil = np.clip(np.cos(angle * 3 - radius / c.scale * 4), 0, 1) * 0.4
    return cast("npt.NDArray[np.float32]", blend + (second - blend) * veil.astype(np.float32)[..., None])


def _melange(c: Cloth, u: Field, v: Field, px: float) -> npt.NDArray[np.float32]:
    """Short fibres of a lighter and a darker yarn, lying across."""
    h, w = u.shape
    fibres = np.random.default_rng(int(c.scale * 1e6)).normal(0, 1, (h, w // 3 + 2)).astype(np.float32)
    fibres = np.repeat(fibres, 3, axis=1)[:, :w]
    other = shifted(c.base, 1.5) if lightness(c.base) < 120 else shifted(c.base, 0.62)
    return _mix(c.base, other, np.clip(0.28 + fibres * np.float32(0.26), 0, 1))


_PAINTERS: dict[str, Callable[[Cloth, Field, Field, float], npt.NDArray[np.float32]]] = {
    "stripe": _stripe,
    "check": _check,
    "dot": _dot,
    "colorblock": _colorblock,
    "tie_dye": _tie_dye,
    "melange": _melange,
}

_GRAIN = {"denim": 0.04, "wool": 0.03, "knit": 0.025, "terry": 0.03, "leather": 0.012, "satin": 0.006, "nylon": 0.008}


def _period(cm: float, px: float) -> float:
    """A period that the pixels can still show."""
    return max(cm, 3.2 / px)


def _ridges(x: Field, period: float, depth: float) -> Field:
    return cast(Field, (1.0 + depth * np.cos(x * np.float32(2 * np.pi / period))).astype(np.float32))


def _rib(u: Field, v: Field, px: float) -> Field:
    return _ridges(u, _period(0.7, px), 0.07)


def _corduroy(u: Field, v: Field, px: float) -> Field:
    return _ridges(u, _period(0.4, px), 0.09)


def _knit(u: Field, v: Field, px: float) -> Field:
    """Columns of V: two slanting legs a stitch."""
    p = _period(0.62, px)
    leg = np.abs((u / p) % 1.0 - 0.5)
    return cast(
        Field, (1.0 + 0.05 * np.cos((v / (p * 0.8) + leg * 1.6) * 2 * np.pi) - 0.05 * (leg < 0.12)).astype(np.float32)
    )


def _cable(u: Field, v: Field, px: float) -> Field:
    p = 7.0
    x = (u / p) % 1.0 - 0.5
    swing = 0.13 * np.sin(v * np.float32(2 * np.pi / 6.5))
    rope = np.maximum(np.exp(-(((x - swing) / 0.09) ** 2)), np.exp(-(((x + swing) / 0.09) ** 2)))
    return cast(Field, (_knit(u, v, px) + 0.16 * rope - 0.06).astype(np.float32))


def _twill(u: Field, v: Field, px: float) -> Field:
    return _ridges(u + v * np.float32(0.8), _period(0.3, px), 0.035)


_WEAVES: dict[str, Callable[[Field, Field, float], Field]] = {
    "rib": _rib,
    "corduroy": _corduroy,
    "knit": _knit,
    "cable": _cable,
    "denim": _twill,
}
