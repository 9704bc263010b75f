"""The set of best expected F1, against all sets and all truths."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.vision.label_sets import best_set

CHANCES = st.lists(st.floats(0.02, 0.98), min_size=1, max_size=6).map(np.array)


def expected_f1(p: np.ndarray, chosen: frozenset[int]) -> float:
    total = 0.0
    for truth in product((0, 1), repeat=len(p)):
        chance = np.prod([q if t else 1 - q for q, t in zip(p, truth, strict=True)])
        size = len(chosen) + sum(truth)
        total += chance * (2 * sum(truth[i] for i in chosen) / size if size else 1.0)
    return float(total)


@given(CHANCES, st.booleans())
def test_no_other_set_is_expected_to_be_better(p: np.ndarray, at_least_one: bool) -> None:
    found = best_set(p, at_least_one)
    assert p[found].tolist() == sorted(p[found], reverse=True)
    sets = [frozenset(i for i, n in enumerate(bits) if n) for bits in product((0, 1), repeat=len(p))]
    best = max(expected_f1(p, s) for s in sets if s or not at_least_one)
    assert expected_f1(p, frozenset(found.tolist())) == pytest.approx(best)


def test_of_labels_that_are_all_unlikely_none_or_the_best_one_is_told() -> None:
    p = np.array([0.001, 0.002, 0.0015])
    assert best_set(p, False).tolist() == []
    assert best_set(p, True).tolist() == [1]


def test_how_doubtful_a_label_may_be_depends_on_the_others() -> None:
    assert best_set(np.array([0.9]), False).tolist() == [0]
    assert best_set(np.array([0.4]), False).tolist() == []
    # Both: 0.2 x 1 + 0.5 x 2/3 = 0.53; the first alone: 0.3 x 1 + 0.2 x 2/3 = 0.43; none: 0.3.
    assert best_set(np.array([0.4, 0.5]), False).tolist() == [1, 0]
    # Both: 0.36 x 1 + 0.58 x 2/3 = 0.75; the first alone: 0.54 x 1 + 0.36 x 2/3 = 0.78.
    assert best_set(np.array([0.4, 0.9]), False).tolist() == [1]
