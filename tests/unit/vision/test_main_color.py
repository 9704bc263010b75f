import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.garments import Swatch
from placket.vision.main_color import led_by, main_color, shares_of

LABELS = ("red", "blue", "gold")


def test_shares_by_label() -> None:
    measured = [Swatch("#aa0000", "red", 0.5), Swatch("#0000aa", "blue", 0.3), Swatch("#00aa00", "green", 0.2)]
    assert shares_of(measured, LABELS).tolist() == [0.5, 0.3, 0.0]
    assert shares_of([], LABELS).tolist() == [0, 0, 0]


def test_what_the_pixels_show_counts_as_far_as_its_weight() -> None:
    p, shares = np.array([0.5, 0.4, 0.1]), np.array([0.04, 0.64, 0.0])
    assert main_color(p, shares, 0.0) == pytest.approx(p)
    weighed = np.array([0.5 * 0.2, 0.4 * 0.8, 0.1 * 0.02**0.5])
    assert main_color(p, shares, 0.5) == pytest.approx(weighed / weighed.sum())


def test_without_any_measured_colour_the_encoder_decides_alone() -> None:
    p = np.array([0.2, 0.7, 0.1])
    assert main_color(p, np.zeros(3), 0.3) == pytest.approx(p)


def test_the_first_leads_and_none_is_surer() -> None:
    p = np.array([0.4, 0.9, 0.3])
    assert led_by(0, [1, 0, 2], p) == [(0, 0.4), (1, 0.4), (2, 0.3)]
    assert led_by(2, [1], p) == [(2, 0.3), (1, 0.3)]
    assert led_by(1, [1], p) == [(1, 0.9)]


@given(
    st.lists(st.floats(1e-6, 1), min_size=3, max_size=3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.floats(0, 10),
)
def test_probabilities_stay_probabilities(p: list[float], shares: list[float], weight: float) -> None:
    found = main_color(np.array(p) / sum(p), np.array(shares), weight)
    assert found.sum() == pytest.approx(1) and (found >= 0).all() and np.isfinite(found).all()
