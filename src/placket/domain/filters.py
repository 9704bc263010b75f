"""The filter grammar of the AI Fashion API: ``filter.{field} = [operator:]value[,value ...]``."""

from collections.abc import Iterable
from dataclasses import dataclass

from placket.domain.errors import InvalidParameter
from placket.domain.runs import FILTER_FIELDS

PREFIX = "filter."


@dataclass(frozen=True, slots=True)
class Condition:
    """``field`` is one of category1_id, category2_id, category3_id, s1, s2. NOT IN when ``negated``."""

    field: str
    values: tuple[str, ...]
    negated: bool = False


def parse_filters(parameters: Iterable[tuple[str, str]]) -> tuple[Condition, ...]:
    """Every ``filter.*`` parameter, in order; all of them must hold. Raises InvalidParameter."""
    return tuple(_condition(name, value) for name, value in parameters if name.startswith(PREFIX))


def _condition(name: str, value: str) -> Condition:
    field = name.removeprefix(PREFIX)
    if field not in FILTER_FIELDS:
        raise InvalidParameter(f"{name}: filters are {', '.join(PREFIX + f for f in FILTER_FIELDS)}")
    operator, colon, rest = value.partition(":")
    if not colon:
        return Condition(field, _values(value))
    if operator not in ("equal", "!equal"):
        raise InvalidParameter(f"{name}: before ':' stands equal or !equal (write equal:a:b for a value with ':')")
    return Condition(field, _values(rest), negated=operator == "!equal")


def _values(text: str) -> tuple[str, ...]:
    """With commas between them. One with spaces around it, as people type after a comma, stands for both: a catalogue
    may have either. Spaces alone are not taken for the empty value."""
    given = text.split(",")
    return tuple(dict.fromkeys(form for value in given for form in (value, value.strip() or value)))
