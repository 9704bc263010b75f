"""Scenes drawn with PIL, one at a time, from their plans."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from placket.training.cache import Pixels
from placket.training.detector.plans import TOLERANCE, Key, Layer, Look, Plan
from placket.training.worse import coded


@dataclass(slots=True)
class Scene:
    """A picture [s, s, 3] with boxes [m, 4] in pixels; `negative` [c] says which groups are known to be absent where no
    box is."""

    pixels: Pixels
    boxes: NDArray[np.float32]
    groups: NDArray[np.int64]
    negative: NDArray[np.float32]


def draw(plan: Plan, size: int, read: Callable[[Key], Pixels]) -> Scene:
    """The scene of a plan; `read` gives pictures."""
    canvas: Pixels = np.empty((size, size, 3), np.uint8)
    canvas[:] = plan.pad
    for layer in plan.layers:
        _lay(canvas, layer, read(layer.picture))
    seen = np.ascontiguousarray(canvas[:, ::-1]) if plan.mirrored else canvas
    return Scene(recolour(seen, plan.look), plan.boxes, plan.groups, plan.negative)


def _lay(canvas: Pixels, layer: Layer, picture: Pixels) -> None:
    x0, y0, x1, y1 = layer.frame
    part = np.rot90(picture[y0:y1, x0:x1], layer.turns)
    height, width = part.shape[:2]
    left, top, right, bottom = layer.place
    if right <= left or bottom <= top or not part.size:
        return
    # Cut before scaling: what falls outside the canvas is never computed.
    cut = [(v - o) / layer.ratio for v, o in zip(layer.place, (layer.left, layer.top) * 2, strict=True)]
    box = (max(0.0, cut[0]), max(0.0, cut[1]), min(width, cut[2]), min(height, cut[3]))

    def fit(pixels: Pixels) -> Pixels:
        image: Image.Image = Image.fromarray(pixels)
        return np.asarray(image.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=box))

    window = canvas[top:bottom, left:right]
    if layer.colour is None:
        window[:] = fit(np.ascontiguousarray(part))
        return
    differs = np.abs(part.astype(np.int16) - np.array(layer.colour, np.int16)).max(-1) > TOLERANCE
    cover = fit((differs * 255).astype(np.uint8))[..., None].astype(np.float32) / 255
    window[:] = window * (1 - cover) + fit(np.ascontiguousarray(part)) * cover


def recolour(pixels: Pixels, look: Look) -> Pixels:
    """Change light and colours; one table a channel."""
    ramp = np.arange(256, dtype=np.float32) / 255.0
    tables = [((ramp**look.gamma * gain + look.lift) * 255).clip(0, 255) for gain in look.gain]
    image: Image.Image = Image.fromarray(pixels).point(np.concatenate(tables).astype(np.uint8).tolist())
    if look.saturation != 1:
        image = ImageEnhance.Color(image).enhance(look.saturation)
    if look.blur:
        image = image.filter(ImageFilter.BoxBlur(look.blur))
    if look.quality:
        image = coded(image, look.quality)
    return np.asarray(image)
