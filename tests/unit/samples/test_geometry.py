"""The curves that garments are cut by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.samples import geometry as g

points = st.lists(
    st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    min_size=3,
    max_size=12,
    unique_by=lambda p: (round(p[0]), round(p[1])),
)


@given(points)
def test_a_spline_passes_through_its_points(run: list[tuple[float, float]]) -> None:
    curve = g.smooth(run, steps=8)
    assert np.isfinite(curve).all()
    np.testing.assert_allclose(curve[::8], np.array(run), atol=1e-6)
    closed = g.smooth(run, closed=True, steps=8)
    np.testing.assert_allclose(closed[::8], np.array(run), atol=1e-6)


@given(points)
def test_mirrored_twice_is_the_same(run: list[tuple[float, float]]) -> None:
    np.testing.assert_allclose(g.mirror(g.mirror(run)), np.array(run))


def test_a_repeated_point_does_no_harm() -> None:
    assert np.isfinite(g.smooth([(0, 0), (1, 1), (1, 1), (2, 0)])).all()


@pytest.mark.parametrize("width", [2.0, [2.0, 2.0]])
def test_a_straight_band_is_a_rectangle(width: float | list[float]) -> None:
    shape = g.band([(0, 0), (10, 0)], width)
    assert sorted(shape.tolist()) == [[0, -1], [0, 1], [10, -1], [10, 1]]


def test_fractions_along_a_line_are_of_its_length() -> None:
    np.testing.assert_allclose(g.along([(0, 0), (10, 0)], 0, 0.25, 1), [(0, 0), (2.5, 0), (10, 0)])


def test_turning_is_clockwise_on_the_screen() -> None:
    np.testing.assert_allclose(g.turned([(1, 0)], 90), [(0, 1)], atol=1e-12)
