"""What is kept of a product's photo, seen anew only where it has to be."""

import asyncio
import hashlib
from dataclasses import replace
from functools import lru_cache, partial
from importlib.resources import files

from placket import __version__
from placket.domain.errors import NoGarmentFound
from placket.domain.garments import Analysis
from placket.domain.images import ImageLimits
from placket.domain.keeping import big_enough, keep_for_product
from placket.services.once import Once
from placket.services.ports import Priority, Vision

_ANALYSIS = 1
"""Raised by a change of the code, within a version, after which the same photo may be answered otherwise. What the
data of the domain changes is seen by itself."""


@lru_cache(maxsize=1)
def _digest_of_words() -> str:
    """Of the taxonomy and of what names say: another word for a garment keeps other garments."""
    data = sorted((f.name, f.read_bytes()) for f in (files("placket.domain") / "data").iterdir() if f.is_file())
    return hashlib.sha256(repr(data).encode()).hexdigest()


class ProductPhotos:
    """``limits``: of the photos; ``min_item_pixels``: see :func:`placket.domain.keeping.big_enough`."""

    def __init__(self, vision: Vision, limits: ImageLimits, min_item_pixels: int) -> None:
        self._vision = vision
        self._limits = limits
        self._min_item_pixels = min_item_pixels

    def holds(self, known: Analysis, name: str, bundle: str) -> bool:
        """Whether it is still what a product of this name has, as long as its photo is the same."""
        return known.made_from == self._made_from(known.sha256, name, bundle)

    def _made_from(self, sha256: str, name: str, bundle: str) -> str:
        """A digest of all that the garments of a product follow from: its photo, its name, and how they are found."""
        code = f"{__version__}/{_ANALYSIS}/{_digest_of_words()}"
        rules = f"{code} {bundle} {self._limits.max_pixels} {self._min_item_pixels}"
        parts = (sha256.encode(), rules.encode(), name.encode())
        # Each part by its own digest: no two sets of parts run into the same bytes.
        return hashlib.sha256(b"".join(hashlib.sha256(p).digest() for p in parts)).hexdigest()

    async def analyse(
        self,
        image: bytes,
        name: str,
        *,
        bundle: str,
        priority: Priority,
        project: int | None = None,
        known: Analysis | None = None,
        looks: Once[Analysis] | None = None,
    ) -> Analysis:
        """The garments of the photo that belong to a product of this name.

        ``known``: what is stored of the product. Where it was made from the very same, as in a shop's nightly file, it
        is the answer. ``project``: see :meth:`placket.services.ports.Vision.analyse`. ``looks``: those at photos
        that may come again, of one bundle and priority.
        Raises ImageError, NoGarmentFound, VisionUnavailable.
        """
        # In a thread: a server that looks at photos answers searches too.
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(image).hexdigest())
        if known is not None and known.sha256 == sha256 and self.holds(known, name, bundle):
            return known
        look = partial(
            self._vision.analyse, image, limits=self._limits, bundle=bundle, priority=priority, project=project
        )
        found = await (look() if looks is None else looks.get(sha256, look))
        big = big_enough(found.garments, found.width, found.height, self._min_item_pixels)
        kept = keep_for_product(big, name)
        if not kept:
            raise NoGarmentFound("no fashion item was found in the image")
        return replace(found, garments=kept, made_from=self._made_from(sha256, name, bundle))
