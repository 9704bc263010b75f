"""When a product's photo has to be looked at again."""

from dataclasses import replace
from typing import Any

import pytest

from placket.domain.errors import NoGarmentFound
from placket.domain.garments import Analysis
from placket.domain.images import AI_FASHION, ImageLimits
from placket.services import product_photos
from placket.services.ports import Priority
from placket.services.product_photos import ProductPhotos
from tests.support.memory_vision import MemoryVision


class Counting(MemoryVision):
    looks = 0

    async def analyse(self, image: bytes, *, limits: ImageLimits, **given: Any) -> Analysis:
        self.looks += 1
        return await super().analyse(image, limits=limits, **given)


def photos(vision: MemoryVision, limits: ImageLimits = AI_FASHION, pixels: int = 20) -> ProductPhotos:
    return ProductPhotos(vision, limits, pixels)  # type: ignore[arg-type]


async def look(kept: ProductPhotos, image: bytes, name: str, bundle: str, known: Analysis | None = None) -> Analysis:
    return await kept.analyse(image, name, bundle=bundle, priority=Priority.BATCH, known=known)


async def test_the_same_is_known() -> None:
    vision = Counting()
    first = await look(photos(vision), b"PIC2", "shirt", "v1")
    assert await look(photos(vision), b"PIC2", "shirt", "v1", first) is first
    assert vision.looks == 1


async def test_anything_that_the_garments_follow_from_makes_it_another(monkeypatch: pytest.MonkeyPatch) -> None:
    vision = Counting()
    first = await look(photos(vision), b"PIC2", "shirt", "v1")
    fewer = replace(AI_FASHION, max_pixels=1_000)
    for kept, *given in (
        (photos(vision), b"PIC2 ", "shirt", "v1"),
        (photos(vision), b"PIC2", "shirt dress", "v1"),
        (photos(vision), b"PIC2", "", "v1"),
        (photos(vision), b"PIC2", "shirt", "v2"),
        (photos(vision, pixels=21), b"PIC2", "shirt", "v1"),
        (photos(vision, fewer), b"PIC2", "shirt", "v1"),
    ):
        before = vision.looks
        found = await look(kept, *given, first)  # type: ignore[arg-type]
        assert (vision.looks, found.made_from != first.made_from) == (before + 1, True), given
    for constant, value in (("__version__", "99.0"), ("_ANALYSIS", product_photos._ANALYSIS + 1)):
        with monkeypatch.context() as patch:
            patch.setattr(product_photos, constant, value)
            assert (await look(photos(vision), b"PIC2", "shirt", "v1", first)).made_from != first.made_from
    with monkeypatch.context() as patch:
        patch.setattr(product_photos, "_digest_of_words", lambda: "other words")
        assert (await look(photos(vision), b"PIC2", "shirt", "v1", first)).made_from != first.made_from
    assert (await look(photos(vision), b"PIC2", "shirt", "v1", replace(first, made_from=""))) is not first


async def test_a_photo_without_a_garment_is_told_each_time() -> None:
    vision = Counting()
    for looks in (1, 2):
        with pytest.raises(NoGarmentFound):
            await look(photos(vision), b"PIC0", "shirt", "v1")
        assert vision.looks == looks
