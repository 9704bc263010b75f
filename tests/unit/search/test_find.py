"""Which way a search takes, and that a wrong bound would not go unnoticed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import placket.search.find as find_module
from placket.domain.filters import Condition
from placket.domain.garments import EMBEDDING_DIM, Embedding
from placket.search.cosines import cosines
from placket.search.find import Path, Question, find
from placket.search.quantisation import Quantised, int8_bounds
from placket.search.table import Table, View
from tests.contract.search.catalogue import Catalogue, exact, unit


def filled(catalogue: Catalogue) -> View:
    table = Table()
    table.apply(sorted(catalogue.products[1].values(), key=lambda p: p.revision))
    return table.view


@pytest.fixture(scope="module")
def clustered() -> Catalogue:
    """8,000 rows of 4,000 products in 50 clusters; one product in 100 has s1 = rare."""
    rng = np.random.default_rng(11)
    centres = unit(rng, 50)
    catalogue = Catalogue()
    for number in range(4000):
        rows = exact(0.8 * centres[rng.integers(50, size=2)] + 0.5 * unit(rng, 2))
        catalogue.put(f"p{number}", list(rows), {"s1": "rare" if number % 100 == 0 else "common"})
    return catalogue


def test_a_scan_of_the_codes_scores_few_rows(clustered: Catalogue) -> None:
    view = filled(clustered)
    for row in range(0, 8000, 1300):
        query = view.vectors[row]
        answer = find(view, Question(query, limit=20))
        assert answer.hits == clustered.expected(query, limit=20)
        assert cosines(view.vectors, np.array(answer.rows), query).tolist() == [hit.cosine for hit in answer.hits]
        assert answer.path is Path.INT8
        assert answer.scored < 800


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"conditions": [Condition("s1", ("rare",))]}, Path.GATHERED),
        ({"conditions": [Condition("s1", ("unheard of",))]}, Path.NOTHING),
        ({"conditions": [Condition("s1", ("rare",), negated=True)]}, Path.INT8),
        ({"limit": 100}, Path.INT8),
        ({"limit": 8000}, Path.GATHERED),
        ({"collapse": "s1"}, Path.INT8),
        ({"min_cosine": 0.9}, Path.INT8),
        ({"min_cosine": -1.0, "limit": 1000}, Path.FULL),
        ({"exclude": frozenset(f"p{i}" for i in range(3990))}, Path.GATHERED),
    ],
)
def test_paths(clustered: Catalogue, options: dict[str, Any], path: Path) -> None:
    view, query = filled(clustered), clustered.products[1]["p7"].vectors[0]
    question: dict[str, Any] = {"limit": 10, **options}
    answer = find(view, Question(query, **question))
    assert answer.hits == clustered.expected(query, **question)
    assert answer.path is path


def test_without_an_exact_kernel_everything_is_scanned_in_float32(
    clustered: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_module, "int8_is_exact", lambda: False)
    view, query = filled(clustered), clustered.products[1]["p7"].vectors[1]
    answer = find(view, Question(query, limit=10))
    assert answer.hits == clustered.expected(query, limit=10)
    assert answer.path is Path.FULL
    assert answer.scored < 200


STEP = 2.0**-12
"""Scale of the codes of what follows: element 0 is 127 steps."""


def rounding_of_rows(rng: np.random.Generator) -> tuple[Embedding, list[Embedding], list[Embedding]]:
    """(query, best, others): every element of the best lies just below half a step, half of the others' just above.

    The residual of the best is parallel to the query, so that the bound is met almost with equality.
    """
    signs = rng.choice([-1.0, 1.0], EMBEDDING_DIM)

    def row(fractions: Any) -> Embedding:
        steps = 30 + np.broadcast_to(fractions, EMBEDDING_DIM)
        return exact(np.where(np.arange(EMBEDDING_DIM) == 0, 127, steps) * signs * STEP)

    others = [row(rng.permutation(np.repeat([0.51, 0.45], EMBEDDING_DIM // 2))) for _ in range(3000)]
    return exact(signs / 16), [row(0.49)] * 5, others


def rounding_of_the_query(rng: np.random.Generator) -> tuple[Embedding, list[Embedding], list[Embedding]]:
    """The same with sides changed: the best are parallel to the query's residual, the others' codes fit it better."""
    signs = rng.choice([-1.0, 1.0], EMBEDDING_DIM)
    codes = rng.choice([60.0, 61.0], EMBEDDING_DIM)
    codes[0], signs[0] = 127, 1.0
    query = exact((codes + np.where(np.arange(EMBEDDING_DIM) == 0, 0, 0.49 * signs)) * STEP)
    places = np.arange(1, EMBEDDING_DIM)
    up, down = places[signs[1:] < 0], places[signs[1:] > 0]
    others = []
    for _ in range(3000):
        flipped = signs.copy()
        flipped[rng.choice(up[codes[up] == 61], 8, replace=False)] *= -1
        flipped[rng.choice(up[codes[up] == 60], 16, replace=False)] *= -1
        flipped[rng.choice(down[codes[down] == 60], 24, replace=False)] *= -1
        others.append(exact(flipped / 16))
    return query, [exact(signs / 16)] * 5, others


@pytest.mark.parametrize(
    ("side", "name", "share"),
    [
        (rounding_of_rows, "residuals", 0.0),
        (rounding_of_rows, "residuals", 0.95),
        (rounding_of_the_query, "code_lengths", 0.0),
        (rounding_of_the_query, "code_lengths", 0.3),
    ],
)
def test_a_bound_that_allows_too_little_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, side: Any, name: str, share: float
) -> None:
    query, best, others = side(np.random.default_rng(12))
    catalogue = Catalogue()
    for number, row in enumerate([*others, *best]):
        catalogue.put(f"p{number}", [row])
    view = filled(catalogue)
    expected = catalogue.expected(query, limit=5)
    assert {h.product_id for h in expected} == {f"p{number}" for number in range(3000, 3005)}
    assert find(view, Question(query, limit=5)).hits == expected

    def unsafe(rows: Quantised, coded: Quantised) -> Any:
        return int8_bounds(replace(rows, **{name: getattr(rows, name) * np.float32(share)}), coded)

    monkeypatch.setattr(find_module, "int8_bounds", unsafe)
    assert find(view, Question(query, limit=5)).hits != expected


def test_a_smaller_limit_gives_the_beginning_of_the_same_list_and_exact_equals_go_by_id() -> None:
    rng = np.random.default_rng(5)
    catalogue = Catalogue()
    for number, row in enumerate(exact(unit(rng, 40)).repeat(10, axis=0)):
        catalogue.put(f"p{number * 7 % 400:03}", [row], {})
    view, query = filled(catalogue), exact(unit(rng, 1))[0]
    whole = find(view, Question(query, limit=400)).hits
    assert whole == sorted(whole, key=lambda hit: (-hit.cosine, hit.product_id))
    assert all(find(view, Question(query, limit=n)).hits == whole[:n] for n in (1, 5, 13, 50, 399))
