"""Settings as a command sees them."""

from typing import Any

from placket.settings import Settings


def read_settings(**given: Any) -> Settings:
    """From the environment and the settings file; options given on the command line (not None) win.

    Raises pydantic.ValidationError, SettingsFileError.
    """
    return Settings(**{k: v for k, v in given.items() if v is not None})
