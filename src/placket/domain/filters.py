"""The filter grammar of the AI Fashion API: ``filter.{field} = [operator:]value[,value ...]``.

The API of Placket's own has an operator more, ``between:LOW,HIGH``, for columns that hold numbers, such as prices.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from placket.domain.errors import InvalidParameter
from placket.domain.runs import FILTER_FIELDS

PREFIX = "filter."
BETWEEN = "between"
_NUMBER = r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?"
_END = re.compile(_NUMBER, re.ASCII)
_VALUE = re.compile(rf"\s*({_NUMBER})(?:\s+[^\W\d_].*|\s*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """``field`` is one of category1_id, category2_id, category3_id, s1, s2. NOT IN when ``negated``."""

    field: str
    values: tuple[str, ...]
    negated: bool = False

    def holds(self, text: str) -> bool:
        """Whether it holds of a product with this text in the field."""
        return (text in self.values) is not self.negated


@dataclass(frozen=True, slots=True)
class Between:
    """The field's text is a number from ``low`` to ``high``, both included; what is no number is not between any."""

    field: str
    low: float = -math.inf
    high: float = math.inf

    def holds(self, text: str) -> bool:
        """Whether it holds of a product with this text in the field."""
        return self.low <= number_of(text) <= self.high


Filter = Condition | Between


def number_of(text: str) -> float:
    """The number that a text is, with a word for its unit behind it or not (``19.99``, ``19.99 EUR``); NaN for another.

    A decimal point, no thousands: ``1,999`` is one number in some countries, and another in others.
    """
    found = _VALUE.fullmatch(text)
    return float(found[1]) if found else math.nan


def parse_filters(parameters: Iterable[tuple[str, str]], *, numbers: bool = False) -> tuple[Filter, ...]:
    """Every ``filter.*`` parameter, in order; all of them must hold. ``numbers``: whether ``between`` is an operator.
    Raises InvalidParameter."""
    return tuple(_condition(name, value, numbers) for name, value in parameters if name.startswith(PREFIX))


def between(field: str, ends: str) -> Between:
    """``LOW,HIGH``, of which one may be empty. Raises InvalidParameter."""
    low, comma, high = (part.strip() for part in ends.partition(","))
    told = [end for end in (low, high) if end]
    if not comma or not told or not all(map(_END.fullmatch, told)):
        raise InvalidParameter(f"{field}: between takes two numbers, of which one may be missing: 20,50 or 20, or ,50")
    if low and high and float(low) > float(high):
        raise InvalidParameter(f"{field}: nothing is between {low} and {high}: the lower one comes first")
    return Between(field, float(low or -math.inf), float(high or math.inf))


def _condition(name: str, value: str, numbers: bool) -> Filter:
    field = name.removeprefix(PREFIX)
    if field not in FILTER_FIELDS:
        raise InvalidParameter(f"{name}: filters are {', '.join(PREFIX + f for f in FILTER_FIELDS)}")
    operator, colon, rest = value.partition(":")
    if not colon:
        return Condition(field, _values(value))
    if numbers and operator == BETWEEN:
        return between(field, rest)
    if operator not in ("equal", "!equal"):
        known = f"equal, !equal or {BETWEEN}" if numbers else "equal or !equal"
        raise InvalidParameter(f"{name}: before ':' stands {known} (write equal:a:b for a value with ':')")
    return Condition(field, _values(rest), negated=operator == "!equal")


def _values(text: str) -> tuple[str, ...]:
    """With commas between them. One with spaces around it, as people type after a comma, stands for both: a catalogue
    may have either. Spaces alone are not taken for the empty value."""
    given = text.split(",")
    return tuple(dict.fromkeys(form for value in given for form in (value, value.strip() or value)))
