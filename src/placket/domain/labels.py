"""Labels as words to find products by: ``category:dress``, ``pattern:floral``, ``group:TOP``."""

from collections.abc import Iterable, Mapping, Sequence

from placket.domain.errors import InvalidParameter
from placket.domain.garments import Garment
from placket.domain.taxonomy import taxonomy

MOST_LABELS = 20
"""Conditions that one question may have."""

_LONGEST_SHOWN = 80


def label_words(garment: Garment) -> list[str]:
    """Everything that can be asked of the garment, in alphabetical order."""
    words = {f"group:{garment.group}", f"category:{garment.category.id}"}
    words.update(f"{attribute}:{x.id}" for attribute, labels in garment.tags.items() for x in labels)
    return sorted(words)


def vocabulary() -> Mapping[str, Sequence[str]]:
    """What a label may be of (``group``, ``category``, the attributes), and its values."""
    words = taxonomy()
    return {"group": tuple(words.groups), "category": words.categories, **words.attributes}


def check_labels(given: Iterable[str]) -> tuple[str, ...]:
    """The conditions, each once. Raises InvalidParameter for one that is not in the taxonomy, and for too many."""
    labels = tuple(dict.fromkeys(given))
    if len(labels) > MOST_LABELS:
        raise InvalidParameter(f"at most {MOST_LABELS} tags may be asked for")
    known = vocabulary()
    for label in labels:
        attribute, colon, value = label.partition(":")
        if not colon or attribute not in known:
            raise InvalidParameter(f"a tag is {', '.join(known)}, a colon and a label: not {_shown(label)}")
        if value not in known[attribute]:
            raise InvalidParameter(f"{_shown(value)} is no label of {attribute}")
    return labels


def _shown(text: str) -> str:
    return repr(text[:_LONGEST_SHOWN])
