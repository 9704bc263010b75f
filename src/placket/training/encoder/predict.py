"""What an exported encoder says about items: embeddings and logits of the server's crops, and the detector's groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from placket.domain.garments import Box, Swatch
from placket.training.cache import read_picture
from placket.training.encoder.crops import crop
from placket.training.encoder.items import Item
from placket.training.onnx_models import Floats, OnnxDetector, OnnxEncoder, iou_matrix
from placket.training.sources import iter_images
from placket.vision.colours import ground_of, swatches

BATCH = 16
LEAST_IOU = 0.5
Swatches = tuple[Swatch, ...]


@dataclass(slots=True)
class Predictions:
    """Row by row: the items, unit embeddings [n, 256], logits by output [n, labels], the detector's scores of the
    nine groups [n, 9] for the box that fits the item best (all 1 where none does), and the colours measured in the
    item's box, named as of any fabric and as of denim (empty: not measured)."""

    items: list[Item]
    embedding: Floats
    logits: dict[str, Floats]
    groups: Floats
    measured: list[tuple[Swatches, Swatches]] = field(default_factory=list)

    def where(self, rows: NDArray[np.bool_]) -> "Predictions":
        """Some of the rows."""
        items = [i for i, keep in zip(self.items, rows, strict=True) if keep]
        logits = {k: v[rows] for k, v in self.logits.items()}
        measured = [m for m, keep in zip(self.measured, rows, strict=True) if keep] if self.measured else []
        return Predictions(items, self.embedding[rows], logits, self.groups[rows], measured)

    def without_groups(self) -> "Predictions":
        """As if the detector said nothing of them."""
        return replace(self, groups=np.ones_like(self.groups))


def measure(pixels: NDArray[np.uint8], item: Item) -> tuple[Swatches, Swatches]:
    """The colours in the item's box, named as of any fabric and as of denim."""
    box, behind = Box(*(float(v) for v in item.box)), ground_of(pixels)
    return swatches(pixels, box, behind), swatches(pixels, box, behind, denim=True)


def group_scores(detector: OnnxDetector, pixels: NDArray[np.uint8], item: Item) -> Floats:
    """Scores [9] of the detector's location that fits the item's box best, all 1 where none overlaps by half."""
    boxes, scores = detector.raw(pixels)
    overlap = iou_matrix(np.array([item.box], np.float32), boxes)[0]
    near = overlap >= max(LEAST_IOU, float(overlap.max()) - 0.1)
    if not near.any():
        return np.ones(scores.shape[1], np.float32)
    best: Floats = scores[near][int(np.argmax(scores[near].max(1)))]
    return best


class Pictures(Protocol):
    """The pictures of a set."""

    def __getitem__(self, key: str, /) -> NDArray[np.uint8]: ...


class Originals:
    """Pictures as they lie in the source: kept encoded, in a nameless file of a folder, and decoded when they are asked
    for. Those of a photographer do not fit in memory."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 (it goes with this object)
        self._places: dict[str, tuple[int, int]] = {}
        self._last: tuple[str, NDArray[np.uint8]] | None = None

    def keep(self, key: str, encoded: bytes) -> None:
        self._places[key] = self._file.tell(), len(encoded)
        self._file.write(encoded)

    def __getitem__(self, key: str, /) -> NDArray[np.uint8]:
        # The garments of a photo follow one another.
        if self._last is None or self._last[0] != key:
            place, size = self._places[key]
            self._file.seek(place)
            self._last = key, read_picture(self._file.read(size), key).pixels
        return self._last[1]


def originals(items: Sequence[Item], data: Path, folder: Path) -> dict[str, Pictures]:
    """By set the pictures of items as a server sees them; `folder` has room for their files."""
    out: dict[str, Pictures] = {}
    for name in {i.dataset for i in items}:
        wanted, pictures = {i.key for i in items if i.dataset == name}, Originals(folder)
        for key, row in iter_images(data, name, ("image", "product_image")):
            for own, column in ((key, "image"), (f"{key}/product", "product_image")):
                if own in wanted and (encoded := row.get(column)):
                    pictures.keep(own, encoded)
        out[name] = pictures
    return out


def predict(items: Sequence[Item], encoder: OnnxEncoder, side: int, pictures: Mapping[str, Pictures],
            detector: OnnxDetector | None = None, flip: bool = False) -> Predictions:  # fmt: skip
    """Run over the items' pictures, which are there by set; `flip` mirrors the crops."""
    parts: list[dict[str, Floats]] = []
    groups: list[Floats] = []
    measured = []
    for start in range(0, len(items), BATCH):
        crops = []
        for item in items[start : start + BATCH]:
            pixels = pictures[item.dataset][item.key]
            one = crop(pixels, item.box, side)
            crops.append(one[:, ::-1] if flip else one)
            measured.append(measure(pixels, item))
            if detector is not None:
                groups.append(group_scores(detector, pixels, item))
        parts.append(encoder.run(np.stack(crops)))
    joined = {name: np.concatenate([p[name] for p in parts]) for name in encoder.names}
    embedding = joined.pop("embedding")
    ones = np.ones((len(items), 9), np.float32)
    return Predictions(list(items), embedding, joined, np.stack(groups) if groups else ones, measured)
