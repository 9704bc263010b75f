"""What is seen in a photo, as values that do not change. ``to_dict()`` is what the commands print with ``--json``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from placket.domain import garments as domain
from placket.domain.fashion_tags import item_type
from placket.domain.garments import Analysis, Box, Embedding
from placket.domain.names_of import category_name, label_name
from placket.domain.taxonomy import taxonomy
from placket.local import html

Lang = Literal["en", "ko", "zh", "ja"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)


@dataclass(frozen=True, slots=True)
class Label:
    """A category, or one value of an attribute: ``id`` in the taxonomy, ``label`` in the language that was asked for,
    ``score`` its calibrated probability, 0..1."""

    id: str
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Color:
    """A colour measured from the garment's pixels; ``share`` of its area, 0..1. ``name`` is one of the attribute
    ``colors``, ``label`` the same in the language that was asked for."""

    hex: str
    name: str
    label: str
    share: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Garment:
    """One garment of a photo.

    ``type``: its category as the AI Fashion API has it, ``T_SHIRT``; ``group``: one of nine, ``TOP``. ``box``: where it
    is, in fractions of the upright photo. ``score``: how sure the detector is, 0..1; 1 of a box that was given.
    ``tags``: all 14 attributes, each with its labels, best first; empty where the attribute does not apply or cannot be
    told. ``embedding``: 256 numbers of unit length, float32; those of one ``bundle`` compare.
    """

    type: str
    group: str
    category: Label
    box: Box
    score: float
    tags: Mapping[str, tuple[Label, ...]]
    colors: tuple[Color, ...]
    embedding: Embedding
    bundle: str

    def to_dict(self, *, tags: bool = True) -> dict[str, Any]:
        """An item of :meth:`Photo.to_dict`."""
        place = {
            "type": self.type,
            "group": self.group,
            "category": self.category.id,
            "box": [round(v, 6) for v in self.box.as_list()],
            "score": round(self.score, 5),
        }
        if not tags:
            return place
        labels = {
            attribute: [{"id": x.id, "label": x.label, "score": round(x.score, 5)} for x in found]
            for attribute, found in self.tags.items()
        }
        colors = [{"hex": c.hex, "name": c.name, "label": c.label, "share": round(c.share, 4)} for c in self.colors]
        return {**place, "tags": labels, "colors": colors}

    def __repr__(self) -> str:
        sides = ", ".join(f"{side:.2f}" for side in self.box.as_list())
        return f"<Garment {self.category.id} {self.score:.2f} at {sides}>"

    def _repr_html_(self) -> str:
        return html.table([self])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Photo:
    """A photo that was looked at: its garments, clothing first, then by score x area; the first is the main one.

    ``path``: as it was given; empty for a picture that came without. ``width``, ``height``: of the upright photo, in
    pixels. ``bundle``: version of the networks that saw it.
    """

    path: str
    width: int
    height: int
    garments: tuple[Garment, ...]
    bundle: str

    def to_dict(self, *, tags: bool = True) -> dict[str, Any]:
        """As a line of `placket tag --json`; without ``tags``, of `placket detect --json`."""
        return {
            "path": self.path,
            "width": self.width,
            "height": self.height,
            "items": [garment.to_dict(tags=tags) for garment in self.garments],
        }

    def __repr__(self) -> str:
        found = ", ".join(f"{g.category.id} {g.score:.2f}" for g in self.garments) or "nothing found"
        return f"<Photo {self.path or 'without a path'} {self.width} x {self.height}: {found}>"

    def _repr_html_(self) -> str:
        return html.photo(self)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A picture of several that could not be used: ``error`` says why, ``cause`` is what :meth:`Vision.analyse` would
    have raised."""

    path: str
    error: str
    cause: Exception = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As its line of `placket tag --json`."""
        return {"path": self.path, "error": self.error}


def photo_of(path: str, analysis: Analysis, lang: Lang) -> Photo:
    """An analysis in the words of a language."""
    garments = tuple(_garment(garment, analysis.bundle, lang) for garment in analysis.garments)
    return Photo(path, analysis.width, analysis.height, garments, analysis.bundle)


def _garment(seen: domain.Garment, bundle: str, lang: Lang) -> Garment:
    return Garment(
        type=item_type(seen),
        group=seen.group,
        category=Label(seen.category.id, category_name(seen.category.id, lang), seen.category.score),
        box=seen.box,
        score=seen.score,
        tags={
            attribute: tuple(
                Label(x.id, label_name(attribute, x.id, lang), x.score) for x in seen.tags.get(attribute, ())
            )
            for attribute in taxonomy().attributes
        },
        colors=tuple(Color(s.hex, s.name, label_name("colors", s.name, lang), s.share) for s in seen.swatches),
        embedding=seen.embedding,
        bundle=bundle,
    )
