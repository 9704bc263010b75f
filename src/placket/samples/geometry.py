"""Plane curves in centimetres: x to the right of the garment's middle, y downwards."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Shape ``(n, 2)``."""

Run = Sequence[tuple[float, float]]


def smooth(points: Run | Points, *, closed: bool = False, steps: int = 8) -> Points:
    """A centripetal Catmull-Rom spline through ``points`` (Yuksel et al. 2011), ``steps`` samples a span."""
    p = np.asarray(points, dtype=np.float64)
    if len(p) < 3:
        return p
    ends = (p[-1], p[:2]) if closed else (2 * p[0] - p[1], (2 * p[-1] - p[-2])[None])
    q = np.vstack([ends[0], p, ends[1]])
    a, b, c, d = q[:-3], q[1:-2], q[2:-1], q[3:]
    t1 = np.sqrt(_length(b - a))
    t2 = t1 + np.sqrt(_length(c - b))
    t3 = t2 + np.sqrt(_length(d - c))
    t = t1 + (t2 - t1) * np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    ab = (t1 - t) / t1 * a + t / t1 * b
    bc = (t2 - t) / (t2 - t1) * b + (t - t1) / (t2 - t1) * c
    cd = (t3 - t) / (t3 - t2) * c + (t - t2) / (t3 - t2) * d
    abc = (t2 - t) / t2 * ab + t / t2 * bc
    bcd = (t3 - t) / (t3 - t1) * bc + (t - t1) / (t3 - t1) * cd
    curve = ((t2 - t) / (t2 - t1) * abc + (t - t1) / (t2 - t1) * bcd).swapaxes(0, 1).reshape(-1, 2)
    return curve if closed else np.vstack([curve, p[-1:]])


def _length(v: Points) -> npt.NDArray[np.float64]:
    return np.maximum(np.hypot(v[:, 0], v[:, 1]), 1e-9)[:, None]


def outline(*runs: Run | Points) -> Points:
    """Runs joined with corners between them; each run is smooth in itself."""
    return np.vstack([smooth(r) for r in runs])


def mirror(points: Run | Points) -> Points:
    """The other side, in reverse order, so that a half and its mirror make a whole."""
    return np.asarray(points, dtype=np.float64)[::-1] * (-1.0, 1.0)


def symmetric(half: Points) -> Points:
    """``half`` runs down the right side, from the middle's top to the middle's bottom."""
    return np.vstack([half, mirror(half)])


def moved(points: Points, dx: float, dy: float) -> Points:
    return cast(Points, points + np.array((dx, dy)))


def turned(points: Run | Points, degrees: float, centre: tuple[float, float] = (0.0, 0.0)) -> Points:
    """Clockwise on the screen."""
    a = np.radians(degrees)
    c, s = np.cos(a), np.sin(a)
    p = np.asarray(points, dtype=np.float64) - centre
    return np.column_stack([p[:, 0] * c - p[:, 1] * s, p[:, 0] * s + p[:, 1] * c]) + centre


def ellipse(cx: float, cy: float, rx: float, ry: float, n: int = 40) -> Points:
    a = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.column_stack([cx + rx * np.cos(a), cy + ry * np.sin(a)])


def box(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Points:
    """A rectangle with round corners."""
    if radius <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    a = np.linspace(0, np.pi / 2, 7)
    quarters = [
        (x1 - r, y0 + r, -np.pi / 2),
        (x1 - r, y1 - r, 0.0),
        (x0 + r, y1 - r, np.pi / 2),
        (x0 + r, y0 + r, np.pi),
    ]
    return np.vstack([np.column_stack([x + r * np.cos(a + s), y + r * np.sin(a + s)]) for x, y, s in quarters])


def band(line: Run | Points, width: float | Sequence[float]) -> Points:
    """The area within ``width`` / 2 of a line; a sequence gives the width at even distances along it."""
    p = smooth(line)
    step = np.gradient(p, axis=0)
    normal = np.column_stack([-step[:, 1], step[:, 0]]) / _length(step)
    widths = np.interp(np.linspace(0, 1, len(p)), np.linspace(0, 1, np.size(width)), np.atleast_1d(width))
    half = normal * widths[:, None] / 2
    return np.vstack([p + half, (p - half)[::-1]])


def along(line: Run | Points, *fractions: float) -> Points:
    """Points at fractions (0..1) of a smooth line's length."""
    p = smooth(line)
    s = np.concatenate([[0.0], np.cumsum(_length(np.diff(p, axis=0)))])
    at = np.asarray(fractions) * s[-1]
    return np.column_stack([np.interp(at, s, p[:, 0]), np.interp(at, s, p[:, 1])])


def rungs(one: Run | Points, other: Run | Points, count: int) -> list[Points]:
    """``count`` short lines from one curve across to another: the ribs of a band, the gathers of a waist."""
    f = np.linspace(0, 1, count)
    return [np.array([a, b]) for a, b in zip(along(one, *f), along(other, *f), strict=True)]
