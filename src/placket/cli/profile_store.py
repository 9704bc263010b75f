"""Where the server is and with which key: option, environment, file. Nothing else reads them.

``~/.config/placket/profiles.toml``, readable by its owner alone::

    default = "shop"

    [profiles.shop]
    url = "http://127.0.0.1:8780"
    key = "..."
"""

import json
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from placket.domain.errors import PlacketError

DEFAULT_URL = "http://127.0.0.1:8780"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ProfileError(PlacketError):
    reason = "ProfileError"


class Environment(BaseSettings):
    """Of the commands that ask a server; the server's own settings are in :mod:`placket.settings`."""

    model_config = SettingsConfigDict(env_prefix="PLACKET_", env_ignore_empty=True, frozen=True)

    url: str | None = Field(default=None, description="Server that the client commands ask.")
    key: SecretStr | None = Field(default=None, description="Key that they ask with.")
    profile: str | None = Field(default=None, description="Name of the profile that they take url and key from.")


@dataclass(frozen=True, slots=True)
class Profile:
    url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Profiles:
    """``default``: the name of the profile that is taken where none is named; empty when there is none."""

    default: str = ""
    named: Mapping[str, Profile] = field(default_factory=dict)


class ProfileFile:
    def __init__(self, path: Path | None = None) -> None:
        """Raises ProfileError for an account without a home directory."""
        try:
            self.path = path or Path(platformdirs.user_config_dir("placket", appauthor=False)) / "profiles.toml"
        except RuntimeError:
            raise ProfileError(
                "this account has no home directory to keep profiles in: set PLACKET_URL and PLACKET_KEY, or HOME"
            ) from None

    def read(self) -> Profiles:
        """Empty when there is no file. Raises ProfileError for one that is damaged or that others may read."""
        try:
            with self.path.open("rb") as file:
                self._check_mode(os.fstat(file.fileno()).st_mode)
                content = tomllib.load(file)
        except FileNotFoundError:
            return Profiles()
        except OSError as error:
            raise ProfileError(f"{self.path} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ProfileError(f"{self.path} is damaged: {error}") from None
        return self._profiles(content)

    def write(self, profiles: Profiles) -> None:
        """The whole file or nothing of it; for its owner alone from its first byte on. Raises ProfileError."""
        # A JSON string without control characters is a TOML basic string; names and default are bare words.
        lines = [f'default = "{profiles.default}"\n'] if profiles.default else []
        for name, profile in sorted(profiles.named.items()):
            lines.append(f"\n[profiles.{name}]\nurl = {json.dumps(profile.url)}\nkey = {json.dumps(profile.key)}\n")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=".profiles", delete=False) as file:
                file.write("".join(lines))
            Path(file.name).replace(self.path)
        except OSError as error:
            raise ProfileError(f"{self.path} cannot be written: {error.strerror}") from None

    def _check_mode(self, mode: int) -> None:
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise ProfileError(f"others may read {self.path}, which holds keys: chmod 600 {self.path}")

    def _profiles(self, content: Mapping[str, Any]) -> Profiles:
        try:
            named = {name: Profile(str(p["url"]), str(p["key"])) for name, p in content.get("profiles", {}).items()}
            return Profiles(str(content.get("default", "")), named)
        except (AttributeError, KeyError, TypeError):
            raise ProfileError(f"{self.path} is damaged: a profile needs url and key") from None


def check_name(name: str) -> str:
    """Raises ProfileError."""
    if not _NAME.fullmatch(name):
        raise ProfileError("a profile's name has 1 to 64 letters, digits, - and _")
    return name


def find_profile(name: str | None, file: ProfileFile | None = None, environment: Environment | None = None) -> Profile:
    """--profile, else PLACKET_URL and PLACKET_KEY, else PLACKET_PROFILE, else the file's default.

    The environment may give the key alone: the URL is then that of a server on this machine. Raises ProfileError that
    says what to do.
    """
    environment = environment or Environment()
    if name is None and environment.key is not None:
        return Profile(environment.url or DEFAULT_URL, environment.key.get_secret_value())
    if name is None and environment.url is not None and environment.profile is None:
        raise ProfileError("PLACKET_URL is set without PLACKET_KEY")
    file = file or ProfileFile()
    profiles = file.read()
    wanted = name or environment.profile or profiles.default
    if not wanted:
        raise ProfileError(
            "no key to ask the server with: make one there with `placket keys create NAME`, then keep it with "
            f"`placket profile set NAME --url {DEFAULT_URL}`, or set PLACKET_URL and PLACKET_KEY"
        )
    if wanted not in profiles.named:
        known = ", ".join(sorted(profiles.named)) or "none"
        raise ProfileError(f"{file.path} has no profile {wanted!r} (it has: {known})")
    return profiles.named[wanted]
