"""What the log and the figures tell of searches: the rate of empty ones, and nothing of what was asked with."""

import json
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from placket.services.ports import Hit
from tests.contract.api.calls import SERVICE, put
from tests.contract.api.conftest import Fashion
from tests.support.memory import MemoryInstallation


async def figures(http: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Of searches: by name, ``by`` and ``outcome``."""
    found = {}
    for family in text_string_to_metric_families((await http.get("/metrics")).text):
        for sample in family.samples:
            if sample.name in ("placket_searches_total", "placket_search_best_similarity_sum"):
                labels = sample.labels
                found[sample.name, labels["by"], labels.get("outcome", "")] = sample.value
    return found


def searches(lines: list[Any]) -> list[tuple[Any, ...]]:
    return [
        (
            x["service"],
            x["search"],
            x["limit"],
            x["threshold"],
            x["filters"],
            x["tags"] + x["same"],
            x["found"],
            x["best"],
        )
        for x in lines
        if x["event"] == "request" and "search" in x
    ]


async def test_a_search_says_in_the_log_how_it_went(
    bearer: httpx.AsyncClient, fashion: Fashion, shop: str, installation: MemoryInstallation, lines: list[Any]
) -> None:
    await put(bearer, "hush-1")
    installation.engine.hits = [Hit("b", 0.5), Hit("c", 0.25)]
    similar = f"{SERVICE}/products/hush-1/similar"
    await bearer.get(f"{similar}?limit=7&same=category&filter.s2=hush-2&filter.s2=!equal:x&filter.category1_id=7")
    await bearer.post(f"{SERVICE}/search?minSimilarity=0.7", files={"image": b"PIC1"})
    link = (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC1"})).json()["items"][0]["link"]
    await bearer.post(f"{SERVICE}/search?minSimilarity=0.9&tag=!look:street&tag=colors:red,pink", json={"link": link})
    installation.engine.hits = []
    await fashion("GET", shop, "service/shop/product/hush-1?limit=3&filter.s1=hush-3")
    await fashion("GET", shop, "service/shop/image", params={"limit": 200, "link": link})
    assert searches(lines) == [
        ("shop", "product", 7, None, ["category1_id", "s2"], ["category"], 2, 0.75),
        ("shop", "photo", 20, 0.7, [], [], 1, 0.75),
        ("shop", "link", 20, 0.9, [], ["colors", "look"], 0, 0.75),
        ("shop", "product", 3, None, ["s1"], [], 0, None),
        ("shop", "link", 200, None, [], [], 0, None),
    ]
    assert not any(word in json.dumps(lines) for word in ("hush", "street", "pink"))


async def test_what_is_refused_is_no_search(bearer: httpx.AsyncClient, lines: list[Any]) -> None:
    await bearer.get(f"{SERVICE}/products/none/similar")
    await bearer.post(f"{SERVICE}/search", files={"image": b"PIC0"})
    await bearer.get(f"{SERVICE}/products")
    assert searches(lines) == []


async def test_searches_are_counted_by_how_they_went(
    bearer: httpx.AsyncClient, installation: MemoryInstallation
) -> None:
    await put(bearer, "a")
    before = await figures(bearer)
    installation.engine.hits = [Hit("b", 0.5)]
    for least in ("0.5", "0.75", "0.8"):
        await bearer.get(f"{SERVICE}/products/a/similar?minSimilarity={least}")
    await bearer.post(f"{SERVICE}/search", files={"image": b"PIC1"})
    installation.engine.hits = []
    await bearer.get(f"{SERVICE}/products/a/similar")
    grown = {key: value - before.get(key, 0) for key, value in (await figures(bearer)).items()}
    assert {key: value for key, value in grown.items() if value} == {
        ("placket_searches_total", "product", "found"): 2,
        ("placket_searches_total", "product", "below_threshold"): 1,
        ("placket_searches_total", "product", "nothing_passes"): 1,
        ("placket_searches_total", "photo", "found"): 1,
        ("placket_search_best_similarity_sum", "product", ""): pytest.approx(0.75 * 3),
        ("placket_search_best_similarity_sum", "photo", ""): pytest.approx(0.75),
    }
