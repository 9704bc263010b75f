"""What a worse picture costs: whole photos, changed one way at a time, through the server's own pipeline."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from placket.domain.garments import EMBEDDING_DIM, Garment
from placket.training.cache import Pixels, read_picture
from placket.training.encoder.end_to_end import fitting, photos, said
from placket.training.encoder.evaluate import VIEWS, single_figures
from placket.training.encoder.items import Item
from placket.training.worse import KINDS, TURNS, turned, turned_box
from placket.vision.bundle import read_bundle
from placket.vision.local import LocalVision

EVERY = 4
"""Of the photos one in so many is looked at."""
AS_IT_IS = "as they are"
SEED = 4
Photo = tuple[list[Item], Pixels]
Told = tuple[Item, Garment | None]


@dataclass(slots=True)
class WorsePhotos:
    """Shares of the garments, the sets weighted alike: found, category right, main colour right, and `itself`: nearest
    to its own embedding in the photo as it is, among those of all photos as they are. What was not found is wrong."""

    garments: int
    found: float
    category: float
    first_color: float
    itself: float


def _changed(pixels: Pixels, items: Sequence[Item], kind: str, number: int) -> tuple[Pixels, list[Item]]:
    """The photo and its items after a change of `KINDS` or `TURNS`; the same for the same photo each time."""
    if kind in KINDS:
        changed = KINDS[kind](Image.fromarray(pixels), np.random.default_rng([SEED, number]))
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
                yield group, read_picture(encoded, view).pixels


def _embeddings(told: Sequence[Told]) -> NDArray[np.float32]:
    """[n, 256]; zeros where nothing was found."""
    out = np.zeros((len(told), EMBEDDING_DIM), np.float32)
    for row, (_, garment) in enumerate(told):
        if garment is not None:
            out[row] = garment.embedding
    return out


def _figures(told: Sequence[Told], clean: Sequence[Told]) -> WorsePhotos:
    found = np.array([garment is not None for _, garment in told])
    nearest = (_embeddings(told) @ _embeddings(clean).T).argmax(1)
    itself = found & (nearest == np.arange(len(told)))
    of_view = [np.flatnonzero([item.view == view for item, _ in told]) for view in VIEWS]

    def right(attribute: str) -> float:
        by_view = [[told[i] for i in rows.tolist()] for rows in of_view]
        figures = [single_figures([i for i, _ in own], [said(g) for _, g in own], attribute, ()) for own in by_view]
        known = [f.accuracy for f in figures if f]
        return float(np.mean(known)) if known else math.nan

    def mean(values: NDArray[np.bool_]) -> float:
        return float(np.mean([values[rows].mean() for rows in of_view if len(rows)]))

    return WorsePhotos(len(told), mean(found), right("category"), right("first_color"), mean(itself))


def by_change(vision: LocalVision, shown: Iterable[Photo], kinds: Sequence[str]) -> dict[str, WorsePhotos]:
    """Figures by kind of change; `kinds` begins with `AS_IT_IS`. Items have boxes in the photo as it is."""
    told: dict[str, list[Told]] = {kind: [] for kind in kinds}
    for number, (group, pixels) in enumerate(shown):
        for kind in kinds:
            seen, own = _changed(pixels, group, kind, number)
            told[kind] += zip(own, fitting(vision.analyse(seen), own), strict=True)
    return {kind: _figures(own, told[kinds[0]]) for kind, own in told.items()}


def worse_photos(bundle: Path, items: Sequence[Item], data: Path) -> dict[str, WorsePhotos]:
    """Figures by kind of change, of the items labelled by eye, in a quarter of their photos."""
    return by_change(LocalVision(read_bundle(bundle)), _photos(items, data), (AS_IT_IS, *KINDS, *TURNS))
