"""Pictures with no garment: drawn ones, and what street photos show beside the person."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from placket.training.cache import Pixels

Region = tuple[float, float, float, float]
LEAST_SHARE = 0.18
"""Of the photo's width or height, that a strip beside a person must have."""


def draw_nothing(size: int, rng: np.random.Generator) -> Pixels:
    """[size, size, 3]: a surface, clouds, a weave of lines, things of no kind, or rows of writing."""
    ways: tuple[Callable[[int, np.random.Generator], Pixels], ...] = (surface, clouds, waves, things, writing)
    return ways[int(rng.choice(5, p=(0.2, 0.25, 0.15, 0.3, 0.1)))](size, rng)


def surface(size: int, rng: np.random.Generator) -> Pixels:
    """A surface with nothing on it: one colour, a slope of light, or coarse or fine noise."""
    cells = int(rng.choice([1, 2, 4, 16, size]))
    spread = float(rng.choice([6, 40, 120]))
    low = rng.normal(rng.uniform(0, 255, 3), spread, (cells, cells, 3)).clip(0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(low).resize((size, size), Image.Resampling.BICUBIC))


def clouds(size: int, rng: np.random.Generator) -> Pixels:
    """Noise of several scales between two or three colours: sky, stone, leaves, water."""
    height = np.zeros((size, size), np.float32)
    weight = 1.0
    fade = float(rng.uniform(0.4, 0.8))
    for octave in range(int(rng.integers(3, 7))):
        cells = min(size, 2 << octave)
        wide = max(1, int(cells * rng.choice([1, 1, 0.25])))
        noise = rng.random((cells, wide), np.float32)
        height += weight * np.asarray(Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC))
        weight *= fade
    low, high = height.min(), height.max()
    height = (height - low) / max(1e-6, high - low)
    colours = rng.uniform(0, 255, (int(rng.integers(2, 4)), 3))
    at = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(height, at, colours[:, c]) for c in range(3)], -1).astype(np.uint8)


def waves(size: int, rng: np.random.Generator) -> Pixels:
    """One or two sets of parallel lines, hard or soft: tiles, blinds, fences."""
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float32) / size
    value = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        angle, count = rng.uniform(0, np.pi), float(np.exp(rng.uniform(np.log(2), np.log(40))))
        wave = np.sin(2 * np.pi * count * (xs * np.cos(angle) + ys * np.sin(angle)))
        value += np.clip(wave * float(rng.choice([1, 4, 40])), -1, 1)
    mix = ((value - value.min()) / max(1e-6, float(np.ptp(value))))[..., None]
    one, other = rng.uniform(0, 255, (2, 3))
    drawn: Pixels = (one * mix + other * (1 - mix)).astype(np.uint8)
    return drawn


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
    return red, green, blue


def things(size: int, rng: np.random.Generator) -> Pixels:
    """Ellipses, boxes and polygons on a background, plain or shaded: fruit, crockery, furniture, houses."""
    behind = surface if rng.random() < 0.5 else clouds
    image = Image.fromarray(behind(size, rng))
    for _ in range(int(rng.integers(1, 10))):
        mask = Image.new("L", (size, size), 0)
        draw = ImageDraw.Draw(mask)
        middle, half = rng.uniform(0.1, 0.9, 2) * size, rng.uniform(0.03, 0.35, 2) * size
        frame = [float(v) for v in (*(middle - half), *(middle + half))]
        kind = int(rng.integers(3))
        if kind == 0:
            draw.ellipse(frame, fill=255)
        elif kind == 1:
            draw.rounded_rectangle(frame, float(rng.uniform(0, 0.5)) * min(half), fill=255)
        else:
            turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
            corners = middle + half * np.stack([np.cos(turns), np.sin(turns)], 1)
            draw.polygon([(float(x), float(y)) for x, y in corners], fill=255)
        if rng.random() < 0.4:
            mask = mask.filter(ImageFilter.BoxBlur(float(rng.uniform(1, 6))))
        fill = Image.fromarray(clouds(size, rng)) if rng.random() < 0.4 else Image.new("RGB", image.size, _colour(rng))
        image.paste(fill, (0, 0), mask)
    return np.asarray(image)


def writing(size: int, rng: np.random.Generator) -> Pixels:
    """Rows of short dark bars on a light page, or light on dark: a document, a screenshot."""
    paper, ink = sorted(rng.uniform(0, 255, 2), reverse=bool(rng.integers(2)))
    image = Image.new("RGB", (size, size), (int(paper),) * 3)
    draw = ImageDraw.Draw(image)
    row = float(np.exp(rng.uniform(np.log(size / 50), np.log(size / 10))))
    y = row
    while y < size - row:
        x = row * float(rng.choice([1, 1, 3]))
        while x < size * float(rng.uniform(0.4, 0.95)):
            long = row * float(rng.uniform(0.4, 3))
            draw.rectangle([x, y, x + long, y + 0.5 * row], fill=(int(ink),) * 3)
            x += long + 0.5 * row
        y += row * float(rng.choice([1.2, 1.2, 2.5]))
    return np.asarray(image)


def beside(person: NDArray[np.bool_]) -> Region | None:
    """The largest strip of [h, w] left of, right of or above all set pixels, as fractions; None where all are slim."""
    height, width = person.shape
    ys, xs = np.nonzero(person)
    if len(xs) == 0:
        return None
    left, right, top = xs.min() / width, (xs.max() + 1) / width, ys.min() / height
    strips = {left: (0.0, 0.0, left, 1.0), 1 - right: (right, 0.0, 1.0, 1.0), top: (0.0, 0.0, 1.0, top)}
    widest = max(strips)
    box = strips[widest]
    return tuple(float(v) for v in box) if widest >= LEAST_SHARE else None  # type: ignore[return-value]


def window(region: Region, shape: tuple[int, int], rng: np.random.Generator | None = None) -> tuple[int, int, int, int]:
    """Pixels (x0, y0, x1, y1) of a piece of `region` that is at most 1.5 times as long as wide; its middle, or drawn
    by `rng`."""
    height, width = shape
    x0, y0, x1, y1 = (round(v * s) for v, s in zip(region, (width, height, width, height), strict=True))
    across, down = x1 - x0, y1 - y0
    wide, tall = min(across, round(1.5 * down)), min(down, round(1.5 * across))
    where = (0.5, 0.5) if rng is None else tuple(rng.random(2))
    left, up = x0 + int(where[0] * (across - wide)), y0 + int(where[1] * (down - tall))
    return left, up, left + max(1, wide), up + max(1, tall)
