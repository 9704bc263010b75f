"""What pages carry: safe headers, strangers' words as text, and what was asked for."""

import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

import placket.console
from placket.console.app import create_console
from placket.console.words import LANGUAGES, choose, strings
from placket.domain.errors import StorageUnavailable
from placket.domain.filters import Between
from placket.domain.labels import LabelCondition
from placket.services.ports import Hit
from tests.support.memory import MemoryInstallation
from tests.unit.console.conftest import Browser, console_parts, form_token

EVIL = '"><script>alert(1)</script>'
FIELDS = {"name": EVIL, "category1_id": "x", "image_url": "javascript:alert(1)", "s1": "=1+1"}
SCRIPT = {"hx-request": "true"}
TEMPLATES = Path(placket.console.__file__).parent / "templates"


async def put(installation: MemoryInstallation, product_id: str, **fields: str) -> None:
    caller: Any = await installation.parts.keys.authenticate(await installation.new_key(f"k{product_id}"[:60], "shop"))
    await installation.parts.catalogue.put_product(caller, "shoes", product_id, {**FIELDS, **fields}, b"PIC2")


@pytest.mark.parametrize("path", ["/sign-in", "/keys", "/nothing", "/assets/console.js", "/services/shoes/products"])
async def test_every_answer_has_the_safe_headers(admin: Browser, path: str) -> None:
    headers = (await admin.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("no-store" if "assets" not in path else "public, max-age=31536000, immutable")


def test_templates_have_nothing_inline() -> None:
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe|autoescape", text), template.name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), template.name
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text), template.name


async def test_strangers_words_are_text(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, EVIL)
    installation.engine.hits = [Hit(EVIL, 0.5)]
    for path in (
        "/services/shoes",
        "/services/shoes/products",
        "/services/shoes/product",
        "/services/shoes/neighbours",
    ):
        answer = await admin.get(path, params={"id": EVIL})
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "&lt;script&gt;alert" in answer.text, path
        assert 'href="javascript' not in answer.text, path


async def test_only_web_addresses_become_links(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, "p", image_url="https://shop.example/1.jpg?a=1&b=2")
    page = (await admin.get("/services/shoes/product", params={"id": "p"})).text
    assert '<a href="https://shop.example/1.jpg?a=1&amp;b=2" rel="noopener noreferrer nofollow"' in page


@pytest.mark.parametrize("product_id", ["..", "a/b", "%2F", "a?b#c", "한글", "a&id=b"])
async def test_any_product_id_has_a_page(admin: Browser, installation: MemoryInstallation, product_id: str) -> None:
    await put(installation, product_id)
    listed = (await admin.get("/services/shoes/products")).text
    link = re.search(r'class="product" href="/console([^"]+)"', listed)
    assert link
    page = await admin.get(link[1].replace("&amp;", "&"))
    assert page.status_code == 200
    assert "product_id</dt>" in page.text


async def test_the_export_has_no_cell_that_a_spreadsheet_runs(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, "p")
    answer = await admin.get("/services/shoes/products.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="shoes-products.csv"'
    assert ",'=1+1," in answer.text
    assert ",shirt," in answer.text


async def test_a_photo_is_looked_at_and_not_kept(admin: Browser, installation: MemoryInstallation) -> None:
    answer = await admin.post("/try/look", files={"photo": ("a.png", b"PIC2", "image/png")}, headers=SCRIPT)
    assert answer.status_code == 200
    assert answer.text.count("data-pick=") == 4
    assert "data:image/jpeg;base64," in answer.text
    assert "Shirt" in answer.text
    link = re.search(r'name="link" value="([^"]+)"', answer.text)
    assert link
    await put(installation, "p")
    installation.engine.hits = [Hit("p", 0.5), Hit("gone", -0.9)]
    similar = await admin.post("/try/similar", {"link": link[1], "service": "shoes"})
    assert 'data-score="0.75000"' in similar.text
    counts = re.search(r'data-counts="([^"]+)"', similar.text)
    assert counts
    # At 0, 0.05, ... : both at 0 and 0.05 (similarities 0.75 and 0.05), then one up to 0.75.
    assert counts[1] == ",".join(["2", "2"] + ["1"] * 14 + ["0"] * 4)


async def test_filters_of_the_similar_search(admin: Browser, installation: MemoryInstallation) -> None:
    page = (await admin.post("/try/look", files={"photo": ("a.png", b"PIC1", "image/png")}, headers=SCRIPT)).text
    link = re.search(r'name="link" value="([^"]+)"', page)
    assert link
    form = {
        "link": link[1],
        "service": "shoes",
        "field": "s1",
        "operator": "not",
        "values": "a, b",
        "once": "image",
        "tag": ["colors:red", "!pattern:dot"],
    }
    assert (await admin.post("/try/similar", form)).status_code == 200
    (asked,) = installation.engine.asked
    assert asked["conditions"][0].values == ("a", "b")
    assert asked["conditions"][0].negated
    assert (asked["include_duplicates"], asked["collapse"]) == (False, None)
    assert asked["labels"] == (LabelCondition(("colors:red",)), LabelCondition(("pattern:dot",), negated=True))
    assert (await admin.post("/try/similar", {**form, "once": "s2"})).status_code == 200
    asked = installation.engine.asked[-1]
    assert (asked["include_duplicates"], asked["collapse"]) == (True, "s2")
    assert (await admin.post("/try/similar", {**form, "operator": "between", "values": "20, 50"})).status_code == 200
    assert installation.engine.asked[-1]["conditions"] == (Between("s1", 20, 50),)
    refused = await admin.post("/try/similar", {**form, "operator": "between", "values": "20"})
    assert (refused.status_code, "two numbers" in refused.text) == (400, True)
    assert (await admin.post("/try/similar", {**form, "once": "price"})).status_code == 400
    assert (await admin.post("/try/similar", {**form, "tag": "colors:price"})).status_code == 400
    assert (await admin.post("/try/similar", {**form, "field": "price"})).status_code == 400
    assert (await admin.post("/try/similar", {**form, "link": "forged"})).status_code == 400


async def test_who_comes_back_to_what_a_form_showed_is_led_to_the_form(admin: Browser) -> None:
    assert (await admin.get("/try/look")).headers["location"] == "/console/try"


async def test_a_photo_that_is_tried_is_in_no_file(admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_file(*_: object, **__: object) -> None:
        raise AssertionError("a file was made")

    monkeypatch.setattr("tempfile.TemporaryFile", no_file)
    photo = b"PIC2" + bytes(3_000_000)
    assert (await admin.post("/try/look", files={"photo": ("a.png", photo, "image/png")})).status_code == 200


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary="]
)
async def test_a_form_that_cannot_be_read(admin: Browser, kind: str) -> None:
    page = await admin.get("/try")
    answer = await admin.client.post("/console/try/look", content=b"--y\r\n", headers={"content-type": kind})
    assert (page.status_code, answer.status_code) == (200, 400)
    assert (await admin.get("/services/shoes/index/preview")).headers["location"] == "/console/services/shoes/index"


async def test_a_photo_by_its_address_or_none(admin: Browser, installation: MemoryInstallation) -> None:
    installation.web.pages["https://shop.example/1.png"] = b"PIC1"
    assert (await admin.post("/try/look", {"url": "https://shop.example/1.png"})).status_code == 200
    bad = await admin.post("/try/look", {"url": "file:///etc/passwd"}, headers={"hx-request": "true"})
    assert bad.status_code == 400
    assert bad.text.startswith("<p")
    assert (await admin.post("/try/look")).status_code == 400
    assert (await admin.post("/try/look", files={"photo": ("a.txt", b"no picture", "text/plain")})).status_code == 400


async def test_a_photo_as_large_as_allowed_and_one_byte_more() -> None:
    installation = MemoryInstallation(image_max_bytes=1000)
    await installation.new_key("shop")
    from tests.unit.console.conftest import open_browser

    browser = open_browser(installation)
    async with browser.client:
        await browser.sign_in()
        image = b"PIC1" + bytes(996)
        assert (await browser.post("/try/look", files={"photo": ("a", image)})).status_code == 200
        assert (await browser.post("/try/look", files={"photo": ("a", image + b"0")})).status_code == 413
        assert (await browser.post("/try/look", files={"photo": ("a", image * 40)})).status_code == 413


async def test_thumbnails_are_made_once_and_failures_are_remembered(
    admin: Browser, installation: MemoryInstallation
) -> None:
    url = "https://shop.example/1.png"
    installation.web.pages[url] = b"PIC1"
    await put(installation, "p", image_url=url)
    for _ in range(2):
        answer = await admin.get("/services/shoes/photo", params={"id": "p", "side": "160"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.content.startswith(b"\xff\xd8\xff160")
        assert answer.headers["cache-control"].startswith("private")
    assert installation.web.asked == [url]
    odd = await admin.get("/services/shoes/photo", params={"id": "p", "side": "9999"})
    assert odd.content.startswith(b"\xff\xd8\xff320")
    installation.web.pages[url] = b"no picture"
    for _ in range(2):
        assert (await admin.get("/services/shoes/photo", params={"id": "p", "side": "640"})).status_code == 404
    assert installation.web.asked == [url] * 3


CSV = b"p1,enable,Shirt,tops,,,https://shop.example/1.jpg,,\np2,enable,Bad,,,,,,\np3,disable,,,,,,,\n"


async def test_a_bad_row_is_shown_with_no_word_that_it_does_not_have(admin: Browser) -> None:
    """Not as one that adds its product, as bad rows are kept."""
    misspelt = CSV.replace(b"p2,enable", b"p2,enabel")
    page = await admin.post("/services/shoes/index/preview", files={"file": ("a.csv", misspelt, "text/csv")})
    rows = re.findall(r"<td>(p\d)</td><td>(\w*)</td>", page.text)
    assert rows == [("p1", "enable"), ("p2", ""), ("p3", "disable")]


async def test_a_file_is_shown_before_it_is_sent(admin: Browser, installation: MemoryInstallation) -> None:
    page = await admin.post("/services/shoes/index/preview", files={"file": ("a.csv", CSV, "text/csv")})
    assert page.status_code == 200
    assert "category1_id is empty" in page.text
    assert installation.runs.runs == []
    sent = await admin.post("/services/shoes/index", files={"file": ("a.csv", CSV, "text/csv")})
    ((_, run, rows, _),) = installation.runs.runs
    assert sent.headers["location"] == f"/console/services/shoes/runs/{run.id}"
    assert [r.product_id for r in rows] == ["p1", "p2", "p3"]
    shown = (await admin.get(f"/services/shoes/runs/{run.id}")).text
    assert "category1_id is empty" in shown
    failed = (await admin.get(f"/services/shoes/runs/{run.id}/failed.csv")).text.splitlines()
    assert failed[0].lstrip("\ufeff").startswith("line,product_id,reason,detail")
    assert failed[1].startswith("2,p2,InvalidRow,category1_id is empty")
    assert len(failed) == 2


async def test_a_bad_file_is_refused_in_words(admin: Browser) -> None:
    for content in (b"", b"\xff\xfe", b"only,two\n"):
        answer = await admin.post("/services/shoes/index/preview", files={"file": ("a.csv", content)})
        assert answer.status_code == 400


async def test_events_of_a_run_that_has_ended(admin: Browser, installation: MemoryInstallation) -> None:
    await admin.post("/services/shoes/index", files={"file": ("a.csv", CSV, "text/csv")})
    answer = await admin.get(f"/services/shoes/runs/{installation.runs.runs[0][1].id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [e.split("\n")[0] for e in answer.text.split("\n\n") if e]
    assert events[0] == "retry: 500"
    assert events[1].startswith('data: "')
    assert events[2] == "event: end"


async def test_a_service_is_deleted_by_its_written_name(admin: Browser, installation: MemoryInstallation) -> None:
    wrong = await admin.post("/services/shoes/delete", {"confirm": "shoe"})
    assert wrong.status_code == 400
    # On its own page, open where it was written, with what was written.
    assert '<details class="confirm" open>' in wrong.text
    assert re.search(r'name="confirm"[^>]* value="shoe" aria-invalid="true" aria-describedby="wrong"', wrong.text)
    assert installation.services.all
    assert (await admin.post("/services/shoes/delete", {"confirm": "shoes"})).status_code == 303
    assert not installation.services.all


async def test_another_project_has_services_of_its_own(admin: Browser) -> None:
    await admin.post("/keys", {"name": "outlet", "project": "+"})
    assert "/services/shoes" in (await admin.get("/services")).text
    await admin.post("/project", {"project": "outlet"})
    assert "/services/shoes" not in (await admin.get("/services")).text
    assert (await admin.get("/services/shoes")).status_code == 404


async def test_a_form_of_another_projects_page_changes_nothing(
    admin: Browser, installation: MemoryInstallation
) -> None:
    """Two tabs: in the second one another project is chosen, whose service has the same name."""
    first = admin.csrf
    await admin.post("/keys", {"name": "outlet", "project": "+"})
    await admin.post("/project", {"project": "outlet"})
    second = form_token(await admin.get("/services"))
    assert (await admin.post("/services", {"csrf": second, "name": "shoes"})).status_code == 303
    for path in ("/services/shoes/delete", "/services/shoes/product/delete", "/try/similar"):
        refused = await admin.post(path, {"csrf": first, "confirm": "shoes", "id": "p", "service": "shoes"})
        assert refused.status_code == 400
        assert "another project than outlet" in refused.text
    assert [name for _, name in installation.services.all] == ["shoes", "shoes"]
    # Whatever is about no project goes on.
    assert (await admin.post("/project", {"csrf": first, "project": "shop"})).status_code == 303
    assert (await admin.post("/services/shoes/delete", {"csrf": first, "confirm": "shoes"})).status_code == 303
    assert (await admin.post("/sign-out", {"csrf": second})).status_code == 303


async def test_without_a_project_there_is_the_keys_page(stranger: Browser) -> None:
    await stranger.sign_in()
    assert (await stranger.get("/services")).headers["location"] == "/console/keys"
    assert (await stranger.get("/try")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/try", "/tagging", "/model", "/keys", "/services/shoes/index", "/services/shoes/runs"]
)
async def test_every_page_speaks_every_language(admin: Browser, path: str) -> None:
    for language in LANGUAGES:
        answer = await admin.get(path, headers={"accept-language": language}, follow_redirects=True)
        assert answer.status_code == 200
        assert f'<html lang="{language}"' in answer.text


async def test_the_language_can_be_switched(admin: Browser) -> None:
    answer = await admin.get("/language/ko", params={"back": "/services"})
    assert answer.headers["location"] == "/console/services"
    assert "서비스" in (await admin.get("/services", headers={"accept-language": "en"})).text
    assert (await admin.get("/language/tlh")).status_code == 404
    assert choose("", "fr, ko;q=0.5, en;q=0.1") == "ko"
    assert choose("", "%%%") == choose("", "zh") == "en"


def test_the_languages_say_the_same_things() -> None:
    english = strings("en")
    for language in LANGUAGES:
        own = strings(language)
        # How one thing is told apart from many is each language's own matter.
        assert {k for k in own if not k.endswith(".one")} == {k for k in english if not k.endswith(".one")}
        for key in own:
            text = english[key.removesuffix(".one")]
            assert sorted(re.findall(r"\{[a-z]+\}", own[key])) == sorted(re.findall(r"\{[a-z]+\}", text)), key


def test_every_sentence_of_a_template_exists() -> None:
    for template in TEMPLATES.glob("*.html"):
        for key in re.findall(r"\bt\(['\"]([a-z_.0-9]+[a-z])['\"]", template.read_text()):
            assert key in strings("en"), f"{template.name}: {key}"


@pytest.mark.parametrize("query", ["start=٣", "start=-1", "start=" + "9" * 5000, "start=1e3", "start="])
async def test_numbers_that_are_none_are_zero(admin: Browser, query: str) -> None:
    assert (await admin.get(f"/services/shoes/runs?{query}")).status_code == 200


async def test_what_no_database_takes_is_refused(admin: Browser) -> None:
    for path in ("/services/shoes/product?id=%00", "/services/a%00b", "/services/shoes/products?after=%00"):
        assert (await admin.get(path)).status_code == 400
    assert (await admin.post("/services", {"name": "a\0b"})).status_code == 400


async def test_errors_around_the_console_look_like_it(installation: MemoryInstallation) -> None:
    from starlette.requests import Request

    console = create_console(console_parts(installation))

    def asked(path: str) -> Request:
        return Request({"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [],
                        "scheme": "http", "server": ("x", 80), "root_path": ""})  # fmt: skip

    assert console.render_error(asked("/console"), ValueError()).headers["location"] == "/console/"
    answer = console.render_error(asked("/console/x"), ValueError("secret"))
    assert answer.status_code == 500
    assert b"secret" not in bytes(answer.body)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(("language", "word"), [("en", "The database cannot be used now."), ("ko", "데이터베이스")])
async def test_an_error_page_does_not_say_where_the_database_is(
    admin: Browser, monkeypatch: pytest.MonkeyPatch, language: str, word: str
) -> None:
    async def away(*_: object) -> None:
        raise StorageUnavailable("the database does not answer: connection to server at 10.0.0.7 failed")

    monkeypatch.setattr("placket.console.sessions.Sessions.read", away)
    with capture_logs() as lines:
        answer = await admin.get("/keys", headers={"accept-language": language})
    assert answer.status_code == 503
    assert word in answer.text and "10.0.0.7" not in answer.text
    assert "10.0.0.7" in lines[0]["error"]
