"""What a garment lies on: a studio's paper sweep, or the floors of people's homes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from placket.samples.cloth import Field
from placket.samples.render import Layer, blurred, cloud

Canvas = npt.NDArray[np.float32]
"""Shape ``(h, w, 3)``, 0..255."""

_PAPERS = (
    (247, 247, 247),
    (241, 241, 242),
    (236, 237, 239),
    (243, 240, 236),
    (233, 236, 238),
    (240, 234, 229),
    (229, 233, 230),
)


def paper(rng: np.random.Generator, shape: tuple[int, int]) -> Canvas:
    """Studio paper, white to lightly tinted, brighter where the light falls. ``shape``: (h, w)."""
    h, w = shape
    base = np.array(_PAPERS[int(rng.integers(len(_PAPERS)))], dtype=np.float32)
    x, y = np.linspace(-1, 1, w, dtype=np.float32)[None], np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    cx, cy = rng.uniform(-0.4, 0.2), rng.uniform(-0.5, 0.1)
    fall = np.float32(1.012) - ((x - cx) ** 2 + (y - cy) ** 2) * np.float32(rng.uniform(0.008, 0.03))
    return base * fall[..., None]


def _canvas(values: npt.NDArray[Any]) -> Canvas:
    return np.asarray(np.clip(values, 0, 255), dtype=np.float32)


def wood(rng: np.random.Generator, shape: tuple[int, int]) -> Canvas:
    h, w = shape
    base = np.array(
        ((176, 134, 92), (148, 106, 72), (200, 170, 132), (122, 92, 70))[int(rng.integers(4))], dtype=np.float32
    )
    plank = w // int(rng.integers(4, 7))
    grain = cloud(rng, (h, w), (7, w // 5)) * 0.05 + cloud(rng, (h, w), (24, w // 2)) * 0.025
    tone = 1 + rng.normal(0, 0.06, w // plank + 2).astype(np.float32)[(np.arange(w) // plank)][None]
    x = np.arange(w) % plank
    joint = np.where(x < 2, np.float32(0.62), np.float32(1))[None]
    return _canvas(base * ((1 + grain) * tone * joint)[..., None])


def carpet(rng: np.random.Generator, shape: tuple[int, int]) -> Canvas:
    base = np.array(
        ((158, 150, 140), (118, 124, 130), (190, 182, 168), (96, 92, 98))[int(rng.integers(4))], dtype=np.float32
    )
    pile = rng.normal(0, 0.075, shape).astype(np.float32) + cloud(rng, shape, (14, 11)) * 0.03
    return _canvas(base * (1 + pile)[..., None])


def bedsheet(rng: np.random.Generator, shape: tuple[int, int]) -> Canvas:
    base = np.array(((226, 225, 222), (206, 214, 222), (214, 204, 196))[int(rng.integers(3))], dtype=np.float32)
    wave = cloud(rng, shape, (5, 7))
    folds = cloud(rng, shape, (8, 6)) * 0.03 - np.exp(-((wave * 4) ** 2)) * 0.09
    return _canvas(base * (1 + folds)[..., None])


def concrete(rng: np.random.Generator, shape: tuple[int, int]) -> Canvas:
    base = np.array((168, 167, 164), dtype=np.float32)
    spots = cloud(rng, shape, (10, 8)) * 0.03 + cloud(rng, shape, (60, 45)) * 0.02 + rng.normal(0, 0.02, shape)
    return _canvas(base * (1 + spots)[..., None])


FLOORS: tuple[Callable[[np.random.Generator, tuple[int, int]], Canvas], ...] = (wood, carpet, bedsheet, concrete)


def lay(canvas: Canvas, layer: Layer, *, depth: float = 1.0) -> Canvas:
    """The garment on the canvas, with the shadow that it throws to the lower right."""
    near = _moved(blurred(layer.alpha, 4), 2, 3) * np.float32(0.3 * depth)
    far = _moved(blurred(layer.alpha, 20), 8, 13) * np.float32(0.17 * depth)
    near *= -1
    near += 1
    laid = canvas * (near * (1 - far) * (1 - layer.alpha))[..., None]
    laid += layer.rgb
    return laid


def _moved(field: Field, dx: int, dy: int) -> Field:
    out = np.zeros_like(field)
    out[dy:, dx:] = field[:-dy, :-dx]
    return out


def to_image(canvas: Canvas) -> Image.Image:
    return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))


def placed(layer: Layer, size: tuple[int, int], centre: tuple[float, float], scale: float, degrees: float) -> Layer:
    """The layer resized, turned and put on a canvas of ``size`` (w, h); ``centre`` in pixels of it."""
    x0, y0, x1, y1 = layer.bounds()
    pad = 3
    cut = np.s_[max(0, y0 - pad) : y1 + pad, max(0, x0 - pad) : x1 + pad]
    rgba = np.dstack([layer.rgb[cut], layer.alpha[cut] * 255])
    image = Image.fromarray(np.clip(rgba, 0, 255).astype(np.uint8))
    w, h = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    # Premultiplied colours may be interpolated as they are.
    image = image.resize((w, h), Image.Resampling.BICUBIC, reducing_gap=2.0) if scale != 1 else image
    planes = [p.rotate(-degrees, Image.Resampling.BICUBIC, expand=True) for p in image.split()]
    out = Layer(np.zeros((size[1], size[0], 3), np.float32), np.zeros((size[1], size[0]), np.float32))
    left, top = round(centre[0] - planes[0].width / 2), round(centre[1] - planes[0].height / 2)
    x, y = max(0, left), max(0, top)
    x_end, y_end = min(size[0], left + planes[0].width), min(size[1], top + planes[0].height)
    if x < x_end and y < y_end:
        part = np.s_[y - top : y_end - top, x - left : x_end - left]
        stack = [np.asarray(p, dtype=np.float32)[part] for p in planes]
        out.rgb[y:y_end, x:x_end] = np.dstack(stack[:3])
        out.alpha[y:y_end, x:x_end] = stack[3] * np.float32(1 / 255)
    return out
