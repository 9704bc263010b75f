"""The nearest of some ten thousand embeddings: the server's own search, over arrays of the caller's."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from placket.domain.errors import BundleMismatch, InvalidParameter
from placket.domain.filters import Between, Condition
from placket.domain.garments import EMBEDDING_DIM, Embedding
from placket.domain.labels import LabelCondition, label_words, parse_labels
from placket.local.results import Garment

if TYPE_CHECKING:
    from placket.search.dictionary import Dictionary
    from placket.search.labels import Bits
    from placket.search.quantisation import Quantised
    from placket.vision.bundle import Bundle

DIGITS = 5
"""Decimals of a similarity; a threshold is compared with what is shown."""
Filter: TypeAlias = Mapping[str, Any]
"""Of each column, one value or several of which any will do; values compare as texts. All columns must hold."""
_UNIT = 1e-3
_AT_ONCE = 4096
_ID = "product"


@dataclass(frozen=True, slots=True)
class Match:
    """``similarity`` 0..1, calibrated as the API's. ``row``: where the vector is in the arrays that were given."""

    id: str
    similarity: float
    row: int


class Index:
    """Made by :meth:`Vision.index`. It never changes, threads may share it, and it outlives its Vision.

    The answer is exact: that of comparing with every vector.
    """

    def __init__(
        self,
        bundle: "Bundle",
        vectors: "ArrayLike | Collection[Garment]",
        ids: Collection[Any] | None,
        columns: Mapping[str, Collection[Any]],
    ) -> None:
        from placket.search.table import View

        self._bundle = bundle
        rows = _rows(bundle, vectors)
        texts: dict[str, Collection[Any]] = {_ID: range(len(rows)) if ids is None else ids}
        texts |= {_column(name): column for name, column in columns.items()}
        for name, column in texts.items():
            if len(column) != len(rows):
                called = "ids" if name == _ID else name[1:]
                raise ValueError(f"{called}: {len(column)} values for {len(rows)} vectors")
        coded = {name: _coded(column) for name, column in texts.items()}
        labels, self._has_labels = _labels(vectors, len(rows))
        self._view = View(
            vectors=rows,
            quantised=_quantised(rows),
            columns={name: codes for name, (codes, _) in coded.items()},
            dictionaries={name: words for name, (_, words) in coded.items()},
            labels=labels,
            alive=np.ones(len(rows), np.bool_),
        )

    def __len__(self) -> int:
        return len(self._view)

    def __repr__(self) -> str:
        return f"<Index of {len(self)} vectors, bundle {self._bundle.version}>"

    @property
    def columns(self) -> tuple[str, ...]:
        """What can be filtered by."""
        return tuple(name[1:] for name in self._view.columns if name != _ID)

    def search(
        self,
        query: "Garment | ArrayLike",
        *,
        limit: int = 10,
        where: Filter | None = None,
        where_not: Filter | None = None,
        between: Mapping[str, tuple[float | None, float | None]] | None = None,
        tags: Iterable[str] = (),
        exclude: Iterable[object] = (),
        min_similarity: float | None = None,
        collapse: str | None = None,
    ) -> list[Match]:
        """The ``limit`` nearest, best first; equal ones by id. Of several rows with one id only the nearest counts.

        ``where``, ``where_not``: values that a row must have, or must not have. ``between``: of columns of
        numbers, the lowest and the highest that a row may have, as ``{"price": (20, 50)}``; None where there is no end.
        ``tags``: of an index of garments, what
        they are, as ``["category:dress,skirt", "!pattern:floral"]``; all must hold. ``exclude``: ids that are left out.
        ``collapse``: of rows with one value in this column, which is not empty, only the nearest is shown; an id whose
        rows have several values, once for each.
        Raises ValueError, BundleMismatch.
        """
        from placket.search.find import Question, find

        if limit < 1:
            raise ValueError("limit must be at least 1")
        labels = _conditions(tags)
        if not len(self):
            return []
        if labels and not self._has_labels:
            raise ValueError("tags are asked of garments; this index is of embeddings alone")
        question = Question(
            vector_of(self._bundle, query),
            limit,
            [
                *self._conditions(where),
                *self._conditions(where_not, negated=True),
                *(self._between(name, *ends) for name, ends in (between or {}).items()),
            ],
            labels,
            exclude=frozenset((exclude,) if isinstance(exclude, str) else map(str, exclude)),
            collapse=None if collapse is None else self._known(collapse),  # type: ignore[arg-type]  # a column's name
        )
        answer = find(self._view, question)
        matches = [
            Match(hit.product_id, calibrated(self._bundle, hit.cosine), row)
            for hit, row in zip(answer.hits, answer.rows, strict=True)
        ]
        return [m for m in matches if min_similarity is None or m.similarity >= min_similarity]

    def _conditions(self, given: Filter | None, *, negated: bool = False) -> Iterable[Condition]:
        for name, wanted in (given or {}).items():
            several = isinstance(wanted, Iterable) and not isinstance(wanted, str)
            yield Condition(self._known(name), tuple(map(str, wanted)) if several else (str(wanted),), negated)

    def _between(self, name: str, low: float | None, high: float | None) -> Between:
        return Between(
            self._known(name), -math.inf if low is None else float(low), math.inf if high is None else float(high)
        )

    def _known(self, name: str) -> str:
        if name not in self.columns:
            raise ValueError(f"there is no column {name!r}; there are {', '.join(self.columns) or 'none'}")
        return _column(name)


def _conditions(tags: Iterable[str]) -> tuple[LabelCondition, ...]:
    """Raises ValueError."""
    if isinstance(tags, str):
        raise ValueError(f"tags takes several str: [{tags!r}]")
    try:
        return parse_labels(tags)
    except InvalidParameter as error:
        raise ValueError(error.detail) from None


def calibrated(bundle: "Bundle", cosine: float) -> float:
    """The similarity of a cosine, as the server shows it."""
    return round(bundle.similarity(cosine), DIGITS)


def vector_of(bundle: "Bundle", given: "Garment | ArrayLike") -> Embedding:
    """Raises BundleMismatch, ValueError."""
    one: Any = given if isinstance(given, Garment) else np.asarray(given)
    if not isinstance(one, Garment) and one.shape != (EMBEDDING_DIM,):
        told = f"{type(given).__name__} of the shape {one.shape}"
        raise ValueError(f"a garment or its embedding of {EMBEDDING_DIM} numbers is wanted, not {told}")
    embedding: Embedding = _rows(bundle, [one])[0]
    return embedding


def _rows(bundle: "Bundle", given: "ArrayLike | Collection[Garment]") -> NDArray[np.float32]:
    each = _each(given)
    seen: Any = given
    if each is not None:
        seen = [_embedding(bundle, one) if isinstance(one, Garment) else one for one in each]
    rows = np.array(seen, np.float32, order="C")
    if not rows.size:
        return np.empty((0, EMBEDDING_DIM), np.float32)
    if rows.ndim != 2 or rows.shape[1] != EMBEDDING_DIM:
        raise ValueError(f"embeddings are of the shape (n, {EMBEDDING_DIM}), not {rows.shape}")
    # A comparison with NaN is false.
    if not np.all(np.abs(np.linalg.norm(rows, axis=1) - 1) <= _UNIT):
        raise ValueError("an embedding is not of unit length: divide it by its norm")
    return rows


def _each(given: Any) -> list[Any] | None:
    """What stands for one row each, maybe a garment; None for an array of numbers."""
    # A column of a table, of which each value is a vector, is an array of objects.
    separate = isinstance(given, list | tuple) or getattr(given, "dtype", None) == np.object_
    return list(given) if separate else None


def _labels(given: "ArrayLike | Collection[Garment]", rows: int) -> "tuple[Bits, bool]":
    """What each is, of vectors nothing; and whether anything is known of any."""
    from placket.search.labels import as_bits

    words = [label_words(one) if isinstance(one, Garment) else [] for one in _each(given) or [None] * rows]
    return as_bits(words), any(words)


def _embedding(bundle: "Bundle", garment: Garment) -> Embedding:
    if garment.bundle != bundle.version:
        raise BundleMismatch(f"a garment was seen by bundle {garment.bundle}; this is bundle {bundle.version}")
    return garment.embedding


def _column(name: str) -> str:
    # Apart from the column of ids, whatever a caller calls his own.
    return f":{name}"


def _coded(column: Collection[Any]) -> "tuple[NDArray[np.int32], Dictionary]":
    from placket.search.dictionary import Dictionary

    words = Dictionary()
    return np.fromiter((words.add(str(value)) for value in column), np.int32, len(column)), words


def _quantised(rows: NDArray[np.float32]) -> "Quantised":
    """Some at a time: in float64 they would take several times their room."""
    from placket.search.quantisation import Quantised, quantise

    parts = [quantise(rows[start : start + _AT_ONCE]) for start in range(0, max(1, len(rows)), _AT_ONCE)]
    return Quantised(
        codes=np.concatenate([p.codes for p in parts]),
        scales=np.concatenate([p.scales for p in parts]),
        code_lengths=np.concatenate([p.code_lengths for p in parts]),
        residuals=np.concatenate([p.residuals for p in parts]),
    )
