"""Every page on a laptop and a phone, light and dark: kept to be looked at, and checked for accessibility by axe."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LAPTOP, PHONE, Shop, open_page, sign_in, wait_until_indexed

AXE = Path(__file__).parent / "assets" / "axe.min.js"
README_IMAGE = Path(__file__).parents[2] / "docs" / "images" / "console.png"
_MOST_README_BYTES = 300_000


def findings(page: Page) -> list[str]:
    """Serious and critical ones, with where they are."""
    # Through the debugger, which the page's Content-Security-Policy does not bind.
    page.evaluate(AXE.read_text())
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']}: {n['target']} {n['failureSummary']}"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
        for n in v["nodes"]
    ]


def _settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; })")
    page.evaluate(
        "Promise.all([...document.images].filter(i => !i.complete)"
        ".map(i => new Promise(done => { i.onload = i.onerror = done; })))"
    )


def _try(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.console}/try")
    page.set_input_files("#photo", shop.photo())
    expect(page.locator("#similar [data-score]").first).to_be_visible()


def _task(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.console}/tagging")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/tagging/*-*")


PAGES = (
    "services", "services/autumn", "services/autumn/index", "services/autumn/products",
    "services/autumn/product?id=demo-001", "keys", "model", "tagging", "nothing",
)  # fmt: skip


@pytest.mark.parametrize(("size", "device"), [(LAPTOP, "laptop"), (PHONE, "phone")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(
    chromium: Browser, indexed: Shop, screenshots: Path, size: tuple[int, int], device: str, scheme: str
) -> None:
    problems: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        _settled(page)
        page.screenshot(path=screenshots / f"{name}-{device}-{scheme}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        problems[name] = [*findings(page), *([f"{wide} px wider than the window"] if wide > 0 else [])]

    with open_page(chromium, indexed, size, scheme) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(f"{indexed.console}/")
        look(page, "sign-in")
        sign_in(page, indexed)
        look(page, "try")
        wait_until_indexed(page, indexed)
        look(page, "run")
        for path in PAGES:
            page.goto(f"{indexed.console}/{path}")
            look(page, path.partition("?")[0].replace("/", "-"))
        page.goto(f"{indexed.console}/services/autumn/index")
        page.set_input_files("#file", {"name": "a.jsonl", "mimeType": "text/plain", "buffer": indexed.index_file()})
        expect(page.locator(".preview")).to_be_visible()
        look(page, "preview")
        _task(page, indexed)
        look(page, "task")
        _try(page, indexed)
        look(page, "look")
    assert {name: found for name, found in problems.items() if found} == {}


def test_the_picture_in_the_readme(chromium: Browser, indexed: Shop, tmp_path: Path) -> None:
    """Made anew, and kept when ``PLACKET_UPDATE_IMAGES`` is set."""
    made = tmp_path / "console.png"
    with open_page(chromium, indexed, (1280, 900)) as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        sign_in(page, indexed)
        wait_until_indexed(page, indexed)
        _try(page, indexed)
        _settled(page)
        page.evaluate("document.querySelector('[data-look]').scrollIntoView()")
        page.screenshot(path=made)
    # Of 256 colours: half the bytes, and no difference that anybody sees.
    Image.open(made).convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(made, optimize=True)
    assert 20_000 < made.stat().st_size < _MOST_README_BYTES
    if os.environ.get("PLACKET_UPDATE_IMAGES"):
        README_IMAGE.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, README_IMAGE)
