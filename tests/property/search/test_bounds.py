"""The bounds hold for any vectors at all, and are of use for ordinary ones."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placket.domain.garments import EMBEDDING_DIM
from placket.search.cosines import at_most, cosines, float32_bounds
from placket.search.quantisation import int8_bounds, quantise
from tests.contract.search.catalogue import unit

KINDS = ("normal", "sparse", "spiked", "one-hot", "steps", "tiny", "denormal", "zero")


def rows_of(kind: str, seed: int, count: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, EMBEDDING_DIM))
    if kind == "sparse":
        rows *= rng.random(rows.shape) < 0.02
    elif kind == "spiked":
        rows[np.arange(count), rng.integers(EMBEDDING_DIM, size=count)] = 10.0 ** rng.uniform(0, 6, count)
    elif kind == "one-hot":
        rows = np.eye(EMBEDDING_DIM)[rng.integers(EMBEDDING_DIM, size=count)]
    elif kind == "steps":
        # Every element falls half-way between two codes: the largest residual there is.
        rows = np.sign(rows) * (np.arange(EMBEDDING_DIM) % 126 + 0.5)
        rows[:, 0] = 127.0
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit_rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    scale = {"tiny": 1e-12, "denormal": 1e-42, "zero": 0.0}.get(kind, 1.0)
    return (unit_rows * scale).astype(np.float32)


def true_dots(rows: npt.NDArray[np.float32], query: npt.NDArray[np.float32]) -> npt.NDArray[np.longdouble]:
    return rows.astype(np.longdouble) @ query.astype(np.longdouble)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(kind=st.sampled_from(KINDS), query_kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1))
def test_no_row_is_above_its_bound(kind: str, query_kind: str, seed: int) -> None:
    rows, query = rows_of(kind, seed, 200), rows_of(query_kind, seed + 1, 1)[0]
    # The worst cases: rows along the query's own residual, and the query itself.
    coded = quantise(query[None])
    residual = query - coded.codes[0] * coded.scales[0]
    length = np.linalg.norm(residual)
    rows = np.concatenate([rows, query[None], -query[None], (residual / (length or 1))[None]]).astype(np.float32)
    exact = cosines(rows, np.arange(len(rows)), query)
    quantised = quantise(rows)
    for bounds in (
        int8_bounds(quantised, coded),
        float32_bounds(rows, quantised.lengths(), query, float(coded.lengths()[0])),
    ):
        assert bounds.dtype == np.float32
        assert np.all(bounds.astype(np.longdouble) >= true_dots(rows, query))
        assert np.all(bounds.astype(np.float64) >= exact)


def test_the_bounds_are_close_enough_to_be_of_use() -> None:
    rows = unit(np.random.default_rng(5), 5000)
    query = rows[0]
    exact = cosines(rows, np.arange(len(rows)), query)
    quantised, coded = quantise(rows), quantise(query[None])
    assert np.max(int8_bounds(quantised, coded) - exact) < 0.025
    assert np.max(float32_bounds(rows, quantised.lengths(), query, float(coded.lengths()[0])) - exact) < 5e-5


@given(st.floats(-2, 2) | st.just(-np.inf))
def test_rounding_down(value: float) -> None:
    rounded = at_most(value)
    assert rounded.dtype == np.float32
    assert np.isfinite(rounded)
    if value > -np.inf:
        assert float(rounded) <= value < float(np.nextafter(rounded, np.float32(np.inf)))


@pytest.mark.parametrize("count", [1, 2, 3, 31, 1023, 1024, 1025, 3000])
def test_a_cosine_does_not_depend_on_what_is_computed_beside_it(count: int) -> None:
    rng = np.random.default_rng(count)
    vectors = unit(rng, 3000) + np.float32(1e-9)
    query = unit(rng)
    alone = np.array([cosines(vectors[i : i + 1].copy(), np.array([0]), query)[0] for i in range(3000)])
    chosen = np.sort(rng.choice(3000, count, replace=False))
    assert np.array_equal(cosines(vectors, chosen, query), alone[chosen])
    assert np.all(np.abs(alone - true_dots(vectors, query)) < 8 * 2.0**-53)
