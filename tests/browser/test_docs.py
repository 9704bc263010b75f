"""The page at /docs in a browser: a call is tried with nothing filled in but what it needs."""

import httpx
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Shop, Watched, open_page
from tests.browser.test_looks import findings


def test_a_photo_is_uploaded(shop: Shop, chromium: Browser) -> None:
    headers = {"Authorization": f"Bearer {shop.key}"}
    url = f"{shop.server.url}/placket/v1/services"
    httpx.post(url, json={"name": "docs"}, headers=headers, trust_env=False).raise_for_status()
    page = chromium.new_page()
    watched = Watched(page, shop)
    page.goto(f"{shop.server.url}/docs#/Photos/detect")
    call = page.locator(".opblock.is-open")
    call.get_by_role("button", name="authorization button").click()
    page.locator(".modal-ux input").fill(shop.key)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").last.click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_placeholder("service").fill("docs")
    call.locator("input[type=file]").set_input_files(shop.photo())
    with page.expect_response("**/detect*") as answered:
        call.get_by_role("button", name="Execute").click()
    assert (answered.value.status, watched.complaints, watched.elsewhere) == (200, [], []), answered.value.text()


def test_the_letters_are_dark_enough_and_fit_a_phone(shop: Shop, chromium: Browser) -> None:
    with open_page(chromium, shop, (320, 640)) as context:
        page = context.new_page()
        page.goto(f"{shop.server.url}/docs#/Photos/detect")
        call = page.locator(".opblock.is-open")
        call.get_by_role("button", name="Try it out").click()
        call.get_by_placeholder("service").fill("nothing")
        call.get_by_role("button", name="Execute").click()
        expect(call.locator(".live-responses-table")).to_be_visible()
        # Swagger UI itself puts a link into the button that opens a call.
        assert [f for f in findings(page) if not f.startswith("nested-interactive")] == []
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        expect(page.get_by_role("main")).to_be_visible()
