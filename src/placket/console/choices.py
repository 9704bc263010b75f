"""What a form offers of the taxonomy: labels to filter products by, and the truth about a garment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from placket.console.words import Words
from placket.domain.corrections import Correction
from placket.domain.garments import Box, Garment
from placket.domain.labels import LabelCondition, vocabulary
from placket.domain.taxonomy import BY_CATEGORY, MULTI_LABEL, labels_of, taxonomy


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    name: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """``field``: of the form; ``several``: any number of the options."""

    field: str
    name: str
    several: bool
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class CorrectionForm:
    """The garment as it is held to be now. ``box``: what stands for the garment in the form."""

    box: str
    categories: tuple[tuple[str, tuple[Option, ...]], ...]
    choices: tuple[Choice, ...]


def label_name(label: str, words: Words) -> str:
    """``pattern:floral`` as ``Pattern: Floral``; the label must be one of the taxonomy."""
    attribute, _, value = label.partition(":")
    return f"{attribute_name(attribute, words)}: {value_name(attribute, value, words)}"


def condition_name(condition: LabelCondition, words: Words) -> str:
    """``Pattern: Floral / Stripe``, or ``not`` that."""
    attribute = condition.labels[0].partition(":")[0]
    values = " / ".join(value_name(attribute, label.partition(":")[2], words) for label in condition.labels)
    name = f"{attribute_name(attribute, words)}: {values}"
    return words("tags.not", name=name) if condition.negated else name


def own_labels(garment: Garment, words: Words) -> tuple[Option, ...]:
    """What a search for the garment may ask of what it finds."""
    labels = [f"category:{garment.category.id}"]
    labels += (f"{attribute}:{x.id}" for attribute in taxonomy().attributes for x in garment.tags.get(attribute, ()))
    return tuple(Option(x, label_name(x, words)) for x in labels)


def attribute_name(attribute: str, words: Words) -> str:
    return words(f"tag.{attribute}")


def value_name(attribute: str, value: str, words: Words) -> str:
    if attribute == "group":
        return words(f"group.{value}")
    return words.category(value) if attribute == "category" else words.label(attribute, value)


def filter_options(chosen: Sequence[str], words: Words) -> list[tuple[str, tuple[Option, ...]]]:
    """(attribute's name, its labels) of everything that can still be asked for."""
    return [
        (
            attribute_name(attribute, words),
            tuple(
                Option(f"{attribute}:{v}", value_name(attribute, v, words))
                for v in values
                if f"{attribute}:{v}" not in chosen
            ),
        )
        for attribute, values in vocabulary().items()
    ]


def correction_form(garment: Garment, words: Words) -> CorrectionForm:
    taxa = taxonomy()
    category = garment.category.id
    categories = tuple(
        (words(f"group.{group}"), tuple(Option(c, words.category(c), c == category) for c in names))
        for group, names in taxa.groups.items()
    )
    choices = tuple(
        Choice(
            field=_field(attribute),
            name=attribute_name(attribute, words),
            several=attribute in MULTI_LABEL,
            options=tuple(
                Option(x, words.label(attribute, x), x in _labels(garment, attribute))
                for x in labels_of(attribute, category)
            ),
        )
        for attribute in taxa.attributes
        if taxa.applies(attribute, category)
    )
    return CorrectionForm(",".join(map(repr, garment.box.as_list())), categories, choices)


def read_correction(given: Mapping[str, Sequence[str]], box: Box, seen: Garment) -> Correction:
    """What the form says otherwise than vision did.

    ``given``: field to what was chosen. An attribute that the form did not offer, or that the category does not have,
    is left as it was seen, and so is a length or shape that it does not have: the form offered another's. A box
    to tick that nobody ticked is not sent, so those are always taken as offered.
    """
    category = next(iter(given.get("category", ())), seen.category.id)
    tags: dict[str, tuple[str, ...]] = {}
    for attribute in taxonomy().attributes:
        offered = attribute in MULTI_LABEL or _field(attribute) in given
        if not offered or not taxonomy().applies(attribute, category):
            continue
        before = _labels(seen, attribute)
        chosen = [x for x in given.get(_field(attribute), ()) if x]
        if attribute in BY_CATEGORY and not set(chosen) <= set(labels_of(attribute, category)):
            continue
        if set(chosen) != set(before):
            # Best first, as far as that is known.
            tags[attribute] = tuple(sorted(chosen, key=lambda x: before.index(x) if x in before else len(before)))
    return Correction(box, None if category == seen.category.id else category, tags)


def _field(attribute: str) -> str:
    return f"tag.{attribute}"


def _labels(garment: Garment, attribute: str) -> list[str]:
    return [x.id for x in garment.tags.get(attribute, ())]
