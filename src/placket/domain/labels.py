"""Labels as words to find products by: ``category:dress``, ``pattern:floral,stripe``, ``!group:TOP``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from placket.domain.errors import InvalidParameter
from placket.domain.taxonomy import taxonomy

MOST_LABELS = 20
"""Conditions that one question may have."""

NOT = "!"
_LONGEST_SHOWN = 80


class _Named(Protocol):
    @property
    def id(self) -> str: ...


class Told(Protocol):
    """A garment as far as its labels go: of the domain, or as :mod:`placket.local` shows it."""

    @property
    def group(self) -> str: ...
    @property
    def category(self) -> _Named: ...
    @property
    def tags(self) -> Mapping[str, Sequence[_Named]]: ...


@dataclass(frozen=True, slots=True)
class LabelCondition:
    """A garment has one of ``labels``, each an attribute, a colon and its label; none of them when ``negated``."""

    labels: tuple[str, ...]
    negated: bool = False

    @property
    def text(self) -> str:
        """As :func:`parse_labels` reads it."""
        attribute = self.labels[0].partition(":")[0]
        values = ",".join(label.partition(":")[2] for label in self.labels)
        return f"{NOT if self.negated else ''}{attribute}:{values}"

    def holds(self, words: Iterable[str]) -> bool:
        """``words``: everything that can be asked of the garment (:func:`label_words`)."""
        return self.negated is set(self.labels).isdisjoint(words)


def label_words(garment: Told) -> list[str]:
    """Everything that can be asked of the garment, in alphabetical order."""
    words = {f"group:{garment.group}", f"category:{garment.category.id}"}
    words.update(f"{attribute}:{x.id}" for attribute, labels in garment.tags.items() for x in labels)
    return sorted(words)


def vocabulary() -> Mapping[str, Sequence[str]]:
    """What a label may be of (``group``, ``category``, the attributes), and its values."""
    words = taxonomy()
    return {"group": tuple(words.groups), "category": words.categories, **words.attributes}


def parse_labels(given: Iterable[str]) -> tuple[LabelCondition, ...]:
    """The conditions, ``[!]attribute:label[,label ...]``, each once.

    Raises InvalidParameter for what is not in the taxonomy, and for too many.
    """
    conditions = tuple(dict.fromkeys(map(_condition, given)))
    if len(conditions) > MOST_LABELS:
        raise InvalidParameter(f"at most {MOST_LABELS} tags may be asked for")
    return conditions


def parse_attributes(given: Iterable[str]) -> tuple[str, ...]:
    """What labels may be of, each once. Raises InvalidParameter."""
    known = vocabulary()
    attributes = tuple(dict.fromkeys(name.strip() for name in given))
    for attribute in attributes:
        if attribute not in known:
            raise InvalidParameter(f"{_shown(attribute)} is none of {', '.join(known)}")
    return attributes


def shared(garment: Told, attributes: Iterable[str]) -> tuple[LabelCondition, ...]:
    """What another garment has to be to have these in common with this one: of several colours, one. What could not be
    told of it is no condition."""
    words = label_words(garment)
    of = (tuple(word for word in words if word.startswith(f"{attribute}:")) for attribute in attributes)
    return tuple(LabelCondition(labels) for labels in of if labels)


def _condition(text: str) -> LabelCondition:
    known = vocabulary()
    attribute, colon, values = text.removeprefix(NOT).partition(":")
    if not colon or attribute not in known:
        raise InvalidParameter(f"a tag is {', '.join(known)}, a colon and a label: not {_shown(text)}")
    labels = dict.fromkeys(value.strip() for value in values.split(","))
    for label in labels:
        if label not in known[attribute]:
            raise InvalidParameter(f"{_shown(label)} is no label of {attribute}: {', '.join(known[attribute])}")
    return LabelCondition(tuple(f"{attribute}:{label}" for label in labels), text.startswith(NOT))


def _shown(text: str) -> str:
    return repr(text[:_LONGEST_SHOWN])
