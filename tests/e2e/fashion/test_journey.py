"""A shop from its first call to its last: indexed by file and by link, searched, looked at, emptied."""

import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from tests.e2e.fashion.client import FashionClient
from tests.support.server import ImageHost, picture, plain

COLORS = {
    "red": (200, 30, 40),
    "crimson": (190, 40, 50),
    "blue": (30, 40, 200),
    "green": (30, 160, 60),
    "yellow": (230, 200, 40),
    "black": (20, 20, 20),
}


@pytest.fixture
def client(http: httpx.Client, key: str) -> FashionClient:
    return FashionClient(http, key)


@pytest.fixture
def photos(host: ImageHost) -> dict[str, str]:
    return {name: host.put(f"/{name}.png", picture(color)) for name, color in COLORS.items()}


def row(product: str, url: str, **fields: str) -> dict[str, str]:
    return {
        "product_id": product, "status": "enable", "name": product, "category1_id": "1", "category2_id": "",
        "category3_id": "", "image_url": url, "s1": "", "s2": "", **fields,
    }  # fmt: skip


def jsonl(*rows: Any) -> bytes:
    return "".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in rows).encode()


def csv(*rows: dict[str, str]) -> bytes:
    return "".join(",".join(f'"{value}"' for value in r.values()) + "\r\n" for r in rows).encode()


def ids(data: dict[str, Any]) -> list[str]:
    assert data["totalCount"] == len(data["items"])
    similarities = [i["similarity"] for i in data["items"]]
    assert similarities == sorted(similarities, reverse=True)
    assert all(0 <= s <= 1 for s in similarities)
    return [i["productID"] for i in data["items"]]


def counts(entry: dict[str, Any]) -> tuple[int, int, int, int, int]:
    """added, updated, deleted, failed, total; they always add up."""
    found = tuple(entry[f"{name}Cnt"] for name in ("add", "update", "delete", "fail", "total"))
    assert sum(found[:4]) == found[4]
    return found  # type: ignore[return-value]


def test_a_shops_life(client: FashionClient, photos: dict[str, str], host: ImageHost) -> None:
    client.data("POST", "service/shop")
    products = [row(f"p/{name}", url, s1=str(len(name) % 2)) for name, url in photos.items()]
    index_id = client.index("shop", "jsonl", file=("spring.jsonl", jsonl(*products)))
    assert str(UUID(index_id)) == index_id
    entry = client.wait_for("shop", index_id)
    assert counts(entry) == (6, 0, 0, 0, 6)
    assert (entry["service"], entry["filename"], entry["status"]) == ("shop", "spring.jsonl", "finished")
    assert 0 < entry["reservedTime"] <= entry["startTime"] <= entry["finishTime"]

    similar = client.data("GET", "service/shop/product/p%2Fred?limit=200")
    assert similar["query"] == "productID=p%2Fred&limit=200"
    assert ids(similar)[0] == "p/crimson"
    assert sorted(ids(similar)) == sorted(f"p/{name}" for name in COLORS if name != "red")
    filtered = client.data("GET", "service/shop/product/p%2Fred?limit=200&filter.s1=!equal:0")
    assert set(ids(filtered)) == {f"p/{n}" for n in COLORS if len(n) % 2 and n != "red"}
    best = similar["items"][0]["similarity"]
    cut = client.data("GET", f"service/shop/product/p%2Fred?limit=200&threshold={best}")
    assert ids(cut) == ["p/crimson"]

    camera = host.put("/camera.jpg", picture((195, 35, 45), format="JPEG"))
    (item,) = client.data("GET", f"service/shop/detect?path={quote(camera, safe='')}")["items"]
    assert item["b0"] < item["center"] < item["b1"]
    found = client.data("GET", "service/shop/image", params={"link": item["link"], "limit": 2})
    assert set(ids(found)) == {"p/red", "p/crimson"}

    index_id = client.index("shop", "csv", link=(None, host.put("/sale.csv", csv(row("p/blue", photos["green"])))))
    entry = client.wait_for("shop", index_id)
    assert (counts(entry), entry["filename"]) == ((0, 1, 0, 0, 1), "sale.csv")
    similar = client.data("GET", "service/shop/product/p%2Fblue?limit=1")
    assert similar["items"] == [{"similarity": similar["items"][0]["similarity"], "productID": "p/green"}]

    (service,) = client.data("GET", "services", maker=True)["items"]
    assert service == {"service": "shop", "remainInsertCnt": 22, "documentCnt": 6}
    listed = client.data("GET", "service/shop/indexes?start=1&limit=1&order=requestedTime:desc", maker=True)
    assert (listed["total"], [i["filename"] for i in listed["items"]]) == (2, ["spring.jsonl"])
    assert client.data("GET", "service/shop/indexes?start=0&limit=9&status=failed", maker=True)["total"] == 0

    client.data("DELETE", "service/shop")
    assert client.data("GET", "services") == {"totalCount": 0, "items": []}
    client.data("POST", "service/shop")
    assert client.data("GET", "services", maker=True)["items"][0]["documentCnt"] == 0


def test_rows_fail_alone_and_say_why(
    http: httpx.Client, client: FashionClient, photos: dict[str, str], host: ImageHost
) -> None:
    client.data("POST", "service/shop")
    rows = [
        row("good", photos["red"], name="긴 이름 " * 10),
        "",
        "{",
        row("x" * 73, photos["red"]),
        {**row("odd", photos["red"]), "status": "maybe"},
        row("missing", host.url("/missing.png")),
        row("plain", host.put("/plain.png", plain())),
        row("html", host.put("/page.png", b"<html>")),
        row("good", photos["blue"], s2="second"),
        {"product_id": "unknown", "status": "disable"},
        row("gone", photos["green"]),
        {"product_id": "gone", "status": "disable"},
    ]
    index_id = client.index("shop", "jsonl", file=jsonl(*rows))
    assert counts(client.wait_for("shop", index_id)) == (2, 1, 1, 8, 12)
    headers = {"Authorization": f"Bearer {client.key}"}
    answer = http.get(f"/placket/v1/services/shop/runs/{index_id}/rows?outcome=failed", headers=headers)
    reasons = {r["line"]: r["reason"] for r in answer.json()["items"]}
    assert reasons == {
        2: "InvalidRow",
        3: "InvalidRow",
        4: "InvalidRow",
        5: "InvalidRow",
        6: "InvalidImageURLException",
        7: "NoDetectedFashionItems",
        8: "InvalidImageFormatException",
        10: "NotFoundProductId",
    }
    assert client.data("GET", "services", maker=True)["items"][0]["documentCnt"] == 1
    product = http.get("/placket/v1/services/shop/products/good", headers=headers).json()
    assert (product["s2"], product["image_url"]) == ("second", photos["blue"])


def test_a_run_of_which_nothing_comes(client: FashionClient, host: ImageHost) -> None:
    client.data("POST", "service/shop")
    index_id = client.index("shop", "csv", file=csv(row("a", host.url("/missing.png"))))
    entry = client.wait_for("shop", index_id)
    assert (entry["status"], counts(entry)) == ("failed", (0, 0, 0, 1, 1))


def test_an_item_of_twenty_pixels_is_too_small(client: FashionClient, host: ImageHost) -> None:
    """The tiny bundle's item is 0.6 of the picture's width, and lower than wide."""
    client.data("POST", "service/shop")
    for side, expected in ((33, 0), (34, 1)):
        url = host.put(f"/{side}.png", picture(size=(side, side)))
        for call in ("detect", "tag"):
            assert client.data("GET", f"service/shop/{call}?path={url}")["totalCount"] == expected, (side, call)


def test_tags_in_every_language(client: FashionClient, host: ImageHost) -> None:
    client.data("POST", "service/shop")
    url = host.put("/tall.png", picture(size=(160, 240)))
    answers = {
        lang: client.data("GET", f"service/shop/tag?path={url}&item_limit=4&lang={lang}")
        for lang in ("en", "ko", "jp", "ja", "zh")
    }
    assert client.data("GET", f"service/shop/tag?path={url}&item_limit=4")["items"] == answers["en"]["items"]
    assert answers["jp"]["items"] == answers["ja"]["items"]
    assert answers["en"]["totalCount"] == 2
    widths = [i["b1"][0] - i["b0"][0] for i in answers["en"]["items"]]
    assert widths == sorted(widths, reverse=True)
    for answer in answers.values():
        for item, english in zip(answer["items"], answers["en"]["items"], strict=True):
            assert (item["type"], item["b0"], item["score"]) == (english["type"], english["b0"], english["score"])
            assert [t["attribute"] for t in item["tags"]] == [t["attribute"] for t in english["tags"]]
            assert item["tags"][0]["attribute"] == "category"
    labels = {lang: answer["items"][0]["tags"][0]["labels"][0]["label"] for lang, answer in answers.items()}
    assert len(set(labels.values())) == 4


def test_deleting_a_service_stops_its_runs(client: FashionClient, photos: dict[str, str]) -> None:
    client.data("POST", "service/shop")
    client.index("shop", "jsonl", file=jsonl(*(row(f"p{n}", photos["red"]) for n in range(500))))
    client.data("DELETE", "service/shop")
    client.data("POST", "service/shop")
    assert client.data("GET", "service/shop/indexes?start=0&limit=1", maker=True) == {"total": 0, "items": []}
    index_id = client.index("shop", "jsonl", file=jsonl(row("a", photos["blue"])))
    assert counts(client.wait_for("shop", index_id)) == (1, 0, 0, 0, 1)
    assert client.data("GET", "services", maker=True)["items"][0]["documentCnt"] == 1
