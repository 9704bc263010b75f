"""A catalogue in plain Python: the source that engines load from, and the oracle that they are held to."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from placket.domain.filters import Filter
from placket.domain.garments import EMBEDDING_DIM, Embedding
from placket.domain.labels import LabelCondition
from placket.domain.runs import FilterField
from placket.services.ports import Hit, IndexedProduct, Rewound

BUNDLE = "bundle-1"
_STEP = 2.0**23


def exact(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Vectors in whole steps of 2**-23: their dot products are exact in float64, whatever the order of adding."""
    return (np.round(np.asarray(values, dtype=np.float64) * _STEP) / _STEP).astype(np.float32)


def unit(rng: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    """Random unit vectors, ``(*shape, 256)``, in exact steps."""
    rows = rng.standard_normal((*shape, EMBEDDING_DIM))
    return exact(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def one_hot(index: int, value: float = 1.0) -> Embedding:
    row = np.zeros(EMBEDDING_DIM, dtype=np.float32)
    row[index] = value
    return row


@dataclass
class Catalogue:
    """Port ``VectorSource`` over dictionaries. Each change takes the next revision of its service."""

    products: dict[int, dict[str, IndexedProduct]] = field(default_factory=dict)
    bundles: dict[tuple[int, str], str] = field(default_factory=dict)
    revisions: dict[int, int] = field(default_factory=dict)
    calls: list[tuple[int, int]] = field(default_factory=list)
    gates: dict[int, asyncio.Event] = field(default_factory=dict)

    def revision(self, service: int = 1) -> int:
        return self.revisions.get(service, 0)

    def put(
        self,
        product_id: str,
        vectors: Sequence[Embedding],
        fields: Mapping[str, str] | None = None,
        *,
        sha256: str = "",
        labels: Sequence[Sequence[str]] | None = None,
        service: int = 1,
        bundle: str = BUNDLE,
    ) -> int:
        """Add or replace; the service's new revision."""
        labels = [()] * len(vectors) if labels is None else labels
        revision = self.touch(service)
        product = IndexedProduct(product_id, revision, dict(fields or {}), sha256, list(vectors), labels)
        self.products.setdefault(service, {})[product_id] = product
        self.bundles[service, product_id] = bundle
        return revision

    def delete(self, product_id: str, *, service: int = 1) -> int:
        return self.put(product_id, [], service=service)

    def touch(self, service: int = 1) -> int:
        """A revision that no product carries."""
        self.revisions[service] = self.revision(service) + 1
        return self.revisions[service]

    def live(self, service: int, bundle: str) -> list[IndexedProduct]:
        found = self.products.get(service, {})
        return [p for p in found.values() if len(p.vectors) and self.bundles[service, p.product_id] == bundle]

    @asynccontextmanager
    async def held_up(self, service: int = 1) -> AsyncIterator[None]:
        """Calls of ``changes`` made within it wait for its end."""
        self.gates[service] = asyncio.Event()
        try:
            yield
        finally:
            self.gates.pop(service).set()

    async def called(self, times: int) -> None:
        """Returns when ``changes`` has been called so often."""
        while len(self.calls) < times:
            await asyncio.sleep(0)

    async def changes(
        self, service: int, bundle: str, since: int, limit: int, newest: str = ""
    ) -> list[IndexedProduct]:
        self.calls.append((service, since))
        found = sorted(self.products.get(service, {}).values(), key=lambda p: p.revision)
        page = [p for p in found if p.revision > since][:limit]
        known = self.products.get(service, {}).get(newest)
        if self.revision(service) < since or (newest and (known is None or known.revision < since)):
            raise Rewound
        if service in self.gates:
            await self.gates[service].wait()
        return [
            p
            if self.bundles[service, p.product_id] == bundle
            else IndexedProduct(p.product_id, p.revision, p.fields, p.image_sha256, [], [])
            for p in page
        ]

    def expected(
        self,
        query: Embedding,
        *,
        limit: int,
        conditions: Sequence[Filter] = (),
        labels: Sequence[LabelCondition] = (),
        min_cosine: float | None = None,
        exclude: frozenset[str] = frozenset(),
        include_duplicates: bool = True,
        query_sha256: str = "",
        collapse: FilterField | None = None,
        service: int = 1,
        bundle: str = BUNDLE,
    ) -> list[Hit]:
        """What an exact engine answers at the newest revision, the slow and plain way."""
        scored = []
        for product in self.live(service, bundle):
            passes = all(c.holds(product.fields.get(c.field, "")) for c in conditions)
            garments = zip(product.vectors, product.labels, strict=True)
            chosen = [v for v, words in garments if all(c.holds(words) for c in labels)]
            if not passes or not chosen or product.product_id in exclude:
                continue
            rows = np.stack(chosen).astype(np.float64)
            cosine = float(np.clip(rows @ query.astype(np.float64), -1, 1).max())
            if min_cosine is None or cosine >= min_cosine:
                alike = "" if include_duplicates else product.image_sha256
                scored.append((-cosine, product.product_id, product.fields.get(collapse, "") if collapse else alike))
        hits: list[Hit] = []
        seen = set() if collapse else {query_sha256} - {""}
        for negative, product_id, value in sorted(scored):
            if value:
                if value in seen:
                    continue
                seen.add(value)
            hits.append(Hit(product_id, -negative))
        return hits[:limit]
