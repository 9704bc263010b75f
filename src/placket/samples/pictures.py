"""Products that nobody sells: drawn, named, laid out, photographed."""

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from placket.domain.garments import Box
from placket.domain.taxonomy import taxonomy
from placket.samples import wardrobe
from placket.samples.backdrop import FLOORS, Canvas, lay, paper, placed, to_image
from placket.samples.cloth import PATTERNS
from placket.samples.drawing import Drawing
from placket.samples.garments import accessories, bags, bottoms, dresses, outerwear, shoes, tops
from placket.samples.palette import COLORS
from placket.samples.render import Layer, cloud, render

Cut = Callable[[str, str, np.random.Generator], Drawing]
_CUTS: dict[str, Cut] = {
    **tops.KINDS, **outerwear.KINDS, **bottoms.KINDS, **dresses.KINDS, **shoes.KINDS, **bags.KINDS, **accessories.KINDS,
}  # fmt: skip
CATEGORIES = tuple(_CUTS)
SIZE = (480, 640)
SCENE_SIZE = (720, 960)
_MIN_SIDE, _MAX_SIDE = 64, 4096


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn product. ``image``: RGB; ``category``, ``group``, ``color``, ``pattern``: words of the taxonomy.

    The same ``category``, ``color``, ``pattern`` and ``seed`` always make the same garment.
    """

    image: Image.Image
    category: str
    group: str
    color: str
    pattern: str
    box: Box
    name: str
    seed: int

    def jpeg(self, quality: int = 90) -> bytes:
        out = io.BytesIO()
        self.image.save(out, "JPEG", quality=quality)
        return out.getvalue()


@dataclass(frozen=True, slots=True)
class Scene:
    """Several garments in one picture; ``boxes[i]`` is where ``samples[i]`` lies."""

    image: Image.Image
    samples: tuple[Sample, ...]
    boxes: tuple[Box, ...]


def _rng(seed: int, *words: str) -> np.random.Generator:
    return np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32("/".join(words).encode())])


def _layer(category: str, color: str, pattern: str, seed: int, size: tuple[int, int], pose: int) -> Layer:
    """``pose`` chooses how it happens to lie; the garment itself is ``seed``'s."""
    drawing = _CUTS[category](color, pattern, _rng(seed, category, color, pattern))
    return render(drawing, size, int(_rng(seed, "pose", str(pose)).integers(2**31)))


def _box_of(layer: Layer) -> Box:
    x0, y0, x1, y1 = layer.bounds()
    h, w = layer.alpha.shape
    return Box(x0 / w, y0 / h, x1 / w, y1 / h)


def draw(category: str, color: str, pattern: str, seed: int, size: tuple[int, int] = SIZE) -> Sample:
    """One product on studio paper. ``size``: (width, height) pixels, 64..4096 each.

    Raises ValueError for a kind that is not drawn here, an unknown colour or pattern, or a size out of range.
    """
    for word, known, what in (
        (category, CATEGORIES, "category"),
        (color, COLORS, "colour"),
        (pattern, PATTERNS, "pattern"),
    ):
        if word not in known:
            raise ValueError(f"no {what} {word!r} is drawn here; there are {', '.join(known)}")
    if not all(_MIN_SIDE <= side <= _MAX_SIDE for side in size):
        raise ValueError(f"a side has {_MIN_SIDE} to {_MAX_SIDE} pixels, not {size[0]} x {size[1]}")
    rng = _rng(seed, category, color, pattern, "setting")
    layer = _layer(category, color, pattern, seed, size, 0)
    picture = to_image(lay(paper(rng, (size[1], size[0])), layer))
    name = wardrobe.product_name(category, color, pattern, rng)
    return Sample(picture, category, taxonomy().group_of(category), color, pattern, _box_of(layer), name, seed)


def catalogue(count: int = 60, seed: int = 7, size: tuple[int, int] = SIZE) -> list[Sample]:
    """A small shop's assortment, no two products of one name. ``count`` 1..1000. Raises ValueError beyond."""
    if not 1 <= count <= 1000:
        raise ValueError(f"a catalogue has 1 to 1000 products, not {count}")
    rng = np.random.default_rng(seed)
    deck = [category for category, copies in wardrobe.DECK for _ in range(copies)]
    extra = [c for c in CATEGORIES if c not in set(deck)]
    order = [*deck, *extra] if count > len(deck) else _evenly(deck, count)
    chosen: list[Sample] = []
    names: set[tuple[str, int]] = set()
    for i in range(count):
        category = order[i % len(order)]
        kind = wardrobe.KINDS[category]
        for _ in range(40):
            color, pattern = str(rng.choice(kind.colors)), str(rng.choice(kind.patterns))
            if (f"{category}/{color}/{pattern}", i // len(order)) not in names:
                break
        names.add((f"{category}/{color}/{pattern}", i // len(order)))
        chosen.append(draw(category, color, pattern, int(rng.integers(2**31)), size))
    return _named_apart(chosen)


def _evenly(deck: Sequence[str], count: int) -> list[str]:
    """``count`` of the deck, spread over its whole width."""
    return [deck[int(i * len(deck) / count)] for i in range(count)]


def _named_apart(samples: Sequence[Sample]) -> list[Sample]:
    """A second product of the same name gets a number, as shops do."""
    seen: dict[str, int] = {}
    out = []
    for s in samples:
        seen[s.name] = seen.get(s.name, 0) + 1
        out.append(s if seen[s.name] == 1 else replace(s, name=f"{s.name}, no. {seen[s.name]}"))
    return out


def scene(samples: Sequence[Sample], seed: int, size: tuple[int, int] = SCENE_SIZE) -> Scene:
    """One to six garments laid out side by side on one surface. Raises ValueError for none or more."""
    if not 1 <= len(samples) <= 6:
        raise ValueError(f"a scene has 1 to 6 garments, not {len(samples)}")
    rng = _rng(seed, "scene")
    columns = 1 if len(samples) == 1 else 2 if len(samples) <= 4 else 3
    rows = -(-len(samples) // columns)
    cell_w, cell_h = size[0] / columns, size[1] / rows
    canvas = paper(rng, (size[1], size[0])) if rng.random() < 0.5 else _floor(rng, size)
    boxes = []
    for i, s in enumerate(samples):
        row, column = divmod(i, columns)
        in_row = min(columns, len(samples) - row * columns)
        left = (size[0] - in_row * cell_w) / 2
        layer = _layer(s.category, s.color, s.pattern, s.seed, (int(cell_w), int(cell_h)), 1)
        centre = (left + (column + 0.5) * cell_w + rng.normal(0, 4), (row + 0.5) * cell_h + rng.normal(0, 4))
        laid = placed(layer, size, centre, float(rng.uniform(0.9, 1.02)), float(rng.normal(0, 4)))
        canvas = lay(canvas, laid, depth=1.2)
        boxes.append(_box_of(laid))
    return Scene(to_image(canvas), tuple(samples), tuple(boxes))


def camera_photo(sample: Sample, seed: int, size: tuple[int, int] = SIZE) -> Sample:
    """The same product as somebody's phone would take it: on a floor, turned a little, in the room's light, as JPEG."""
    rng = _rng(seed, "camera", sample.category)
    layer = _layer(sample.category, sample.color, sample.pattern, sample.seed, size, 2 + (seed & 0xFFFF))
    centre = (size[0] * rng.uniform(0.46, 0.54), size[1] * rng.uniform(0.46, 0.54))
    laid = placed(layer, size, centre, float(rng.uniform(0.8, 0.95)), float(rng.uniform(-12, 12)))
    canvas = _room_light(lay(_floor(rng, size), laid, depth=1.6), rng)
    image = to_image(canvas).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.8))))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=int(rng.integers(68, 86)))
    photo = Image.open(out)
    photo.load()
    return replace(sample, image=photo, box=_box_of(laid))


def _floor(rng: np.random.Generator, size: tuple[int, int]) -> Canvas:
    return FLOORS[int(rng.integers(len(FLOORS)))](rng, (size[1], size[0]))


def _room_light(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """A lamp's warmth or a window's blue, darker corners, a shadow across, and the sensor's noise."""
    h, w = canvas.shape[:2]
    warmth = rng.normal(0, 0.035)
    tint = np.array((1 + warmth, 1.0, 1 - warmth), dtype=np.float32) * np.float32(rng.uniform(0.82, 1.04))
    x, y = np.linspace(-1, 1, w, dtype=np.float32)[None], np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    corners = 1 - (x**2 + y**2) * np.float32(rng.uniform(0.04, 0.12))
    across = 1 + cloud(rng, (h, w), (3, 3)) * np.float32(0.045)
    noise = rng.normal(0, rng.uniform(1.5, 4.0), canvas.shape).astype(np.float32)
    return canvas * tint * (corners * across)[..., None] + noise
