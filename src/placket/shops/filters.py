"""What a column that is filtered by can hold of a product: one word of its own, that a filter can ask for."""

import re
from collections.abc import Callable
from typing import TypeAlias

from placket.domain.errors import PlacketError
from placket.domain.index_file import MAX_LENGTH
from placket.shops.catalogue import Product

SOLD_OUT = "sold-out"
_UNWANTED = re.compile(r"[\x00-\x1f\x7f,\s]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MOST = MAX_LENGTH["s1"]

Filter: TypeAlias = Callable[[Product, str, bool], str]
"""Of a product, its price as the shop writes it and whether it is in stock."""


class FilterInvalid(PlacketError):
    reason = "FilterInvalid"


def filterable(text: str) -> str:
    """A filter takes a comma for "or", so none is left; and no more than the column holds."""
    return _UNWANTED.sub(" ", text).strip()[:_MOST].rstrip()


def parse_filter(word: str) -> Filter:
    """``vendor``, ``product``, ``stock``, ``price``, ``price:50,100``, ``tag:season:``, ``none``.

    Raises FilterInvalid.
    """
    kind, colon, rest = word.partition(":")
    match kind, bool(colon):
        case "vendor", False:
            return lambda product, price, in_stock: filterable(product.vendor)
        case "product", False:
            return lambda product, price, in_stock: filterable(product.id)
        case "stock", False:
            return lambda product, price, in_stock: "" if in_stock else SOLD_OUT
        case "none", False:
            return lambda product, price, in_stock: ""
        case "price", False:
            return lambda product, price, in_stock: _plain(price)
        case "price", True:
            steps = _steps(rest)
            return lambda product, price, in_stock: _band(price, steps)
        case "tag", True if rest:
            return lambda product, price, in_stock: filterable(_tag(product.tags, rest))
    raise FilterInvalid(f"{word!r}: vendor, product, stock, price, price:50,100, tag:BEGINNING or none")


def _steps(text: str) -> list[float]:
    try:
        steps = [float(step) for step in text.split(",")]
    except ValueError:
        raise FilterInvalid(f"price:{text}: numbers with commas between them, as price:50,100") from None
    if steps != sorted(set(steps)) or not 0 < steps[0] <= steps[-1] < float("inf"):
        raise FilterInvalid(f"price:{text}: each number is larger than the one before")
    return steps


def amount(price: str) -> float | None:
    """``19.99``, ``19,99``, ``1.299,00 EUR``: the last mark parts the cents if two figures follow it."""
    found = _NUMBER.search(price)
    if found is None:
        return None
    whole, mark, cents = found[0], "", ""
    if len(parts := re.split(r"[.,]", found[0])) > 1 and len(parts[-1]) != 3:
        mark, cents = ".", parts[-1]
        whole = found[0][: -len(cents) - 1]
    return float(re.sub(r"[.,]", "", whole) + mark + cents)


def _plain(price: str) -> str:
    """As a search compares numbers: a decimal point, no currency. Empty without a price."""
    value = amount(price)
    return "" if value is None else f"{value:.2f}"


def _band(price: str, steps: list[float]) -> str:
    """``under-50``, ``50-100``, ``from-100``; empty without a price."""
    value = amount(price)
    if value is None:
        return ""
    above = [f"{step:g}" for step in steps if step <= value]
    below = [f"{step:g}" for step in steps if step > value]
    if not above:
        return f"under-{below[0]}"
    return f"{above[-1]}-{below[0]}" if below else f"from-{above[-1]}"


def _tag(tags: tuple[str, ...], beginning: str) -> str:
    """What follows it in the first tag that begins so: ``summer`` of ``season:summer``; else that tag itself."""
    found = next((tag for tag in tags if tag.lower().startswith(beginning.lower())), "")
    return found[len(beginning) :].strip() or found
