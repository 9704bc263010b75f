"""The vectors of one service in memory: appended, buried, compacted, and read through immutable views."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from placket.domain.garments import EMBEDDING_DIM
from placket.domain.runs import FILTER_FIELDS
from placket.search.dictionary import Codes, Dictionary
from placket.search.labels import Bits, as_bits, width
from placket.search.quantisation import Quantised, quantise
from placket.services.ports import IndexedProduct

LONGEST = 2.0
"""Stored vectors are unit vectors; a length beyond this means that they are not embeddings at all."""

_PRODUCT = "product"
_IMAGE = "image"
_CODED = (_PRODUCT, _IMAGE, *FILTER_FIELDS)
_LAYOUT: dict[str, tuple[Any, tuple[int, ...]]] = {
    "vectors": (np.float32, (EMBEDDING_DIM,)),
    "codes": (np.int8, (EMBEDDING_DIM,)),
    "scales": (np.float32, ()),
    "code_lengths": (np.float32, ()),
    "residuals": (np.float32, ()),
    "labels": (np.uint8, (width(),)),
    **dict.fromkeys(_CODED, (np.int32, ())),
}


@dataclass(frozen=True, slots=True)
class View:
    """A table at one moment; ``n`` rows, one a garment, of which those ``alive`` count.

    ``columns`` and ``dictionaries``: ``product``, ``image`` (the image's hash) and each filter field. ``labels``: what
    the garment is, as bits.
    """

    vectors: npt.NDArray[np.float32]
    quantised: Quantised
    columns: Mapping[str, Codes]
    dictionaries: Mapping[str, Dictionary]
    labels: Bits
    alive: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.alive)


class Table:
    """One writer at a time; any number of readers, each on the ``view`` it took.

    Rows are never changed once a view shows them: a new version of a product is appended and its old rows are buried
    in a new copy of ``alive``. ``revision`` is the highest one applied, ``newest`` the product that had it.
    """

    LEAST_DEAD = 4096
    """Buried rows that are not worth a compaction."""

    def __init__(self) -> None:
        self.revision, self.newest = -1, ""
        self.compactions = 0
        self._arrays = {name: np.empty((0, *shape), dtype) for name, (dtype, shape) in _LAYOUT.items()}
        self._dictionaries = {name: Dictionary() for name in _CODED}
        self._publish(np.zeros(0, dtype=np.bool_))

    @property
    def nbytes(self) -> int:
        """Bytes held, room for growth included."""
        texts = sum(d.nbytes for d in self._dictionaries.values())
        return sum(a.nbytes for a in self._arrays.values()) + self.view.alive.nbytes + texts

    def apply(self, products: Sequence[IndexedProduct]) -> None:
        """Replace, add and (with no vectors) remove products, all at once for readers; the latest revision wins.

        Raises ValueError, with nothing changed, when vectors are not finite rows of 256 of length 2 or less.
        """
        latest: dict[str, IndexedProduct] = {}
        for product in products:
            known = latest.get(product.product_id)
            if known is None or known.revision <= product.revision:
                latest[product.product_id] = product
        added = [p for p in latest.values() if len(p.vectors)]
        vectors = _stacked(added)
        alive = self._without(latest)
        if added:
            alive = np.concatenate([alive, np.ones(len(vectors), dtype=np.bool_)])
            self._append(added, vectors)
        self.revision, self.newest = max(
            [(self.revision, self.newest), *((p.revision, p.product_id) for p in latest.values())]
        )
        self._publish(alive)
        dead = len(alive) - np.count_nonzero(alive)
        if dead > max(self.LEAST_DEAD, len(alive) // 4):
            self._compact()

    def _without(self, product_ids: Iterable[str]) -> npt.NDArray[np.bool_]:
        """``alive`` with the rows of these products buried."""
        products = self._dictionaries[_PRODUCT]
        known = [code for p in product_ids if (code := products.find(p)) is not None]
        alive = self.view.alive
        if not known:
            return alive
        replaced = np.zeros(len(products), dtype=np.bool_)
        replaced[known] = True
        return alive & ~replaced[self.view.columns[_PRODUCT]]

    def _append(self, products: Sequence[IndexedProduct], vectors: npt.NDArray[np.float32]) -> None:
        start, stop = len(self.view), len(self.view) + len(vectors)
        self._reserve(stop)
        self._arrays["vectors"][start:stop] = vectors
        quantised = quantise(vectors)
        for name in ("codes", "scales", "code_lengths", "residuals"):
            self._arrays[name][start:stop] = getattr(quantised, name)
        self._arrays["labels"][start:stop] = as_bits([words for p in products for words in p.labels])
        garments = [len(p.vectors) for p in products]
        texts: dict[str, list[str]] = {
            _PRODUCT: [p.product_id for p in products],
            _IMAGE: [p.image_sha256 for p in products],
            **{field: [p.fields.get(field, "") for p in products] for field in FILTER_FIELDS},
        }
        for name, column in texts.items():
            add = self._dictionaries[name].add
            self._arrays[name][start:stop] = np.repeat(np.array([add(t) for t in column], dtype=np.int32), garments)

    def _reserve(self, rows: int) -> None:
        """Room for so many rows, grown by quarters. What older views show is left where it is."""
        capacity = len(self._arrays["vectors"])
        if rows <= capacity:
            return
        capacity = max(rows, capacity + capacity // 4)
        used = len(self.view)
        for name, old in self._arrays.items():
            new = np.empty((capacity, *old.shape[1:]), old.dtype)
            new[:used] = old[:used]
            self._arrays[name] = new

    def _compact(self) -> None:
        """New arrays without the buried rows, and new dictionaries without what only they used."""
        rows = np.flatnonzero(self.view.alive)
        arrays = {name: array[rows] for name, array in self._arrays.items() if name not in _CODED}
        dictionaries = {}
        for name in _CODED:
            dictionaries[name], arrays[name] = self._dictionaries[name].without_unused(self._arrays[name][rows])
        self._arrays, self._dictionaries = arrays, dictionaries
        self.compactions += 1
        self._publish(np.ones(len(rows), dtype=np.bool_))

    def _publish(self, alive: npt.NDArray[np.bool_]) -> None:
        shown = {name: array[: len(alive)] for name, array in self._arrays.items()}
        self.view = View(
            vectors=shown["vectors"],
            quantised=Quantised(shown["codes"], shown["scales"], shown["code_lengths"], shown["residuals"]),
            columns={name: shown[name] for name in _CODED},
            dictionaries=self._dictionaries,
            labels=shown["labels"],
            alive=alive,
        )


def _stacked(products: Sequence[IndexedProduct]) -> npt.NDArray[np.float32]:
    rows = [np.asarray(v, dtype=np.float32) for p in products for v in p.vectors]
    for row in rows:
        if row.shape != (EMBEDDING_DIM,):
            raise ValueError(f"a stored embedding has shape {row.shape}, not ({EMBEDDING_DIM},)")
    stacked = np.stack(rows) if rows else np.empty((0, EMBEDDING_DIM), dtype=np.float32)
    # A comparison with NaN is false.
    if not np.all(np.linalg.norm(stacked, axis=1) <= LONGEST):
        raise ValueError("a stored embedding is not a unit vector")
    return stacked
