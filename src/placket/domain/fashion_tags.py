"""A garment in the AI Fashion API's words: its attributes, their order, labels in the caller's language."""

from typing import Any

from placket.domain.errors import InvalidParameter
from placket.domain.garments import Garment, Label
from placket.domain.names_of import LANGUAGES, category_name, label_name
from placket.domain.taxonomy import LENGTHS_OF_TOPS, lengths_of, taxonomy

_OTHER_WORDS = {"jp": "ja"}

_ORDER = (
    ("color", "colors"),
    ("pattern", "pattern"),
    ("fabric", "fabric"),
    ("neckline", "neckline"),
    ("shoulder", "shoulder"),
    ("sleeve_length", "sleeve_length"),
    ("sleeve_shape", "sleeve_shape"),
    ("length", "length"),
    ("age", "age"),
    ("gender", "gender"),
    ("detail", "details"),
    ("fit", "fit"),
    ("shape", "shape"),
    ("look", "look"),
)
"""The guide's attribute and the taxonomy's; ``length`` is ``length_up`` or ``length_lo`` in the answer."""


def tag_language(lang: str) -> str:
    """The language of a ``lang`` parameter: en, ko, zh, jp or ja. Raises InvalidParameter."""
    language = _OTHER_WORDS.get(lang, lang)
    if language not in LANGUAGES:
        raise InvalidParameter(f"lang must be one of {', '.join(LANGUAGES)} or jp")
    return language


def item_type(garment: Garment) -> str:
    """The English word of ``items[].type``: ``SHIRT``, ``T_SHIRT``, ``SNEAKERS`` ..."""
    return garment.category.id.upper()


def item_tags(garment: Garment, language: str) -> list[dict[str, Any]]:
    """``[{"attribute", "labels": [{"label", "score"}]}]``, the category first, then what is known and applies.

    ``language`` is one of :data:`LANGUAGES`. Scores are 0..1, best label first.
    """
    category = garment.category
    tags = [_tag("category", [(category_name(category.id, language), category)])]
    for attribute, source in _ORDER:
        labels = garment.tags.get(source, ())
        if labels and taxonomy().applies(source, category.id):
            tags.append(_tag(_written(attribute, garment), [(label_name(source, x.id, language), x) for x in labels]))
    return tags


def _written(attribute: str, garment: Garment) -> str:
    if attribute != "length":
        return attribute
    return "length_up" if lengths_of(garment.category.id) == LENGTHS_OF_TOPS else "length_lo"


def _tag(attribute: str, labels: list[tuple[str, Label]]) -> dict[str, Any]:
    return {"attribute": attribute, "labels": [{"label": name, "score": label.score} for name, label in labels]}
