"""Plans of scenes: which parts of which pictures lie where on a canvas, and the boxes that follow.

A plan is drawn by `augment.py`, picture by picture in a worker process, or by `on_device.py`, a batch at a time.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

PAD = 114
GREY = (PAD, PAD, PAD)
KEEP_SHARE = 0.3
LEAST_SIDE = 2
HIDDEN = 0.6
TOLERANCE = 12
"""How far a pixel differs from the background of a single item, at least, to belong to it."""

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
Key = tuple[str, str]
Frame = tuple[int, int, int, int]
Colour = tuple[int, int, int]


@dataclass(slots=True)
class Part:
    """The part `frame` (x0, y0, x1, y1) of a picture, turned by `turns` quarters to the left (-1, 0 or 1).

    Boxes [m, 4] in the pixels of the turned part, groups [m]; `negative` [c] says which groups are known to be absent
    where no box is.
    """

    picture: Key
    frame: Frame
    boxes: Floats
    groups: Numbers
    negative: Floats
    turns: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height after the turn."""
        x0, y0, x1, y1 = self.frame
        return (y1 - y0, x1 - x0) if self.turns else (x1 - x0, y1 - y0)


@dataclass(slots=True)
class Layer:
    """A part on a canvas: scaled by `ratio`, its corner at `left`, `top`, seen within `place` (x0, y0, x1, y1).

    With `colour` only what differs from it is drawn.
    """

    picture: Key
    frame: Frame
    turns: int
    ratio: float
    left: float
    top: float
    place: Frame
    colour: Colour | None = None

    def matrix(self) -> Floats:
        """[2, 3], from the canvas's pixels to the picture's."""
        x0, y0, x1, y1 = self.frame
        step, u, v = 1 / self.ratio, -self.left / self.ratio, -self.top / self.ratio
        if self.turns == 1:
            return np.array([[0, -step, x1 - v], [step, 0, y0 + u]], np.float32)
        if self.turns == -1:
            return np.array([[0, step, x0 + v], [-step, 0, y1 - u]], np.float32)
        return np.array([[step, 0, x0 + u], [0, step, y0 + v]], np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """How light and colours of a scene are changed: 255 * (gain * (v / 255)^gamma + lift) with a gain for each channel;
    saturation (1 leaves it); radius of a blur and quality of a JPEG, 0 for none."""

    gamma: float = 1.0
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lift: float = 0.0
    saturation: float = 1.0
    blur: float = 0.0
    quality: int = 0


@dataclass(slots=True)
class Plan:
    """A scene: its layers from below to above, mirrored at last or not; boxes [m, 4] in pixels, groups [m]."""

    layers: list[Layer]
    boxes: Floats
    groups: Numbers
    negative: Floats
    pad: Colour = GREY
    mirrored: bool = False
    look: Look = field(default_factory=Look)


def quarter_turn(part: Part, left: bool = True) -> Part:
    """Turn by 90 degrees, as a phone photo without its orientation flag."""
    width, height = part.size
    x0, y0, x1, y1 = part.boxes.T
    boxes = np.stack([y0, width - x1, y1, width - x0] if left else [height - y1, x0, height - y0, x1], 1)
    return replace(part, boxes=boxes.astype(np.float32), turns=part.turns + (1 if left else -1))


def clip(boxes: Floats, groups: Numbers, frame: Frame) -> tuple[Floats, Numbers]:
    """Cut boxes to a frame and drop those of which too little is left."""
    low, high = np.tile(frame[:2], 2).astype(np.float32), np.tile(frame[2:], 2).astype(np.float32)
    cut = boxes.clip(low, high)
    before, sides = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), cut[:, 2:] - cut[:, :2]
    keep = (np.prod(sides, axis=1) >= KEEP_SHARE * before) & (sides.min(1, initial=1e9) >= LEAST_SIDE)
    return cut[keep], groups[keep]


def _overlap(a: Frame, b: Frame) -> Frame:
    x0, y0 = max(a[0], b[0]), max(a[1], b[1])
    return x0, y0, max(x0, min(a[2], b[2])), max(y0, min(a[3], b[3]))


def place(part: Part, size: int, scale: float, shift: tuple[float, float], pad: Colour = GREY) -> Plan:
    """Scale so that the letterbox fit is multiplied by `scale`, moved by `shift` (-1..1 of the free or cut room)."""
    width, height = part.size
    ratio = min(size / height, size / width) * scale
    w, h = max(1, round(width * ratio)), max(1, round(height * ratio))
    left, top = round((size - w) / 2 * (1 + shift[0])), round((size - h) / 2 * (1 + shift[1]))
    canvas = (0, 0, size, size)
    seen = _overlap((left, top, left + w, top + h), canvas)
    moved = part.boxes * ratio + np.array([left, top, left, top], np.float32)
    layer = Layer(part.picture, part.frame, part.turns, ratio, left, top, seen)
    return Plan([layer], *clip(moved, part.groups, canvas), part.negative, pad)


def mosaic(parts: list[Part], size: int, rng: np.random.Generator) -> Plan:
    """Four parts around a random centre of one canvas."""
    cx, cy = (int(rng.uniform(0.3, 0.7) * size) for _ in range(2))
    frames = ((0, 0, cx, cy), (cx, 0, size, cy), (0, cy, cx, size), (cx, cy, size, size))
    layers, boxes, groups = [], [], []
    for part, frame in zip(parts, frames, strict=True):
        w, h = frame[2] - frame[0], frame[3] - frame[1]
        side = max(w, h)
        shift = (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.5)))
        own = place(part, side, float(rng.uniform(0.8, 1.4)), shift)
        dx, dy = frame[0] - (side - w) // 2, frame[1] - (side - h) // 2
        layer, (x0, y0, x1, y1) = own.layers[0], own.layers[0].place
        seen = _overlap((x0 + dx, y0 + dy, x1 + dx, y1 + dy), frame)
        layers.append(replace(layer, left=layer.left + dx, top=layer.top + dy, place=seen))
        kept = clip(own.boxes + np.array([dx, dy, dx, dy], np.float32), own.groups, frame)
        boxes.append(kept[0])
        groups.append(kept[1])
    return Plan(layers, np.concatenate(boxes), np.concatenate(groups), np.minimum.reduce([p.negative for p in parts]))


def paste(plan: Plan, item: Part, colour: Colour, size: int, rng: np.random.Generator) -> Plan:
    """Lay an item, its first box, somewhere over a plan, without the background of this colour; boxes that it mostly
    hides are dropped."""
    ox, oy = item.frame[:2]
    x0, y0, x1, y1 = (round(float(v)) for v in item.boxes[0])
    share = float(np.exp(rng.uniform(np.log(0.07), np.log(0.5))))
    ratio = share * size / max(1, x1 - x0, y1 - y0)
    w, h = max(4, round((x1 - x0) * ratio)), max(4, round((y1 - y0) * ratio))
    if w >= size or h >= size:
        return plan
    x, y = int(rng.integers(0, size - w)), int(rng.integers(0, size - h))
    frame = (ox + x0, oy + y0, ox + x1, oy + y1)
    layer = Layer(item.picture, frame, 0, ratio, x, y, (x, y, x + w, y + h), colour)
    new = np.array([[x, y, x + w, y + h]], np.float32)
    low, high = np.maximum(plan.boxes[:, :2], new[:, :2]), np.minimum(plan.boxes[:, 2:], new[:, 2:])
    own = np.maximum(1.0, np.prod(plan.boxes[:, 2:] - plan.boxes[:, :2], axis=1))
    keep = np.prod((high - low).clip(0), axis=1) / own < HIDDEN
    return replace(
        plan,
        layers=[*plan.layers, layer],
        boxes=np.concatenate([plan.boxes[keep], new]),
        groups=np.append(plan.groups[keep], item.groups[0]),
    )


def mirror(plan: Plan, size: int) -> Plan:
    """Left to right."""
    boxes = plan.boxes.copy()
    boxes[:, [0, 2]] = size - plan.boxes[:, [2, 0]]
    return replace(plan, boxes=boxes, mirrored=not plan.mirrored)


def draw_look(rng: np.random.Generator, strength: float = 1.0) -> Look:
    """Brightness, contrast, gamma and a tint; saturation; now and then blur, JPEG, grey, or a dark room."""
    gain = float(np.exp(rng.normal(0, 0.18 * strength)))
    if rng.random() < 0.05 * strength:
        gain *= 0.45
    red, green, blue = (float(v) for v in gain * np.exp(rng.normal(0, 0.06 * strength, 3)))
    mix = 1.0
    if rng.random() < 0.6:
        mix = 0.0 if rng.random() < 0.06 * strength else float(np.exp(rng.normal(0, 0.3 * strength)))
    return Look(
        gamma=float(np.exp(rng.normal(0, 0.25 * strength))),
        gain=(red, green, blue),
        lift=float(rng.normal(0, 0.04 * strength)),
        saturation=mix,
        blur=float(rng.uniform(0.4, 1.6)) if rng.random() < 0.1 * strength else 0.0,
        quality=int(rng.integers(25, 85)) if rng.random() < 0.12 * strength else 0,
    )
