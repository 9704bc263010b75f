"""In Windows' contrast themes, in which the browser leaves out shadows and most backgrounds."""

from io import BytesIO

from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Shop, open_page, sign_in, wait_until_indexed


def test_in_the_systems_own_colours_what_is_chosen_is_seen(chromium: Browser, indexed: Shop) -> None:
    with open_page(chromium, indexed, (1366, 850)) as context:
        page = context.new_page()
        page.emulate_media(forced_colors="active")
        sign_in(page, indexed)
        wait_until_indexed(page, indexed)
        bar = Image.open(BytesIO(page.locator("progress").screenshot())).convert("RGB")
        assert bar.getpixel((bar.width // 2, bar.height // 2)) != (255, 255, 255)
        page.goto(f"{indexed.console}/try")
        page.set_input_files("#photo", indexed.photo())
        expect(page.locator("[role=tab]").first).to_be_visible()
        colours = page.locator("[role=tab]").evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
        assert colours[0] not in colours[1:]
        here = page.locator(".side a").evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
        assert here[0] not in here[1:]
