"""Settings as a command sees them."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from placket.settings import Settings, unknown_variables


def read_settings(**given: Any) -> Settings:
    """From the environment and the settings file; options given on the command line (not None) win.

    Raises pydantic.ValidationError, SettingsFileError.
    """
    return Settings(**{k: v for k, v in given.items() if v is not None})


def misspelt() -> Iterator[tuple[str, str]]:
    """(a variable that begins like a setting and is none, what to write instead)."""
    known = [f"PLACKET_{name.upper()}" for name in Settings.model_fields]
    for name in unknown_variables():
        yield name, right_name(name, known)


def right_name(name: str, known: Iterable[str]) -> str:
    """What to write instead of a name that is no setting."""
    nearest = get_close_matches(name, list(known), n=1)
    return f"did you mean {nearest[0]}?" if nearest else "see docs/reference/settings.md for the names"
