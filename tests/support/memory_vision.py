"""Vision, the network and the search engine in memory: each answers what a test tells it to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from placket.domain.errors import (
    FetchFailed,
    FetchTooLarge,
    ImageFormatUnsupported,
    ImageTooManyBytes,
)
from placket.domain.garments import Analysis, Box, Garment, Label, Swatch
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.images import ImageLimits
from placket.services.ports import Fetched, Hit

BUNDLE = "v1"


class MemoryWeb:
    """URL to its bytes, or to the error that fetching it raises."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Exception] = {}
        self.asked: list[str] = []

    async def fetch(self, url: str, *, max_bytes: int, timeout: float, **_: Any) -> Fetched:
        self.asked.append(url)
        answer = self.pages.get(url, FetchFailed("404"))
        if isinstance(answer, Exception):
            raise answer
        if len(answer) > max_bytes:
            raise FetchTooLarge(f"more than {max_bytes} bytes")
        return Fetched(answer)

    async def aclose(self) -> None:
        pass


def garment(n: int = 0) -> Garment:
    """The n-th of a row of ever narrower shirts."""
    embedding = np.zeros(256, np.float32)
    embedding[n] = 1
    tags = {"colors": (Label("red", 0.75),), "pattern": (Label("solid", 0.5),)}
    box = Box(0.25, 0.125, 0.75 - n / 16, 0.875)
    return Garment("TOP", Label("shirt", 0.875), box, 0.9375, tags, embedding, (Swatch("#aa0000", "red", 0.5),))


class MemoryVision:
    """A picture is ``PIC`` and a digit: so many garments are on it. It believes every hint."""

    default_bundle = BUNDLE

    async def ready(self, bundle: str | None = None) -> None:
        pass

    async def analyse(
        self,
        image: bytes,
        *,
        limits: ImageLimits,
        bundle: str | None = None,
        box: Box | None = None,
        hints: Hints = NO_HINTS,
        **_: Any,
    ) -> Analysis:
        if len(image) > limits.max_bytes:
            raise ImageTooManyBytes(f"more than {limits.max_bytes} bytes")
        if not image.startswith(b"PIC"):
            raise ImageFormatUnsupported("no picture")
        garments = tuple(garment(n) for n in range(int(image[3:4])))
        if box is not None:
            garments = (replace(garment(0), box=box),)
        if hints.categories:
            garments = tuple(replace(g, category=Label(hints.categories[0], 0.875)) for g in garments)
        return Analysis(400, 300, garments, bundle or BUNDLE, hashlib.sha256(image).hexdigest())

    async def thumbnail(self, image: bytes, *, limits: ImageLimits, side: int) -> bytes:
        if not image.startswith(b"PIC"):
            raise ImageFormatUnsupported("no picture")
        return b"\xff\xd8\xff" + str(side).encode() + image

    def similarity(self, cosine: float, bundle: str) -> float:
        return (cosine + 1) / 2

    async def aclose(self) -> None:
        pass


@dataclass
class MemorySearch:
    """Finds what it is told to; keeps what it was asked."""

    hits: list[Hit] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    async def search(self, service: int, bundle: str, revision: int, query: Any, **options: Any) -> list[Hit]:
        self.asked.append(options)
        return self.hits[: options["limit"]]

    def forget(self, service: int) -> None:
        pass
