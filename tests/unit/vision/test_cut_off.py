import numpy as np
import pytest

from placket.domain.garments import Box
from placket.vision.cut_off import worn_below
from placket.vision.detector import Detection

TOP = ("TOP", Box(0.3, 0.2, 0.7, 0.7))
ALL_THE_WAY_DOWN = Box(0.32, 0.66, 0.68, 1.0)


def detections(*garments: tuple[str, Box]) -> list[Detection]:
    return [Detection(box, group, 0.9, np.zeros(9, np.float32)) for group, box in garments]


@pytest.mark.parametrize("upper", ["TOP", "WHOLEBODY"])
def test_a_bottom_that_goes_on_below_the_photo(upper: str) -> None:
    assert worn_below(detections((upper, TOP[1]), ("BOTTOM", ALL_THE_WAY_DOWN))) == [False, True]


@pytest.mark.parametrize(
    ("group", "box"),
    [
        ("BOTTOM", Box(0.32, 0.66, 0.68, 0.97)),  # its hem is seen
        ("BOTTOM", Box(0.02, 0.1, 0.28, 1.0)),  # beside the top: laid out, not worn
        ("BOTTOM", Box(0.32, 0.1, 0.68, 1.0)),  # it begins above the top
        ("SHOES", ALL_THE_WAY_DOWN),
        ("TOP", ALL_THE_WAY_DOWN),
    ],
)
def test_what_is_none(group: str, box: Box) -> None:
    assert worn_below(detections(TOP, (group, box))) == [False, False]


def test_what_fills_its_photo_alone_is_not_cut() -> None:
    assert worn_below(detections(("BOTTOM", Box(0.0, 0.0, 1.0, 1.0)), ("BAG", TOP[1]))) == [False, False]
