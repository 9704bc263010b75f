"""Parameters that a call under /placket/v1 does not have are refused, not ignored."""

import httpx
import pytest

from placket.domain.filters import Between, Condition
from tests.contract.api.calls import SERVICE, problem, put
from tests.support.memory import MemoryInstallation


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "products/a/similar?threshold=0.9",
            "threshold is no parameter of this call, which takes limit, minSimilarity",
        ),
        ("products/a/similar?limit=2&limit=5", "limit was given 2 times"),
        ("products/a/similar?minsimilarity=0.9", "minsimilarity is no parameter"),
        ("products/a/similar?filter.price=9", "filter.price: filters are"),
        ("products?filter.s1=a", "filter.s1 is no parameter of this call, which takes limit, cursor, tag, lang"),
        ("runs?start=0&offset=5", "offset is no parameter"),
        ("?x=1", "x is no parameter of this call, which takes none"),
        ("products?lang=%ff", "not UTF-8"),
    ],
)
async def test_what_a_call_does_not_have(bearer: httpx.AsyncClient, path: str, said: str) -> None:
    await put(bearer, "a")
    answer = await bearer.get(f"{SERVICE}{'' if path[0] == '?' else '/'}{path}")
    assert problem(answer) == (400, -40000, "InvalidParam")
    assert said in answer.json()["detail"]


async def test_a_misspelt_dry_run_indexes_nothing(bearer: httpx.AsyncClient) -> None:
    row = b'{"product_id": "a", "status": "enable", "category1_id": "1", "image_url": "http://x.example/a.png"}'
    answer = await bearer.post(f"{SERVICE}/runs?format=jsonl&dryrun=true", files={"file": row})
    assert problem(answer) == (400, -40000, "InvalidParam")
    assert (await bearer.get(f"{SERVICE}/runs")).json()["total"] == 0


async def test_a_misspelt_column_changes_no_product(bearer: httpx.AsyncClient) -> None:
    await put(bearer, "a", s1="red")
    answer = await put(bearer, "a", s1="blue", categori2_id="9")
    assert problem(answer) == (400, -40000, "InvalidParam")
    assert "category2_id" in answer.json()["detail"] and "; it has 'categori2_id'" in answer.json()["detail"]
    assert (await bearer.get(f"{SERVICE}/products/a")).json()["s1"] == "red"


async def test_a_service_has_a_name_alone(bearer: httpx.AsyncClient) -> None:
    answer = await bearer.post("/placket/v1/services", json={"name": "second", "documents": 5})
    assert problem(answer) == (400, -40000, "InvalidParam")
    assert "documents" in answer.json()["detail"]
    assert (await bearer.get("/placket/v1/services/second")).status_code == 404


async def test_lists_and_filters_may_be_given_several_times(
    bearer: httpx.AsyncClient, installation: MemoryInstallation
) -> None:
    await put(bearer, "a")
    assert (await bearer.get(f"{SERVICE}/products?tag=group:TOP&tag=category:shirt")).status_code == 200
    assert (await bearer.get(f"{SERVICE}/products/a/similar?filter.s1=a&filter.s1=!equal:b")).status_code == 200
    assert len(installation.engine.asked[-1]["conditions"]) == 2


async def test_a_range_of_prices(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    await put(bearer, "a")
    similar = f"{SERVICE}/products/a/similar"
    assert (await bearer.get(f"{similar}?filter.s1=between:20,50&filter.s1=!equal:30")).status_code == 200
    wanted = (Between("s1", 20, 50), Condition("s1", ("30",), negated=True))
    assert installation.engine.asked[-1]["conditions"] == wanted
    answer = await bearer.get(f"{similar}?filter.s1=between:50,20")
    assert problem(answer) == (400, -40000, "InvalidParam")
    assert "the lower one comes first" in answer.json()["detail"]


async def test_the_key_comes_first(http: httpx.AsyncClient, shop: str) -> None:
    assert problem(await http.get(f"{SERVICE}?x=1"))[0] == 401
    assert problem(await http.get("/placket/v1/admin/keys?x=1"))[0] == 401
    http.headers["Authorization"] = f"Bearer {MemoryInstallation.admin_token}"
    assert problem(await http.get("/placket/v1/admin/keys?x=1"))[0] == 400
