"""Which garment of a photo's answer is which of its labelled ones."""

from dataclasses import replace

import numpy as np

from placket.domain.garments import Analysis, Box
from placket.training.encoder.end_to_end import fitting
from placket.training.encoder.items import Item
from placket.training.encoder.worse_photos import AS_IT_IS, by_change
from tests.support.memory_vision import garment

SHIRT, COAT, SHOES = (0.2, 0.2, 0.6, 0.7), (0.2, 0.15, 0.65, 0.75), (0.3, 0.8, 0.5, 0.9)


def item(place: tuple[float, float, float, float], boxed: bool = True) -> Item:
    tags = {"category": "shirt", "colors": ["red"]}
    return Item("ccp", "1", "1", "val", place, "1", str(place), boxed, True, "ccp", tags)


def answer(*places: tuple[float, float, float, float]) -> Analysis:
    found = tuple(replace(garment(n), box=Box(*place)) for n, place in enumerate(places))
    return Analysis(width=100, height=100, garments=found, bundle="", sha256="")


def test_a_garment_is_that_of_one_label_alone() -> None:
    """A coat and the shirt below it are two; a server that tells one of them has found one."""
    one = answer(COAT)
    assert fitting(one, [item(SHIRT), item(COAT), item(SHOES)]) == [None, one.garments[0], None]
    two = answer(SHIRT, COAT)
    assert fitting(two, [item(COAT), item(SHIRT)]) == [two.garments[1], two.garments[0]]
    assert fitting(answer(), [item(COAT)]) == [None]


def test_a_photo_without_a_box_shows_the_first_garment() -> None:
    two = answer(SHOES, COAT)
    assert fitting(two, [item(SHIRT, boxed=False)]) == [two.garments[0]]
    assert fitting(answer(), [item(SHIRT, boxed=False)]) == [None]


def test_every_garment_that_is_found_is_itself_in_its_own_photo() -> None:
    class OneCoat:
        def analyse(self, pixels: object) -> Analysis:
            return answer(COAT)

    shown = [([item(SHIRT), item(COAT)], np.zeros((100, 100, 3), np.uint8))]
    figures = by_change(OneCoat(), shown, (AS_IT_IS,))[AS_IT_IS]  # type: ignore[arg-type]
    assert (figures.garments, figures.found, figures.itself) == (2, 0.5, 0.5)
