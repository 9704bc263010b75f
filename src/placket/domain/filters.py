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
        return Condition(field, tuple(value.split(",")))
    if operator not in ("equal", "!equal"):
        raise InvalidParameter(f"{name}: before ':' stands equal or !equal (write equal:a:b for a value with ':')")
    return Condition(field, tuple(rest.split(",")), negated=operator == "!equal")
