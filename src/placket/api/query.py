"""A query string, read strictly: what cannot be understood is refused, not guessed."""

import re
from urllib.parse import quote, unquote_to_bytes

from placket.domain.errors import InvalidParameter
from placket.domain.filters import Filter, parse_filters

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_INTEGER = re.compile(r"[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_MOST_NUMBER = 64


def decode_text(raw: bytes, what: str) -> str:
    """Percent-decode once. Raises InvalidParameter for a bad escape, for what is not UTF-8, and for NUL."""
    if _BAD_ESCAPE.search(raw):
        raise InvalidParameter(f"{what} has a '%' that no two hexadecimal digits follow (write %25 for a '%')")
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidParameter(f"{what} is not UTF-8") from None
    if "\0" in text:
        raise InvalidParameter(f"{what} has a NUL character")
    return text


class Query:
    """The parameters in the order received. A ``+`` is a space; parameters that a call does not know are ignored."""

    def __init__(self, raw: bytes) -> None:
        self.pairs: tuple[tuple[str, str], ...] = tuple(_pair(piece) for piece in raw.split(b"&") if piece)

    def one(self, name: str) -> str | None:
        """Raises InvalidParameter when it was given more than once."""
        values = [v for n, v in self.pairs if n == name]
        if len(values) > 1:
            raise InvalidParameter(f"{name} was given {len(values)} times")
        return values[0] if values else None

    def required(self, name: str) -> str:
        value = self.one(name)
        if not value:
            raise InvalidParameter(f"{name} is missing" if value is None else f"{name} is empty")
        return value

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Decimal digits only, ``low`` to ``high``; required when there is no default."""
        value = self.one(name)
        if value is None:
            if default is None:
                raise InvalidParameter(f"{name} is missing")
            return default
        if not _INTEGER.fullmatch(value) or not low <= int(value) <= high:
            raise InvalidParameter(f"{name} must be a whole number between {low} and {high}")
        return int(value)

    def fraction(self, name: str) -> float | None:
        """A decimal number over 0 and at most 1."""
        value = self.one(name)
        if value is None:
            return None
        number = float(value) if len(value) <= _MOST_NUMBER and _NUMBER.fullmatch(value) else 0.0
        if not 0 < number <= 1:
            raise InvalidParameter(f"{name} must be a number over 0 and at most 1")
        return number

    def conditions(self, *, numbers: bool = False) -> tuple[Filter, ...]:
        """See :func:`placket.domain.filters.parse_filters`."""
        return parse_filters(self.pairs, numbers=numbers)

    def echo(self, own: str, value: str) -> str:
        """``data.query``: the call's own parameter, then the others in the order received, percent-encoded."""
        pairs = [(own, value), *((n, v) for n, v in self.pairs if n != own)]
        return "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in pairs)


def _pair(piece: bytes) -> tuple[str, str]:
    name, _, value = piece.replace(b"+", b" ").partition(b"=")
    return decode_text(name, "a parameter's name"), decode_text(value, "a parameter's value")
