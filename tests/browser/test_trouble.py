"""When things go wrong, or are slow, or missing: bad photos, no network, an ended session, no script, two clicks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import LAPTOP, PHONE, Shop, Watched, open_page, sign_in, wait_until_indexed
from tests.browser.test_looks import findings


@pytest.fixture
def page(chromium: Browser, indexed: Shop) -> Iterator[Page]:
    """Signed in; complaints are expected here."""
    with open_page(chromium, indexed, LAPTOP) as context:
        context.set_default_timeout(30_000)
        made = context.new_page()
        sign_in(made, indexed)
        yield made


def expect_nothing_remembered(page: Page) -> None:
    """Asked from here: the page's security policy forbids it the `eval` that `wait_for_function` polls with."""
    for _ in range(50):
        if page.evaluate("sessionStorage.getItem('placket-look')") is None:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the page still remembers the photo before")


def _try(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.console}/try")
    page.set_input_files("#photo", shop.photo())
    expect(page.locator("#similar [data-score]").first).to_be_visible()


def test_back_from_a_product_the_photo_and_its_search_are_there(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    wait_until_indexed(page, indexed)
    _try(page, indexed)
    with page.expect_response("**/try/similar"):
        page.get_by_role("tab").last.click()
    with page.expect_response("**/try/similar"):
        page.locator("#similar-form [name=once]").select_option("image")
    name = page.get_by_role("tab", selected=True).inner_text()
    found = page.locator("#similar [data-score]").count()
    page.locator("#similar .product").first.click()
    page.wait_for_url("**/product?**")
    page.go_back()
    expect(page.locator("#similar [data-score]")).to_have_count(found)
    assert page.get_by_role("tab", selected=True).inner_text() == name
    expect(page.locator("#similar-form [name=once]")).to_have_value("image")
    # Asked for anew, or by the next who signs in: nothing of it.
    page.goto(f"{indexed.console}/try")
    expect(page.locator("[data-look]")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    expect_nothing_remembered(page)


def test_a_bad_photo_then_an_address(page: Page, indexed: Shop) -> None:
    page.set_input_files("#photo", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
    expect(page.get_by_role("alert")).to_contain_text("no image")
    expect(page.locator("#said")).to_be_empty()
    # The address counts, not the file that was chosen before.
    page.get_by_label("address of a photo").focus()
    # Signed ones are long, and nobody sees that one was cut off.
    long = indexed.host.url(f"/1.jpg?{'x' * 2000}")
    page.keyboard.insert_text(long)
    expect(page.get_by_label("address of a photo")).to_have_value(long)
    page.get_by_role("button", name="Look").click()
    expect(page.locator("[data-look]")).to_be_visible()
    large = b"\xff\xd8" + bytes(8_000_000)
    page.set_input_files("#photo", {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": large})
    expect(page.get_by_role("alert")).to_contain_text("bytes")
    expect_nothing_remembered(page)


def test_a_cell_of_a_spreadsheet_is_pasted_as_text(page: Page, indexed: Shop) -> None:
    paste = """([selector, bytes]) => {
        const clipboard = new DataTransfer();
        clipboard.setData("text/plain", "https://shop.example/1.jpg");
        clipboard.items.add(new File([new Uint8Array(bytes)], "cell.png", { type: "image/png" }));
        const event = new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true, cancelable: true });
        document.querySelector(selector).dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    photo = list(indexed.photo().read_bytes())
    assert not page.evaluate(paste, ["input[name=url]", photo])
    assert page.evaluate(paste, ["body", photo])
    expect(page.locator("[data-look]")).to_be_visible()


def test_without_a_network_the_page_says_so(page: Page, indexed: Shop) -> None:
    page.context.set_offline(True)
    page.set_input_files("#photo", indexed.photo())
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.locator("#said")).to_be_empty()
    page.context.set_offline(False)
    with page.expect_file_chooser() as chooser:
        page.locator("#photo").click()
    # The same one, chosen again.
    chooser.value.set_files(indexed.photo())
    expect(page.locator("[data-look]")).to_be_visible()


def test_what_a_proxy_answers_is_told_as_such(page: Page, indexed: Shop) -> None:
    page.route("**/try/look", lambda r: r.fulfill(status=413, body="<h1>Request Entity Too Large</h1><hr>nginx"))
    page.set_input_files("#photo", indexed.photo())
    expect(page.get_by_role("alert")).to_contain_text("in its place: 413")
    expect(page.locator("#look")).not_to_contain_text("nginx")
    page.unroute("**/try/look")
    wait_until_indexed(page, indexed)
    _try(page, indexed)
    page.route("**/try/similar", lambda r: r.fulfill(status=502))
    page.get_by_role("tab").last.click()
    expect(page.get_by_role("alert")).to_contain_text("502")


def test_an_index_file_that_was_mended_is_chosen_again(page: Page, indexed: Shop, tmp_path: Path) -> None:
    file = tmp_path / "mended.csv"
    good = f"a,enable,Shirt,TOP,,,{indexed.host.url('/1.jpg')},,\n"
    file.write_text(f"{good}b,enable,Shirt\n")
    page.goto(f"{indexed.console}/services/autumn/index")
    page.set_input_files("#file", file)
    expect(page.get_by_role("heading", name="These rows will fail")).to_be_visible()
    # Nothing else is chosen after all: the file is still there.
    with page.expect_file_chooser():
        page.locator("#file").click()
    page.locator("#file").dispatch_event("cancel")
    expect(page.locator("#file")).to_have_value(re.compile("mended.csv"))
    with page.expect_file_chooser() as chooser:
        page.locator("#file").click()
    file.write_text(good)
    chooser.value.set_files(file)
    expect(page.get_by_role("heading", name="These rows will fail")).to_have_count(0)
    expect(page.get_by_role("button", name="Index 1 row")).to_be_visible()


def test_what_asks_again_by_itself_outlives_a_server_in_trouble(page: Page, indexed: Shop) -> None:
    answers = [(503, "<p>trouble</p>"), (500, "<p>trouble</p>"), (200, '<p id="again">done</p>')]
    statuses = [status for status, _ in answers]
    seen: list[int] = []
    page.on("response", lambda r: seen.append(r.status) if r.url.endswith("asked-again") else None)

    def reply(route: Route) -> None:
        status, body = answers.pop(0)
        route.fulfill(status=status, body=body)

    page.route("**/asked-again", reply)
    page.evaluate(
        """() => {
            document.querySelector("main").insertAdjacentHTML("beforeend",
                `<p id="again" hx-get="asked-again" hx-trigger="every 100ms" hx-swap="outerHTML">working</p>`);
            htmx.process(document.getElementById("again"));
        }"""
    )
    expect(page.locator("#again")).to_have_text("done")
    assert seen == statuses


def test_an_ended_session_leads_back_to_where_it_ended(page: Page, indexed: Shop) -> None:
    page.goto(f"{indexed.console}/services/autumn/product?id=demo-002")
    page.context.clear_cookies(name="placket_session")
    page.reload()
    assert "/sign-in?next=" in page.url
    sign_in_again(page, indexed)
    page.wait_for_url("**/services/autumn/product?id=demo-002")
    # In the middle of a page, too.
    page.goto(f"{indexed.console}/try")
    page.context.clear_cookies(name="placket_session")
    page.set_input_files("#photo", indexed.photo())
    page.wait_for_url("**/sign-in?next=%2Ftry")


def test_two_tabs_of_an_ended_session_both_lead_back(page: Page, indexed: Shop) -> None:
    page.context.clear_cookies()
    other = page.context.new_page()
    page.goto(f"{indexed.console}/keys")
    page.context.clear_cookies()
    other.goto(f"{indexed.console}/services")
    sign_in_again(page, indexed)
    page.wait_for_url("**/console/keys")
    sign_in_again(other, indexed)
    other.wait_for_url("**/console/services")


def test_a_late_photo_of_the_page_before_does_not_spoil_the_form(page: Page, indexed: Shop) -> None:
    page.goto(f"{indexed.console}/services/autumn/product?id=demo-002")
    page.context.clear_cookies()
    page.goto(f"{indexed.console}/keys")
    form = page.context.cookies()
    assert page.evaluate("fetch('services/autumn/photo?id=demo-002').then((answer) => answer.status)") == 401
    assert page.context.cookies() == form


def sign_in_again(page: Page, shop: Shop) -> None:
    page.get_by_label("Admin token").fill(shop.server.admin_token)
    page.get_by_role("button", name="Sign in").click()


def test_two_clicks_make_one_key(page: Page, indexed: Shop) -> None:
    page.goto(f"{indexed.console}/keys")
    page.get_by_label("Name", exact=True).fill("twice")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    page.get_by_role("button", name="Make a key").dblclick()
    expect(page.locator("#made")).to_be_visible()
    assert len(sent) == 1
    expect(page.locator("tbody tr", has_text="twice")).to_have_count(1)


def test_a_keyboard_passes_through_the_projects(page: Page, indexed: Shop) -> None:
    page.goto(f"{indexed.console}/keys")
    page.get_by_label("Name", exact=True).fill("outlet")
    page.locator("main [name=project]").select_option("+")
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator("#made")).to_be_visible()
    expect(page.locator("#project")).to_have_count(0)
    page.goto(f"{indexed.console}/keys")
    page.locator("#project").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Choose")).to_be_visible()
    assert page.url.endswith("/keys")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/services")
    expect(page.locator("#project")).to_have_value("outlet")
    expect(page.get_by_text("This project has no service yet.")).to_be_visible()


def test_without_a_script(chromium: Browser, indexed: Shop, screenshots: Path) -> None:
    with chromium.new_context(
        viewport={"width": LAPTOP[0], "height": LAPTOP[1]}, java_script_enabled=False, locale="en"
    ) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        sign_in(page, indexed)
        expect(page.locator("#theme")).to_be_hidden()
        page.set_input_files("#photo", indexed.photo())
        page.get_by_role("button", name="Look").click()
        expect(page.locator(".found article").first).to_be_visible()
        page.screenshot(path=screenshots / "look-without-script.png", full_page=True)
        page.get_by_label("Garment").select_option(index=1)
        page.get_by_role("button", name="Search").click()
        expect(page.locator("[data-score]").first).to_be_visible()
        page.goto(f"{indexed.console}/services/autumn/index")
        file = {"name": "a.jsonl", "mimeType": "text/plain", "buffer": indexed.index_file()}
        page.set_input_files("#file", file)
        page.get_by_role("button", name="Look at it first").click()
        expect(page.get_by_role("heading", name="These rows will fail")).to_be_visible()
        page.set_input_files("#file", file)
        page.get_by_role("button", name="Index the file").click()
        page.wait_for_url("**/services/autumn/runs/*-*")
        page.goto(f"{indexed.console}/services/autumn/product?id=demo-002")
        page.get_by_role("link", name="Show what looks like this").click()
        expect(page.locator("[data-score]").first).to_be_visible()


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_long_words_and_missing_photos_fit(
    chromium: Browser, indexed: Shop, screenshots: Path, size: tuple[int, int]
) -> None:
    with open_page(chromium, indexed, size, locale="ko") as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(f"{indexed.console}/")
        page.get_by_label("관리자 토큰").fill(indexed.server.admin_token)
        page.keyboard.press("Enter")
        page.wait_for_url("**/try")
        for name, path in (("404", f"services/autumn/product?id={'x' * 72}"), ("model", "model"), ("keys", "keys")):
            page.goto(f"{indexed.console}/{path}")
            for fold in page.locator("details.fold > summary").all():
                fold.click()
            page.screenshot(path=screenshots / f"{name}-ko-{size[0]}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
            assert findings(page) == [], name
