"""What every search engine must do: subclass :class:`SearchEngineContract` and give it the fixture ``engine``."""

import asyncio
from typing import Any

import numpy as np
import pytest

from placket.domain.filters import Between, Condition
from placket.domain.garments import EMBEDDING_DIM
from placket.domain.labels import parse_labels
from placket.services.ports import Hit, SearchEngine
from tests.contract.search.catalogue import BUNDLE, Catalogue, exact, one_hot, unit


class SearchEngineContract:
    """An engine over ``catalogue``, which a test fills and changes as it likes."""

    @pytest.fixture
    def catalogue(self) -> Catalogue:
        return Catalogue()

    @pytest.fixture
    def engine(self, catalogue: Catalogue) -> SearchEngine:
        raise NotImplementedError

    @staticmethod
    async def check(engine: SearchEngine, catalogue: Catalogue, query: Any, **options: Any) -> list[Hit]:
        """Search at the newest revision and compare with the oracle, cosines to the last bit."""
        hits = await engine.search(1, BUNDLE, catalogue.revision(), query, **options)
        assert hits == catalogue.expected(query, **options)
        return hits

    async def test_a_service_without_documents_has_no_hits(self, engine: SearchEngine) -> None:
        assert await engine.search(1, BUNDLE, 0, one_hot(0), limit=10) == []

    async def test_best_first_each_product_once_by_its_best_garment(
        self, engine: SearchEngine, catalogue: Catalogue
    ) -> None:
        catalogue.put("near", [one_hot(5), one_hot(0, 0.75), one_hot(0, 0.5)])
        catalogue.put("far", [one_hot(0, -1.0)])
        catalogue.put("same", [one_hot(0)])
        hits = await self.check(engine, catalogue, one_hot(0), limit=10)
        assert hits == [Hit("same", 1.0), Hit("near", 0.75), Hit("far", -1.0)]

    async def test_equal_cosines_are_in_order_of_product_id_and_the_limit_cuts_there(
        self, engine: SearchEngine, catalogue: Catalogue
    ) -> None:
        for product_id in ("b", "B", "a10", "a9", "é", "a"):
            catalogue.put(product_id, [one_hot(3)])
        hits = await self.check(engine, catalogue, one_hot(3), limit=4)
        assert [h.product_id for h in hits] == ["B", "a", "a10", "a9"]

    @pytest.mark.parametrize("limit", [1, 7, 99, 100, 101, 1000])
    async def test_as_many_as_asked_for_or_all(self, engine: SearchEngine, catalogue: Catalogue, limit: int) -> None:
        rows = unit(np.random.default_rng(1), 100)
        for number, row in enumerate(rows):
            catalogue.put(f"p{number}", [row])
        assert len(await self.check(engine, catalogue, rows[0], limit=limit)) == min(limit, 100)

    async def test_filters(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        rng = np.random.default_rng(2)
        for number in range(60):
            fields = {"category1_id": "abc"[number % 3], "s1": "" if number % 2 else "x", "s2": str(number % 7)}
            catalogue.put(f"p{number}", list(unit(rng, 2)), fields)
        catalogue.put("bare", [unit(rng)])
        query = unit(rng)
        for conditions, found in (
            ([Condition("category1_id", ("a",))], 20),
            ([Condition("category1_id", ("a", "c"))], 40),
            ([Condition("category1_id", ("a", "c"), negated=True)], 21),
            ([Condition("category1_id", ("a",)), Condition("category1_id", ("b",))], 0),
            ([Condition("s1", ("",))], 31),
            ([Condition("s1", ("",), negated=True)], 30),
            ([Condition("category2_id", ("",))], 61),
            ([Condition("category3_id", ("unheard of",))], 0),
            ([Condition("category3_id", ("unheard of",), negated=True)], 61),
            ([Condition("s2", ("1", "2", "unheard of")), Condition("s1", ("x",))], 9),
        ):
            hits = await self.check(engine, catalogue, query, limit=100, conditions=conditions)
            assert len(hits) == found, conditions

    async def test_numbers_from_one_to_another(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        prices = ["19.99", "20", "20.00 EUR", " 35.5", "50", "50.01", "1,999", "", "many", "-5"]
        for number, price in enumerate(prices):
            catalogue.put(f"p{number}", [one_hot(0)], {"s1": price, "s2": str(number)})
        for conditions, found in (
            ([Between("s1", 20, 50)], ["p1", "p2", "p3", "p4"]),
            ([Between("s1", 50)], ["p4", "p5"]),
            ([Between("s1", high=0)], ["p9"]),
            ([Between("s1", 60, 70)], []),
            ([Between("category1_id")], []),
            ([Between("s1", 20, 50), Condition("s2", ("2",), negated=True), Between("s2", high=3)], ["p1", "p3"]),
        ):
            hits = await self.check(engine, catalogue, one_hot(0), limit=20, conditions=conditions)
            assert [h.product_id for h in hits] == found, conditions
        # Prices that come later count too, those that were there once more.
        catalogue.put("new", [one_hot(0)], {"s1": "21"})
        catalogue.put("p1", [one_hot(0)], {"s1": "19"})
        hits = await self.check(engine, catalogue, one_hot(0), limit=20, conditions=[Between("s1", 20, 50)])
        assert [h.product_id for h in hits] == ["new", "p2", "p3", "p4"]

    async def test_by_what_the_garment_is(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        """A product counts by its garments for which every condition on labels holds, and by no other."""
        shirt, skirt = (
            ["category:shirt", "colors:red", "pattern:solid"],
            ["category:skirt", "colors:blue", "colors:red"],
        )
        catalogue.put("both", [one_hot(0, 0.75), one_hot(0, 0.5)], labels=[shirt, skirt])
        catalogue.put("shirt", [one_hot(0, 0.25)], labels=[shirt], fields={"s1": "x"})
        catalogue.put("told nothing", [one_hot(0)])
        for given, found in (
            (["category:skirt"], [Hit("both", 0.5)]),
            (["category:shirt"], [Hit("both", 0.75), Hit("shirt", 0.25)]),
            (["category:skirt,shirt"], [Hit("both", 0.75), Hit("shirt", 0.25)]),
            (["category:skirt,shirt", "!pattern:solid"], [Hit("both", 0.5)]),
            (["!category:shirt"], [Hit("told nothing", 1.0), Hit("both", 0.5)]),
            (["!category:shirt,skirt"], [Hit("told nothing", 1.0)]),
            (["colors:blue", "pattern:solid"], []),
            (["category:dress"], []),
        ):
            assert await self.check(engine, catalogue, one_hot(0), limit=5, labels=parse_labels(given)) == found, given
        both = {"labels": parse_labels(["category:shirt"]), "conditions": [Condition("s1", ("x",))]}
        assert await self.check(engine, catalogue, one_hot(0), limit=5, **both) == [Hit("shirt", 0.25)]

    async def test_a_word_of_another_version_of_the_taxonomy_does_no_harm(
        self, engine: SearchEngine, catalogue: Catalogue
    ) -> None:
        catalogue.put("p", [one_hot(0)], labels=[["category:toga", "colors:red"]])
        assert len(await self.check(engine, catalogue, one_hot(0), limit=5, labels=parse_labels(["colors:red"]))) == 1

    async def test_excluded_products_do_not_take_a_place(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        for number in range(5):
            catalogue.put(f"p{number}", [one_hot(0), one_hot(1)])
        hits = await self.check(engine, catalogue, one_hot(0), limit=2, exclude=frozenset({"p0", "p2", "unknown"}))
        assert [h.product_id for h in hits] == ["p1", "p3"]

    async def test_the_least_cosine_is_included(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        for number, cosine in enumerate((1.0, 0.5, 0.5 - 2.0**-23, 0.0, -0.5)):
            catalogue.put(f"p{number}", [one_hot(0, cosine)])
        for least, found in ((1.0, 1), (0.5, 2), (0.0, 4), (-1.0, 5), (0.75, 1), (1.5, 0)):
            assert len(await self.check(engine, catalogue, one_hot(0), limit=10, min_cosine=least)) == found

    async def test_duplicates_by_image_hash(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        for number, sha256 in enumerate(["x", "y", "x", "", "", "y", "z"]):
            catalogue.put(f"p{number}", [one_hot(0, 1.0 - number / 8)], sha256=sha256)
        options = {"limit": 10, "include_duplicates": False}
        hits = await self.check(engine, catalogue, one_hot(0), **options)
        assert [h.product_id for h in hits] == ["p0", "p1", "p3", "p4", "p6"]
        hits = await self.check(engine, catalogue, one_hot(0), query_sha256="y", **options)
        assert [h.product_id for h in hits] == ["p0", "p3", "p4", "p6"]
        hits = await self.check(engine, catalogue, one_hot(0), query_sha256="", **options)
        assert len(hits) == 5
        assert len(await self.check(engine, catalogue, one_hot(0), limit=10, query_sha256="y")) == 7

    async def test_a_duplicate_that_is_filtered_out_hides_nothing(
        self, engine: SearchEngine, catalogue: Catalogue
    ) -> None:
        catalogue.put("first", [one_hot(0)], {"s1": "a"}, sha256="x")
        catalogue.put("second", [one_hot(0, 0.5)], {"s1": "b"}, sha256="x")
        options = {"limit": 5, "include_duplicates": False}
        hits = await self.check(engine, catalogue, one_hot(0), conditions=[Condition("s1", ("b",))], **options)
        assert [h.product_id for h in hits] == ["second"]
        hits = await self.check(engine, catalogue, one_hot(0), exclude=frozenset({"first"}), **options)
        assert [h.product_id for h in hits] == ["second"]

    async def test_of_products_with_one_value_the_best_alone(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        for number, design in enumerate(["x", "y", "x", "", "", "y", "z"]):
            catalogue.put(f"p{number}", [one_hot(0, 1.0 - number / 8), one_hot(1)], {"s1": design}, sha256="same")
        hits = await self.check(engine, catalogue, one_hot(0), limit=10, collapse="s1", query_sha256="same")
        assert [h.product_id for h in hits] == ["p0", "p1", "p3", "p4", "p6"]
        hits = await self.check(engine, catalogue, one_hot(0), limit=3, collapse="s1", exclude=frozenset({"p0"}))
        assert [h.product_id for h in hits] == ["p1", "p2", "p3"]
        assert len(await self.check(engine, catalogue, one_hot(0), limit=10, collapse="s2")) == 7

    @pytest.mark.parametrize("limit", [1, 5, 40])
    async def test_few_values_of_many_products(self, engine: SearchEngine, catalogue: Catalogue, limit: int) -> None:
        rng = np.random.default_rng(3)
        for number, row in enumerate(unit(rng, 600)):
            catalogue.put(f"p{number}", [row], {"category1_id": str(number % 5)})
        hits = await self.check(engine, catalogue, unit(rng), limit=limit, collapse="category1_id")
        assert len(hits) == min(limit, 5)

    async def test_changes_are_seen_at_their_revision(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        catalogue.put("a", [one_hot(0), one_hot(1)], {"s1": "old"}, sha256="x")
        catalogue.put("b", [one_hot(1)])
        await self.check(engine, catalogue, one_hot(0), limit=5)
        catalogue.put("a", [one_hot(2)], {"s1": "new"})
        await self.check(engine, catalogue, one_hot(0), limit=5)
        await self.check(engine, catalogue, one_hot(2), limit=5, conditions=[Condition("s1", ("old",))])
        catalogue.delete("a")
        hits = await self.check(engine, catalogue, one_hot(2), limit=5)
        assert [h.product_id for h in hits] == ["b"]
        catalogue.put("a", [one_hot(2)])
        await self.check(engine, catalogue, one_hot(2), limit=5)

    async def test_a_revision_that_no_product_carries_is_reached(
        self, engine: SearchEngine, catalogue: Catalogue
    ) -> None:
        catalogue.put("a", [one_hot(0)])
        catalogue.touch()
        async with asyncio.timeout(5):
            await self.check(engine, catalogue, one_hot(0), limit=5)

    async def test_services_and_bundles_are_apart(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        catalogue.put("one", [one_hot(0)], service=1)
        catalogue.put("other bundle", [one_hot(0)], service=1, bundle="bundle-2")
        catalogue.put("two", [one_hot(0)], service=2)
        for service, bundle, found in ((1, BUNDLE, "one"), (1, "bundle-2", "other bundle"), (2, BUNDLE, "two")):
            hits = await engine.search(service, bundle, catalogue.revision(service), one_hot(0), limit=5)
            assert [h.product_id for h in hits] == [found]

    async def test_forgetting_loads_again(self, engine: SearchEngine, catalogue: Catalogue) -> None:
        catalogue.put("a", [one_hot(0)])
        await self.check(engine, catalogue, one_hot(0), limit=5)
        engine.forget(1)
        engine.forget(1)
        await self.check(engine, catalogue, one_hot(0), limit=5)

    async def test_scores_closer_than_float32_can_tell_are_told_apart(
        self, engine: SearchEngine, catalogue: Catalogue
    ) -> None:
        """3,000 vectors whose cosines to the query lie within 3e-5, by steps down to 2**-46."""
        rng = np.random.default_rng(3)
        base = unit(rng)
        for number in range(3000):
            row = base.astype(np.float64)
            row[rng.integers(EMBEDDING_DIM, size=3)] += rng.integers(-40, 41, 3) * 2.0**-23
            catalogue.put(f"p{number:04}", [exact(row)])
        query = exact(base * 0.9)
        for limit in (1, 10, 100):
            await self.check(engine, catalogue, query, limit=limit)

    @pytest.mark.parametrize("kind", ["identical", "one-hot", "sparse", "tiny", "opposite", "ragged"])
    async def test_awkward_vectors(self, engine: SearchEngine, catalogue: Catalogue, kind: str) -> None:
        rng = np.random.default_rng(4)
        rows = unit(rng, 2500)
        if kind == "identical":
            rows[:] = rows[0]
        elif kind == "one-hot":
            rows = np.stack([one_hot(i % EMBEDDING_DIM) for i in range(len(rows))])
        elif kind == "sparse":
            rows[rng.random(rows.shape) < 0.97] = 0.0
        elif kind == "tiny":
            rows = exact(rows * 2.0**-18)
        elif kind == "opposite":
            rows[::2] = -rows[1::2]
        else:
            # One large element makes the steps of the codes so coarse that all others vanish.
            rows[:, 0] = 1.0
        for number, row in enumerate(rows):
            catalogue.put(f"p{number}", [row])
        for query in (rows[7], unit(rng), one_hot(0), np.zeros(EMBEDDING_DIM, dtype=np.float32)):
            await self.check(engine, catalogue, query, limit=20)
            await self.check(engine, catalogue, query, limit=20, min_cosine=0.25)

    @pytest.mark.parametrize("query", [np.zeros(255), np.zeros((1, 256)), np.full(256, np.nan), np.full(256, np.inf)])
    async def test_a_query_that_is_no_vector_is_refused(self, engine: SearchEngine, query: Any) -> None:
        with pytest.raises(ValueError, match="256 finite numbers"):
            await engine.search(1, BUNDLE, 0, query, limit=1)

    async def test_a_limit_of_none_is_refused(self, engine: SearchEngine) -> None:
        with pytest.raises(ValueError, match="limit"):
            await engine.search(1, BUNDLE, 0, one_hot(0), limit=0)
