"""Garments as pages show them: words in the reader's language, boxes as a drawing over the photo."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from placket.console.choices import Option, own_labels
from placket.console.words import Words
from placket.domain.garments import Garment, Swatch
from placket.domain.taxonomy import taxonomy

_WIDE = 0x1100
"""From here on, letters are about as wide as they are high (Hangul, Kana, Han)."""
_COLOURS = 6
_LABEL, _APART = 1.5, 1.6
"""Height of a label, and the least from one to the next below it, in letters."""


@dataclass(frozen=True, slots=True)
class Bar:
    """``score`` 0..1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Tag:
    attribute: str
    bars: tuple[Bar, ...]
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """``link`` stands for the garment in a search; empty where there is none. ``labels``: what it is, as conditions."""

    name: str
    group: str
    score: float
    tags: tuple[Tag, ...]
    swatches: tuple[Swatch, ...]
    labels: tuple[Option, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box in pixels of the photo, and the upper left corner of its label.

    ``label_width`` is a guess: only the browser knows its letters.
    """

    name: str
    x: float
    y: float
    width: float
    height: float
    label_x: float
    label_y: float
    label_width: float
    colour: int


@dataclass(frozen=True, slots=True)
class Overlay:
    """``letter``: height of a letter, in pixels of the photo."""

    width: int
    height: int
    letter: float
    boxes: tuple[Drawn, ...]


def shown(garment: Garment, words: Words, link: str = "", corrected: Collection[str] = ()) -> Shown:
    """``corrected``: of category and the attributes, those that somebody corrected; some may have no label left."""
    category = garment.category
    bar = Bar(words.category(category.id), category.score)
    tags = [Tag(words("tag.category"), (bar,), "category" in corrected)]
    for attribute in taxonomy().attributes:
        labels = garment.tags.get(attribute, ())
        fixed = attribute in corrected
        if (labels or fixed) and taxonomy().applies(attribute, category.id):
            bars = tuple(Bar(words.label(attribute, x.id), x.score) for x in labels)
            tags.append(Tag(words(f"tag.{attribute}"), bars, fixed))
    return Shown(
        name=words.category(category.id),
        group=words(f"group.{garment.group}"),
        score=garment.score,
        tags=tuple(tags),
        swatches=garment.swatches,
        labels=own_labels(garment, words),
        link=link,
    )


def summary(garments: Sequence[Garment], words: Words) -> str:
    """``Dress, black, floral``: the main garment in a line."""
    if not garments:
        return ""
    main = garments[0]
    labels = chain(
        (words.label("colors", x.id) for x in main.tags.get("colors", ())[:1]),
        (words.label("pattern", x.id) for x in main.tags.get("pattern", ())[:1]),
    )
    return ", ".join([words.category(main.category.id), *labels])


def overlay(garments: Sequence[Garment], words: Words, width: int, height: int) -> Overlay:
    """Boxes and labels to lay over a photo of ``width`` x ``height`` pixels."""
    # A photo is shown as wide as its column: beyond twice as high as wide, letters grow with the width alone.
    letter = max(width, min(height, 2 * width)) / 38
    boxes: list[Drawn] = []
    for n, g in enumerate(garments):
        box = _drawn(n, g, words, width, height, letter)
        boxes.append(replace(box, label_y=_free(box, boxes, height, letter)))
    return Overlay(width, height, letter, tuple(boxes))


def _drawn(number: int, garment: Garment, words: Words, width: int, height: int, letter: float) -> Drawn:
    name = f"{words.category(garment.category.id)} {100 * garment.score:.0f}%"
    box = garment.box
    x, y = box.x0 * width, box.y0 * height
    above = y - _LABEL * letter
    label_width = letter * (0.8 + sum(1.0 if ord(c) >= _WIDE else 0.67 for c in name))
    return Drawn(
        name=name,
        x=x,
        y=y,
        width=box.width * width,
        height=box.height * height,
        label_x=max(0.0, min(x, width - label_width)),
        label_y=above if above >= 0 else y,
        label_width=label_width,
        colour=number % _COLOURS,
    )


def _free(box: Drawn, placed: Sequence[Drawn], height: int, letter: float) -> float:
    """Where the box's label covers none of the placed ones: the nearest free place downwards, towards its own garment,
    else upwards. Its first choice where the photo has no room."""
    first, most = box.label_y, height - _LABEL * letter
    beside = [
        p.label_y
        for p in placed
        if p.label_x < box.label_x + box.label_width and box.label_x < p.label_x + p.label_width
    ]
    tops = [first, *(y + step * letter for y in beside for step in (_APART, -_APART))]
    tops.sort(key=lambda y: (y < first, abs(y - first)))
    fits = (y for y in tops if 0 <= y <= most and all(abs(y - other) >= _LABEL * letter for other in beside))
    return next(fits, first)
