"""The encoder's crops, as the server cuts them, and what is done to them in training."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from placket.training.cache import Pixels
from placket.training.detector.targets import Box
from placket.training.worse import coded, drawn_angle, lit, turned, turned_box, worsened

PAD = 255
MARGIN = 0.08
AROUND, LEAST_CUT = 1.2, 8


def crop(
    pixels: Pixels,
    box: Box,
    size: int,
    margin: float = MARGIN,
    change: Callable[[Image.Image], Image.Image] | None = None,
) -> Pixels:
    """The garment's crop as the server makes it: box widened by `margin`, clipped, letterboxed on white. [s, s, 3].

    `change` is done to what is cut out, once it has its size.
    """
    height, width = pixels.shape[:2]
    mx, my = (box[2] - box[0]) * margin, (box[3] - box[1]) * margin
    x0, y0 = max(0, round((box[0] - mx) * width)), max(0, round((box[1] - my) * height))
    x1, y1 = min(width, round((box[2] + mx) * width)), min(height, round((box[3] + my) * height))
    x0, y0 = min(x0, width - 2), min(y0, height - 2)
    cut = Image.fromarray(pixels[y0 : max(y1, y0 + 2), x0 : max(x1, x0 + 2)])
    scale = min(size / cut.height, size / cut.width)
    w, h = max(1, round(cut.width * scale)), max(1, round(cut.height * scale))
    seen = cut.resize((w, h), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = np.full((size, size, 3), PAD, np.uint8)
    left, top = (size - w) // 2, (size - h) // 2
    out[top : top + h, left : left + w] = np.asarray(change(seen) if change else seen)
    return out


def askew(pixels: Pixels, box: Box, degrees: float) -> tuple[Pixels, Box]:
    """A picture [h, w, 3] of the box and its surroundings, turned counterclockwise, and the garment's box in it."""
    size = np.array(pixels.shape[1::-1])
    low, high = np.array(box[:2]) * size, np.array(box[2:]) * size
    reach = AROUND * float(np.hypot(*(high - low))) / 2
    start = np.maximum(0, np.round((low + high) / 2 - reach)).astype(int)
    end = np.minimum(size, np.round((low + high) / 2 + reach)).astype(int)
    if degrees == 0 or (end - start).min() < LEAST_CUT:
        return pixels, box
    cut = pixels[start[1] : end[1], start[0] : end[0]]
    own = np.concatenate([(low - start), (high - start)]) / np.tile(end - start, 2)
    seen = turned(cut, degrees)
    return seen, turned_box((own[0], own[1], own[2], own[3]), cut.shape, seen.shape, degrees)


def worse_crop(pixels: Pixels, box: Box, size: int, rng: np.random.Generator) -> Pixels:
    """The crop [s, s, 3] as a worse photo would show the garment: askew, grainy, dark, with words over it ..."""
    seen, own = askew(pixels, box, drawn_angle(rng))
    return crop(seen, own, size, change=lambda image: worsened(image, rng))


def shake(box: Box, rng: np.random.Generator, strength: float) -> Box:
    """A box with a detector's kind of error: sides moved by a few percent, now and then far looser or cut."""
    w, h = box[2] - box[0], box[3] - box[1]
    spread = 0.045 * strength * (2.5 if rng.random() < 0.15 else 1.0)
    d = rng.normal(0, spread, 4) * np.array([w, h, w, h])
    x0, y0 = max(0.0, box[0] + d[0]), max(0.0, box[1] + d[1])
    x1, y1 = min(1.0, box[2] + d[2]), min(1.0, box[3] + d[3])
    if x1 - x0 < 0.3 * w or y1 - y0 < 0.3 * h:
        return box
    return (x0, y0, x1, y1)


def light(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Mild light and tint (the colour is a label), blur, JPEG, a covered corner."""
    gamma, gain = float(np.exp(rng.normal(0, 0.12))), float(np.exp(rng.normal(0, 0.07)))
    image = lit(Image.fromarray(pixels), gamma, gain, np.exp(rng.normal(0, 0.025, 3)).tolist())
    if rng.random() < 0.1:
        image = image.filter(ImageFilter.BoxBlur(float(rng.uniform(0.3, 1.0))))
    if rng.random() < 0.08:
        image = coded(image, int(rng.integers(35, 85)))
    out = np.array(image)
    if rng.random() < 0.15:
        size = out.shape[0]
        w, h = (int(rng.uniform(0.1, 0.4) * size) for _ in range(2))
        x, y = int(rng.integers(0, size - w)), int(rng.integers(0, size - h))
        out[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return out
