"""A bundle's figures as tables, and the Model page around them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from placket.console import ModelCard
from placket.console.figures import Sources, Table, sources, tables, terms
from placket.domain.errors import VisionUnavailable
from tests.support.memory import MemoryInstallation
from tests.unit.console.conftest import TOKEN, Browser, console_browser, console_parts, model_card

SOURCES = {"detector": {"sources": {"floor": 4239, "street": 756}}, "encoder": {"sources": {"street": 2702}}}


async def model_page(training: dict[str, Any], language: str = "en") -> httpx.Response:
    return await page_of(lambda: replace(model_card(), training=training), language)


async def page_of(model: Callable[[], ModelCard], language: str) -> httpx.Response:
    browser: Browser = console_browser(replace(console_parts(MemoryInstallation()), model=model))
    async with browser.client:
        await browser.sign_in(TOKEN)
        return await browser.get("/model", headers={"accept-language": language})


def test_parts_beside_each_other_are_one_table() -> None:
    tree = {"a": {"ap": 0.51234, "count": 3}, "b": {"ap": None, "count": 4}, "speed": {"ms": 7}}
    assert list(tables({"sets": tree})) == [
        Table("sets", ("ap", "count"), (("a", "0.5123", "3"), ("b", "–", "4"))),
        Table("sets › speed", (), (("ms", "7"),)),
    ]


def test_many_figures_of_few_parts_go_down() -> None:
    figures = {f"f{n}": n for n in range(9)}
    (table,) = tables({"a": figures, "b": {**figures, "more": 1}})
    assert table.columns == ("a", "b")
    assert table.rows[0] == ("f0", "0", "0")
    assert table.rows[-1] == ("more", "", "1")


def test_every_figure_is_somewhere() -> None:
    tree = {"x": 1.0, "deep": {"er": {"y": 2, "list": [1, 2], "rows": [{"z": 3}, {"z": 4}]}}}
    assert list(tables(tree)) == [
        Table("", (), (("x", "1"),)),
        Table("deep › er", (), (("y", "2"), ("list", "1, 2"))),
        Table("deep › er › rows", ("z",), (("1", "3"), ("2", "4"))),
    ]


@pytest.mark.parametrize("training", [{}, {"detector": 3}, {"detector": {"sources": [1]}}, {"encoder": None}])
def test_a_bundle_that_does_not_say(training: dict[str, Any]) -> None:
    assert sources(training) == Sources((), {})
    assert terms(training) == ""


def test_sources_of_all_networks() -> None:
    both = Sources(("detector", "encoder"), {"floor": (4239, None), "street": (756, 2702)})
    assert sources(SOURCES) == both
    all_three = sources(
        {**SOURCES, "second": {"sources": {"street": 9, "studio": 1}}, "another": {"sources": {"x": 1}}}
    )
    assert all_three.networks == ("detector", "encoder", "second")
    assert all_three.sets == {"floor": (4239, None, None), "street": (756, 2702, 9), "studio": (None, None, 1)}


async def test_the_terms_stand_above_everything_as_text() -> None:
    said = "For research & evaluation.<script>alert(1)</script>"
    page = (await model_page({**SOURCES, "terms": said})).text
    assert "For research &amp; evaluation.&lt;script&gt;alert(1)" in page
    assert page.index("What it may be used for") < page.index("What it was trained on") < page.index("Thresholds")
    assert page.count("For research") == 1
    assert '<code>floor</code></td><td class="num">4,239</td><td class="num">–</td>' in page


@pytest.mark.parametrize("odd", [None, 3, ["a"], ""])
async def test_without_terms_there_is_no_notice(odd: object) -> None:
    page = await model_page({"photos": 12} if odd is None else {"photos": 12, "terms": odd})
    assert page.status_code == 200
    assert 'id="terms"' not in page.text
    assert "What it was trained on" not in page.text


async def test_in_korean() -> None:
    page = (await model_page({**SOURCES, "terms": "x"}, "ko")).text
    assert "사용 범위" in page
    assert "학습에 쓴 사진" in page


async def test_a_model_that_cannot_be_read_is_said_in_the_reader_s_language_first() -> None:
    def away() -> ModelCard:
        raise VisionUnavailable("no bundle")

    page = await page_of(away, "ko")
    assert page.status_code == 503
    assert '지금은 사진을 분석할 수 없습니다. <small lang="en">no bundle</small>' in page.text
