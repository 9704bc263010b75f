"""Crops for the encoder's training, cut on the device that trains: `crops.py`, a batch at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from placket.training.ahead import Batch
from placket.training.encoder.crops import MARGIN, PAD
from placket.training.encoder.dataset import CropStream
from placket.training.encoder.items import Item
from placket.training.gallery import Gallery, box_blur, inside, jpeg, tone
from placket.training.worse import drawn_angle, turned_sides
from placket.training.worse_on_device import Worsener

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
    _mirror(matrix, place, side, mirrored)
    return matrix, np.concatenate([low, high], 1), place


def _mirror(matrix: Rows, place: Rows, side: int, mirrored: NDArray[np.bool_]) -> None:
    matrix[mirrored, :, 2] += side * matrix[mirrored, :, 0]
    matrix[mirrored, :, 0] *= -1
    place[mirrored] = np.stack([side - place[:, 2], place[:, 1], side - place[:, 0], place[:, 3]], 1)[mirrored]


def turned_places(
    boxes: Rows, sizes: NDArray[np.int32], side: int, mirrored: NDArray[np.bool_], degrees: NDArray[np.float64]
) -> tuple[Rows, Rows, Rows]:
    """As `crop_places`, of pictures turned counterclockwise by `degrees` [b] around the box; see `crops.askew`. A crop
    of a turned one may look beyond the picture."""
    matrix, frame, place = crop_places(boxes, sizes, side, mirrored)
    some = np.flatnonzero(degrees)
    matrix[some], frame[some], place[some] = _turned(boxes[some], sizes[some], side, mirrored[some], degrees[some])
    return matrix, frame, place


def _turned(
    boxes: Rows, sizes: NDArray[np.int32], side: int, mirrored: NDArray[np.bool_], degrees: NDArray[np.float64]
) -> tuple[Rows, Rows, Rows]:
    corners = boxes.reshape(-1, 2, 2) * sizes[:, None]
    plain = corners[:, 1] - corners[:, 0]
    turned = [turned_sides(w, h, d) for (w, h), d in zip(plain.tolist(), degrees.tolist(), strict=True)]
    cut = np.maximum(np.array(turned).reshape(-1, 2) * (1 + 2 * MARGIN), 2)
    filled = np.maximum(1, np.round(cut * (side / cut.max(1, keepdims=True))))
    start = np.floor((side - filled) / 2)
    step = cut / filled
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    back = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)
    matrix = np.zeros((len(boxes), 2, 3))
    matrix[:, :, :2] = back * step[:, None]
    matrix[:, :, 2] = corners.mean(1) + np.einsum("bij,bj->bi", back, -cut / 2 - start * step)
    place = np.concatenate([start, start + filled], 1)
    _mirror(matrix, place, side, mirrored)
    return matrix, np.concatenate([np.zeros_like(sizes), sizes], 1).astype(np.float64), place


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
        worsen = Worsener(device, rng) if self.worse else None
        every = self.encode(list(range(len(self.items))))
        every |= {"product": torch.tensor(self.products), "design": torch.tensor(self.design)}
        table = {name: value.to(device) for name, value in every.items()}
        while True:
            chosen = np.array(self._indices(rng))
            rows = torch.from_numpy(chosen).to(device)
            batch = {name: value[rows] for name, value in table.items()}
            batch |= self._pictures(chosen, int(self.state[0]), rng, worsen)
            if self.features is not None:
                batch["feature"] = torch.from_numpy(self.features[chosen].astype(np.float32))
            yield batch

    def _pictures(
        self, chosen: NDArray[np.int64], side: int, rng: np.random.Generator, worsen: Worsener | None
    ) -> dict[str, Tensor]:
        """The items' crops, and with `worse` other ones, as they were."""
        boxes = self._boxes([self.items[i] for i in chosen], rng)
        which = np.array([self.gallery.number[self.items[i].dataset, self.items[i].key] for i in chosen])
        sizes, mirrored = self.gallery.sizes[which], rng.random(len(chosen)) < 0.5
        plain = _on_white(*self._seen(which, crop_places(boxes, sizes, side, mirrored), side))
        if worsen is None:
            return {"image": light_all(plain, rng)}
        image = light_all(plain.clone(), rng)
        some = np.flatnonzero(rng.random(len(chosen)) < self.worse)
        if len(some):
            degrees = np.array([drawn_angle(rng) for _ in some])
            seen, filled = self._seen(
                which[some], turned_places(boxes[some], sizes[some], side, mirrored[some], degrees), side
            )
            image[some] = _on_white(worsen(seen, rng), filled)
        return {"image": image, "clean": plain}

    def _boxes(self, items: list[Item], rng: np.random.Generator) -> Rows:
        boxes = np.array([i.box for i in items], np.float64)
        boxes = np.where([[i.boxed] for i in items], shake_all(boxes, rng), boxes)
        whole = np.array([i.view in WHOLE_VIEWS for i in items]) & (rng.random(len(items)) < 0.06)
        boxes[whole] = (0.0, 0.0, 1.0, 1.0)
        return boxes

    def _seen(self, which: NDArray[np.int64], places: tuple[Rows, Rows, Rows], side: int) -> tuple[Tensor, Tensor]:
        """Crops whose edges go on where nothing was cut out, and where that is."""
        device = self.gallery.device
        matrix, cut, place = (torch.from_numpy(v.astype(np.float32)).to(device) for v in places)
        return self.gallery.view(torch.from_numpy(which).to(device), matrix, cut, side), inside(place, side)


def _on_white(seen: Tensor, filled: Tensor) -> Tensor:
    return torch.where(filled, seen, torch.full_like(seen, PAD))
