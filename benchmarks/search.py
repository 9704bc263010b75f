"""The memory search engine at full size, beside faiss (flat and HNSW) in the same run.

    python benchmarks/search.py                        # 100,000 documents, 150,000 vectors
    python benchmarks/search.py --documents 5000

Vectors are clustered: unit-length centres with unequal weights, each with a low-dimensional spread of its own and a
little noise, so that near neighbours mean something. Every answer of the engine is checked against faiss' flat index,
and where float32 cannot decide, against float64. Prints a table and writes JSON (by default below ``.work/``).
"""

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import psutil
from rich.console import Console
from rich.table import Table

from placket.domain.filters import Condition
from placket.domain.labels import LabelCondition, parse_labels, vocabulary
from placket.search import MemorySearch
from placket.services.ports import Hit, IndexedProduct

DIM = 256
BUNDLE = "benchmark"
LIMIT = 100


@dataclass(frozen=True)
class Narrowed:
    """What narrows a search: fields of the product, labels of the garment."""

    conditions: tuple[Condition, ...] = ()
    labels: tuple[LabelCondition, ...] = ()


FILTERS = {
    "100%": Narrowed(),
    "1%": Narrowed((Condition("s1", ("one in a hundred",)),)),
    "0.01%": Narrowed((Condition("s2", ("one in ten thousand",)),)),
    "0.04%, tags": Narrowed(labels=parse_labels(["category:dress,skirt", "colors:red", "!pattern:floral"])),
}


def clustered(rng: np.random.Generator, rows: int) -> npt.NDArray[np.float32]:
    """``(rows, 256)`` unit vectors of 400 clusters; a cluster spreads along 12 directions of its own."""
    weights = rng.dirichlet(np.full(400, 0.5))
    of_row = rng.choice(400, rows, p=weights)
    centres = rng.standard_normal((400, DIM)) / np.sqrt(DIM)
    result = np.empty((rows, DIM), dtype=np.float32)
    for cluster in range(400):
        members = np.flatnonzero(of_row == cluster)
        directions = rng.standard_normal((12, DIM)) / np.sqrt(12 * DIM)
        spread = rng.standard_normal((len(members), 12)) @ directions
        noise = rng.standard_normal((len(members), DIM)) / np.sqrt(DIM)
        result[members] = centres[cluster] + 0.6 * spread + 0.25 * noise
    return result / np.linalg.norm(result, axis=1, keepdims=True)


@dataclass
class Source:
    """Port ``VectorSource`` over a list of products; a changed product moves to the end."""

    products: list[IndexedProduct]

    @property
    def revision(self) -> int:
        return self.products[-1].revision

    def latest(self) -> list[IndexedProduct]:
        return list({p.product_id: p for p in self.products}.values())

    async def changes(
        self, service: int, bundle: str, since: int, limit: int, newest: str = ""
    ) -> list[IndexedProduct]:
        # Revisions are 1, 2, 3 ... by position; a product's older places in a page are replaced by its latest one.
        return self.products[since if since > 0 else 0 :][:limit]

    def change(self, product: IndexedProduct, vectors: npt.NDArray[np.float32]) -> None:
        self.products.append(
            IndexedProduct(
                product.product_id,
                self.revision + 1,
                product.fields,
                product.image_sha256,
                list(vectors),
                product.labels,
            )
        )


def catalogue(rng: np.random.Generator, documents: int, vectors: npt.NDArray[np.float32]) -> Source:
    """Documents with one vector each, and the vectors that are left spread over the first of them."""
    extra = len(vectors) - documents
    products, used = [], 0
    dice = rng.random((documents, 2))
    for number in range(documents):
        count = 2 if number < extra else 1
        fields = {
            "category1_id": f"c{number % 20}",
            "s1": "one in a hundred" if dice[number, 0] < 0.01 else "",
            "s2": "one in ten thousand" if number == 0 or dice[number, 1] < 0.0001 else "",
        }
        rows = list(vectors[used : used + count])
        words = [labels_of(chances) for chances in rng.random((count, len(vocabulary())))]
        products.append(IndexedProduct(f"product-{number:06}", number + 1, fields, f"{number:064x}", rows, words))
        used += count
    return Source(products)


def labels_of(chances: npt.NDArray[np.float64]) -> list[str]:
    """A label of everything that can be asked of a garment, the first ones more often."""
    known = vocabulary().items()
    return [f"{a}:{v[int(len(v) * chance**2)]}" for (a, v), chance in zip(known, chances, strict=True)]


class Truth:
    """Rows of a catalogue, and faiss' flat index over them."""

    def __init__(self, products: list[IndexedProduct]) -> None:
        self.products = products
        self.rows = np.concatenate([np.stack(p.vectors) for p in products]).astype(np.float32)
        self.product_of = np.repeat(np.arange(len(products)), [len(p.vectors) for p in products])
        self.flat = faiss.IndexFlatIP(DIM)
        self.flat.add(self.rows)

    def hnsw(self) -> Any:
        index = faiss.IndexHNSWFlat(DIM, 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 100
        index.add(self.rows)
        return index

    def passing(self, narrowed: Narrowed) -> npt.NDArray[np.bool_]:
        """Rows that pass."""
        product = [
            all((p.fields[c.field] in c.values) is not c.negated for c in narrowed.conditions) for p in self.products
        ]
        garment = [all(c.holds(words) for c in narrowed.labels) for p in self.products for words in p.labels]
        return np.array(product)[self.product_of] & np.array(garment)

    def exact(self, query: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> list[str]:
        """Product ids of the true top 100: faiss' flat scores choose, float64 decides what float32 cannot."""
        selector = faiss.IDSelectorBatch(np.flatnonzero(mask))
        wanted = min(4 * LIMIT, int(mask.sum()))
        scores, rows = self.flat.search(query[None], wanted, params=faiss.SearchParameters(sel=selector))
        best: dict[int, float] = {}
        for row in rows[0]:
            cosine = float(self.rows[row].astype(np.float64) @ query.astype(np.float64))
            product = int(self.product_of[row])
            best[product] = max(best.get(product, -2.0), cosine)
        ranked = sorted((-cosine, self.products[p].product_id) for p, cosine in best.items())
        if len(ranked) >= LIMIT and wanted == 4 * LIMIT:
            assert -ranked[LIMIT - 1][0] > float(scores[0][-1]) + 1e-4, "too few rows of faiss to decide"
        return [product_id for _, product_id in ranked[:LIMIT]]

    def products_of(self, rows: npt.NDArray[np.int64]) -> list[str]:
        return list(dict.fromkeys(self.products[self.product_of[r]].product_id for r in rows if r >= 0))[:LIMIT]


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50_ms": round(float(np.percentile(seconds, 50)) * 1e3, 3),
        "p99_ms": round(float(np.percentile(seconds, 99)) * 1e3, 3),
    }


async def timed(
    queries: npt.NDArray[np.float32], search: Callable[[npt.NDArray[np.float32]], Awaitable[Any]]
) -> tuple[list[float], list[Any]]:
    seconds, answers = [], []
    for query in queries:
        start = time.perf_counter()
        answers.append(await search(query))
        seconds.append(time.perf_counter() - start)
    return seconds, answers


def searcher(
    engine: MemorySearch, source: Source, narrowed: Narrowed
) -> Callable[[npt.NDArray[np.float32]], Awaitable[list[Hit]]]:
    """A search at the newest revision there is."""

    def search(query: npt.NDArray[np.float32]) -> Awaitable[list[Hit]]:
        conditions, labels = narrowed.conditions, narrowed.labels
        return engine.search(1, BUNDLE, source.revision, query, limit=LIMIT, conditions=conditions, labels=labels)

    return search


def share_exact(truth: Truth, narrowed: Narrowed, queries: npt.NDArray[np.float32], answers: list[list[Hit]]) -> float:
    """Of the answers, those that are the true one to the last product and place."""
    mask = truth.passing(narrowed)
    right = [
        [h.product_id for h in hits] == truth.exact(query, mask) for query, hits in zip(queries, answers, strict=True)
    ]
    return sum(right) / len(right)


async def measure_engine(
    engine: MemorySearch, source: Source, truth: Truth, queries: npt.NDArray[np.float32]
) -> list[dict[str, Any]]:
    results = []
    for name, narrowed in FILTERS.items():
        search = searcher(engine, source, narrowed)
        await timed(queries[:5], search)
        before = engine.statistics()
        seconds, answers = await timed(queries, search)
        after = engine.statistics()
        paths = {p: getattr(after, p) - getattr(before, p) for p in ("empty", "gathered", "int8", "full")}
        results.append(
            {
                "engine": "placket memory",
                "filter": name,
                "rows": int(truth.passing(narrowed).sum()),
                **percentiles(seconds),
                "recall": share_exact(truth, narrowed, queries, answers),
                "paths": paths,
                "scored_rows": round((after.scored_rows - before.scored_rows) / len(queries), 1),
            }
        )
    return results


async def measure_during_writes(
    engine: MemorySearch, source: Source, queries: npt.NDArray[np.float32], per_second: float
) -> list[dict[str, Any]]:
    """The same searches while documents change; ``recall`` is that of the same queries once the changes stop.

    A changed document gets its own vectors again or those of its neighbour in the list.
    """
    results: list[dict[str, Any]] = []
    stop = asyncio.Event()
    documents = source.latest()
    start = len(source.products)

    async def feeder() -> None:
        dice = np.random.default_rng(9)
        while not stop.is_set():
            number = int(dice.integers(len(documents)))
            other = (number + int(dice.integers(2))) % len(documents)
            source.change(documents[number], np.stack(documents[other].vectors))
            await asyncio.sleep(1 / per_second)

    feeding = asyncio.create_task(feeder())
    for name, narrowed in FILTERS.items():
        written, began = len(source.products), time.perf_counter()
        seconds, _ = await timed(queries, searcher(engine, source, narrowed))
        rate = (len(source.products) - written) / (time.perf_counter() - began)
        row = {"engine": "placket memory, during writes", "filter": name, "writes_per_s": round(rate)}
        results.append({**row, **percentiles(seconds)})
    stop.set()
    await feeding
    truth = Truth(source.latest())
    for row, narrowed in zip(results, FILTERS.values(), strict=True):
        _, answers = await timed(queries, searcher(engine, source, narrowed))
        row["recall"] = share_exact(truth, narrowed, queries, answers)
        row["changed_documents"] = len(source.products) - start
    return results


async def measure_clients(
    engine: MemorySearch, source: Source, queries: npt.NDArray[np.float32], clients: int
) -> dict[str, Any]:
    """Several clients, each asking one query after another."""
    seconds: list[float] = []

    async def client(number: int) -> None:
        mine, _ = await timed(
            np.roll(queries, number, axis=0),
            searcher(engine, source, Narrowed()),
        )
        seconds.extend(mine)

    start = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    rate = len(seconds) / (time.perf_counter() - start)
    return {
        "engine": f"placket memory, {clients} clients",
        "filter": "100%",
        "queries_per_s": round(rate),
        **percentiles(seconds),
    }


def measure_faiss(truth: Truth, hnsw: Any, queries: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
    results = []
    # Rows enough for 100 products of at most two garments each.
    rows_wanted = min(2 * LIMIT, len(truth.rows))
    for name, narrowed in FILTERS.items():
        mask = truth.passing(narrowed)
        selector = None if mask.all() else faiss.IDSelectorBatch(np.flatnonzero(mask))
        exact = [truth.exact(q, mask) for q in queries]
        for engine, index, options in (
            ("faiss flat", truth.flat, {}),
            ("faiss HNSW ef=100", hnsw, {"efSearch": 100}),
            ("faiss HNSW ef=400", hnsw, {"efSearch": 400}),
        ):
            kind = faiss.SearchParametersHNSW if options else faiss.SearchParameters
            parameters = kind(sel=selector, **options) if selector is not None or options else None
            seconds, found = [], []
            for query in queries:
                start = time.perf_counter()
                _, rows = index.search(query[None], rows_wanted, params=parameters)
                seconds.append(time.perf_counter() - start)
                found.append(truth.products_of(rows[0]))
            shares = [len(set(f) & set(e)) / len(e) for f, e in zip(found, exact, strict=True) if e]
            recall = round(float(np.mean(shares)), 4)
            results.append({"engine": engine, "filter": name, **percentiles(seconds), "recall": recall})
    return results


def machine() -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "faiss": faiss.__version__,
        "faiss_threads": faiss.omp_get_max_threads(),
    }


def show(report: dict[str, Any]) -> None:
    table = Table(title=f"{report['documents']:,} documents, {report['vectors']:,} vectors, top {LIMIT} products")
    columns = ("engine", "filter", "p50_ms", "p99_ms", "recall", "scored_rows", "writes_per_s", "queries_per_s")
    for column in columns:
        table.add_column(column, justify="left" if column in ("engine", "filter") else "right")
    for row in report["results"]:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    console = Console(width=140)
    console.print(table)
    console.print({k: v for k, v in report.items() if k != "results"})


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    faiss.omp_set_num_threads(arguments.faiss_threads)
    rng = np.random.default_rng(arguments.seed)
    report: dict[str, Any] = {"machine": machine()}
    vectors = clustered(rng, arguments.documents * 3 // 2 + arguments.queries)
    # Queries are photos of the same clusters that are not in the catalogue.
    vectors, queries = vectors[: -arguments.queries], vectors[-arguments.queries :]
    source = catalogue(rng, arguments.documents, vectors)
    engine = MemorySearch(source, 2**31)
    memory, start = psutil.Process().memory_info().rss, time.perf_counter()
    await engine.search(1, BUNDLE, source.revision, queries[0], limit=LIMIT)
    report |= {
        "documents": len(source.products),
        "vectors": len(vectors),
        "load_s": round(time.perf_counter() - start, 2),
        "memory_mb": round(engine.statistics().memory_bytes / 1e6, 1),
        "memory_grown_mb": round((psutil.Process().memory_info().rss - memory) / 1e6, 1),
    }
    truth = Truth(source.latest())
    start = time.perf_counter()
    hnsw = truth.hnsw()
    report["hnsw_build_s"] = round(time.perf_counter() - start, 2)
    report["results"] = await measure_engine(engine, source, truth, queries)
    report["results"].append(await measure_clients(engine, source, queries, arguments.clients))
    report["results"] += measure_faiss(truth, hnsw, queries)
    report["results"] += await measure_during_writes(engine, source, queries, arguments.writes_per_second)
    await engine.aclose()
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--writes-per-second", type=float, default=200)
    parser.add_argument("--faiss-threads", type=int, default=1, help="one, as one search of the engine uses one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(".work/search-benchmark.json"))
    arguments = parser.parse_args()
    report = asyncio.run(run(arguments))
    show(report)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=2) + "\n")
    wrong = [r for r in report["results"] if r["engine"].startswith("placket") and r.get("recall", 1) != 1]
    if wrong:
        raise SystemExit(f"not exact: {wrong}")


if __name__ == "__main__":
    main()
