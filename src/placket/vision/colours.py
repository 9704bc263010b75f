"""A garment's dominant colours, measured from its pixels: without the background and without skin.

Distances are in OKLab (Ottosson 2020), where equal steps look equal. A name is that of the nearest of a few examples
of each colour of the taxonomy, where hue counts for more than lightness, as it does when people name colours. What no
pixel can tell (gold, silver, multi) is not named here; denim is, where the garment is known to be of it.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from placket.domain.garments import Box, Swatch
from placket.vision.preprocessing import Mask, Pixels

_GRID = 40
_RING = 0.12
_BACKDROP_SPREAD = 0.05
_BACKDROP_SHARE = 0.6
_CUT_OUT_SHARE = 0.25
_LIKE_BACKDROP = 0.06
_BACKDROP_AROUND = 0.1
_LEAST_FOREGROUND = 0.08
_SKIN_AROUND = 0.02
_LEAST_WITHOUT_SKIN = 0.35
_MOST_SEEDS = 6
_ROUNDS = 4
_SHADE = (0.04, 0.15)
_LEAST_SHARE = 0.06
_MOST_SWATCHES = 5
_HUE_OVER_LIGHTNESS = np.array([1.0, 2.5, 2.5], np.float32)
_DENIM = ("blue", "navy", "sky_blue", "black", "gray")
_BLUISH = -0.012

Floats = NDArray[np.float32]
Places = tuple[NDArray[np.intp], ...]

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_RAMP = np.arange(256) / 255.0
_LINEAR = np.where(_RAMP <= 0.04045, _RAMP / 12.92, ((_RAMP + 0.055) / 1.055) ** 2.4).astype(np.float32)


def oklab(rgb: Pixels) -> Floats:
    """sRGB ``(..., 3)`` to OKLab ``(..., 3)``: lightness 0..1 and two opponent axes, about -0.4..0.4."""
    lab: Floats = np.cbrt(_LINEAR[rgb] @ _TO_LMS.T) @ _TO_LAB.T
    return lab


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The even colour that a photo was taken against, in OKLab ``(3,)``."""

    lab: Floats


@dataclass(frozen=True, slots=True)
class CutOut:
    """A photo whose ground was taken away: which of its pixels are ``opaque``."""

    opaque: Mask


Ground = Backdrop | CutOut


def ground_of(pixels: Pixels, opaque: Mask | None = None) -> Ground | None:
    """What the photo's garments lie on, where that is known: nothing, when some of its edge is transparent, or the
    backdrop, when most of its edge has one colour."""
    height, width = pixels.shape[:2]
    rows = np.linspace(0, height - 1, 40).astype(int)
    columns = np.linspace(0, width - 1, 40).astype(int)
    edge = (
        np.r_[0 * columns, 0 * columns + height - 1, rows, rows],
        np.r_[columns, columns, 0 * rows, 0 * rows + width - 1],
    )
    if opaque is not None and (~opaque[edge]).mean() >= _CUT_OUT_SHARE:
        return CutOut(opaque)
    lab = oklab(pixels[edge])
    middle = np.median(lab, axis=0)
    even = np.linalg.norm(lab - middle, axis=1) < _BACKDROP_SPREAD
    return Backdrop(middle) if even.mean() >= _BACKDROP_SHARE else None


def swatches(pixels: Pixels, box: Box, behind: Ground | None, *, denim: bool = False) -> tuple[Swatch, ...]:
    """Up to five colours of the garment in ``box``, largest share first; shares sum to 1 at most.

    ``behind`` is :func:`ground_of` the photo. ``denim``: blues and blacks are named as denim.
    """
    at, inside = _grid(pixels, box)
    rgb = pixels[at]
    lab = oklab(rgb)
    weight = _weights(rgb, lab, inside, _ground(behind, at, lab, ~inside))
    chosen = weight > 0.15 * weight.max()
    return _dominant(rgb[chosen], lab[chosen], weight[chosen], denim)


def _grid(pixels: Pixels, box: Box) -> tuple[Places, Mask]:
    """Rows and columns of a grid of pixels ``(g, g)`` over the widened box, and which of them lie in the box."""
    height, width = pixels.shape[:2]
    ys = np.linspace(max(0.0, box.y0 - _RING * box.height), min(1.0, box.y1 + _RING * box.height), _GRID)
    xs = np.linspace(max(0.0, box.x0 - _RING * box.width), min(1.0, box.x1 + _RING * box.width), _GRID)
    # Single pixels, not means: the mean of a stripe's two colours is in neither.
    rows = np.clip((ys * height).astype(int), 0, height - 1)
    columns = np.clip((xs * width).astype(int), 0, width - 1)
    inside = np.outer((ys >= box.y0) & (ys <= box.y1), (xs >= box.x0) & (xs <= box.x1))
    return np.ix_(rows, columns), inside


def _ground(behind: Ground | None, at: Places, lab: Floats, around: Mask) -> Mask | None:
    """Which points are not the garment's, where the photo's ground tells."""
    if behind is None:
        return None
    ground = ~behind.opaque[at] if isinstance(behind, CutOut) else _backdrop_mask(lab, behind)
    # The edge of a photo in a frame, with bars beside it or round corners, is not what lies behind the garment.
    return None if (ground & around).sum() < _BACKDROP_AROUND * around.sum() else ground


def _weights(rgb: Pixels, lab: Floats, inside: Mask, ground: Mask | None) -> Floats:
    """How surely each point is the garment's, 0..1, zero outside the box."""
    central = _bump() * inside
    around = ~inside
    weight = central * (_stands_out(rgb, central, inside) if ground is None else ~ground)
    if weight.sum() < _LEAST_FOREGROUND * central.sum():
        # Nearly nothing differs from what is around it: a white shirt on white. Its middle is still itself.
        weight = central * (central > 0.5)
    skin = _skin(lab)
    if around.any() and (skin & around).sum() >= _SKIN_AROUND * around.sum():
        without = weight * ~skin
        if without.sum() >= _LEAST_WITHOUT_SKIN * weight.sum():
            weight = without
    return weight.astype(np.float32)


@lru_cache(maxsize=1)
def _bump() -> Floats:
    """1 in the middle of the grid, 0.2 in its corners."""
    t = np.linspace(-1, 1, _GRID, dtype=np.float32) ** 2
    bump: Floats = np.exp(-0.8 * (t[:, None] + t[None, :]))
    return bump


def _backdrop_mask(lab: Floats, behind: Backdrop) -> Mask:
    """Points of the backdrop's colour that are reached from the grid's sides over such points alone."""
    like: Mask = np.linalg.norm(lab - behind.lab, axis=-1) < _LIKE_BACKDROP
    reached = _runs(like, np.zeros_like(like), edges=True)
    for _ in range(2):
        reached = _runs(like, reached, edges=False)
    return reached


def _runs(like: Mask, reached: Mask, *, edges: bool) -> Mask:
    """``reached`` and the unbroken runs of ``like`` in four directions that begin there (or at the grid's edges)."""
    out = reached.copy()
    for axis in (0, 1):
        for flip in (False, True):
            a = np.flip(like, axis) if flip else like
            if edges:
                run = np.logical_and.accumulate(a, axis)
            else:
                # A run goes on where the last barrier lies before the last reached point.
                place = np.arange(1, _GRID + 1, dtype=np.int16).reshape((-1, 1) if axis == 0 else (1, -1))
                r = np.flip(reached, axis) if flip else reached
                seed = np.maximum.accumulate(np.where(r, place, 0), axis)
                wall = np.maximum.accumulate(np.where(a, 0, place), axis)
                run = a & (seed > wall)
            out |= np.flip(run, axis) if flip else run
    return out


def _stands_out(rgb: Pixels, central: Floats, inside: Mask) -> Floats:
    """Share of a point's colour that belongs to the middle of the box rather than to what is around the box."""
    code = (rgb >> 5).astype(np.int32)
    bins = (code[..., 0] << 6) | (code[..., 1] << 3) | code[..., 2]
    within = np.bincount(bins.ravel(), central.ravel() ** 2, 512)
    around = np.bincount(bins[~inside], minlength=512).astype(np.float64)
    if around.sum() == 0:
        return np.ones(bins.shape, np.float32)
    within, around = within / within.sum(), around / around.sum()
    ratio = within / np.maximum(within + around, 1e-9)
    share: Floats = (ratio[bins] ** 2).astype(np.float32)
    return share


def _skin(lab: Floats) -> Mask:
    """Colours of skin, light to dark: an orange hue of low to middling chroma."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    result: Mask = (
        (hue > 20) & (hue < 75) & (chroma > 0.03) & (chroma < 0.14) & (lab[..., 0] > 0.35) & (lab[..., 0] < 0.92)
    )
    return result


def _dominant(rgb: Pixels, lab: Floats, weight: Floats, denim: bool) -> tuple[Swatch, ...]:
    """Clusters of the points ``(n, 3)`` by k-means, shades of one colour merged, named."""
    centres = _seeds(rgb, lab, weight)
    for _ in range(_ROUNDS):
        nearest = np.argmin(_distances(lab, centres), axis=1)
        total = np.bincount(nearest, weight, len(centres))
        sums = np.stack([np.bincount(nearest, weight * lab[:, i], len(centres)) for i in range(3)], 1)
        centres = np.where(total[:, None] > 0, sums / np.maximum(total, 1e-9)[:, None], centres).astype(np.float32)
    colours = np.stack([np.bincount(nearest, weight * rgb[:, i], len(centres)) for i in range(3)], 1)
    shares = total / total.sum()
    found: dict[str, Swatch] = {}
    for index, share in _merge_shades(centres, shares):
        mean = colours[index] / total[index]
        name = _name(centres[index], denim)
        known = found.get(name)
        code = known.hex if known else "#{:02x}{:02x}{:02x}".format(*(round(v) for v in mean))
        found[name] = Swatch(code, name, share + (known.share if known else 0.0))
    ranked = sorted((s for s in found.values() if s.share >= _LEAST_SHARE), key=lambda s: (-s.share, s.name))
    return tuple(ranked[:_MOST_SWATCHES])


def _distances(points: Floats, centres: Floats) -> Floats:
    """Squared distances ``(n, k)``, less the square of each point's own length."""
    result: Floats = (centres**2).sum(1) - 2 * (points @ centres.T)
    return result


def _seeds(rgb: Pixels, lab: Floats, weight: Floats) -> Floats:
    """Means of the fullest bins of a coarse histogram that lie apart from each other."""
    code = (rgb >> 5).astype(np.int32)
    bins = (code[:, 0] << 6) | (code[:, 1] << 3) | code[:, 2]
    total = np.bincount(bins, weight, 512)
    order = np.argsort(-total, kind="stable")[: 4 * _MOST_SEEDS]
    order = order[total[order] > 0]
    sums = np.stack([np.bincount(bins, weight * lab[:, i], 512)[order] for i in range(3)], 1)
    means = (sums / total[order, None]).astype(np.float32)
    seeds = [means[0]]
    for mean in means[1:]:
        if len(seeds) < _MOST_SEEDS and min(float(((mean - s) ** 2).sum()) for s in seeds) > 0.08**2:
            seeds.append(mean)
    return np.array(seeds, np.float32)


def _merge_shades(centres: Floats, shares: NDArray[np.float64]) -> list[tuple[int, float]]:
    """Clusters with their shares; one of nearly the hue of a larger one and not much darker or lighter joins it."""
    merged: dict[int, float] = {}
    for index in (int(i) for i in np.argsort(-shares, kind="stable") if shares[i] > 0):
        for larger in merged:
            hue = np.hypot(*(centres[index, 1:] - centres[larger, 1:]))
            if hue < _SHADE[0] and abs(centres[index, 0] - centres[larger, 0]) < _SHADE[1]:
                merged[larger] += float(shares[index])
                break
        else:
            merged[index] = float(shares[index])
    return list(merged.items())


@lru_cache(maxsize=1)
def _examples() -> tuple[tuple[str, ...], Floats]:
    table: dict[str, list[str]] = json.loads((files("placket.vision") / "data" / "colours.json").read_text("utf-8"))
    names = tuple(name for name, codes in table.items() for _ in codes)
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for codes in table.values() for c in codes], np.uint8)
    return names, oklab(rgb)


def distances_to_names(lab: Floats) -> dict[str, float]:
    """How far a colour ``(3,)`` is from each name's nearest example."""
    names, examples = _examples()
    each = np.sqrt((((examples - lab) * _HUE_OVER_LIGHTNESS) ** 2).sum(1))
    found: dict[str, float] = {}
    for name, distance in zip(names, each.tolist(), strict=True):
        found[name] = min(distance, found.get(name, np.inf))
    return found


def _name(lab: Floats, denim: bool) -> str:
    distance = distances_to_names(lab)
    name = min(distance, key=distance.__getitem__)
    if denim and name in _DENIM:
        return "denim_blue" if lab[2] < _BLUISH else "denim_black"
    return name
