"""Pictures without a garment, to learn from."""

import numpy as np
import pytest

from placket.training.detector.nothing import beside, clouds, draw_nothing, surface, things, waves, window, writing


@pytest.mark.parametrize("way", [surface, clouds, waves, things, writing, draw_nothing])
@pytest.mark.parametrize("size", [48, 77])
def test_every_way_draws_colours_of_any_kind(way, size) -> None:  # type: ignore[no-untyped-def]
    means = []
    for seed in range(12):
        pixels = way(size, np.random.default_rng(seed))
        assert pixels.shape == (size, size, 3) and pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, way(size, np.random.default_rng(seed)))
        means.append(pixels.mean())
    assert np.std(means) > 10


def person(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((100, 80), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_the_largest_strip_beside_a_person() -> None:
    assert beside(person(40, 20, 70, 100)) == (0.0, 0.0, 0.5, 1.0)
    assert beside(person(8, 20, 20, 100)) == (0.25, 0.0, 1.0, 1.0)
    assert beside(person(4, 30, 76, 100)) == (0.0, 0.0, 1.0, 0.3)
    assert beside(person(4, 5, 76, 100)) is None
    assert beside(np.zeros((10, 10), bool)) is None


def test_a_window_lies_in_its_region_and_is_not_too_slim() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        x0, y0, x1, y1 = window((0.5, 0.0, 0.75, 1.0), (100, 80), rng)
        assert 40 <= x0 < x1 <= 60 and 0 <= y0 < y1 <= 100
        assert (x1 - x0, y1 - y0) == (20, 30)
    assert window((0.5, 0.0, 0.75, 1.0), (100, 80)) == (40, 35, 60, 65)
    assert window((0.0, 0.0, 1.0, 0.3), (100, 80)) == (17, 0, 62, 30)
