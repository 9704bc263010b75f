from itertools import pairwise

import numpy as np
import pytest

from placket.domain.garments import Box
from placket.vision.detector import Detection, distinct
from placket.vision.squares import squares, whole_in


def seen(box: Box, score: float = 0.9, group: str = "TOP") -> Detection:
    return Detection(box, group, score, np.zeros(9, np.float32))


@pytest.mark.parametrize(("width", "height"), [(300, 400), (1000, 460), (460, 1000), (2200, 200), (20, 20_000)])
def test_what_is_looked_at_as_a_whole_only(width: int, height: int) -> None:
    assert squares(width, height) == []


@pytest.mark.parametrize(
    ("width", "height"), [(1000, 400), (1600, 600), (997, 101), (1000, 100), (350, 1000), (100, 1000)]
)
def test_squares_cover_the_picture_and_overlap_by_half(width: int, height: int) -> None:
    found = squares(width, height)
    starts = [(b.x0, b.x1) if width > height else (b.y0, b.y1) for b in found]
    assert starts[0][0] == 0
    assert starts[-1][1] == pytest.approx(1)
    for (a0, a1), (b0, _) in pairwise(starts):
        assert b0 - a0 <= (a1 - a0) / 2 + 1e-9
    assert len(found) <= 19
    sides = {(round(b.width * width), round(b.height * height)) for b in found}
    assert sides == {(height, height) if width > height else (width, round(1.5 * width))}


def test_what_a_square_cuts_is_left_to_its_neighbour() -> None:
    left, middle = Box(0.0, 0.0, 0.4, 1.0), Box(0.3, 0.0, 0.7, 1.0)
    at_the_left, at_the_right = Box(0.0, 0.1, 0.5, 1.0), Box(0.5, 0.1, 1.0, 1.0)
    (kept,) = whole_in(left, [seen(at_the_left), seen(at_the_right)])
    assert kept.box.as_list() == pytest.approx([0.0, 0.1, 0.2, 1.0])
    assert whole_in(middle, [seen(at_the_left), seen(at_the_right)]) == []


def test_a_garment_in_two_squares_is_one() -> None:
    good, again, bag = (
        seen(Box(0.1, 0.1, 0.3, 0.9)),
        seen(Box(0.1, 0.1, 0.3, 0.85), 0.7),
        seen(Box(0.1, 0.1, 0.3, 0.9), 0.6, "BAG"),
    )
    assert distinct([again, bag, good], 0.45) == [good, bag]
