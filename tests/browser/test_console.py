"""The console as people use it, in a real browser on a real server."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import LAPTOP, PRODUCTS, Shop, Watched, open_page, wait_until_indexed
from tests.browser.test_looks import findings


def test_a_catalogue_is_previewed_indexed_watched_and_browsed(laptop: Watched, shop: Shop, tmp_path: Path) -> None:
    page = laptop.page
    page.get_by_role("link", name="Services").first.click()
    page.get_by_label("Name of a new service").fill("spring")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="Index a file").click()
    file = tmp_path / "spring.jsonl"
    file.write_bytes(shop.index_file())
    page.set_input_files("#file", file)
    expect(page.get_by_role("heading", name="These rows will fail")).to_be_visible()
    expect(page.get_by_text("image_url is empty").first).to_be_visible()
    page.get_by_role("button", name=f"Index {PRODUCTS + 1} rows").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}$"))
    # The page follows the run by itself, and becomes that of an ended one.
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=90_000)
    expect(page.locator(".figure-added dd")).to_have_text(str(PRODUCTS))
    expect(page.locator(".figure-failed dd")).to_have_text("2")
    with page.expect_download() as download:
        page.get_by_role("link", name="Failed rows as CSV").click()
    report = download.value.path().read_text("utf-8-sig")
    assert "no-photo,InvalidRow" in report
    assert '"\'=HYPERLINK(""x"") <b>"' in report

    page.get_by_role("link", name="spring", exact=True).click()
    page.get_by_role("link", name="See all").last.click()
    expect(page.locator(".grid .product")).to_have_count(PRODUCTS)
    first = page.locator(".grid img").first
    expect(first).to_have_js_property("complete", True)
    assert first.evaluate("i => i.naturalWidth") == 240
    page.locator(".grid .product").first.click()
    expect(page.get_by_role("heading", name="Looks like this")).to_be_visible()
    expect(page.locator(".similar [data-score]").first).to_be_visible()


def test_a_dropped_photo_is_looked_at_and_its_garments_searched_for(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    wait_until_indexed(page, indexed)
    page.goto(f"{indexed.console}/try")
    content = list(indexed.photo().read_bytes())
    transfer = page.evaluate_handle(
        "bytes => { const t = new DataTransfer();"
        " t.items.add(new File([new Uint8Array(bytes)], 'outfit.jpg', {type: 'image/jpeg'})); return t; }",
        content,
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})
    boxes = page.locator("g[data-pick]")
    expect(boxes.first).to_be_visible()
    expect(page.locator("#similar [data-score]").first).to_be_visible()
    assert boxes.count() == page.get_by_role("tab").count()

    # By keyboard: the last box.
    last = boxes.count() - 1
    boxes.nth(last).focus()
    with page.expect_response("**/try/similar"):
        page.keyboard.press("Enter")
    expect(page.get_by_role("tab").nth(last)).to_have_attribute("aria-selected", "true")
    # Its label is painted over all others, and the keyboard's order is as it was.
    with page.expect_response("**/try/similar"):
        page.get_by_role("tab").first.click()
    expect(page.locator("svg.overlay > :last-child")).to_have_attribute("href", "#label-0")
    with page.expect_response("**/try/similar"):
        page.get_by_role("tab").nth(last).click()
    expect(page.locator("svg.overlay > :last-child")).to_have_attribute("href", f"#label-{last}")
    assert boxes.evaluate_all("all => all.map(g => Number(g.dataset.pick))") == list(range(last + 1))
    expect(page.locator("#similar.htmx-settling, #similar-form.htmx-request")).to_have_count(0)

    slider = page.locator("#similar input[type=range]")
    counts = [int(c) for c in (slider.get_attribute("data-counts") or "").split(",")]
    assert counts[0] == page.locator("#similar [data-score]").count() > 0
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#similar output")).to_have_text("0.50")
    assert page.locator("#similar [data-score]:visible").count() == counts[10]


def test_what_looks_like_it_and_shares_its_tags(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    page.goto(f"{indexed.console}/try")
    page.set_input_files("#photo", indexed.photo())
    cards, form = page.locator("#similar [data-score]"), page.locator("#similar-form")
    expect(cards.first).to_be_visible()
    every = cards.count()
    for number in (0, 1):
        with page.expect_response("**/try/similar"):
            page.get_by_role("tab").nth(number).click()
        name = page.get_by_role("tab").nth(number).inner_text().split("\n")[0].rsplit(" ", 1)[0]
        # The picked garment's own tags, and no other's, can be asked for.
        first = form.locator("[name=tag]:visible").first
        assert first.evaluate("e => e.parentElement.textContent.trim()") == f"Category: {name}"
        with page.expect_response("**/try/similar"):
            first.check()
        expect(page.locator("#similar.htmx-settling, #similar-form.htmx-request")).to_have_count(0)
        assert cards.count() < every
    with page.expect_response("**/try/similar"):
        form.locator("[name=once]").select_option("category1_id")
    expect(page.locator("#similar.htmx-settling, #similar-form.htmx-request")).to_have_count(0)
    assert cards.count() <= 1

    # Back from a product, all of it is as it was.
    page.get_by_role("tab").first.click()
    with page.expect_response("**/try/similar"):
        form.locator("[name=once]").select_option("")
    cards.first.locator("a").first.click()
    page.wait_for_url("**/product?*")
    narrow = page.locator("form.filters")
    with page.expect_response("**/neighbours?*tag=category*"):
        narrow.locator("[name=tag]").first.check()
    page.go_back()
    expect(cards.first).to_be_visible()
    expect(form.locator("[name=tag]:checked")).to_have_count(1)
    expect(form.locator("[name=tag]:visible").first).to_be_checked()


def test_theme_and_language_are_remembered(laptop: Watched, indexed: Shop) -> None:
    page = laptop.page
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("link", name="한국어").click()
    expect(page.get_by_role("heading", name="이 사진에 무엇이 있나요?")).to_be_visible()


def test_a_korean_browser_is_spoken_to_in_korean(chromium: Browser, shop: Shop) -> None:
    with open_page(chromium, shop, LAPTOP, locale="ko-KR") as context:
        page = context.new_page()
        page.goto(f"{shop.console}/")
        expect(page.get_by_label("관리자 토큰")).to_be_visible()


def test_sign_out(laptop: Watched, shop: Shop) -> None:
    page = laptop.page
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(f"{shop.console}/keys")
    assert "/sign-in" in page.url


def test_a_key_is_made_and_revoked(laptop: Watched, shop: Shop) -> None:
    page = laptop.page
    page.goto(f"{shop.console}/keys")
    page.get_by_label("Name", exact=True).fill("second key")
    page.get_by_role("button", name="Make a key").click()
    assert re.fullmatch(r"plk[a-z0-9]{40}", page.locator("#made").inner_text())
    page.get_by_label("Name", exact=True).fill("visitors")
    page.get_by_label("Access").select_option("search")
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator("tr", has_text="visitors").get_by_text("search only")).to_be_visible()
    row = page.locator("tr", has_text="second key")
    expect(row.get_by_text("search only")).to_have_count(0)
    row.get_by_text("Revoke second key", exact=True).click()
    row.get_by_role("button", name="Revoke it now").click()
    expect(page.locator("tr", has_text="second key").get_by_text("Revoked")).to_be_visible()


def test_a_wrong_tag_is_corrected_and_found_by(laptop: Watched, indexed: Shop, screenshots: Path) -> None:
    page = laptop.page
    wait_until_indexed(page, indexed)
    page.goto(f"{indexed.console}/services/autumn/product?id=demo-002")
    card = page.locator(".found .card").first
    card.get_by_text("Correct", exact=True).click()
    card.get_by_label("Category").select_option("robe")
    card.get_by_label("Pattern").select_option("paisley")
    card.get_by_label("Fringe").check()
    page.screenshot(path=screenshots / "correct-laptop-light.png", full_page=True)
    card.get_by_role("button", name="Save the correction").click()
    expect(card.get_by_role("heading", name="Robe")).to_be_visible()
    expect(card.get_by_text("corrected", exact=True)).to_have_count(3)
    assert findings(page) == []

    # Indexed again, the same photo: kept. It is the only one that the filter finds.
    page.goto(f"{indexed.console}/services/autumn/index")
    row = next(x for x in indexed.index_file().splitlines() if b'"demo-002"' in x)
    page.set_input_files("#file", {"name": "again.jsonl", "mimeType": "text/plain", "buffer": row})
    page.get_by_role("button", name="Index 1 row").click()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=90_000)
    page.goto(f"{indexed.console}/services/autumn/products")
    for tag in ("category:robe", "pattern:paisley"):
        page.get_by_label("Filter by what was seen").select_option(tag)
        page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator(".grid .product")).to_have_count(1)
    page.screenshot(path=screenshots / "filter-laptop-light.png", full_page=True)
    assert findings(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="These as CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["demo-002"]

    page.locator(".grid .product").click()
    card.get_by_text("Correct", exact=True).click()
    card.get_by_role("button", name="As Placket saw it").click()
    expect(card.get_by_text("corrected", exact=True)).to_have_count(0)
