"""What a table shows, keeps and gives back."""

from collections.abc import Iterator

import numpy as np
import pytest

from placket.domain.garments import EMBEDDING_DIM, Embedding
from placket.search.dictionary import Dictionary
from placket.search.table import Table, View
from placket.services.ports import IndexedProduct
from tests.contract.search.catalogue import one_hot, unit


def product(product_id: str, revision: int, *vectors: Embedding, s1: str = "", sha256: str = "") -> IndexedProduct:
    return IndexedProduct(product_id, revision, {"s1": s1}, sha256, list(vectors), [()] * len(vectors))


def shown(view: View) -> Iterator[tuple[str, str, int]]:
    """(product, s1, position of the 1) of the rows that are alive."""
    for row in np.flatnonzero(view.alive):
        product_id = view.dictionaries["product"].text(view.columns["product"][row])
        s1 = view.dictionaries["s1"].text(view.columns["s1"][row])
        yield product_id, s1, int(view.vectors[row].argmax())


def test_a_new_version_replaces_the_old_one_and_old_views_keep_what_they_show() -> None:
    table = Table()
    table.apply([product("a", 1, one_hot(1), one_hot(2), s1="x"), product("b", 2, one_hot(3))])
    before = table.view
    table.apply([product("a", 4, one_hot(4), s1="y"), product("c", 5, one_hot(5))])
    table.apply([product("b", 6)])
    assert list(shown(before)) == [("a", "x", 1), ("a", "x", 2), ("b", "", 3)]
    assert list(shown(table.view)) == [("a", "y", 4), ("c", "", 5)]
    assert table.revision == 6


def test_the_latest_of_a_page_wins_wherever_it_stands() -> None:
    table = Table()
    table.apply(
        [product("a", 3, one_hot(3)), product("a", 1, one_hot(1)), product("b", 2, one_hot(2)), product("b", 4)]
    )
    assert list(shown(table.view)) == [("a", "", 3)]
    assert table.revision == 4


def test_products_without_vectors_leave_no_trace() -> None:
    table = Table()
    before = table.nbytes
    table.apply([product(f"p{i}", i, s1=f"s{i}") for i in range(100)])
    assert (len(table.view), table.nbytes, table.revision) == (0, before, 99)


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        (np.zeros(255, dtype=np.float32), "shape"),
        (np.full(EMBEDDING_DIM, np.nan, dtype=np.float32), "unit"),
        (one_hot(0, np.inf), "unit"),
        (one_hot(0, 2.0001), "unit"),
    ],
)
def test_what_is_no_embedding_is_refused_and_changes_nothing(vector: Embedding, said: str) -> None:
    table = Table()
    table.apply([product("a", 1, one_hot(1))])
    with pytest.raises(ValueError, match=said):
        table.apply([product("a", 2), product("b", 3, one_hot(2), vector)])
    assert list(shown(table.view)) == [("a", "", 1)]
    assert table.revision == 1


def test_growing_copies_a_logarithmic_number_of_times() -> None:
    table = Table()
    rows = unit(np.random.default_rng(0), 3000)
    capacities = set()
    for number, row in enumerate(rows):
        table.apply([product(f"p{number}", number, row)])
        capacities.add(len(table._arrays["vectors"]))
    assert len(capacities) < 45
    assert np.array_equal(table.view.vectors, rows)
    assert max(capacities) <= 3750


def test_compaction_gives_back_rows_texts_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "LEAST_DEAD", 50)
    table = Table()
    table.apply([product(f"p{i}", i, one_hot(i), one_hot(i + 1), s1=f"s{i}", sha256=f"h{i}") for i in range(100)])
    full, before = table.nbytes, table.view
    table.apply([product(f"p{i}", 100 + i) for i in range(25)])
    assert table.compactions == 0, "50 of 200 rows are dead: not more than the least, nor than a quarter"
    table.apply([product("p25", 130)])
    assert table.compactions == 1
    assert len(table.view) == 148
    assert {name: len(d) for name, d in table.view.dictionaries.items() if len(d) > 1} == {
        "product": 74,
        "image": 74,
        "s1": 74,
    }
    assert list(shown(table.view)) == [(f"p{i}", f"s{i}", j) for i in range(26, 100) for j in (i, i + 1)]
    assert table.nbytes < full * 0.8
    assert len(list(shown(before))) == 200
    table.apply([product("p30", 131, one_hot(7)), product("new", 132, one_hot(8), s1="s99")])
    assert len(list(shown(table.view))) == 148
    assert list(shown(table.view))[-2:] == [("p30", "", 7), ("new", "s99", 8)]


def test_bytes_are_counted() -> None:
    table = Table()
    table.apply([product(f"p{i}", i, one_hot(i % EMBEDDING_DIM)) for i in range(1000)])
    per_row = EMBEDDING_DIM * 5 + 3 * 4 + 7 * 4 + 1
    assert 1000 * per_row < table.nbytes < 1000 * (per_row + 250)


def test_a_dictionary_of_what_is_used() -> None:
    dictionary = Dictionary()
    codes = np.array([dictionary.add(t) for t in ("x", "y", "", "y", "z")], dtype=np.int32)
    assert codes.tolist() == [0, 1, 2, 1, 3]
    assert (dictionary.find("z"), dictionary.find("w")) == (3, None)
    smaller, column = dictionary.without_unused(codes[[4, 1, 3]])
    assert [smaller.text(c) for c in column] == ["z", "y", "y"]
    assert len(smaller) == 2
    assert smaller.nbytes < dictionary.nbytes
