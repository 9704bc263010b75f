"""Every call of the AI Fashion guide, field for field."""

import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest

from placket.domain.garments import Analysis
from placket.services.links import LinkSigner
from placket.services.ports import Hit
from tests.contract.api.conftest import Fashion
from tests.support.memory import SECRET, MemoryInstallation
from tests.support.memory_vision import BUNDLE, garment

OK = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
PHOTO = "https://shop.example/a photo.png"
ENCODED = "https%3A%2F%2Fshop.example%2Fa%20photo.png"


async def put(installation: MemoryInstallation, *products: str) -> None:
    """Documents in the first service."""
    service = next(iter(installation.services.all.values()))
    for product in products:
        from placket.domain.applying import PlannedRow
        from placket.domain.runs import Status

        row = PlannedRow(0, 1, product, Status.ENABLE, {"name": product.upper(), "category1_id": "1"})
        analysis = Analysis(400, 300, (garment(),), BUNDLE, "0f" * 32)
        await installation.documents.put(service, row, analysis, None, 10)


async def test_services_are_created_listed_and_deleted(fashion: Fashion, key: str) -> None:
    assert await fashion("POST", key, "service/my-shop") == {"header": OK}
    assert await fashion("POST", key, "service/second_2") == {"header": OK}
    listed = {"totalCount": 2, "items": [{"serviceID": "my-shop"}, {"serviceID": "second_2"}]}
    assert await fashion("GET", key, "services") == {"header": OK, "data": listed}
    assert await fashion("DELETE", key, "service/my-shop") == {"header": OK}
    informed = {"totalService": 1, "items": [{"service": "second_2", "remainInsertCnt": 24, "documentCnt": 0}]}
    assert await fashion("GET", key, "services", maker=True) == {"header": OK, "data": informed}


async def test_another_project_sees_nothing_of_it(
    fashion: Fashion, shop: str, installation: MemoryInstallation
) -> None:
    stranger = await installation.new_key("other")
    assert (await fashion("GET", stranger, "services"))["data"] == {"totalCount": 0, "items": []}
    assert (await fashion("DELETE", stranger, "service/shop"))["header"]["resultCode"] == -42000
    second = await installation.new_key("second key", project="shop")
    assert (await fashion("GET", second, "services"))["data"]["totalCount"] == 1


async def test_product_search(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    await put(installation, "10/5")
    installation.engine.hits = [Hit("8980335", 0.82468), Hit("b", 0.0)]
    body = await fashion("GET", shop, "service/shop/product/10%2F5?limit=100&filter.s1=equal:1,2")
    assert body == {
        "header": OK,
        "data": {
            "totalCount": 2,
            "query": "productID=10%2F5&limit=100&filter.s1=equal%3A1%2C2",
            "items": [{"similarity": 0.91234, "productID": "8980335"}, {"similarity": 0.5, "productID": "b"}],
        },
    }
    asked = installation.engine.asked[0]
    assert asked["exclude"] == {"10/5"}
    assert [(c.field, c.values, c.negated) for c in asked["conditions"]] == [("s1", ("1", "2"), False)]


async def test_a_threshold_includes_what_equals_it(
    fashion: Fashion, shop: str, installation: MemoryInstallation
) -> None:
    await put(installation, "a")
    installation.engine.hits = [Hit("b", 0.5), Hit("c", 0.49998)]
    body = await fashion("GET", shop, "service/shop/product/a?limit=1&threshold=.75")
    assert body["data"]["items"] == [{"similarity": 0.75, "productID": "b"}]
    installation.engine.hits = [Hit("c", 0.49998)]
    assert (await fashion("GET", shop, "service/shop/product/a?limit=1&threshold=7.5e-1"))["data"]["items"] == []


async def test_detect(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    installation.web.pages[PHOTO] = b"PIC2"
    body = await fashion("GET", shop, f"service/shop/detect?path={ENCODED}")
    first, second = body["data"].pop("items")
    assert body == {"header": OK, "data": {"totalCount": 2, "query": f"path={ENCODED}"}}
    link = first.pop("link")
    assert first == {"center": [0.5, 0.5], "b0": [0.25, 0.125], "b1": [0.75, 0.875], "score": 0.9375}
    assert second["b1"] == [0.6875, 0.875]
    item = LinkSigner(SECRET).read(link, 1)
    assert (item.bundle, item.image_sha256) == (BUNDLE, hashlib.sha256(b"PIC2").hexdigest())
    np.testing.assert_allclose(item.embedding, garment().embedding, atol=1e-6)


async def test_image_search_by_a_detected_link(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    installation.web.pages[PHOTO] = b"PIC1"
    detected = await fashion("GET", shop, f"service/shop/detect?path={ENCODED}")
    link = detected["data"]["items"][0]["link"]
    installation.engine.hits = [Hit("b", 1.0)]
    quoted = link.replace("=", "%3D")
    body = await fashion("GET", shop, f"service/shop/image?limit=5&link={quoted}&threshold=0.5")
    expected = {
        "totalCount": 1,
        "query": f"link={quoted}&limit=5&threshold=0.5",
        "items": [{"similarity": 1.0, "productID": "b"}],
    }
    assert body == {"header": OK, "data": expected}


async def test_nothing_found_is_a_success(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    installation.web.pages[PHOTO] = b"PIC0"
    for call in ("detect", "tag"):
        body = await fashion("GET", shop, f"service/shop/{call}?path={ENCODED}")
        assert body == {"header": OK, "data": {"totalCount": 0, "query": f"path={ENCODED}", "items": []}}


@pytest.mark.parametrize(
    ("lang", "category", "color"),
    [
        ("", "Shirt", "Red"),
        ("&lang=ko", "셔츠", "레드"),
        ("&lang=jp", "シャツ", "レッド"),
        ("&lang=ja", "シャツ", "レッド"),
    ],
)
async def test_tag(
    fashion: Fashion, shop: str, installation: MemoryInstallation, lang: str, category: str, color: str
) -> None:
    installation.web.pages[PHOTO] = b"PIC3"
    body = await fashion("GET", shop, f"service/shop/tag?path={ENCODED}{lang}")
    (item,) = body["data"].pop("items")
    assert body == {"header": OK, "data": {"totalCount": 1, "query": f"path={ENCODED}{lang}"}}
    tags = item.pop("tags")
    assert item == {
        "type": "SHIRT", "center": [0.5, 0.5], "b0": [0.25, 0.125], "b1": [0.75, 0.875], "score": 0.9375,
    }  # fmt: skip
    assert [t["attribute"] for t in tags] == ["category", "color", "pattern"]
    assert tags[0]["labels"][0]["score"] == 0.875
    labels = [t["labels"][0]["label"].casefold() for t in tags]
    assert labels[0] == category.casefold()
    if not lang:
        assert labels[1] == color.casefold()


async def test_tag_gives_the_widest_items(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    installation.web.pages[PHOTO] = b"PIC3"
    body = await fashion("GET", shop, f"service/shop/tag?path={ENCODED}&item_limit=2")
    assert [i["b1"][0] for i in body["data"]["items"]] == [0.75, 0.6875]


async def test_index_and_its_list(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    row = b'{"product_id":"1","status":"disable"}\n'
    files = {"file": ("../x/data.jsonl", row)}
    body = await fashion("POST", shop, "service/shop/index?format=jsonl", maker=True, files=files)
    run_id = str(installation.runs.runs[0][1].id)
    assert body == {"header": OK, "data": {"indexID": run_id}}
    listed = await fashion("GET", shop, "service/shop/indexes?start=0&limit=100", maker=True)
    item = {
        "service": "shop",
        "id": run_id,
        "filename": "data.jsonl",
        "status": "finished",
        "reservedTime": int(datetime(2026, 1, 2, tzinfo=UTC).timestamp()),
        "startTime": 0,
        "finishTime": 0,
        "addCnt": 1,
        "failCnt": 0,
        "deleteCnt": 0,
        "updateCnt": 0,
        "totalCnt": 1,
    }
    assert listed == {"header": OK, "data": {"total": 1, "items": [item]}}
    informed = await fashion("GET", shop, "services", maker=True)
    assert informed["data"]["items"][0]["remainInsertCnt"] == 23
