"""Pictures for the detector's training: letterbox with jitter, mosaic, copy-paste, colour, blur, JPEG.

A scene is a uint8 picture [s, s, 3] with boxes [m, 4] in pixels and groups [m].
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from placket.training.cache import Pixels

PAD = 114
KEEP_SHARE = 0.3


@dataclass(slots=True)
class Scene:
    """A picture with its boxes in pixels; `negative` [c] says which groups are known to be absent where no box is."""

    pixels: Pixels
    boxes: NDArray[np.float32]
    groups: NDArray[np.int64]
    negative: NDArray[np.float32]


def place(scene: Scene, size: int, scale: float, shift: tuple[float, float], pad: tuple[int, int, int]) -> Scene:
    """Scale so that the letterbox fit is multiplied by `scale`, moved by `shift` (-1..1 of the free or cut room)."""
    height, width = scene.pixels.shape[:2]
    ratio = min(size / height, size / width) * scale
    w, h = max(1, round(width * ratio)), max(1, round(height * ratio))
    left = round((size - w) / 2 * (1 + shift[0]))
    top = round((size - h) / 2 * (1 + shift[1]))
    image: Image.Image = Image.fromarray(scene.pixels)
    # Cut before scaling: what falls outside the canvas is never computed.
    cut = (
        max(0, -left) / ratio,
        max(0, -top) / ratio,
        min(width, (size - left) / ratio),
        min(height, (size - top) / ratio),
    )
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + w, size), min(top + h, size)
    out = np.empty((size, size, 3), np.uint8)
    out[:] = pad
    if x1 > x0 and y1 > y0:
        out[y0:y1, x0:x1] = np.asarray(image.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR, box=cut))
    boxes = scene.boxes * ratio + np.array([left, top, left, top], np.float32)
    return clip(Scene(out, boxes, scene.groups, scene.negative), size)


def clip(scene: Scene, size: int) -> Scene:
    """Cut boxes to the picture and drop those of which too little is left."""
    before = np.prod(scene.boxes[:, 2:] - scene.boxes[:, :2], axis=1)
    boxes = scene.boxes.clip(0, size)
    sides = boxes[:, 2:] - boxes[:, :2]
    keep = (np.prod(sides, axis=1) >= KEEP_SHARE * before) & (sides.min(1, initial=1e9) >= 2)
    return Scene(scene.pixels, boxes[keep], scene.groups[keep], scene.negative)


def flip(scene: Scene) -> Scene:
    """Mirror left to right."""
    width = scene.pixels.shape[1]
    boxes = scene.boxes.copy()
    boxes[:, [0, 2]] = width - scene.boxes[:, [2, 0]]
    return Scene(np.ascontiguousarray(scene.pixels[:, ::-1]), boxes, scene.groups, scene.negative)


def quarter_turn(scene: Scene, left: bool = True) -> Scene:
    """Turn by 90 degrees, as a phone photo without its orientation flag."""
    height, width = scene.pixels.shape[:2]
    x0, y0, x1, y1 = scene.boxes.T
    turned = [y0, width - x1, y1, width - x0] if left else [height - y1, x0, height - y0, x1]
    pixels = np.ascontiguousarray(np.rot90(scene.pixels, 1 if left else -1))
    return Scene(pixels, np.stack(turned, 1).astype(np.float32), scene.groups, scene.negative)


def mosaic(scenes: list[Scene], size: int, rng: np.random.Generator) -> Scene:
    """Four scenes around a random centre of one canvas."""
    cx, cy = (int(rng.uniform(0.3, 0.7) * size) for _ in range(2))
    out = np.full((size, size, 3), PAD, np.uint8)
    boxes, groups = [], []
    corners = ((0, 0, cx, cy), (cx, 0, size, cy), (0, cy, cx, size), (cx, cy, size, size))
    for scene, (x0, y0, x1, y1) in zip(scenes, corners, strict=True):
        w, h = x1 - x0, y1 - y0
        side = max(w, h)
        part = place(
            scene,
            side,
            float(rng.uniform(0.8, 1.4)),
            (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.5))),
            (PAD, PAD, PAD),
        )
        ox, oy = (side - w) // 2, (side - h) // 2
        out[y0:y1, x0:x1] = part.pixels[oy : oy + h, ox : ox + w]
        before = np.prod(part.boxes[:, 2:] - part.boxes[:, :2], axis=1)
        moved = part.boxes + np.array([x0 - ox, y0 - oy] * 2, np.float32)
        moved = np.clip(moved, [x0, y0, x0, y0], [x1, y1, x1, y1]).astype(np.float32)
        keep = np.prod(moved[:, 2:] - moved[:, :2], axis=1) >= KEEP_SHARE * before
        boxes.append(moved[keep])
        groups.append(part.groups[keep])
    negative = np.minimum.reduce([s.negative for s in scenes])
    return clip(Scene(out, np.concatenate(boxes), np.concatenate(groups), negative), size)


def paste(scene: Scene, item: Pixels, alpha: NDArray[np.float32], group: int, rng: np.random.Generator) -> Scene:
    """Paste a cut-out [h, w, 3] with alpha [h, w] somewhere onto a scene; boxes mostly hidden by it are dropped."""
    size = scene.pixels.shape[0]
    share = float(np.exp(rng.uniform(np.log(0.07), np.log(0.5))))
    ratio = share * size / max(item.shape[:2])
    w, h = max(4, round(item.shape[1] * ratio)), max(4, round(item.shape[0] * ratio))
    if w >= size or h >= size:
        return scene
    small = np.asarray(Image.fromarray(item).resize((w, h), Image.Resampling.BILINEAR), np.float32)
    cover = np.asarray(
        Image.fromarray((alpha * 255).astype(np.uint8)).resize((w, h), Image.Resampling.BILINEAR), np.float32
    )
    x, y = int(rng.integers(0, size - w)), int(rng.integers(0, size - h))
    window = scene.pixels[y : y + h, x : x + w].astype(np.float32)
    weight = cover[..., None] / 255.0
    scene.pixels[y : y + h, x : x + w] = (window * (1 - weight) + small * weight).astype(np.uint8)
    new = np.array([[x, y, x + w, y + h]], np.float32)
    low = np.maximum(scene.boxes[:, :2], new[:, :2])
    high = np.minimum(scene.boxes[:, 2:], new[:, 2:])
    hidden = np.prod((high - low).clip(0), axis=1) / np.maximum(
        1.0, np.prod(scene.boxes[:, 2:] - scene.boxes[:, :2], axis=1)
    )
    keep = hidden < 0.6
    return Scene(
        scene.pixels, np.concatenate([scene.boxes[keep], new]), np.append(scene.groups[keep], group), scene.negative
    )


def recolour(pixels: Pixels, rng: np.random.Generator, strength: float = 1.0) -> Pixels:
    """Brightness, contrast, gamma and a tint by one table a channel; saturation; now and then blur, JPEG, grey."""
    ramp = np.arange(256, dtype=np.float32) / 255.0
    gamma = float(np.exp(rng.normal(0, 0.25 * strength)))
    gain = float(np.exp(rng.normal(0, 0.18 * strength)))
    lift = float(rng.normal(0, 0.04 * strength))
    tint = np.exp(rng.normal(0, 0.06 * strength, 3))
    if rng.random() < 0.05 * strength:
        gain *= 0.45  # a dark room
    table = np.concatenate([((ramp**gamma * gain * t + lift) * 255).clip(0, 255) for t in tint]).astype(np.uint8)
    image: Image.Image = Image.fromarray(pixels).point(table.tolist())
    if rng.random() < 0.6:
        mix = 0.0 if rng.random() < 0.06 * strength else float(np.exp(rng.normal(0, 0.3 * strength)))
        image = ImageEnhance.Color(image).enhance(mix)
    if rng.random() < 0.1 * strength:
        image = image.filter(ImageFilter.BoxBlur(float(rng.uniform(0.4, 1.6))))
    if rng.random() < 0.12 * strength:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(25, 85)))
        image = Image.open(buffer).convert("RGB")
    return np.asarray(image)
