"""Pictures made worse, as phones, messengers and shops make them: to learn from, and to measure what it costs.

`worsened` does what `drawn_changes` draws, for training (`worse_on_device.py` does the same to many pictures at once);
`KINDS` are single ones of a fixed strength, for figures. Two of these are never drawn, so they tell what was learnt
beyond what was shown.
"""

import io
import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from placket.training.cache import Pixels
from placket.training.detector.targets import Box

Random = np.random.Generator
Change = Callable[[Image.Image, Random], Image.Image]
_WORDS = ("SALE", "-50%", "NEW", "shop", "www.example.com", "SIZE M", "2 for 1", "@style", "12.99", "free delivery")
_LEAST_SIDE = 8
_FILLED = 0.6
MOST_SHAKEN, MOST_WORDS = 14, 4


def _shrunk(image: Image.Image, by: float) -> Image.Image:
    """As if it had been sent as a thumbnail: fewer pixels, then as many as before."""
    small = (max(_LEAST_SIDE, round(image.width / by)), max(_LEAST_SIDE, round(image.height / by)))
    return image.resize(small, Image.Resampling.BILINEAR).resize(image.size, Image.Resampling.BILINEAR)


def _shaken(image: Image.Image, length: float, angle: float) -> Image.Image:
    """A camera that moved `length` pixels while it looked."""
    pixels = np.asarray(image, np.float32)
    steps = np.linspace(-length / 2, length / 2, max(2, round(length)))
    height, width = pixels.shape[:2]
    total = np.zeros_like(pixels)
    for step in steps:
        rows = np.clip(np.arange(height) + round(step * np.sin(angle)), 0, height - 1)
        columns = np.clip(np.arange(width) + round(step * np.cos(angle)), 0, width - 1)
        total += pixels[rows][:, columns]
    return _picture(total / len(steps))


def _picture(pixels: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]") -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def coded(image: Image.Image, quality: int) -> Image.Image:
    """What a JPEG file of this quality leaves."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _grainy(image: Image.Image, rng: Random, strength: float) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    return _picture(pixels + rng.normal(0, strength, pixels.shape).astype(np.float32))


def lit(image: Image.Image, gamma: float, gain: float, tint: Sequence[float] = (1, 1, 1)) -> Image.Image:
    """In other light: each channel to the power of `gamma`, then times `gain` and its `tint`; values as fractions."""
    ramp = (np.arange(256) / 255.0) ** gamma * 255 * gain
    return image.point(np.concatenate([(ramp * t).clip(0, 255) for t in tint]).astype(np.uint8).tolist())


def words_over(width: int, height: int, rng: Random, count: int) -> Image.Image:
    """Words and badges, half transparent, on a layer (RGBA) that shows nothing else."""
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for _ in range(count):
        x, y = float(rng.uniform(-0.1, 0.8)) * width, float(rng.uniform(0, 0.9)) * height
        size = max(8, round(float(rng.uniform(0.07, 0.18)) * width))
        shade = (*rng.choice([(255, 255, 255), (0, 0, 0), (220, 30, 40)]).tolist(), int(rng.integers(110, 240)))
        word = str(rng.choice(_WORDS))
        if rng.random() < 0.3:
            draw.rounded_rectangle((x, y, x + 0.5 * size * len(word), y + 1.2 * size), size / 4, fill=shade)
            shade = (*(255 - c for c in shade[:3]), 255)
        draw.text((x, y), word, fill=shade, font_size=size)
    return layer


def _marked(image: Image.Image, rng: Random, count: int) -> Image.Image:
    layer = words_over(*image.size, rng, count)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _hazy(image: Image.Image, rest: float) -> Image.Image:
    return _picture(np.asarray(image, np.float32) * rest + 190 * (1 - rest))


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """A picture [h, w, 3] turned counterclockwise, all of it kept; what is behind gets the edge's usual colour."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(pixels, round(degrees / 90) % 4))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    behind = tuple(int(v) for v in np.median(edge, axis=0))
    return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=behind))


def turned_sides(width: float, height: float, degrees: float) -> tuple[float, float]:
    """Of a turned garment's box: less than what the turned box takes, because garments seldom fill their corners."""
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    filled = _FILLED if degrees % 90 else 1.0
    return width * cos + filled * height * sin, height * cos + filled * width * sin


def turned_box(box: Box, before: tuple[int, ...], after: tuple[int, ...], degrees: float) -> Box:
    """The box of a garment, a fraction of a picture of the shape `before`, in the turned one, of the shape `after`."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    w, h = (box[2] - box[0]) * before[1], (box[3] - box[1]) * before[0]
    x, y = (box[0] - 0.5) * before[1] + w / 2, (box[1] - 0.5) * before[0] + h / 2
    mx, my = after[1] / 2 + x * cos + y * sin, after[0] / 2 - x * sin + y * cos
    across, down = turned_sides(w, h, degrees)
    x0, y0, x1, y1 = mx - across / 2, my - down / 2, mx + across / 2, my + down / 2
    return (
        max(0.0, x0 / after[1]), max(0.0, y0 / after[0]), min(1.0, x1 / after[1]), min(1.0, y1 / after[0])
    )  # fmt: skip


_DRAWN: dict[str, tuple[float, Callable[[Random], tuple[float, ...]]]] = {
    "fewer pixels": (0.16, lambda rng: (rng.uniform(1.5, 5),)),
    "blur": (0.12, lambda rng: (rng.uniform(0.5, 2.6),)),
    "shake": (0.10, lambda rng: (rng.uniform(3, MOST_SHAKEN), rng.uniform(0, np.pi))),
    "light": (0.30, lambda rng: (
        np.exp(rng.normal(0, 0.3)), np.exp(rng.normal(-0.1, 0.3)), *np.exp(rng.normal(0, 0.07, 3)),
    )),
    "no colour": (0.04, lambda _: ()),
    "grain": (0.16, lambda rng: (rng.uniform(4, 34),)),
    "words": (0.16, lambda rng: (float(rng.integers(1, MOST_WORDS + 1)),)),
    "JPEG": (0.20, lambda rng: (float(rng.integers(8, 50)),)),
}  # fmt: skip
"""The chance of each, in the order in which a picture suffers them, and how strongly it comes."""

_CHANGES: dict[str, Callable[..., Image.Image]] = {
    "fewer pixels": lambda image, _, by: _shrunk(image, by),
    "blur": lambda image, _, radius: image.filter(ImageFilter.GaussianBlur(radius)),
    "shake": lambda image, _, length, angle: _shaken(image, length, angle),
    "light": lambda image, _, gamma, gain, *tint: lit(image, gamma, gain, tint),
    "no colour": lambda image, _: image.convert("L").convert("RGB"),
    "grain": lambda image, rng, strength: _grainy(image, rng, strength),
    "words": lambda image, rng, count: _marked(image, rng, int(count)),
    "JPEG": lambda image, _, quality: coded(image, int(quality)),
}


def drawn_changes(rng: Random) -> dict[str, tuple[float, ...]]:
    """Any of what can happen to a picture, one or two of it mostly, at least one, in the order of `_DRAWN`: by name how
    strongly, in pixels of the crop, levels of 255, factors, radians."""
    chosen = [name for name, (chance, _) in _DRAWN.items() if rng.random() < chance]
    if not chosen:
        chosen = [list(_DRAWN)[int(rng.integers(len(_DRAWN)))]]
    return {name: tuple(float(v) for v in _DRAWN[name][1](rng)) for name in chosen}


def worsened(image: Image.Image, rng: Random) -> Image.Image:
    """The picture after what was drawn for it."""
    for name, how in drawn_changes(rng).items():
        image = _CHANGES[name](image, rng, *how)
    return image


def drawn_angle(rng: Random) -> float:
    """Degrees that a garment lies or hangs askew by: mostly none, often up to 25, at times a quarter turn or two."""
    chance = rng.random()
    if chance < 0.6:
        return 0.0
    return float(rng.uniform(-25, 25)) if chance < 0.88 else float(rng.choice([90, 180, 270]))


def _of(side: Callable[[Image.Image, float, Random], Image.Image]) -> Change:
    """A change whose strength goes by the longer side, so that a picture suffers alike at any size."""
    return lambda image, rng: side(image, max(image.size) / 100, rng)


KINDS: dict[str, Change] = {
    "a third of the pixels a side": lambda image, _: _shrunk(image, 3),
    "out of focus": _of(lambda image, percent, _: image.filter(ImageFilter.GaussianBlur(0.6 * percent))),
    "shaken": _of(lambda image, percent, rng: _shaken(image, 3 * percent, float(rng.uniform(0, np.pi)))),
    "JPEG, quality 12": lambda image, _: coded(image, 12),
    "grainy": lambda image, rng: _grainy(image, rng, 25),
    "dark": lambda image, rng: _grainy(lit(image, 1.5, 0.5), rng, 5),
    "overexposed": lambda image, _: lit(image, 0.8, 1.4),
    "warm light": lambda image, _: lit(image, 1, 1, (1.12, 1, 0.8)),
    "without colour": lambda image, _: image.convert("L").convert("RGB"),
    "words over it": lambda image, rng: _marked(image, rng, 4),
    "hazy (never learnt from)": lambda image, _: _hazy(image, 0.5),
    "six shades a channel (never learnt from)": lambda image, _: image.point(lambda v: round(v / 51) * 51),
}  # fmt: skip
TURNS = {"12 degrees askew": 12.0, "a quarter turn": 90.0, "upside down": 180.0}
