"""The vocabulary: nine groups, 81 categories, 14 attributes, and which goes with what.

Facts and names are data files beside this module. Ids never change and never depend on a language.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

CLOTHING_GROUPS = ("TOP", "BOTTOM", "WHOLEBODY", "SWIMWEAR")
MULTI_LABEL = ("colors", "details")
LENGTHS_OF_TOPS = ("crop", "waist", "hip", "thigh", "knee", "calf", "ankle")
LENGTHS_FROM_THE_WAIST = ("mini", "above_knee", "knee", "midi", "ankle", "full")
_FROM_THE_WAIST = ("BOTTOM", "WHOLEBODY")
_WITH_LEGS = (
    "trousers", "jeans", "leggings", "joggers", "shorts", "jumpsuit", "playsuit", "overalls", "swim_shorts"
)  # fmt: skip
_SHAPES_OF_LEGS = ("skinny", "tapered", "wide", "jogger")
_SHAPES_OF_SKIRTS = ("h_line", "tiered", "mermaid", "shirt_dress")
_OTHER_SHAPES = {
    **dict.fromkeys(_WITH_LEGS, _SHAPES_OF_SKIRTS),
    "skirt": (*_SHAPES_OF_LEGS, "shirt_dress"),
    "dress": _SHAPES_OF_LEGS,
}
"""What nobody calls the shape of such a garment: no jeans are a shirt dress, and no skirt has wide legs."""
BY_CATEGORY = ("length", "shape")
"""Attributes of which a category has some labels alone."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """``groups``: group to its categories; ``attributes``: attribute to its labels, both in fixed order."""

    groups: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, tuple[str, ...]]
    applies_to_all: frozenset[str]
    applies_to: Mapping[str, frozenset[str]]

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(c for cs in self.groups.values() for c in cs)

    def group_of(self, category: str) -> str:
        """Raises KeyError for a word that is no category."""
        for group, categories in self.groups.items():
            if category in categories:
                return group
        raise KeyError(category)

    def applies(self, attribute: str, category: str) -> bool:
        return attribute in self.applies_to_all or category in self.applies_to.get(attribute, frozenset())


def _tuples(table: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {k: tuple(v) for k, v in table.items()}


@lru_cache(maxsize=1)
def taxonomy() -> Taxonomy:
    """The product's taxonomy, read once."""
    raw = json.loads((files("placket.domain") / "data" / "taxonomy.json").read_text("utf-8"))
    applies = dict(raw["applies"])
    return Taxonomy(
        groups=_tuples(raw["groups"]),
        attributes=_tuples(raw["attributes"]),
        applies_to_all=frozenset(applies.pop("to_all")),
        applies_to={a: frozenset(cs) for a, cs in applies.items()},
    )


def lengths_of(category: str) -> tuple[str, ...]:
    """The words for its ``length``: how far tops fall, or how long bottoms and whole-body garments are."""
    lower = taxonomy().group_of(category) in _FROM_THE_WAIST or category == "swim_shorts"
    return LENGTHS_FROM_THE_WAIST if lower else LENGTHS_OF_TOPS


def labels_of(attribute: str, category: str) -> tuple[str, ...]:
    """The labels that ``attribute`` may have on a garment of ``category``, to which it applies."""
    if attribute == "length":
        return lengths_of(category)
    others = _OTHER_SHAPES.get(category, ()) if attribute == "shape" else ()
    return tuple(label for label in taxonomy().attributes[attribute] if label not in others)
