"""The memory engine against the oracle, over random histories of a catalogue."""

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import placket.search.find as find_module
from placket.domain.filters import Between, Condition
from placket.domain.garments import EMBEDDING_DIM, Embedding
from placket.domain.labels import LabelCondition
from placket.domain.runs import FILTER_FIELDS
from placket.search import MemorySearch
from placket.search.table import Table
from tests.contract.search.catalogue import BUNDLE, Catalogue, exact, one_hot, unit

OTHER_SERVICE = 2
NAMES = [f"p{i}" for i in range(40)] + ["", "P", "é", "키"]
VALUES = ["", "a", "b", "c:d", "가", "9", "10.5", "-3 EUR"]
HASHES = ["", "h1", "h2", "h3"]
# Of the first, a middle and the last byte of a row's bits; and one that no taxonomy has.
LABELS = ["group:TOP", "category:shirt", "colors:red", "look:street", "category:toga"]


def pool() -> list[Embedding]:
    """Vectors that are hard to tell apart, or hard to code: all in steps of 2**-23, so that the oracle is exact."""
    rng = np.random.default_rng(7)
    centres = unit(rng, 3)
    rows = [*centres, *(-centres), one_hot(0), one_hot(255, -1.0), np.zeros(EMBEDDING_DIM, dtype=np.float32)]
    for centre in centres:
        for size in (2.0**-23, 2.0**-22, 2.0**-12, 2.0**-7):
            for _ in range(3):
                near = centre.copy()
                near[rng.integers(EMBEDDING_DIM)] += np.float32(size)
                rows.append(near)
        rows += [exact(centre + unit(rng) * 0.3), exact(centre * 2.0**-20)]
        spiked = centre.copy()
        spiked[rng.integers(EMBEDDING_DIM)] = 1.0
        sparse = np.where(rng.random(EMBEDDING_DIM) < 0.05, centre, np.float32(0))
        rows += [spiked, sparse, exact(centre + sparse)]
    return rows


POOL = pool()
places = st.integers(0, len(POOL) - 1)
garments = st.lists(st.tuples(places, st.sets(st.sampled_from(LABELS))), min_size=1, max_size=4)
fields = st.dictionaries(st.sampled_from(FILTER_FIELDS), st.sampled_from(VALUES))
ends = st.sampled_from([-3.0, 0.0, 9.0, 10.0, 10.5])
conditions = st.lists(
    st.builds(
        Condition,
        st.sampled_from(FILTER_FIELDS),
        st.lists(st.sampled_from([*VALUES, "unheard of"]), min_size=1, max_size=3).map(tuple),
        st.booleans(),
    )
    | st.builds(Between, st.sampled_from(FILTER_FIELDS), ends, ends),
    max_size=3,
)
labels = st.lists(
    st.builds(LabelCondition, st.lists(st.sampled_from(LABELS[:-1]), min_size=1, max_size=2).map(tuple), st.booleans()),
    max_size=3,
)
options = st.fixed_dictionaries(
    {"limit": st.sampled_from([1, 2, 3, 5, 10, 1000])},
    optional={
        "conditions": conditions,
        "labels": labels,
        "min_cosine": st.sampled_from([-1.0, 0.0, 0.5, 0.95, 1.0]),
        "exclude": st.frozensets(st.sampled_from([*NAMES, "unknown"]), max_size=5),
        "include_duplicates": st.booleans(),
        "query_sha256": st.sampled_from(HASHES),
        "collapse": st.sampled_from(FILTER_FIELDS),
    },
).filter(lambda chosen: chosen.get("include_duplicates", True) or "collapse" not in chosen)


class SearchMachine(RuleBasedStateMachine):
    """One service under test, and another whose copy competes for the memory."""

    def __init__(self) -> None:
        super().__init__()
        self.catalogue = Catalogue()
        self.runner = asyncio.Runner()
        self.engine: MemorySearch | None = None

    @initialize(memory=st.sampled_from([1, 10**9]), page_size=st.sampled_from([1, 2, 3, 7, 100]))
    def start(self, memory: int, page_size: int) -> None:
        self.memory, self.page_size = memory, page_size
        self.restart()

    @rule()
    def restart(self) -> None:
        self.teardown_engine()
        self.engine = MemorySearch(self.catalogue, self.memory, page_size=self.page_size)

    @rule(name=st.sampled_from(NAMES), garments=garments, fields=fields, sha256=st.sampled_from(HASHES))
    def put(self, name: str, garments: list[tuple[int, set[str]]], fields: dict[str, str], sha256: str) -> None:
        words = [sorted(w) for _, w in garments]
        self.catalogue.put(name, [POOL[i] for i, _ in garments], fields, sha256=sha256, labels=words)

    @rule(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60))
    def put_many(self, seed: int, count: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(count):
            rows = [POOL[i] for i in rng.integers(len(POOL), size=rng.integers(1, 5))]
            values = {f: str(rng.choice(VALUES)) for f in FILTER_FIELDS}
            words = [[x for x in LABELS if rng.random() < 0.4] for _ in rows]
            self.catalogue.put(f"q{rng.integers(150)}", rows, values, sha256=str(rng.choice(HASHES)), labels=words)

    @precondition(lambda self: self.catalogue.live(1, BUNDLE))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        names = sorted(p.product_id for p in self.catalogue.live(1, BUNDLE))
        self.catalogue.delete(data.draw(st.sampled_from(names)))

    @rule(name=st.sampled_from(NAMES))
    def lose_its_vectors_of_this_bundle(self, name: str) -> None:
        self.catalogue.put(name, [POOL[0]], bundle="bundle-2")

    @rule()
    def touch(self) -> None:
        self.catalogue.touch()

    @rule()
    def forget(self) -> None:
        self.engine.forget(1)

    @rule(query=places, options=options)
    def search(self, query: int, options: dict[str, Any]) -> None:
        revision = self.catalogue.revision()
        found = self.runner.run(self.engine.search(1, BUNDLE, revision, POOL[query], **options))
        assert found == self.catalogue.expected(POOL[query], **options)

    @rule(query=places)
    def search_elsewhere(self, query: int) -> None:
        self.catalogue.put("other", [POOL[query]], service=OTHER_SERVICE)
        revision = self.catalogue.revision(OTHER_SERVICE)
        self.runner.run(self.engine.search(OTHER_SERVICE, BUNDLE, revision, POOL[query], limit=1))
        assert self.engine.statistics().copies == 1 or self.memory > 1

    def teardown_engine(self) -> None:
        if self.engine is not None:
            self.runner.run(self.engine.aclose())

    def teardown(self) -> None:
        self.teardown_engine()
        self.runner.close()


@pytest.mark.parametrize(("few", "crowd"), [(10**6, 10**6), (10**6, 0), (0, 0), (0, 20)])
def test_every_history_gives_the_oracles_answers(monkeypatch: pytest.MonkeyPatch, few: int, crowd: int) -> None:
    """With every way to find rows: gathered or by codes, narrowed in float32 or not."""
    monkeypatch.setattr(find_module, "FEW", few)
    monkeypatch.setattr(find_module, "CROWD", crowd)
    # Small tables must go through what large ones do: a first choice, and candidates by their bounds.
    monkeypatch.setattr(find_module, "BLOCK", 2)
    monkeypatch.setattr(find_module, "SPARE", 0)
    monkeypatch.setattr(Table, "LEAST_DEAD", 5)
    run_state_machine_as_test(
        SearchMachine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
