"""Whole photos through the server's own pipeline: is the garment found, and is it told right?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from placket.domain.corrections import Correction, place
from placket.domain.garments import Analysis, Box, Garment
from placket.training.detector.nothing import draw_nothing
from placket.training.detector.pictures import pictures_of
from placket.training.detector.targets import NOTHING, Sample
from placket.training.encoder.evaluate import AGREEMENT, VIEWS, Answer, TagFigures, single_figures
from placket.training.encoder.items import Item
from placket.training.sources import iter_images
from placket.vision.bundle import read_bundle
from placket.vision.local import LocalVision

MEASURED = "measured_color"
DRAWN_PICTURES, DRAWN_SIDE, DRAWN_SEED = 120, 320, 78


@dataclass(slots=True)
class WholePhotos:
    """A set's garments labelled by eye, the share found, and figures of tags where a garment not found is wrong."""

    garments: int
    found: float
    tags: dict[str, TagFigures]


def fitting(analysis: Analysis, items: Sequence[Item]) -> list[Garment | None]:
    """The garment of a photo that is each of its items, as corrections find theirs: the pair that overlaps most first,
    and no garment is two items. Of an item without a box it is the first one."""
    at = iter(place(analysis.garments, [Correction(Box(*item.box)) for item in items if item.boxed]))
    first = 0 if analysis.garments else None
    positions = [next(at) if item.boxed else first for item in items]
    return [None if n is None else analysis.garments[n] for n in positions]


def said(garment: Garment | None) -> Answer:
    """A garment as the figures read it; of none nothing is said."""
    if garment is None:
        return Answer({})
    tags = {name: [(x.id, x.score) for x in labels] for name, labels in garment.tags.items()}
    tags["category"] = [(garment.category.id, garment.category.score)]
    tags["first_color"] = tags.get("colors", [])[:1]
    tags[MEASURED] = [(s.name, s.share) for s in garment.swatches[:1]]
    return Answer(tags)


def photos(items: Sequence[Item], data: Path, view: str) -> Iterator[tuple[list[Item], bytes]]:
    """The photos of a set that have items, encoded, each with its own."""
    by_photo: dict[str, list[Item]] = {}
    for item in items:
        by_photo.setdefault(item.id, []).append(item)
    for key, row in iter_images(data, view):
        encoded = row["image"]
        if key in by_photo and encoded:
            yield by_photo[key], encoded


def whole_photos(bundle: Path, items: Sequence[Item], data: Path) -> dict[str, WholePhotos]:
    """Figures by set of the items labelled by eye. Boxes that a detector gave an item are not taken for truth."""
    vision = LocalVision(read_bundle(bundle))
    out = {}
    for view in VIEWS:
        own = [i for i in items if i.view == view and i.by_eye]
        if not own:
            continue
        told: list[tuple[Item, Garment | None]] = []
        for group, encoded in photos(own, data, view):
            told += zip(group, fitting(vision.analyse(encoded), group), strict=True)
        seen, answers = [i for i, _ in told], [said(g) for _, g in told]
        tags = {name: f for name in (*AGREEMENT, MEASURED) if name not in ("colors", "details")
                if (f := single_figures(seen, answers, name, ()))}  # fmt: skip
        out[view] = WholePhotos(len(told), float(np.mean([g is not None for _, g in told])), tags)
    return out


def without_garment(bundle: Path, samples: Sequence[Sample], data: Path) -> dict[str, tuple[int, int]]:
    """By kind of picture without a garment: how many there are, and how many were answered with one.

    `samples`: those of `val`; beside their pictures drawn ones, others than thresholds are chosen on.
    """
    vision = LocalVision(read_bundle(bundle))
    out = {}
    for kind in NOTHING:
        own = [pixels for _, pixels in pictures_of([s for s in samples if s.kind == kind], data)]
        out[kind] = (len(own), sum(bool(vision.analyse(pixels).garments) for pixels in own))
    drawn = [draw_nothing(DRAWN_SIDE, np.random.default_rng([DRAWN_SEED, n])) for n in range(DRAWN_PICTURES)]
    out["drawn"] = (len(drawn), sum(bool(vision.analyse(pixels).garments) for pixels in drawn))
    return out
