"""The page at /docs in a browser: a call is tried with nothing filled in but what it needs."""

import httpx
from playwright.sync_api import Browser

from tests.browser.conftest import Shop, Watched


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
