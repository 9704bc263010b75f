"""One search over a view: which rows may answer, which of them can be among the best, and the ranking of products."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from placket.domain.filters import Between, Filter
from placket.domain.garments import Embedding
from placket.domain.labels import LabelCondition
from placket.domain.runs import FilterField
from placket.search.cosines import Rows, at_most, cosines, float32_bounds
from placket.search.dictionary import Codes, Dictionary
from placket.search.labels import having
from placket.search.quantisation import int8_bounds, int8_is_exact, quantise
from placket.search.table import View
from placket.services.ports import Hit

Mask = npt.NDArray[np.bool_]

FEW = 2048
"""So many rows are scored without a scan of the codes; in a large table, a sixteenth of it."""

CROWD = 256
"""More candidates than this are narrowed by their float32 scores before the exact ones are computed."""

BLOCK = 32
"""Of so many rows, the best one stands for all when the first rows to score are chosen."""

SPARE = 32
"""Rows scored first, beyond two for each hit that is asked for."""


class Path(enum.Enum):
    """How a search found its rows."""

    NOTHING = "nothing passes the filters"
    GATHERED = "few rows pass, or all are wanted: no scan"
    INT8 = "a scan of the codes"
    FULL = "a scan in float32: the codes left too many candidates, or the processor cannot add them exactly"


@dataclass(frozen=True, slots=True)
class Question:
    """See :class:`placket.services.ports.SearchEngine`. ``query``: ``(256,)`` float32."""

    query: Embedding
    limit: int
    conditions: Sequence[Filter] = ()
    labels: Sequence[LabelCondition] = ()
    min_cosine: float | None = None
    exclude: frozenset[str] = frozenset()
    include_duplicates: bool = True
    query_sha256: str = ""
    collapse: FilterField | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """``scored``: rows whose exact cosine was computed. ``rows``: of each hit, the one that is nearest."""

    hits: list[Hit]
    path: Path
    scored: int
    rows: list[int]


def find(view: View, question: Question) -> Answer:
    """The answer over exactly this view."""
    eligible = _eligible(view, question)
    passing = int(np.count_nonzero(eligible))
    if passing and question.collapse:
        # Once all values have been met, none is looked for in vain.
        groups = len(np.unique(_groups(view, question, np.flatnonzero(eligible))))
        question = replace(question, limit=min(question.limit, groups))
    search = _Search(view, question)
    path = search.score(eligible, passing) if passing else Path.NOTHING
    hits = _rank(view, question, search.rows, search.cosines)
    return Answer([hit for hit, _ in hits], path, len(search.rows), [row for _, row in hits])


def _eligible(view: View, question: Question) -> Mask:
    """Rows that are alive, pass every filter and are not left out by name or by the query's own image."""
    mask = view.alive
    for condition in question.conditions:
        mask = mask & _passes(view, condition)
    for wanted in question.labels:
        held = having(view.labels, wanted.labels)
        mask = mask & (~held if wanted.negated else held)
    if question.exclude:
        mask = mask & ~_holds(view, "product", question.exclude)
    if question.query_sha256 and not question.include_duplicates:
        mask = mask & ~_holds(view, "image", (question.query_sha256,))
    return mask


def _passes(view: View, condition: Filter) -> Mask:
    if isinstance(condition, Between):
        numbers = view.dictionaries[condition.field].numbers()
        # What is no number is NaN, which is neither over nor under anything.
        within: Mask = (numbers >= condition.low) & (numbers <= condition.high)
        return within[view.columns[condition.field]]
    held = _holds(view, condition.field, condition.values)
    return ~held if condition.negated else held


def _holds(view: View, name: str, texts: Iterable[str]) -> Mask:
    """Rows whose text in a column is one of these."""
    column, dictionary = view.columns[name], view.dictionaries[name]
    wanted = {code for text in texts if (code := dictionary.find(text)) is not None}
    if len(wanted) > 1:
        chosen = np.zeros(len(dictionary), dtype=np.bool_)
        chosen[list(wanted)] = True
        return chosen[column]
    mask: Mask = column == (wanted.pop() if wanted else -1)
    return mask


class _Search:
    """Computes exact cosines of rows until no other row can be among the best; ``rows`` are those scored so far."""

    def __init__(self, view: View, question: Question) -> None:
        self.rows: Rows = np.empty(0, dtype=np.intp)
        self.cosines: npt.NDArray[np.float64] = np.empty(0, dtype=np.float64)
        self._view = view
        self._question = question
        self._coded = quantise(question.query[None])

    def score(self, eligible: Mask, passing: int) -> Path:
        """Score what has to be scored of the eligible rows, ``passing`` of them."""
        view = self._view
        if passing <= max(self._question.limit, CROWD):
            self._add(np.flatnonzero(eligible))
            return Path.GATHERED
        if passing <= max(FEW, len(view) // 16):
            rows = np.flatnonzero(eligible)
            bounds = np.full(len(view), -np.inf, dtype=np.float32)
            bounds[rows] = self._float32_bounds(rows)
            self._score_candidates(bounds)
            return Path.GATHERED
        exact = int8_is_exact()
        bounds = int8_bounds(view.quantised, self._coded) if exact else self._float32_bounds(np.arange(len(view)))
        bounds[~eligible] = -np.inf
        scanned = self._score_candidates(bounds)
        return Path.FULL if scanned or not exact else Path.INT8

    def _score_candidates(self, bounds: npt.NDArray[np.float32]) -> bool:
        """Score every row whose bound reaches the last place; whether that took a scan in float32.

        The last place is a true lower bound from the first round on: the best of *some* rows of each product can only
        be worse than the best of all. Until there are enough products for one, the rows of the best bounds are scored.
        """
        wanted = 2 * self._question.limit + SPARE
        least = at_most(-np.inf if self._question.min_cosine is None else self._question.min_cosine)
        scanned = False
        while True:
            place = _last_place(self._groups(), self.cosines, self._question.limit)
            cut = max(least, at_most(place) if place > -np.inf else _cut(bounds, wanted))
            rows = np.flatnonzero(bounds >= cut)
            if not len(rows):
                return scanned
            if len(rows) > CROWD:
                scanned |= self._by_scan(rows)
                bounds[rows] = lowered = self._float32_bounds(rows)
                if place == -np.inf:
                    cut = max(least, _best(lowered, wanted))
                rows = rows[lowered >= cut]
            self._add(rows)
            bounds[rows] = -np.inf
            wanted *= 4

    def _add(self, rows: Rows) -> None:
        self.rows = np.concatenate([self.rows, rows])
        self.cosines = np.concatenate([self.cosines, cosines(self._view.vectors, rows, self._question.query)])

    def _groups(self) -> npt.NDArray[np.int64]:
        return _groups(self._view, self._question, self.rows)

    def _by_scan(self, rows: Rows) -> bool:
        return len(rows) > len(self._view) // 8

    def _float32_bounds(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Bounds of some rows, gathered, or taken from a scan when they are many."""
        vectors, stored = self._view.vectors, self._view.quantised
        query, length = self._question.query, float(self._coded.lengths()[0])
        if self._by_scan(rows):
            return float32_bounds(vectors, stored.lengths(), query, length)[rows]
        return float32_bounds(vectors[rows], stored.lengths(rows), query, length)


def _cut(bounds: npt.NDArray[np.float32], wanted: int) -> np.float32:
    """A bound that at least ``wanted`` rows reach, if there are so many; usually hardly more do.

    It is the ``wanted``-th best of the maxima of blocks, which is far cheaper than that of all rows.
    """
    blocks = len(bounds) // BLOCK
    return _best(bounds[: BLOCK * blocks].reshape(BLOCK, blocks).max(axis=0), wanted)


def _best(bounds: npt.NDArray[np.float32], wanted: int) -> np.float32:
    """The ``wanted``-th best, or less than all when there are not so many."""
    if wanted > len(bounds):
        return at_most(-np.inf)
    return max(np.partition(bounds, -wanted)[-wanted], at_most(-np.inf))


def _groups(view: View, question: Question, rows: Rows) -> npt.NDArray[np.int64]:
    """What may appear once in the results: a product, or all products of one image or value, unless that is empty."""
    products: npt.NDArray[np.int64] = view.columns["product"][rows].astype(np.int64)
    column = question.collapse or ("image" if not question.include_duplicates else None)
    if column is None:
        return products
    values: Codes = view.columns[column][rows]
    empty = view.dictionaries[column].find("")
    return np.where(values == (-1 if empty is None else empty), -1 - products, values)


def _last_place(groups: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], limit: int) -> float:
    """The ``limit``-th best of the groups' best scores; -inf when there are fewer groups."""
    order = np.argsort(-scores)
    _, first = np.unique(groups[order], return_index=True)
    if len(first) < limit:
        return -np.inf
    return float(scores[order[np.partition(first, limit - 1)[limit - 1]]])


def _rank(view: View, question: Question, rows: Rows, scores: npt.NDArray[np.float64]) -> list[tuple[Hit, int]]:
    """The hits, best first, each with its row."""
    groups = _groups(view, question, rows)
    place = _last_place(groups, scores, question.limit)
    if question.min_cosine is not None:
        place = max(place, question.min_cosine)
    reached = np.flatnonzero(scores >= place)
    texts: Dictionary = view.dictionaries["product"]
    products = view.columns["product"][rows[reached]]
    ranked = sorted(
        (-cosine, texts.text(product), group, row)
        for cosine, product, group, row in zip(
            scores[reached].tolist(),
            products.tolist(),
            groups[reached].tolist(),
            rows[reached].tolist(),
            strict=True,
        )
    )
    hits: dict[int, tuple[Hit, int]] = {}
    for negative, product_id, group, row in ranked:
        hits.setdefault(group, (Hit(product_id, -negative), row))
        if len(hits) == question.limit:
            break
    return list(hits.values())
