"""For whoever reads from right to left, has a keyboard alone and a small window, or does not see the screen."""

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Shop, Watched, open_page, sign_in, wait_until_indexed

ARABIC = "فستان طويل (جديد) – 50%"


def put(shop: Shop, product_id: str, name: str) -> None:
    """A product with the photo of the first one."""
    httpx.put(
        f"{shop.server.url}/placket/v1/services/autumn/products/{product_id}",
        headers={"Authorization": f"Bearer {shop.key}"},
        data={"name": name, "category1_id": "x"},
        files={"image": shop.samples[0].jpeg()},
        timeout=60,
        trust_env=False,
    ).raise_for_status()


def test_a_name_from_right_to_left_begins_at_its_right(laptop: Watched, indexed: Shop) -> None:
    put(indexed, "arabic", ARABIC)
    laptop.page.goto(f"{indexed.console}/services/autumn/product?id=arabic")
    for name in (laptop.page.locator("h1"), laptop.page.locator("dd", has_text=ARABIC)):
        first, last = name.evaluate(
            """(element) => [0, element.firstChild.length - 1].map((n) => {
                const letter = document.createRange();
                letter.setStart(element.firstChild, n);
                letter.setEnd(element.firstChild, n + 1);
                return letter.getBoundingClientRect().left;
            })"""
        )
        assert first > last


def covered(page: Page) -> str:
    """What has the keyboard, if the bars at the edges hide it whole."""
    return str(
        page.evaluate(
            """() => {
                const focused = document.activeElement, place = focused.getBoundingClientRect();
                const top = document.querySelector(".top").getBoundingClientRect().bottom;
                const foot = document.querySelector(".side").getBoundingClientRect().top;
                const hidden = place.bottom <= top || place.top >= foot;
                return hidden && !focused.closest(".top, .side, .skip, body:focus") ? focused.textContent : "";
            }"""
        )
    )


def test_what_the_keyboard_comes_to_is_seen(chromium: Browser, indexed: Shop) -> None:
    """At twice the size on a laptop, where the bars at the edges take much of the window."""
    with open_page(chromium, indexed, (640, 430)) as context:
        page = context.new_page()
        sign_in(page, indexed)
        wait_until_indexed(page, indexed)
        page.goto(f"{indexed.console}/services/autumn/products")
        steps = page.locator("a:visible, button:visible, input:visible, select:visible").count()
        for key in ["Tab"] * steps + ["Shift+Tab"] * steps:
            page.keyboard.press(key)
            assert covered(page) == ""


def test_how_many_reach_the_threshold_is_said(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    wait_until_indexed(page, indexed)
    page.goto(f"{indexed.console}/services/autumn/product?id=demo-002")
    slider = page.get_by_label("Similarity of at least")
    slider.focus()
    page.keyboard.press("End")
    shown = page.locator("[data-score]:visible").count()
    expect(page.locator("#said")).to_contain_text(f"{shown} of the ")
