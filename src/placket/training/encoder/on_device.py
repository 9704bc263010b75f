"""Crops for the encoder's training, cut on the device that trains: `crops.py`, a batch at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from placket.training.encoder.crops import MARGIN, PAD
from placket.training.encoder.dataset import Batch, CropStream
from placket.training.gallery import Gallery, box_blur, inside, jpeg, tone

WHOLE_VIEWS = ("hm", "cd", "myntra", "product")
Rows = NDArray[np.float64]


def shake_all(boxes: Rows, rng: np.random.Generator) -> Rows:
    """Boxes [b, 4] as fractions, each with a detector's kind of error; see `crops.shake`."""
    sides = np.concatenate([boxes[:, 2:] - boxes[:, :2]] * 2, 1)
    spread = 0.045 * np.where(rng.random((len(boxes), 1)) < 0.15, 2.5, 1.0)
    moved = (boxes + rng.normal(0, 1, boxes.shape) * spread * sides).clip(0, 1)
    small = ((moved[:, 2:] - moved[:, :2]) < 0.3 * sides[:, :2]).any(1)
    return np.where(small[:, None], boxes, moved)


def crop_places(
    boxes: Rows, sizes: NDArray[np.int32], side: int, mirrored: NDArray[np.bool_]
) -> tuple[Rows, Rows, Rows]:
    """Where crops of these boxes lie, as `crops.crop` cuts them: matrices [b, 2, 3] from the crop's pixels to the
    picture's, the cut in the picture [b, 4], and what of the crop it fills [b, 4]."""
    margin = (boxes[:, 2:] - boxes[:, :2]) * MARGIN
    low = np.maximum(0, np.round((boxes[:, :2] - margin) * sizes))
    high = np.minimum(sizes, np.round((boxes[:, 2:] + margin) * sizes))
    low = np.minimum(low, sizes - 2)
    high = np.maximum(high, low + 2)
    cut = high - low
    filled = np.maximum(1, np.round(cut * (side / cut.max(1, keepdims=True))))
    start = np.floor((side - filled) / 2)
    step = cut / filled
    matrix = np.zeros((len(boxes), 2, 3))
    matrix[:, [0, 1], [0, 1]] = step
    matrix[:, :, 2] = low - start * step
    place = np.concatenate([start, start + filled], 1)
    matrix[mirrored, 0, 2] += side * matrix[mirrored, 0, 0]
    matrix[mirrored, 0, 0] *= -1
    place[mirrored] = np.stack([side - place[:, 2], place[:, 1], side - place[:, 0], place[:, 3]], 1)[mirrored]
    return matrix, np.concatenate([low, high], 1), place


def light_all(image: Tensor, rng: np.random.Generator) -> Tensor:
    """Mild light and tint, blur, JPEG, a covered corner; see `crops.light`. [b, 3, s, s], 0..255."""
    count, side, device = len(image), image.shape[-1], image.device

    def put(values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.asarray(values, np.float32)).to(device)

    gain = np.exp(rng.normal(0, 0.07, (count, 1)) + rng.normal(0, 0.025, (count, 3)))
    image = tone(image, put(np.exp(rng.normal(0, 0.12, count))), put(gain), put(np.zeros(count)))
    blurred, coded = np.flatnonzero(rng.random(count) < 0.1), np.flatnonzero(rng.random(count) < 0.08)
    if len(blurred):
        image[blurred] = box_blur(image[blurred], put(rng.uniform(0.3, 1.0, len(blurred))))
    if len(coded):
        image[coded] = jpeg(image[coded], put(rng.integers(35, 85, len(coded))))
    covered = np.flatnonzero(rng.random(count) < 0.15)
    sides = rng.uniform(0.1, 0.4, (len(covered), 2)) * side
    corner = rng.random((len(covered), 2)) * (side - sides)
    colour = put(rng.integers(0, 256, (len(covered), 3)))[:, :, None, None]
    image[covered] = torch.where(inside(put(np.concatenate([corner, corner + sides], 1)), side), colour, image[covered])
    return image


class GalleryCrops(CropStream):
    """The stream's batches, with their pictures and labels on the gallery's device already."""

    gallery: Gallery

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng([self.seed, 0])
        device = self.gallery.device
        every = self.encode(list(range(len(self.items))))
        every |= {"product": torch.tensor(self.products), "design": torch.tensor(self.design)}
        table = {name: value.to(device) for name, value in every.items()}
        while True:
            chosen = np.array(self._indices(rng))
            rows = torch.from_numpy(chosen).to(device)
            batch = {name: value[rows] for name, value in table.items()}
            batch["image"] = light_all(self._cut(chosen, int(self.state[0]), rng), rng)
            if self.features is not None:
                batch["feature"] = torch.from_numpy(self.features[chosen].astype(np.float32))
            yield batch

    def _cut(self, chosen: NDArray[np.int64], side: int, rng: np.random.Generator) -> Tensor:
        items = [self.items[i] for i in chosen]
        boxes = np.array([i.box for i in items], np.float64)
        boxes = np.where([[i.boxed] for i in items], shake_all(boxes, rng), boxes)
        whole = np.array([i.view in WHOLE_VIEWS for i in items]) & (rng.random(len(items)) < 0.06)
        boxes[whole] = (0.0, 0.0, 1.0, 1.0)
        which = np.array([self.gallery.number[i.dataset, i.key] for i in items])
        matrix, cut, place = crop_places(boxes, self.gallery.sizes[which], side, rng.random(len(items)) < 0.5)
        device = self.gallery.device
        put = [torch.from_numpy(v.astype(np.float32)).to(device) for v in (matrix, cut, place)]
        seen = self.gallery.view(torch.from_numpy(which).to(device), put[0], put[1], side)
        return torch.where(inside(put[2], side), seen, torch.full_like(seen, PAD))
