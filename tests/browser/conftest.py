"""A real ``placket serve`` with a drawn shop, and a real Chromium to look at it.

``PLACKET_TEST_BUNDLE``: folder of a bundle to see it with, else the shipped one, else a tiny one that finds blocks.
``PLACKET_SCREENSHOTS``: folder to keep the pictures in, else a temporary one.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from placket.samples import catalogue, scene
from placket.samples.pictures import Sample
from tests.support.server import ImageHost, PlacketServer, image_host, running_server

PRODUCTS = 24
LAPTOP, PHONE = (1280, 860), (390, 844)
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def _chromium() -> str:
    found = os.environ.get("PLACKET_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("NO BROWSER: the console was not looked at; install chromium (apt-get install chromium)")
    return found


@dataclass(frozen=True)
class Shop:
    server: PlacketServer
    host: ImageHost
    samples: list[Sample]
    folder: Path
    key: str

    @property
    def console(self) -> str:
        return f"{self.server.url}/console"

    def index_file(self) -> bytes:
        """JSONL of the whole shop, a row that is wrong in itself and one whose photo is missing."""
        rows = [self._row(f"demo-{n:03}", s.name, f"/{n}.jpg", s) for n, s in enumerate(self.samples, 1)]
        rows.insert(
            3, {"product_id": "no-photo", "status": "enable", "name": "Row without a photo", "category1_id": "x"}
        )
        rows.append(self._row("gone", '=HYPERLINK("x") <b>', "/gone.jpg", self.samples[0]))
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()

    def _row(self, product_id: str, name: str, path: str, sample: Sample) -> dict[str, str]:
        return {
            "product_id": product_id, "status": "enable", "name": name, "category1_id": sample.group,
            "category2_id": sample.category, "image_url": self.host.url(path), "s1": sample.color, "s2": sample.pattern,
        }  # fmt: skip

    def photo(self) -> Path:
        """Several of its garments on one floor."""
        path = self.folder / "outfit.jpg"
        if not path.exists():
            wanted = ("TOP", "BOTTOM", "SHOES", "BAG")
            chosen = [next(s for s in self.samples if s.group == group) for group in wanted]
            scene(chosen, 6).image.save(path, "JPEG", quality=90)
        return path


def _bundle() -> str | None:
    chosen = os.environ.get("PLACKET_TEST_BUNDLE")
    if chosen:
        return chosen
    shipped = files("placket.bundles")
    return str(shipped) if (shipped / "bundle.json").is_file() else None


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    _chromium()
    samples = catalogue(PRODUCTS)
    bundle = _bundle()
    environment = {"PLACKET_BUNDLE": bundle} if bundle else {}
    with image_host() as host, running_server(bundle=bundle is None, **environment) as server:
        for n, sample in enumerate(samples, 1):
            host.put(f"/{n}.jpg", sample.jpeg())
        key = server.create_key("boutique")
        yield Shop(server, host, samples, tmp_path_factory.mktemp("shop"), key)


@pytest.fixture(scope="package")
def indexed(shop: Shop) -> Shop:
    """The shop with its products in the service ``autumn`` and a tagging task over some of them."""
    headers = {"Authorization": f"Bearer {shop.key}"}
    with httpx.Client(base_url=shop.server.url, headers=headers, trust_env=False, timeout=60) as api:
        api.post("/placket/v1/services", json={"name": "autumn"}).raise_for_status()
        sent = api.post(
            "/placket/v1/services/autumn/runs", params={"format": "jsonl"},
            files={"file": ("autumn-2026.jsonl", shop.index_file())},
        )  # fmt: skip
        sent.raise_for_status()
        entries = [
            {"image": {"type": "url", "content": shop.host.url(f"/{n}.jpg")}, "context": {"id": f"look-{n}"}}
            for n in (1, 2, 3, 4, 5, 6, 7, 99)
        ]
        api.post(
            "/tagger/v2.12/bulk",
            headers={"x-api-key": shop.key},
            json={"albumName": "Lookbook, autumn", "taggingRequest": entries},
        ).raise_for_status()
    return shop


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = _chromium()
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="package")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("PLACKET_SCREENSHOTS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Watched:
    """A page whose every complaint and every request to elsewhere is kept."""

    def __init__(self, page: Page, shop: Shop) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda m: self._said(m.type, m.text))
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: self._asked(r.url, shop.server.url))

    def _said(self, kind: str, text: str) -> None:
        # A photo that cannot be had is a 404 on purpose.
        if kind == "error" and "404" not in text:
            self.complaints.append(text)

    def _asked(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:", "blob:")):
            self.elsewhere.append(url)


def sign_in(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.console}/")
    page.get_by_label("Admin token").fill(shop.server.admin_token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/try")


def wait_until_indexed(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.console}/services/autumn/runs")
    page.locator("tbody a").first.click()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=90_000)


def open_page(
    chromium: Browser, shop: Shop, size: tuple[int, int], scheme: str = "light", **more: str
) -> BrowserContext:
    return chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale=more.get("locale", "en"),  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def laptop(chromium: Browser, shop: Shop) -> Iterator[Watched]:
    """Signed in; afterwards nothing was complained about and nothing was asked of anybody else."""
    with open_page(chromium, shop, LAPTOP) as context:
        context.set_default_timeout(30_000)
        watched = Watched(context.new_page(), shop)
        sign_in(watched.page, shop)
        yield watched
        assert watched.complaints == []
        assert watched.elsewhere == []
