"""Every setting, typed, with its default and what it is for. Read once, at start, by whoever runs a command.

From the environment (``PLACKET_NAME``), else from the TOML file named by ``PLACKET_CONFIG``, else the default.
"""

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from placket.domain.errors import PlacketError

Network = IPv4Network | IPv6Network
ImageFormat = Literal["png", "jpeg", "gif", "webp", "avif", "heic", "bmp", "tiff"]
_TOKEN = re.compile(r"[!-~]{16,}")
_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_DEFAULT_PORT = re.compile(r"https://.*:443|http://.*:80")
"""Browsers leave it out."""


class SettingsFileError(PlacketError):
    """The settings file cannot be had, or is not TOML."""

    reason = "SettingsFile"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PLACKET_", extra="forbid", env_ignore_empty=True, frozen=True)

    # --- where it listens and keeps things
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8780, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    worker_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port where `placket worker` answers /healthz, /readyz and /metrics; unset, it listens nowhere.",
    )
    data_dir: Path | None = Field(
        None,
        description="Folder of all that Placket keeps. Default: the user's data folder; /var/lib/placket for root.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL >= 15 with pgvector: postgresql://user:password@host/name. Unset: the embedded one.",
    )
    database_pool: int = Field(
        10, ge=2, le=200, description="Connections that one process may have in its pool; up to two more wait and lock."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins (as https://shop.example, comma separated) whose pages may read the answers of /placket/v1"
        " in a browser.",
    )
    postgres_account: str | None = Field(
        None,
        description="Account that runs the embedded PostgreSQL when Placket is root. Default: postgres, else nobody.",
    )
    admin_token: SecretStr | None = Field(
        None,
        description="Token for the console and /placket/v1/admin, of 16 or more ASCII characters without spaces. Unset:"
        " made at first start, and shown on a terminal; see `placket keys admin-token`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line to write."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto writes readable lines to a terminal and JSON elsewhere."
    )

    # --- fetching
    fetch_allow_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (), description="Networks (CIDR, comma separated) that may be fetched from beside the public internet."
    )
    fetch_concurrency: int = Field(64, ge=1, le=1000, description="Downloads at once, in one process.")
    fetch_per_host: int = Field(8, ge=1, le=1000, description="Downloads at once from one host, in one process.")
    image_timeout: float = Field(3.0, gt=0, le=60, description="Seconds for an image, everything counted.")
    link_timeout: float = Field(30.0, gt=0, le=600, description="Seconds for an index file given by link.")

    # --- vision
    bundle: str | None = Field(
        None, description="Model bundle: a folder, or the version of a kept one. Unset: the shipped one."
    )
    vision_processes: int = Field(1, ge=1, le=64, description="Child processes for decoding and inference.")
    vision_threads: int = Field(
        0, ge=0, le=256, description="Threads of a network in each of them; 0 takes all cores that it may use."
    )
    vision_timeout: float = Field(
        60.0, gt=0, le=3600, description="Seconds after which a photo counts as one that hangs the decoder."
    )

    # --- limits of the AI Fashion API
    services_per_project: int = Field(5, ge=1, description="Services that a project may create.")
    documents_per_service: int = Field(100_000, ge=1, description="Products that a service may hold.")
    index_requests_per_day: int = Field(24, ge=0, description="Index requests that a service may make in a day.")
    index_day_time_zone: str = Field("Asia/Seoul", description="Where the day of that quota begins at midnight.")
    index_file_max_bytes: int = Field(5_000_000, ge=1, description="Largest uploaded index file.")
    index_link_max_bytes: int = Field(20_000_000, ge=1, description="Largest index file given by link.")
    index_max_rows: int = Field(10_000, ge=1, description="Rows in an index file.")
    image_max_bytes: int = Field(
        5_000_000, ge=1, description="Largest image to index, detect and search by; for Placket's own tag call too."
    )
    tag_image_max_bytes: int = Field(1_000_000, ge=1, description="Largest image for AI Fashion's tag call.")
    image_formats: Annotated[tuple[ImageFormat, ...], NoDecode] = Field(
        ("png", "jpeg", "gif"),
        description="Formats of products' photos and of those that AI Fashion's calls look at, comma separated, of "
        f"{', '.join(get_args(ImageFormat))}. The guide has the first three. Placket's own detect, tag and search take"
        " all of them.",
    )
    image_max_pixels: int = Field(
        50_000_000, ge=1, description="Most pixels of an image in any API, checked before it is decoded."
    )
    min_item_pixels: int = Field(20, ge=0, description="An item this small in width and height is not returned.")
    run_retention_days: int = Field(
        183, ge=1, le=36_500, description="Days after which the record of an index run is removed."
    )
    keep_uploads: bool = Field(
        True, description="Keep uploaded product images in the database, so that they can be re-indexed."
    )

    # --- limits of the Tagger API
    tagger_max_entries: int = Field(1000, ge=1, le=100_000, description="Images in one request of a tagging task.")
    tagger_request_max_bytes: int = Field(
        16_000_000, ge=1_000, description="Largest request body; it has to hold the largest image in base64."
    )
    tagger_window_minutes: float = Field(
        10,
        gt=0,
        le=525_600,
        description="Time to append to a tagging task, from its creation and more with each append.",
    )
    tagger_window_max_hours: float = Field(
        24, gt=0, le=8_760, description="How far ahead appends can move the end of that time."
    )
    tagger_result_days: float = Field(
        7, gt=0, le=36_500, description="Days that results are kept after a task's last change."
    )
    tagger_stub_days: float = Field(
        30, ge=0, le=36_500, description="Days that a task is known as expired after its results went."
    )
    tagger_reply_hours: float = Field(24, gt=0, le=8_760, description="Hours that an Idempotency-Key is remembered.")
    tagger_image_max_bytes: int = Field(10_000_000, ge=1, description="Largest image to tag.")
    tagger_image_min_side: int = Field(20, ge=1, description="Fewest pixels of an image's side.")
    tagger_image_max_aspect: float = Field(
        10.0, ge=1, description="Greatest ratio of an image's long side to its short one."
    )
    tagger_attempt_timeout: float = Field(5.0, gt=0, le=60, description="Seconds for one attempt at an image.")
    tagger_image_timeout: float = Field(
        10.0, gt=0, le=120, description="Seconds for an image, a second attempt counted."
    )

    # --- work
    worker_slots: int = Field(3, ge=1, le=64, description="Chunks of work that a worker has in hand at once.")
    worker_chunk: int = Field(32, ge=1, le=256, description="Images in a chunk.")
    lease_seconds: float = Field(
        15.0, ge=2, le=300, description="A chunk whose worker is silent this long is given to another."
    )
    shutdown_seconds: float = Field(
        20.0, ge=0, le=86_400, description="Time that running requests get to finish when stopping."
    )
    drain_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Time that a server which is to stop still takes requests in, while /readyz says 503: longer than "
        "a balancer needs to notice.",
    )
    search_memory_bytes: int = Field(
        2_000_000_000, ge=1_000_000, description="Memory for search indexes in one process."
    )

    @field_validator("port", mode="before")
    @classmethod
    def _no_service_link(cls, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(("tcp://", "udp://")):
            raise ValueError(
                f"{value} is what Kubernetes sets for a Service of the name placket: give the pod"
                " enableServiceLinks: false, or the Service another name"
            )
        return value

    @field_validator("fetch_allow_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(ip_network(v) if isinstance(v, str) else v for v in value)

    @field_validator("image_formats", mode="before")
    @classmethod
    def _split_formats(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip().lower() for part in value.split(",") if part.strip()]
        if not value:
            raise ValueError("without a format no image could be taken")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        for origin in value if isinstance(value, list | tuple) else (value,):
            if not isinstance(origin, str) or not _ORIGIN.fullmatch(origin) or _DEFAULT_PORT.fullmatch(origin):
                raise ValueError(
                    f"{origin} is no origin as browsers send it: https:// and a host in small letters, with its port if"
                    " it has one of its own, and nothing after it, as https://shop.example; there is no * for all"
                )
        return tuple(value)

    @field_validator("admin_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        """Only the console makes those wait who try one after another."""
        if value and not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("16 or more ASCII characters without spaces: who guesses it may do everything")
        return value

    @field_validator("index_day_time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("there is no such time zone; an example of one is Europe/Berlin") from None
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        if config := os.environ.get("PLACKET_CONFIG"):
            if not Path(config).is_file():
                raise SettingsFileError(f"PLACKET_CONFIG names {config}, which is not a file")
            try:
                sources += (TomlConfigSettingsSource(settings_cls, toml_file=config),)
            except (TOMLDecodeError, UnicodeDecodeError, OSError) as error:
                raise SettingsFileError(f"PLACKET_CONFIG names {config}, which cannot be read: {error}") from None
        return sources


CLIENT_VARIABLES = frozenset({"PLACKET_URL", "PLACKET_KEY", "PLACKET_PROFILE", "PLACKET_PLAIN"})
"""Read by the commands, not by the server."""


def unknown_variables() -> list[str]:
    """Names in the environment that begin like a setting and are none: most likely misspelt."""
    known = {f"PLACKET_{name.upper()}" for name in Settings.model_fields} | CLIENT_VARIABLES | {"PLACKET_CONFIG"}
    return sorted(name for name in os.environ if name.startswith("PLACKET_") and name not in known)
