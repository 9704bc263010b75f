"""Rules for the words that people choose."""

import re

from placket.domain.errors import InvalidParameter

_SERVICE_NAME = re.compile(r"[a-z][a-z0-9_-]{1,31}")
MAX_KEY_NAME = 64


def is_service_name(name: str) -> bool:
    """2 to 32 characters: lower-case letters, digits, ``-`` and ``_``, a letter first."""
    return _SERVICE_NAME.fullmatch(name) is not None


def check_service_name(name: str, field: str = "serviceID") -> None:
    """``field``: what the call that has it calls it."""
    if not is_service_name(name):
        raise InvalidParameter(
            f"{field} must have 2 to 32 characters: lower-case letters, digits, '-' and '_', beginning with a letter"
        )


def check_key_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_KEY_NAME or not name.isprintable():
        raise InvalidParameter(f"a name has 1 to {MAX_KEY_NAME} printable characters")
