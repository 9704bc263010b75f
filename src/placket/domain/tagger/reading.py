"""A stranger's JSON: read with every trap named, and the small checks that each field needs."""

import json
import math
from collections.abc import Mapping
from itertools import chain
from typing import Any

from placket.domain.hints import Hints, hints_of
from placket.domain.json_values import has_more_values
from placket.domain.tagger.errors import DetectionInvalid, RequestMalformed, RequestTooLarge
from placket.domain.taxonomy import CLOTHING_GROUPS, taxonomy

DEFAULT_DETECTION = CLOTHING_GROUPS
TEXT_FIELDS = ("gender", "brand", "currency", "price", "keywords", "productContentName", "season")
"""Fields of ``context`` that are strings of any text; the guide's values are examples."""
MAX_DEPTH = 64
"""Objects and arrays within one another. What can be read can then be sent back: that takes some of Python's stack."""
_TOO_DEEP = f"the body is nested too deeply: more than {MAX_DEPTH} objects and arrays within one another"


def read_object(body: bytes, *, most_values: int) -> dict[str, Any]:
    """The JSON object of a request's body. Raises RequestMalformed, RequestTooLarge.

    ``most_values``: commas and brackets that it may have, those in strings not counted.
    """
    if has_more_values(body, most_values):
        raise RequestTooLarge(f"the body has more than {most_values} commas and brackets outside of its strings")
    try:
        # A byte order mark does no harm; NaN is not JSON, and an infinity could not be sent back.
        value = json.loads(body.decode("utf-8-sig"), parse_int=_whole, parse_float=_finite, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise RequestMalformed(f"the body is not UTF-8: byte {error.start} cannot be read") from None
    except RecursionError:
        raise RequestMalformed(_TOO_DEEP) from None
    except ValueError as error:
        raise RequestMalformed(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise RequestMalformed("the body must be a JSON object")
    if _is_too_deep(value):
        raise RequestMalformed(_TOO_DEEP)
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        values = chain.from_iterable(v.values() if isinstance(v, dict) else v for v in level)
        level = [v for v in values if isinstance(v, (dict, list))]
    return bool(level)


def _whole(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError("a number has too many digits") from None


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not a JSON value")


def text_of(value: Any, field: str, most: int | None = None) -> str:
    """``value`` if it is a string that can be stored. Raises RequestMalformed."""
    if not isinstance(value, str):
        raise RequestMalformed(f"{field} must be a string")
    if most is not None and len(value) > most:
        raise RequestMalformed(f"{field} has {len(value)} characters, more than {most}")
    if "\x00" in value or not _encodable(value):
        raise RequestMalformed(f"{field} has a NUL or half a surrogate pair in it")
    return value


def required_text(source: Mapping[str, Any], name: str, field: str, most: int | None = None) -> str:
    """As :func:`text_of`, and missing where it is absent or null."""
    value = source.get(name)
    if value is None:
        raise RequestMalformed(f"{field} is missing")
    return text_of(value, field, most)


def optional_text(source: Mapping[str, Any], name: str, field: str, most: int | None = None) -> str:
    """The empty string where the field is absent or null."""
    value = source.get(name)
    return "" if value is None else text_of(value, field, most)


def _encodable(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def object_of(source: Mapping[str, Any], name: str, field: str) -> dict[str, Any]:
    value = source.get(name)
    if value is None:
        raise RequestMalformed(f"{field} is missing")
    if not isinstance(value, dict):
        raise RequestMalformed(f"{field} must be an object")
    return value


def detection_of(value: Any, field: str) -> tuple[str, ...]:
    """The groups in the taxonomy's order; none where the field is absent, null or empty. Raises DetectionInvalid."""
    if value is None:
        return ()
    groups = taxonomy().groups
    if not isinstance(value, list) or not all(isinstance(v, str) and v in groups for v in value):
        raise DetectionInvalid(f"{field} must be an array of {', '.join(groups)}")
    return tuple(g for g in groups if g in value)


def read_context(context: Mapping[str, Any], field: str) -> Hints:
    """What the fields that describe the product say of its garment. Raises RequestMalformed for a wrong type."""
    texts = {name: optional_text(context, name, f"{field}.{name}") for name in TEXT_FIELDS}
    ages = context.get("age")
    if ages is not None:
        if not isinstance(ages, list):
            raise RequestMalformed(f"{field}.age must be an array of strings")
        for age in ages:
            text_of(age, f"every value of {field}.age")
    return hints_of((texts["productContentName"], texts["keywords"]), texts["gender"])
