"""What a worse picture costs: whole photos, changed one way at a time, through the server's own pipeline."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from placket.domain.garments import Garment
from placket.training.cache import Pixels, decode_rgb
from placket.training.encoder.end_to_end import fits, photos, said
from placket.training.encoder.evaluate import VIEWS, known_label
from placket.training.encoder.items import Item
from placket.training.worse import KINDS, TURNS, turned, turned_box
from placket.vision.bundle import read_bundle
from placket.vision.local import LocalVision

EVERY = 4
"""Of the photos one in so many is looked at."""
AS_IT_IS = "as they are"
Photo = tuple[list[Item], Pixels]


@dataclass(slots=True)
class WorsePhotos:
    """Shares of the garments, the sets weighted alike: found, category right, main colour right, and `itself`: nearest
    to its own embedding in the photo as it is, among those of all photos as they are. What was not found, or has no
    known label, is wrong."""

    garments: int
    found: float
    category: float
    first_color: float
    itself: float


@dataclass(slots=True)
class _Row:
    view: str
    garment: Garment | None
    category: bool = False
    color: bool = False


def _changed(pixels: Pixels, items: Sequence[Item], kind: str, number: int) -> tuple[Pixels, list[Item]]:
    """The photo and its items after a change of `KINDS` or `TURNS`; the same for the same photo each time."""
    if kind in KINDS:
        changed = KINDS[kind](Image.fromarray(pixels), np.random.default_rng([EVERY, number]))
        return np.asarray(changed), list(items)
    if kind in TURNS:
        seen = turned(pixels, TURNS[kind])
        return seen, [replace(i, box=turned_box(i.box, pixels.shape, seen.shape, TURNS[kind])) for i in items]
    return pixels, list(items)


def _photos(items: Sequence[Item], data: Path) -> Iterator[Photo]:
    for view in VIEWS:
        own = [i for i in items if i.view == view and i.by_eye]
        for number, (group, encoded) in enumerate(photos(own, data, view)):
            if number % EVERY == 0:
                yield group, decode_rgb(encoded)


def _row(item: Item, garment: Garment | None) -> _Row:
    if garment is None:
        return _Row(item.view, None)
    color = said(garment).first("first_color")
    return _Row(
        item.view, garment, garment.category.id == known_label(item, "category"),
        color is not None and color[0] == known_label(item, "first_color"),
    )  # fmt: skip


def _embeddings(rows: Sequence[_Row]) -> NDArray[np.float32]:
    """[n, 256]; zeros where nothing was found."""
    width = next((len(r.garment.embedding) for r in rows if r.garment), 1)
    return np.stack([np.zeros(width, np.float32) if r.garment is None else r.garment.embedding for r in rows])


def _figures(rows: Sequence[_Row], clean: Sequence[_Row]) -> WorsePhotos:
    nearest = (_embeddings(rows) @ _embeddings(clean).T).argmax(1)
    itself = (nearest == np.arange(len(rows))) & np.array([r.garment is not None for r in rows])
    views = [v for v in VIEWS if any(r.view == v for r in rows)]

    def mean(values: Sequence[bool]) -> float:
        shares = [np.mean([x for x, r in zip(values, rows, strict=True) if r.view == v]) for v in views]
        return float(np.mean(shares))

    return WorsePhotos(
        len(rows), mean([r.garment is not None for r in rows]), mean([r.category for r in rows]),
        mean([r.color for r in rows]), mean(list(itself)),
    )  # fmt: skip


def by_change(vision: LocalVision, shown: Iterable[Photo], kinds: Sequence[str]) -> dict[str, WorsePhotos]:
    """Figures by kind of change; `kinds` begins with `AS_IT_IS`. Items have boxes in the photo as it is."""
    rows: dict[str, list[_Row]] = {kind: [] for kind in kinds}
    for number, (group, pixels) in enumerate(shown):
        for kind in kinds:
            seen, own = _changed(pixels, group, kind, number)
            analysis = vision.analyse(seen)
            rows[kind] += [_row(item, fits(analysis, item)) for item in own]
    return {kind: _figures(own, rows[kinds[0]]) for kind, own in rows.items()}


def worse_photos(bundle: Path, items: Sequence[Item], data: Path) -> dict[str, WorsePhotos]:
    """Figures by kind of change, of the items labelled by eye, in a quarter of their photos."""
    return by_change(LocalVision(read_bundle(bundle)), _photos(items, data), (AS_IT_IS, *KINDS, *TURNS))
