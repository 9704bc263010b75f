"""The nearest of arrays: as comparing with every one of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from placket.domain.garments import Analysis, Box, Label
from placket.domain.garments import Garment as Seen
from placket.local import Garment, Index, Match
from placket.local.errors import BundleMismatch
from placket.local.results import photo_of
from placket.vision import Bundle, read_bundle
from tests.support.tiny_bundle import write_tiny_bundle

Vectors = NDArray[np.float32]
COUNT = 6000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    curve = {"curve": [[-1.0, 0.0], [0.2, 0.1], [1.0, 1.0]]}
    return read_bundle(write_tiny_bundle(tmp_path_factory.mktemp("index") / "bundle", similarity=curve))


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(40, 256))
    rows = centres[rng.integers(40, size=COUNT)] + 0.7 * rng.normal(size=(COUNT, 256))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def columns() -> dict[str, list[Any]]:
    """One whose name is the search's own for something else, and numbers among the values."""
    rows = range(COUNT)
    return {"product": [f"g{n % 7}" for n in rows], "season": [n % 90 for n in rows], "empty": [""] * COUNT}


@pytest.fixture(scope="module")
def index(bundle: Bundle, vectors: Vectors, columns: dict[str, list[Any]]) -> Index:
    return Index(bundle, vectors, [f"photo-{n // 2}" for n in range(COUNT)], columns)


def expected(bundle: Bundle, vectors: Vectors, query: Vectors, rows: NDArray[np.intp], limit: int) -> list[Match]:
    """By id, the nearest row of each; compared with all."""
    cosines = vectors.astype(np.float64) @ query.astype(np.float64)
    found: dict[str, Match] = {}
    for row in sorted(rows.tolist(), key=lambda r: (-cosines[r], f"photo-{r // 2}")):
        name = f"photo-{row // 2}"
        found.setdefault(name, Match(name, round(bundle.similarity(cosines[row]), 5), row))
    return list(found.values())[:limit]


def test_the_nearest_are_those_of_all(index: Index, bundle: Bundle, vectors: Vectors) -> None:
    rows = np.arange(COUNT)
    for row in (0, 17, 4711):
        assert index.search(vectors[row], limit=25) == expected(bundle, vectors, vectors[row], rows, 25)
    assert index.search(vectors[17])[0] == Match("photo-8", 1.0, 17)
    assert (len(index), index.columns) == (COUNT, ("product", "season", "empty"))


@pytest.mark.parametrize(
    ("where", "where_not"),
    [
        ({"product": "g3"}, None),
        ({"season": 3}, None),
        ({"product": ["g1", "g2"], "season": range(40)}, None),
        ({"product": "g1"}, {"season": np.arange(3)}),
        (None, {"product": ("g0", "unknown")}),
    ],
)
def test_filters_hold_for_the_row_itself(
    index: Index, bundle: Bundle, vectors: Vectors, columns: dict[str, list[Any]], where: Any, where_not: Any
) -> None:
    """Also where another row of the same id is nearer."""

    def has(row: int, name: str, wanted: Any) -> bool:
        return columns[name][row] in ({wanted} if isinstance(wanted, str | int) else set(wanted))

    rows = np.array([
        row
        for row in range(COUNT)
        if all(has(row, *one) for one in (where or {}).items())
        and not any(has(row, *one) for one in (where_not or {}).items())
    ])  # fmt: skip
    for row in (1, 2000):
        found = index.search(vectors[row], limit=12, where=where, where_not=where_not)
        assert found == expected(bundle, vectors, vectors[row], rows, 12)


@pytest.mark.parametrize("ends", [(10, 40), (None, 3.5), (88, None), (None, None), (40, 10)])
def test_numbers_from_one_to_another(index: Index, bundle: Bundle, vectors: Vectors, ends: Any) -> None:
    low, high = (-np.inf if ends[0] is None else ends[0], np.inf if ends[1] is None else ends[1])
    rows = np.array([row for row in range(COUNT) if low <= row % 90 <= high and row % 7 != 3], np.intp)
    found = index.search(vectors[5], limit=12, where_not={"product": "g3"}, between={"season": ends})
    assert found == expected(bundle, vectors, vectors[5], rows, 12)
    with pytest.raises(ValueError, match="no column 'price'"):
        index.search(vectors[5], between={"price": ends})


def test_the_rest_of_what_can_be_asked(index: Index, vectors: Vectors) -> None:
    best, second, *_ = found = index.search(vectors[0], limit=50)
    for left_out in ([best.id], best.id):
        assert index.search(vectors[0], exclude=left_out, limit=1) == [second]
    least = found[9].similarity
    assert index.search(vectors[0], limit=50, min_similarity=least) == [m for m in found if m.similarity >= least]
    each = index.search(vectors[0], limit=50, collapse="product")
    assert [m.row % 7 for m in each].count(best.row % 7) == 1
    assert len(each) == 7
    assert index.search(vectors[0], where={"season": "none"}) == []


def test_an_id_is_shown_for_each_value_that_its_rows_have(bundle: Bundle, vectors: Vectors) -> None:
    """As a photo is for each kind of garment in it."""
    index = Index(bundle, vectors[:4], ["a", "a", "a", "b"], {"kind": ["shirt", "shirt", "shoe", "shirt"]})
    assert [(m.id, m.row) for m in index.search(vectors[0], limit=9)] == [("a", 0), ("b", 3)]
    found = index.search(vectors[0], limit=9, collapse="kind")
    assert [(m.id, m.row) for m in found] == [("a", 0), ("a", 2)]


def garment(embedding: Vectors, bundle: str, color: str = "red") -> Garment:
    tags = {"colors": (Label(color, 0.8), Label("gold", 0.4))}
    seen = Seen("TOP", Label("shirt", 0.9), Box(0, 0, 1, 1), 0.9, tags, embedding)
    return photo_of("", Analysis(10, 10, (seen,), bundle), "en").garments[0]


def test_garments_instead_of_vectors(bundle: Bundle, vectors: Vectors) -> None:
    garments = [garment(vector, bundle.version) for vector in vectors[:5]]
    index = Index(bundle, garments, None, {})
    assert index.search(garments[3], limit=1) == [Match("3", 1.0, 3)]
    other = replace(garments[0], bundle="other")
    with pytest.raises(BundleMismatch, match="other"):
        index.search(other)
    with pytest.raises(BundleMismatch):
        Index(bundle, [garments[0], other], None, {})


def test_garments_by_what_they_are(bundle: Bundle, vectors: Vectors) -> None:
    colours = ["red", "blue", "red", "white"]
    garments = [garment(v, bundle.version, colour) for v, colour in zip(vectors, colours, strict=False)]
    index = Index(bundle, garments, None, {})

    def found(*tags: str) -> set[str]:
        return {match.id for match in index.search(garments[0], tags=tags)}

    assert found("colors:red") == {"0", "2"}
    assert found("colors:red,blue", "category:shirt,dress") == {"0", "1", "2"}
    assert found("!colors:red,blue") == {"3"}
    assert found("colors:gold", "!group:TOP") == set()
    column = np.empty(4, np.object_)
    column[:] = garments
    assert {m.id for m in Index(bundle, column, None, {}).search(garments[0], tags=["colors:red"])} == {"0", "2"}
    with pytest.raises(ValueError, match="embeddings alone"):
        Index(bundle, vectors[:3], None, {}).search(vectors[0], tags=["colors:red"])
    for wrong in (["colour:red"], ["red"], "colors:red"):
        with pytest.raises(ValueError):
            index.search(garments[0], tags=wrong)


class Table(dict[str, list[Any]]):
    """Of pandas' habits, the awkward ones: it has no truth of its own, and iterates over its columns' names."""

    def __bool__(self) -> bool:
        raise ValueError("the truth value of a table is ambiguous")


def test_columns_of_a_table(bundle: Bundle, vectors: Vectors) -> None:
    column = np.empty(5, dtype=object)
    column[:] = list(vectors[:5])
    index = Index(bundle, column, np.array([7, 8, 9, 10, 11]), Table(season=[1.5, 2, 2, 2, 2]))
    assert index.search(vectors[0], where={"season": 1.5}) == [Match("7", 1.0, 0)]


def test_what_is_no_index(bundle: Bundle, vectors: Vectors, index: Index) -> None:
    for wrong in (vectors[:3] * 2, np.full((1, 256), np.nan), vectors[:3, :100], vectors[0]):
        with pytest.raises(ValueError):
            Index(bundle, wrong, None, {})
    with pytest.raises(ValueError, match="ids: 2 values for 3"):
        Index(bundle, vectors[:3], ["a", "b"], {})
    with pytest.raises(ValueError, match="colour: 1 values for 3"):
        Index(bundle, vectors[:3], None, {"colour": ["red"]})
    for options in ({"limit": 0}, {"where": {"colour": "red"}}, {"collapse": "colour"}):
        with pytest.raises(ValueError):
            index.search(vectors[0], **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="256"):
        index.search(vectors[:1])
    empty = Index(bundle, [], None, {})
    assert (len(empty), empty.search(vectors[0])) == (0, [])
