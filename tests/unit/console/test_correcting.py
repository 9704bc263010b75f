"""Products found by their tags, tags corrected, and how the server answers."""

import html
import re
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from placket.console.charts import calls, daily_rows, in_words, latency, minute_rows
from placket.console.choices import correction_form, read_correction
from placket.console.words import LANGUAGES, Words
from placket.domain.corrections import Correction
from placket.domain.garments import Label
from placket.domain.taxonomy import LENGTHS_OF_TOPS
from placket.services.traffic import Minute
from tests.support.memory import MemoryInstallation
from tests.support.memory_vision import garment
from tests.unit.console.conftest import Browser
from tests.unit.console.test_pages import put

BOX = "0.25,0.125,0.75,0.875"
PRODUCT = "/services/shoes/product"
AS_SEEN = {"category": "shirt", "tag.colors": "red", "tag.pattern": "solid"}


def fields(page: str) -> dict[str, str]:
    """What the first garment's form would send as it is."""
    form = re.search(
        r'<form method="post" action="[^"]+/product/correct" class="filters">(.*?)</form>', page, re.DOTALL
    )
    assert form
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[1]))
    for name, options in re.findall(r'<select name="([^"]+)">(.*?)</select>', form[1], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    found.update(re.findall(r'<input type="checkbox" name="([^"]+)" value="([^"]*)" checked>', form[1]))
    return {name: html.unescape(value) for name, value in found.items()}


async def caller_of(installation: MemoryInstallation) -> Any:
    return await installation.parts.keys.authenticate(await installation.new_key("reader", "shop"))


async def test_a_form_sent_as_it_is_corrects_nothing(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, "p")
    form = fields((await admin.get(PRODUCT, params={"id": "p"})).text)
    assert {k: v for k, v in form.items() if v and k not in ("csrf", "id", "box")} == AS_SEEN
    answer = await admin.post(f"{PRODUCT}/correct", form)
    assert answer.headers["location"] == "/console/services/shoes/product?id=p#garment-0"
    document = await installation.parts.catalogue.product(await caller_of(installation), "shoes", "p")
    assert not document.corrected


async def test_a_tag_is_corrected_shown_and_given_back(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, "a/ü&b")
    form = fields((await admin.get(PRODUCT, params={"id": "a/ü&b"})).text)
    sent = {**form, "category": "blouse", "tag.pattern": "floral", "tag.neckline": "v_neck"}
    saved = await admin.post(f"{PRODUCT}/correct", sent)
    assert saved.status_code == 303
    assert parse_qs(urlsplit(saved.headers["location"]).query) == {"id": ["a/ü&b"]}
    page = (await admin.get(PRODUCT, params={"id": "a/ü&b"})).text
    assert page.count("corrected</span>") == 3
    now = fields(page)
    assert (now["category"], now["tag.pattern"], now["tag.neckline"]) == ("blouse", "floral", "v_neck")
    document = await installation.parts.catalogue.product(await caller_of(installation), "shoes", "a/ü&b")
    assert document.corrected[0].correction == Correction(
        garment().box, "blouse", {"pattern": ("floral",), "neckline": ("v_neck",)}
    )
    # What is put back as it was seen is no correction any more.
    await admin.post(f"{PRODUCT}/correct", {**now, "category": "shirt", "tag.neckline": ""})
    document = await installation.parts.catalogue.product(await caller_of(installation), "shoes", "a/ü&b")
    assert document.corrected[0].correction == Correction(garment().box, None, {"pattern": ("floral",)})
    given_back = {"id": "a/ü&b", "box": form["box"]}
    assert (await admin.post(f"{PRODUCT}/correct/forget", given_back)).status_code == 303
    assert "corrected</span>" not in (await admin.get(PRODUCT, params={"id": "a/ü&b"})).text


async def test_no_label_left_is_shown_as_corrected(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, "p")
    form = fields((await admin.get(PRODUCT, params={"id": "p"})).text)
    form.pop("tag.colors")
    await admin.post(f"{PRODUCT}/correct", {**form, "tag.pattern": ""})
    page = (await admin.get(PRODUCT, params={"id": "p"})).text
    assert re.search(r'Colour <span class="badge">corrected</span></dt>\s*<dd><span class="name">–', page)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"box": "0.9,0.9,1,1"}, 400),
        ({"box": "a,b,c,d"}, 400),
        ({"box": "nan,0,1,1"}, 400),
        ({"box": ""}, 400),
        ({"category": "gown"}, 400),
        ({"tag.pattern": "red"}, 400),
        ({"id": "missing"}, 404),
        ({"id": ""}, 404),
        ({"csrf": "x"}, 403),
    ],
)
async def test_what_is_refused(
    admin: Browser, installation: MemoryInstallation, change: dict[str, str], status: int
) -> None:
    await put(installation, "p")
    sent = {"csrf": admin.csrf, "id": "p", "box": BOX, **AS_SEEN, **change}
    assert (await admin.post(f"{PRODUCT}/correct", sent)).status_code == status
    assert not installation.documents.corrections


async def test_strangers_correct_nothing(stranger: Browser) -> None:
    for path in ("correct", "correct/forget"):
        answer = await stranger.post(f"{PRODUCT}/{path}", {"id": "p", "box": BOX})
        assert answer.headers["location"] == "/console/sign-in?next=%2F"


def test_the_best_label_stays_the_first() -> None:
    seen = garment()
    seen = type(seen)(**{f: getattr(seen, f) for f in ("group", "category", "box", "score", "embedding")},
                      tags={"colors": (Label("white", 0.9), Label("black", 0.6))})  # fmt: skip
    form = correction_form(seen, Words("en"))
    colours = next(c for c in form.choices if c.field == "tag.colors")
    assert [o.value for o in colours.options if o.chosen] == ["black", "white"]
    said = read_correction({"tag.colors": ["black", "white", "beige"], "category": ["shirt"]}, seen.box, seen)
    assert said == Correction(seen.box, None, {"colors": ("white", "black", "beige")})


def test_a_shape_is_one_that_the_category_has() -> None:
    jeans = replace(garment(), category=Label("jeans", 0.9), tags={"shape": (Label("wide", 0.9),)})
    (shape,) = (c for c in correction_form(jeans, Words("en")).choices if c.field == "tag.shape")
    assert not {"mermaid", "shirt_dress"} & {o.value for o in shape.options}
    said = read_correction({"tag.shape": ["skinny"], "category": ["skirt"]}, jeans.box, jeans)
    assert said == Correction(jeans.box, "skirt", {})


def test_a_length_is_one_that_the_category_has() -> None:
    seen = replace(garment(), tags={"length": (Label("hip", 0.9),)})
    (length,) = (c for c in correction_form(seen, Words("en")).choices if c.field == "tag.length")
    assert [o.value for o in length.options] == list(LENGTHS_OF_TOPS)
    said = read_correction({"tag.length": ["thigh"], "category": ["dress"]}, seen.box, seen)
    assert said == Correction(seen.box, "dress")
    said = read_correction({"tag.length": ["knee"], "category": ["dress"]}, seen.box, seen)
    assert said == Correction(seen.box, "dress", {"length": ("knee",)})


async def test_the_catalogue_is_filtered_and_exported_by_tags(admin: Browser, installation: MemoryInstallation) -> None:
    for product_id in ("p1", "p2"):
        await put(installation, product_id)
    form = fields((await admin.get(PRODUCT, params={"id": "p2"})).text)
    await admin.post(f"{PRODUCT}/correct", {**form, "tag.pattern": "floral"})
    query = {"tag": ["", "category:shirt", "pattern:floral"]}
    page = (await admin.get("/services/shoes/products", params=query)).text
    assert re.findall(r'class="product" href="[^"]+\?id=(\w+)"', page) == ["p2"]
    assert "Pattern: Floral" in page
    assert 'href="/console/services/shoes/products?tag=pattern%3Afloral" aria-label="Remove Category: Shirt"' in page
    export = re.search(r'href="(/console/services/shoes/products\.csv[^"]+)" download', page)
    assert export
    lines = (await admin.client.get(html.unescape(export[1]))).text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["p2"]
    assert "No product has a garment" in (await admin.get("/services/shoes/products", params={"tag": "age:kid"})).text
    for path in ("products", "products.csv"):
        assert (await admin.get(f"/services/shoes/{path}", params={"tag": "pattern:red"})).status_code == 400


async def test_pages_of_a_filter_keep_it(admin: Browser, installation: MemoryInstallation) -> None:
    for n in range(49):
        await put(installation, f"p{n:02}")
    page = (await admin.get("/services/shoes/products", params={"tag": "category:shirt"})).text
    following = re.search(r'class="button" href="(/console/services/shoes/products\?after=[^"]+)"', page)
    assert following
    link = html.unescape(following[1])
    assert parse_qs(urlsplit(link).query) == {"after": ["p47"], "tag": ["category:shirt"]}
    assert re.findall(r'class="product" href="[^"]+\?id=(\w+)"', (await admin.client.get(link)).text) == ["p48"]


def test_every_label_has_a_name_in_every_language() -> None:
    from placket.console.choices import filter_options

    for language in LANGUAGES:
        names = [o.name for _, options in filter_options([], Words(language)) for o in options]
        assert len(names) > 200
        assert all(names)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("group.WHOLEBODY", "전신"),  # a body from head to foot: no kind of clothes
        ("tag.shape", "모양"),  # A라인 or 와이드 is a 실루엣; 모양 reads as the pattern
    ],
)
def test_korean_words_are_a_shop_s(key: str, wrong: str) -> None:
    assert wrong not in Words("ko")(key)


async def test_the_last_hour_is_drawn(admin: Browser, installation: MemoryInstallation) -> None:
    assert "No call in the last hour." in (await admin.get("/keys")).text
    for seconds, failed in ((0.02, False), (0.02, False), (1.5, True)):
        installation.parts.traffic.record(seconds, failed=failed)
    for language in LANGUAGES:
        page = (await admin.get("/keys", headers={"accept-language": language})).text
        assert page.count('class="column errors"') == 2
        assert 'class="line slow" d="M590.0 0.0H600.0"' in page
    assert re.search(r'aria-label="Calls in the last hour: 3, errors: 1"', (await admin.get("/keys")).text)


def test_charts_have_gaps_and_the_highest_at_the_top() -> None:
    words = Words("en")
    minutes = [
        Minute(3, 2, 1, 0.1, 0.4), Minute(2, 4, 0, 0.2, 0.2), Minute(1, 0, 0, None, None), Minute(0, 1, 1, 0.4, 0.4)
    ]  # fmt: skip
    drawn = latency(minutes, words)
    assert drawn is not None
    assert drawn.slow == "M0.0 0.0H150.0V70.0H300.0M450.0 0.0H600.0"
    assert drawn.median == "M0.0 105.0H150.0V70.0H300.0M450.0 0.0H600.0"
    assert [c.title for c in drawn.columns][1:3] == ["2 min ago: median 200 ms, 95% within 200 ms", ""]
    counted = calls(minutes, words)
    assert [c.height for c in counted.requests] == [70, 140, 0, 35]
    assert [c.height for c in counted.errors] == [35, 0, 0, 35]
    assert (counted.total, counted.failed, counted.most) == (7, 2, 4)
    assert latency([Minute(0, 0, 0, None, None)], words) is None
    assert minute_rows(minutes, words) == [
        ("0", "1", "1", "400 ms", "400 ms"), ("2", "4", "0", "200 ms", "200 ms"), ("3", "2", "1", "100 ms", "400 ms"),
    ]  # fmt: skip


async def test_what_charts_show_is_there_in_numbers(admin: Browser, installation: MemoryInstallation) -> None:
    days = [date(2026, 11, 26), date(2026, 11, 27)]
    assert daily_rows(days, ([0, 1200], [3, 4]), Words("en")) == [
        ("2026-11-27", "1,200", "4"),
        ("2026-11-26", "0", "3"),
    ]
    installation.parts.traffic.record(0.02, failed=True)
    keys, model = (await admin.get("/keys")).text, (await admin.get("/model")).text
    assert '<tr><th scope="row">0</th><td class="num">1</td><td class="num">1</td><td class="num">20 ms</td>' in keys
    assert '<tr><th scope="row">0.2</th><td class="num">0.1</td></tr>' in model


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0184, "18 ms"), (0.0005, "0.5 ms"), (0.99, "990 ms"), (1.234, "1.2 s"), (30.4, "30 s")]
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
