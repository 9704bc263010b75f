"""What is said to whoever does not see the page change, and that the keyboard stays where it was."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Shop, Watched, open_page, sign_in, wait_until_indexed

LISTEN = """() => {
    window.heard = [];
    new MutationObserver(() => window.heard.push(document.getElementById("said").textContent))
        .observe(document.getElementById("said"), { childList: true, characterData: true, subtree: true });
}"""


def heard(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.heard")
    return found


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent")).strip()


def test_the_garments_of_a_photo_are_said_and_the_keyboard_stays(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    wait_until_indexed(page, indexed)
    page.goto(f"{indexed.console}/try")
    page.evaluate(LISTEN)
    page.get_by_label("… or the address of a photo").fill(indexed.host.put("/outfit.jpg", indexed.photo().read_bytes()))
    page.get_by_role("button", name="Look").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#similar [data-score]").first).to_be_visible()
    assert focused(page) == "Look"
    garments = ", ".join(page.locator("[role=tab]").evaluate_all("all => all.map(t => t.childNodes[1].data.trim())"))
    words = heard(page)
    assert f"Garments found: {garments}." in words
    assert re.fullmatch(rf"Garments found: {garments}\. \d+ similar products, the most similar first\.", words[-1])
    page.get_by_role("tab").first.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("tab").last).to_be_focused()
    expect(page.get_by_role("button", name=garments.split(", ")[-1]).first).to_have_attribute("aria-pressed", "true")


def test_the_end_of_a_run_is_said_where_one_is(laptop: Watched, indexed: Shop) -> None:
    page, go_on, photo = laptop.page, threading.Event(), indexed.samples[0].jpeg()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        go_on.wait(20)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(photo)))
        handler.end_headers()
        handler.wfile.write(photo)

    row = {"product_id": "slow", "status": "enable", "name": "Slow", "category1_id": "x"}
    file = json.dumps({**row, "image_url": indexed.host.put("/slow.jpg", wait)}).encode()
    page.goto(f"{indexed.console}/services/autumn/index")
    page.set_input_files("#file", {"name": "slow.jsonl", "mimeType": "text/plain", "buffer": file})
    page.get_by_role("button", name="Index 1 row").click()
    page.get_by_role("button", name="Cancel this run").focus()
    page.evaluate(LISTEN)
    go_on.set()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel this run")).to_be_hidden()
    # The same page still: nothing was loaded anew, and the keyboard is in its content.
    assert heard(page) == ["Finished: 1 of 1 row"]
    expect(page.locator("main")).to_be_focused()


def test_progress_changes_where_it_stands(laptop: Watched, indexed: Shop) -> None:
    """Whoever reads a figure with a screen reader does not lose their place each half second."""
    page = laptop.page
    page.evaluate(
        """() => {
            document.querySelector("main").innerHTML = "<dl><dt>Done</dt><dd>1</dd></dl>";
            window.there = document.querySelector("main dd");
            const come = parsed("<dl class=on><dt>Done</dt><dd>2</dd></dl>");
            renew(document.querySelector("main dl"), come.querySelector("dl"));
        }"""
    )
    assert page.evaluate(
        "[window.there.isConnected, window.there.textContent, window.there.parentElement.className]"
    ) == [
        True,
        "2",
        "on",
    ]


def test_what_a_form_was_answered_has_the_keyboard(chromium: Browser, indexed: Shop) -> None:
    with open_page(chromium, indexed, (1366, 850)) as context:
        page = context.new_page()
        sign_in(page, indexed)
        page.goto(f"{indexed.console}/services")
        page.get_by_label("Name of a new service").fill("autumn")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.get_by_label("Name of a new service")).to_have_value("autumn")
        page.goto(f"{indexed.console}/keys")
        page.get_by_label("Name", exact=True).fill("telling")
        page.keyboard.press("Enter")
        expect(page.get_by_text("The new key. It is shown only now:").locator("..")).to_be_focused()


def test_a_corrected_garment_has_the_keyboard(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    wait_until_indexed(page, indexed)
    page.goto(f"{indexed.console}/services/autumn/product?id=demo-003")
    page.locator("details.correct > summary").last.click()
    page.get_by_role("button", name="Save the correction").last.click()
    expect(page.locator("article[id^=garment-]").last).to_be_focused()


def test_a_product_is_named_once(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    wait_until_indexed(page, indexed)
    page.goto(f"{indexed.console}/services/autumn/product?id=demo-002")
    card = page.locator("[data-score] a").first
    name = card.locator(".product-name").text_content()
    score = card.locator(".score").text_content()
    assert card.aria_snapshot().startswith(f'- link "{name} similarity {score}"')


def test_a_tag_says_which_kind_it_is(laptop: Watched, indexed: Shop) -> None:
    """Of an image of a task: by a tooltip to whoever has a mouse, in words to whoever listens."""
    page = laptop.page
    page.goto(f"{indexed.console}/tagging")
    page.locator("tbody a").first.click()
    garment = page.locator(".chips").first
    expect(garment.locator("li").first).to_have_text(re.compile(r"^Category: .+ \d+%$"), timeout=90_000)
    expect(garment.locator("li").nth(1)).to_have_text(re.compile(r"^Colour: .+ \d+%$"))
    expect(garment).to_have_attribute("aria-label", re.compile("."))
