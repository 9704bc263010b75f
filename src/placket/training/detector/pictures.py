"""Pictures at full size with their truth, for evaluation, and the ways in which photos go wrong."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from placket.training.cache import Pixels, read_picture
from placket.training.detector.coco import Truth
from placket.training.detector.nothing import window
from placket.training.detector.targets import Sample
from placket.training.sources import iter_images

Picture = tuple[Pixels, Truth]


def truth_of(sample: Sample, pixels: Pixels) -> Truth:
    """The sample's boxes with the picture's size."""
    return Truth(sample.boxes, sample.groups, pixels.shape[1], pixels.shape[0])


def shown(sample: Sample, pixels: Pixels) -> Pixels:
    """The part of its picture that is the sample."""
    if sample.region is None:
        return pixels
    x0, y0, x1, y1 = window(sample.region, pixels.shape[:2])
    return np.ascontiguousarray(pixels[y0:y1, x0:x1])


def pictures_of(samples: Sequence[Sample], data: Path) -> Iterator[tuple[Sample, Pixels]]:
    """Each sample with its picture as it lies in the source, in the order of the files."""
    by_set: dict[str, dict[str, list[Sample]]] = {}
    for sample in samples:
        by_set.setdefault(sample.dataset, {}).setdefault(sample.key, []).append(sample)
    for dataset, wanted in by_set.items():
        for key, row in iter_images(data, dataset, ("image", "product_image")):
            for name, column in ((key, "image"), (f"{key}/product", "product_image")):
                encoded = row.get(column)
                if encoded:
                    for sample in wanted.get(name, ()):
                        yield sample, shown(sample, read_picture(encoded, name).pixels)


def _turned(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([boxes[:, 1], 1 - boxes[:, 2], boxes[:, 3], 1 - boxes[:, 0]], 1)


def dark(picture: Picture) -> Picture:
    """A quarter of the light, with noise."""
    pixels, truth = picture
    noise = np.random.default_rng(0).normal(0, 4, pixels.shape)
    return (pixels * 0.25 + noise).clip(0, 255).astype(np.uint8), truth


def turned(picture: Picture) -> Picture:
    """Turned by 90 degrees to the left, as a phone photo that lost its orientation."""
    pixels, truth = picture
    return np.ascontiguousarray(np.rot90(pixels)), Truth(_turned(truth.boxes), truth.groups, truth.height, truth.width)


def framed(picture: Picture) -> Picture:
    """A screenshot: the photo inside a dark page with bars, a third of it margin."""
    pixels, truth = picture
    height, width = truth.height, truth.width
    left, top = width // 4, height // 8
    page = np.full((height + 2 * top, width + 2 * left, 3), 24, np.uint8)
    page[: top // 2] = 200
    page[top : top + height, left : left + width] = pixels
    size = np.array([width, height] * 2, np.float32)
    whole = np.array([page.shape[1], page.shape[0]] * 2, np.float32)
    boxes = (truth.boxes * size + np.array([left, top] * 2, np.float32)) / whole
    return page, Truth(boxes.astype(np.float32), truth.groups, page.shape[1], page.shape[0])


def cropped(picture: Picture, keep: float = 0.6) -> Picture:
    """The upper part of the photo only; boxes are cut, and those with less than 30% left are dropped."""
    pixels, truth = picture
    rows = int(truth.height * keep)
    boxes = truth.boxes * np.array([1, truth.height / rows] * 2, np.float32)
    before = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    cut = boxes.clip(0, 1)
    stays = np.prod(cut[:, 2:] - cut[:, :2], axis=1) >= 0.3 * before
    return np.ascontiguousarray(pixels[:rows]), Truth(cut[stays], truth.groups[stays], truth.width, rows)


def huge(picture: Picture) -> Picture:
    """The same photo with 12 megapixels."""
    pixels, truth = picture
    factor = (12e6 / (truth.width * truth.height)) ** 0.5
    width, height = round(truth.width * factor), round(truth.height * factor)
    large = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))
    return large, Truth(truth.boxes, truth.groups, width, height)


def beside(first: Picture, second: Picture) -> Picture:
    """Two photos side by side: two people."""
    height = max(first[1].height, second[1].height)
    width = first[1].width + second[1].width
    out = np.full((height, width, 3), 235, np.uint8)
    boxes, groups, left = [], [], 0
    for pixels, truth in (first, second):
        out[: truth.height, left : left + truth.width] = pixels
        placed = truth.boxes * np.array([truth.width, truth.height] * 2, np.float32) + np.array(
            [left, 0] * 2, np.float32
        )
        boxes.append(placed / np.array([width, height] * 2, np.float32))
        groups.append(truth.groups)
        left += truth.width
    return out, Truth(np.concatenate(boxes).astype(np.float32), np.concatenate(groups), width, height)


def couples(pictures: Sequence[Picture]) -> list[Picture]:
    """Every photo with its neighbour."""
    return [beside(a, b) for a, b in zip(pictures, [*pictures[1:], pictures[0]], strict=True)]


HARD: dict[str, Callable[[Picture], Picture]] = {
    "a quarter of the light": dark,
    "turned by 90 degrees": turned,
    "screenshot with borders": framed,
    "upper 60% of the photo": cropped,
    "12 megapixels": huge,
}
