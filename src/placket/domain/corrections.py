"""What people say about a garment when they know better than the model.

A correction belongs to a place of a photo, not to a garment's number: re-indexing, with another bundle too, finds the
garments anew, perhaps in another order and in slightly other boxes. It holds for the garment whose box overlaps its own
the most, as long as that is by half (intersection over union). The box says nothing about another photo, so a
correction ends with the photo that it was made on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from placket.domain.errors import InvalidParameter
from placket.domain.garments import Box, Garment, Label
from placket.domain.taxonomy import BY_CATEGORY, MULTI_LABEL, labels_of, taxonomy

LEAST_OVERLAP = 0.5
"""Intersection over union from which on a box is taken for the same garment's."""


@dataclass(frozen=True, slots=True)
class Correction:
    """``category``: None leaves it as it was seen. ``tags``: attribute to its true labels, none at all included."""

    box: Box
    category: str | None = None
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def says_nothing(self) -> bool:
        return self.category is None and not self.tags

    def to_json(self) -> dict[str, Any]:
        return {
            "box": self.box.as_list(),
            "category": self.category,
            "tags": {a: list(labels) for a, labels in self.tags.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Correction":
        return cls(Box(*data["box"]), data["category"], {a: tuple(ls) for a, ls in data["tags"].items()})


@dataclass(frozen=True, slots=True)
class Corrected:
    """``seen``: the garment as vision had it."""

    correction: Correction
    seen: Garment

    @property
    def names(self) -> tuple[str, ...]:
        """``category`` and the attributes that were corrected and apply."""
        category = self.correction.category or self.seen.category.id
        words = taxonomy()
        own = tuple(a for a in words.attributes if a in self.correction.tags and words.applies(a, category))
        return ("category", *own) if self.correction.category is not None else own


def check_correction(correction: Correction, seen: Garment) -> None:
    """Raises InvalidParameter for words outside the taxonomy, or that do not apply to the garment's category."""
    words = taxonomy()
    if correction.category is not None and correction.category not in words.categories:
        raise InvalidParameter(f"category is one of {', '.join(words.categories)}")
    category = correction.category or seen.category.id
    for attribute, labels in correction.tags.items():
        if attribute not in words.attributes:
            raise InvalidParameter(f"the attributes are {', '.join(words.attributes)}")
        if not words.applies(attribute, category):
            raise InvalidParameter(f"{attribute} does not apply to {category}")
        if set(labels) - set(known := labels_of(attribute, category)):
            raise InvalidParameter(f"{attribute} is one of {', '.join(known)}")
        if len(set(labels)) < len(labels):
            raise InvalidParameter(f"{attribute} has a label twice")
        if len(labels) > 1 and attribute not in MULTI_LABEL:
            raise InvalidParameter(f"{attribute} has one label at most")


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.area + b.area - shared)


def place(garments: Sequence[Garment], corrections: Sequence[Correction]) -> list[int | None]:
    """The garment's position for each correction, None where there is none; no garment takes two.

    The pair that overlaps most goes first; of equal ones the earlier garment and the later correction.
    """
    pairs = sorted(
        (
            (-overlap(g.box, c.box), n, -m)
            for n, g in enumerate(garments)
            for m, c in enumerate(corrections)
            if overlap(g.box, c.box) >= LEAST_OVERLAP
        ),
    )
    placed: list[int | None] = [None] * len(corrections)
    for _, garment, minus in pairs:
        if placed[-minus] is None and garment not in placed:
            placed[-minus] = garment
    return placed


def nearest(garments: Sequence[Garment], box: Box) -> int:
    """Position of the garment at this place. Raises InvalidParameter when there is none."""
    (position,) = place(garments, [Correction(box)])
    if position is None:
        raise InvalidParameter("box is no garment's of this product: give the box that the product has for it")
    return position


def with_correction(
    corrections: Sequence[Correction], new: Correction, garments: Sequence[Garment]
) -> list[Correction]:
    """The corrections of a product after a new one; what was said of the same garment is forgotten.

    One that says nothing only takes the old one away. Raises InvalidParameter when ``new`` is at no garment.
    """
    position = nearest(garments, new.box)
    kept = [c for c, n in zip(corrections, place(garments, corrections), strict=True) if n != position]
    box = garments[position].box
    kept = [c for c in kept if overlap(c.box, box) < 1.0]
    return kept if new.says_nothing else [*kept, replace(new, box=box)]


def apply(garment: Garment, correction: Correction) -> Garment:
    """The garment as it is according to the correction, whose words score 1.

    What was seen and no longer applies is left out: of a blouse the length of a dress, of no sleeve its shape.
    """
    words = taxonomy()
    category = garment.category if correction.category is None else Label(correction.category, 1.0)
    group = garment.group if correction.category is None else words.group_of(correction.category)
    own = {a: tuple(Label(x, 1.0) for x in labels) for a, labels in correction.tags.items()}
    seen = dict(garment.tags)
    for attribute in BY_CATEGORY:
        if any(x.id not in labels_of(attribute, category.id) for x in seen.get(attribute, ())):
            del seen[attribute]
    if correction.tags.get("sleeve_length") == ("sleeveless",):
        seen.pop("sleeve_shape", None)
    tags = {**seen, **own}
    kept = {a: tags[a] for a in words.attributes if tags.get(a) and words.applies(a, category.id)}
    return replace(garment, group=group, category=category, tags=kept)


def correct_all(
    seen: Sequence[Garment], corrections: Sequence[Correction | None]
) -> tuple[tuple[Garment, ...], dict[int, Corrected]]:
    """(the garments as they are, what was corrected by position); one correction or None a garment."""
    pairs = list(zip(seen, corrections, strict=True))
    return (
        tuple(g if c is None else apply(g, c) for g, c in pairs),
        {n: Corrected(c, g) for n, (g, c) in enumerate(pairs) if c is not None},
    )


def by_garment(garments: Sequence[Garment], corrections: Sequence[Correction]) -> list[Correction | None]:
    """For every garment the correction that holds for it."""
    found: list[Correction | None] = [None] * len(garments)
    for correction, position in zip(corrections, place(garments, corrections), strict=True):
        if position is not None:
            found[position] = correction
    return found
