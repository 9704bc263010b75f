"""Photos under /placket/v1: what is on them, and what looks like it."""

import hashlib
from typing import Any

import httpx
import pytest

from placket.domain.errors import FetchBusy, FetchTimeout
from placket.domain.labels import LabelCondition
from placket.services.ports import Hit
from tests.contract.api.calls import PHOTO, SERVICE, problem, put
from tests.support.memory import MemoryInstallation


@pytest.mark.parametrize("body", ["upload", "form", "json"])
async def test_detect_by_upload_and_by_url(
    bearer: httpx.AsyncClient, installation: MemoryInstallation, body: str
) -> None:
    installation.web.pages[PHOTO] = b"PIC2"
    options: dict[str, Any] = {
        "upload": {"files": {"image": b"PIC2"}},
        "form": {"files": {"url": (None, PHOTO)}},
        "json": {"json": {"url": PHOTO}},
    }[body]
    answer = await bearer.post(f"{SERVICE}/detect?lang=ko", **options)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["width"], found["height"], len(found["items"])) == (400, 300, 2)
    first = found["items"][0]
    assert first.pop("link")
    assert first == {
        "group": "TOP",
        "category": {"id": "shirt", "name": "셔츠", "score": 0.875},
        "box": [0.25, 0.125, 0.75, 0.875],
        "score": 0.9375,
        "tags": first["tags"],
        "colors": [{"hex": "#aa0000", "id": "red", "name": "레드", "share": 0.5}],
    }
    assert [t["attribute"] for t in first["tags"]] == ["colors", "pattern"]
    assert first["tags"][0]["labels"][0]["id"] == "red"


async def test_tag_gives_the_widest(bearer: httpx.AsyncClient) -> None:
    for count in (1, 2):
        answer = await bearer.post(f"{SERVICE}/tag?itemLimit={count}", files={"image": b"PIC3"})
        assert len(answer.json()["items"]) == count
    assert problem(await bearer.post(f"{SERVICE}/tag?itemLimit=5", files={"image": b"PIC3"}))[0] == 400


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"files": {"image": b"no picture"}}, (415, -45040, "InvalidImageFormatException")),
        ({"files": {"image": b"PIC1" + bytes(5_000_000)}}, (413, -45020, "ImageTooLargeException")),
        ({"files": {"image": b"PIC1" + bytes(30_000_000)}}, (413, -45020, "ImageTooLargeException")),
        ({"files": {"image": b"PIC1", "url": (None, PHOTO)}}, (400, -40000, "InvalidParam")),
        ({"files": {"other": b"PIC1"}}, (400, -40000, "InvalidParam")),
        ({"json": {}}, (400, -40000, "InvalidParam")),
        ({"json": {"url": 5}}, (400, -40000, "InvalidParam")),
        ({"json": {"url": "ftp://x/"}}, (400, -40000, "InvalidParam")),
        ({"json": {"url": "http://x.example:99/"}}, (422, -45050, "InvalidImageURLException")),
        ({"json": {"url": "http://gone.example/"}}, (422, -45050, "InvalidImageURLException")),
        ({"json": {"url": "http://slow.example/"}}, (422, -45060, "ImageTimeoutError")),
        ({"json": {"url": "http://busy.example/"}}, (429, -40080, "TooManyRequestError")),
        ({"content": b"PIC1"}, (415, -40000, "InvalidParam")),
        ({"content": b"PIC1", "headers": {"content-type": "image/png"}}, (415, -40000, "InvalidParam")),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, (400, -40000, "InvalidParam")),
    ],
)
async def test_photos_that_are_no_good(
    bearer: httpx.AsyncClient, installation: MemoryInstallation, options: dict[str, Any], expected: tuple[int, int, str]
) -> None:
    installation.web.pages["http://slow.example/"] = FetchTimeout("3 s")
    installation.web.pages["http://busy.example/"] = FetchBusy("too many downloads")
    for call in ("detect", "search"):
        assert problem(await bearer.post(f"{SERVICE}/{call}", **options)) == expected
    assert problem(await bearer.post("/placket/v1/services/none/detect", **options))[1] == -42000


async def test_a_photo_without_a_garment(bearer: httpx.AsyncClient) -> None:
    assert (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC0"})).json()["items"] == []
    answer = await bearer.post(f"{SERVICE}/search", files={"image": b"PIC0"})
    assert problem(answer) == (422, -45070, "NoDetectedFashionItems")
    assert "with box" in answer.json()["detail"]


async def test_search_by_upload(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    await put(bearer, "b", name="B", image_url="http://x.example/b.png", category2_id="9")
    installation.engine.hits = [Hit("b", 0.5), Hit("gone", 0.25)]
    query = "limit=7&minSimilarity=0.6&includeDuplicates=false&fields=name,%20image_url,categories&filter.s1=!equal:a,b"
    answer = await bearer.post(f"{SERVICE}/search?{query}", files={"image": b"PIC1"})
    body = answer.json()
    assert body["garment"]["category"]["id"] == "shirt"
    assert body["items"] == [
        {
            "product_id": "b", "similarity": 0.75, "name": "B", "image_url": "http://x.example/b.png",
            "category1_id": "7", "category2_id": "9", "category3_id": "",
        },
        {
            "product_id": "gone", "similarity": 0.625, "name": "", "image_url": "",
            "category1_id": "", "category2_id": "", "category3_id": "",
        },
    ]  # fmt: skip
    asked = installation.engine.asked[0]
    assert (asked["limit"], asked["include_duplicates"], asked["query_sha256"]) == (
        7,
        False,
        hashlib.sha256(b"PIC1").hexdigest(),
    )
    assert [(c.field, c.values, c.negated) for c in asked["conditions"]] == [("s1", ("a", "b"), True)]


async def test_search_by_url_link_box_and_product(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    installation.web.pages[PHOTO] = b"PIC1"
    installation.engine.hits = [Hit("b", 1.0)]
    expected = [{"product_id": "b", "similarity": 1.0}]
    found = {"items": expected, "bestSimilarity": 1.0}
    assert (await bearer.post(f"{SERVICE}/search", json={"url": PHOTO})).json()["items"] == expected
    boxed = await bearer.post(f"{SERVICE}/search?box=0,0.25,0.5,1", json={"url": PHOTO})
    assert boxed.json()["garment"]["box"] == [0, 0.25, 0.5, 1]
    link = (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC1"})).json()["items"][0]["link"]
    assert (await bearer.post(f"{SERVICE}/search", json={"link": link})).json() == found
    assert problem(await bearer.post(f"{SERVICE}/search?box=0,0,1,1", json={"link": link}))[0] == 400
    assert problem(await bearer.post(f"{SERVICE}/search", json={"link": link[:-4]}))[0] == 400
    await put(bearer, "a")
    assert (await bearer.get(f"{SERVICE}/products/a/similar")).json() == found
    assert installation.engine.asked[-1]["exclude"] == {"a"}


async def test_why_nothing_is_found(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    """The best that a threshold left out is told; nothing is where no product passes the filters."""
    await put(bearer, "a")
    installation.engine.hits = [Hit("b", 0.5)]
    answer = await bearer.get(f"{SERVICE}/products/a/similar?minSimilarity=0.9")
    assert answer.json() == {"items": [], "bestSimilarity": 0.75}
    by_photo = await bearer.post(f"{SERVICE}/search?minSimilarity=0.9", files={"image": b"PIC1"})
    assert by_photo.json()["bestSimilarity"] == 0.75
    installation.engine.hits = []
    assert (await bearer.get(f"{SERVICE}/products/a/similar?filter.s1=none")).json() == {"items": []}


async def test_which_garment_of_a_product_is_like_it(
    bearer: httpx.AsyncClient, installation: MemoryInstallation
) -> None:
    await bearer.put(f"{SERVICE}/products/worn", files={"image": b"PIC2"}, data={"category1_id": "7"})
    installation.engine.hits = [Hit("worn", 1.0), Hit("gone", 0.5)]
    photo = (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC2"})).json()["items"]
    for place, item in enumerate(photo):
        query = f"{SERVICE}/search?fields=garment,s1&lang=ko"
        worn, gone = (await bearer.post(query, json={"link": item["link"]})).json()["items"]
        assert worn["garment"] == {
            "group": "TOP",
            "category": {"id": "shirt", "name": "셔츠", "score": 0.875},
            "box": item["box"],
            "main": place == 0,
        }
        assert gone == {"product_id": "gone", "similarity": 0.75, "s1": ""}
    found = await bearer.get(f"{SERVICE}/products/worn/similar?fields=garment")
    assert found.json()["items"][0]["garment"]["main"]


async def test_one_product_of_a_value(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    """Asked with a product, the others of its value are left out too; an empty value is none."""
    installation.engine.hits = [Hit("a", 0.5)]
    await put(bearer, "a", s1="design, 1:2", s2="in")
    similar = f"{SERVICE}/products/a/similar?collapse=s1&filter.category1_id=7"
    answer = await bearer.get(f"{similar}&fields=s1,s2")
    assert answer.json()["items"] == [{"product_id": "a", "similarity": 0.75, "s1": "design, 1:2", "s2": "in"}]
    asked = installation.engine.asked[-1]
    assert (asked["collapse"], [(c.field, c.values, c.negated) for c in asked["conditions"]]) == (
        "s1",
        [("category1_id", ("7",), False), ("s1", ("design, 1:2",), True)],
    )
    await put(bearer, "a")
    await bearer.get(similar)
    await bearer.post(f"{SERVICE}/search?collapse=category2_id", files={"image": b"PIC1"})
    assert [(len(a["conditions"]), a["collapse"]) for a in installation.engine.asked[-2:]] == [
        (1, "s1"),
        (0, "category2_id"),
    ]


async def test_what_the_similar_garment_is(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    await put(bearer, "a")
    query = "tag=category:dress,jumpsuit&tag=!pattern:floral&tag=colors:red"
    link = (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC1"})).json()["items"][0]["link"]
    for answer in (
        await bearer.get(f"{SERVICE}/products/a/similar?{query}"),
        await bearer.post(f"{SERVICE}/search?{query}", files={"image": b"PIC1"}),
        await bearer.post(f"{SERVICE}/search?{query}", json={"link": link}),
    ):
        assert answer.status_code == 200
    assert [a["labels"] for a in installation.engine.asked[-3:]] == 3 * [
        (
            LabelCondition(("category:dress", "category:jumpsuit")),
            LabelCondition(("pattern:floral",), negated=True),
            LabelCondition(("colors:red",)),
        )
    ]


async def test_what_it_has_in_common_with_the_garment_that_is_asked_with(
    bearer: httpx.AsyncClient, installation: MemoryInstallation
) -> None:
    await put(bearer, "a")
    query = "same=category,colors,look&tag=!pattern:floral"
    assert (await bearer.get(f"{SERVICE}/products/a/similar?{query}")).status_code == 200
    assert (await bearer.post(f"{SERVICE}/search?{query}", files={"image": b"PIC1"})).status_code == 200
    asked = [a["labels"] for a in installation.engine.asked[-2:]]
    # Of its look nothing is known, so nothing is asked.
    assert asked == 2 * [
        (
            LabelCondition(("pattern:floral",), negated=True),
            LabelCondition(("category:shirt",)),
            LabelCondition(("colors:red",)),
        )
    ]
    correction = {"box": (await bearer.get(f"{SERVICE}/products/a")).json()["garments"][0]["box"], "category": "dress"}
    assert (await bearer.put(f"{SERVICE}/products/a/corrections", json=correction)).status_code == 200
    await bearer.get(f"{SERVICE}/products/a/similar?same=category")
    assert installation.engine.asked[-1]["labels"] == (LabelCondition(("category:dress",)),)
    link = (await bearer.post(f"{SERVICE}/detect", files={"image": b"PIC1"})).json()["items"][0]["link"]
    refused = await bearer.post(f"{SERVICE}/search?same=category", json={"link": link})
    assert problem(refused) == (400, -40000, "InvalidParam")


async def test_the_garment_shown_is_one_that_was_asked_for(
    bearer: httpx.AsyncClient, installation: MemoryInstallation
) -> None:
    """Also where another of the product's is nearer to the query."""
    await bearer.put(f"{SERVICE}/products/worn", files={"image": b"PIC2"})
    installation.engine.hits = [Hit("worn", 0.5)]
    _, other = (await bearer.get(f"{SERVICE}/products/worn")).json()["garments"]
    correction = {"box": other["box"], "category": "dress"}
    assert (await bearer.put(f"{SERVICE}/products/worn/corrections", json=correction)).status_code == 200
    for category, main in (("dress", False), ("shirt", True), ("!dress", True)):
        tag = f"!category:{category[1:]}" if category.startswith("!") else f"category:{category}"
        found = await bearer.get(f"{SERVICE}/products/worn/similar?fields=garment&tag={tag}")
        assert found.json()["items"][0]["garment"]["main"] is main


@pytest.mark.parametrize(
    "query",
    ["tag=red", "tag=", "tag=colors:", "tag=price:3", "tag=colors:red,toga", "&".join(21 * ["tag=colors:red"]),
     "same=colour", "same=category,", "same=category,price",
     "limit=0", "limit=201", "minSimilarity=0", "minSimilarity=1.1", "minSimilarity=nan", "includeDuplicates=perhaps",
     "collapse=name", "collapse=", "collapse=s1&includeDuplicates=false", "fields=price", "filter.x=1",
     "filter.s1=a:b", "filter.s1=%ff", "box=0,0,1", "box=0,0,0,1", "box=0,0,nan,1",
     "box=-1,0,1,1", "lang=fr"],
)  # fmt: skip
async def test_bad_searches(bearer: httpx.AsyncClient, query: str) -> None:
    answer = await bearer.post(f"{SERVICE}/search?{query}", files={"image": b"PIC1"})
    assert problem(answer) == (400, -40000, "InvalidParam")
