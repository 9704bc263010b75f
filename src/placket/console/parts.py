"""What the console is built from. :mod:`placket.bootstrap` fills it in; tests put in what they like."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from placket.domain.images import ImageLimits
from placket.services.catalogue import Catalogue
from placket.services.indexing import Indexing
from placket.services.keys import AdminToken, Keys
from placket.services.looking import Looking, Photos
from placket.services.ports import Vision
from placket.services.searching import Searching
from placket.services.stores import KeyStore
from placket.services.tagging_tasks import TaggingTasks
from placket.services.traffic import Minute
from placket.services.usage import Usage


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The bundle in use, for people. ``curve``: (cosine, similarity) points of its calibration, rising.

    ``detector`` and ``encoder``: their settings; ``thresholds``: attribute to label to the least probability at which
    it is given; ``metrics`` and ``training``: as the bundle's manifest has them; ``checksums``: file to SHA-256.
    """

    version: str
    created: str
    curve: tuple[tuple[float, float], ...]
    detector: Mapping[str, Any]
    encoder: Mapping[str, Any]
    thresholds: Mapping[str, Mapping[str, float]]
    metrics: Mapping[str, Any]
    training: Mapping[str, Any]
    checksums: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """``store`` holds projects and what signs sessions. ``catalogue_limits``: photos to index; ``photo_limits``: to
    look at and search by; ``tagging_limits``: of tagging tasks. ``max_rows``: of an index file.

    ``model``: the bundle in use; raises VisionUnavailable. ``problems`` and ``statistics``: as /readyz and /metrics
    tell them. ``traffic``: how this process answered the APIs' calls, minute by minute, oldest first.
    """

    store: KeyStore
    keys: Keys
    admin_token: AdminToken
    catalogue: Catalogue
    searching: Searching
    looking: Looking
    indexing: Indexing
    photos: Photos
    vision: Vision
    tagging_tasks: TaggingTasks
    usage: Usage
    catalogue_limits: ImageLimits
    photo_limits: ImageLimits
    tagging_limits: ImageLimits
    model: Callable[[], ModelCard]
    problems: Callable[[], Awaitable[list[str]]]
    statistics: Callable[[], Awaitable[Mapping[str, float]]]
    traffic: Callable[[], Sequence[Minute]]
    max_rows: int = 10_000
