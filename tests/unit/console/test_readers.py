"""Pages for every reader: whatever their language, and without a script too."""

import re

import pytest
from markupsafe import Markup

from placket.console.choices import filter_options
from placket.console.words import LANGUAGES, Words
from placket.domain import reasons
from placket.domain.errors import FetchError, ImageError, NoGarmentFound, PlacketError
from placket.services.ports import Hit
from tests.support.memory import MemoryInstallation
from tests.unit.console.conftest import ORIGIN, Browser
from tests.unit.console.test_pages import CSV, SCRIPT, put


async def test_without_a_script_every_step_is_a_page(admin: Browser, installation: MemoryInstallation) -> None:
    page = await admin.post("/try/look", files={"photo": ("a.png", b"PIC2", "image/png")})
    assert page.text.startswith("<!doctype html>")
    assert page.text.count("<article") == 2
    assert "hidden>" not in page.text.partition("<article")[2].partition("</section>")[0]
    links = re.findall(r'<option value="([^"]{80,})"', page.text)
    assert len(links) == 2
    await put(installation, "p")
    installation.engine.hits = [Hit("p", 0.5)]
    similar = await admin.post("/try/similar", {"link": links[1], "service": "shoes"})
    assert similar.text.startswith("<!doctype html>")
    assert 'data-score="0.75000"' in similar.text
    neighbours = await admin.get("/services/shoes/neighbours", params={"id": "p"})
    assert neighbours.text.startswith("<!doctype html>")
    preview = await admin.post("/services/shoes/index/preview", files={"file": ("a.csv", CSV, "text/csv")})
    assert preview.text.startswith("<!doctype html>")
    assert "category1_id is empty" in preview.text
    assert 'type="file"' in preview.text


async def test_a_switch_of_language_stays_on_the_page(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, "p&q")
    page = await admin.get("/services/shoes/product", params={"id": "p&q"})
    link = re.search(r'href="/console(/language/ko[^"]+)"', page.text)
    assert link
    target = (await admin.get(link[1].replace("&amp;", "&"))).headers["location"]
    assert (await admin.get(target.removeprefix("/console"))).status_code == 200
    # What was sent cannot be asked for again: back to where the form stands, and nowhere else.
    elsewhere = ("https://evil.example/", "", "http://[", "//[/console/keys")
    for referer, back in ((f"{ORIGIN}/console/keys", "%2Fkeys"), *((address, "%2F") for address in elsewhere)):
        failed = await admin.post("/services", {"name": "?"}, headers={"referer": referer})
        assert f'/language/en?back={back}"' in failed.text


async def test_failures_are_told_in_the_readers_language(admin: Browser) -> None:
    for language in LANGUAGES:
        answer = await admin.post("/services", {"name": "shoes"}, headers={"accept-language": language})
        assert answer.status_code == 400
        notice = answer.text.partition('role="alert">')[2].partition("</p>")[0]
        assert "shoes" in notice
        assert ("같은 이름의 서비스가 이미 있습니다." in notice) is (language == "ko")


def test_every_failure_of_a_row_or_a_photo_has_its_words() -> None:
    stored = {word for name, word in vars(reasons).items() if name.isupper() and isinstance(word, str)}
    kinds: set[type[PlacketError]] = {
        ImageError,
        FetchError,
        *ImageError.__subclasses__(),
        *FetchError.__subclasses__(),
        NoGarmentFound,
    }
    for language in LANGUAGES:
        words = Words(language)
        for reason in stored | {reasons.reason_of(kind("")) for kind in kinds} | {kind.reason for kind in kinds}:
            assert words.reason(reason), f"{language}: reason.{reason}"


async def test_checks_and_reindexes_are_in_the_list_too(admin: Browser) -> None:
    await admin.post("/services/shoes/index", {"check_only": "yes"}, files={"file": ("dry.csv", CSV, "text/csv")})
    for path in ("/services/shoes", "/services/shoes/runs"):
        page = (await admin.get(path)).text
        assert "dry.csv" in page
        assert "Check only" in page


async def test_whoever_was_signed_in_is_told_that_it_ended(admin: Browser) -> None:
    cookie = dict(admin.client.cookies)["placket_session"]
    await admin.post("/sign-out-everywhere")
    assert "session has ended" not in (await admin.get("/sign-in")).text
    admin.client.cookies.set("placket_session", cookie, domain="console.test", path="/console")
    assert "Your session has ended" in (await admin.get("/sign-in")).text


async def test_a_service_of_another_model_says_how_to_bring_it_over(
    admin: Browser, installation: MemoryInstallation
) -> None:
    installation.vision.default_bundle = "newer"
    for language, words in (("en", "are never compared"), ("ko", "비교하지 않습니다")):
        form = {"link": "x", "service": "shoes"}
        answer = await admin.post("/try/similar", form, headers={**SCRIPT, "accept-language": language})
        assert answer.status_code == 400
        assert "placket reindex shoes" in answer.text
        assert words in answer.text


async def test_products_that_came_one_by_one_came_from_no_file(
    admin: Browser, installation: MemoryInstallation
) -> None:
    await put(installation, "p")
    for language, words in (("en", "No file has been indexed yet."), ("ko", "아직 색인한 파일이 없습니다.")):
        page = (await admin.get("/services/shoes", headers={"accept-language": language})).text
        assert words in page
        assert 'class="product"' in page


async def test_the_main_garment_is_called_a_garment(admin: Browser, installation: MemoryInstallation) -> None:
    await put(installation, "p")
    page = (await admin.get("/services/shoes/product", params={"id": "p"}, headers={"accept-language": "ko"})).text
    assert page.count("· 대표 옷<") == 1


def test_one_thing_is_told_as_one() -> None:
    english, korean = Words("en"), Words("ko")
    assert [english("index.send", count=n) for n in ("1", "2", "1,001")] == [
        "Index 1 row", "Index 2 rows", "Index 1,001 rows",
    ]  # fmt: skip
    assert english.html("services.products", count=Markup("<b>1</b>")) == "<b>1</b> product"
    assert korean.html("services.products", count=Markup("<b>1</b>")) == "상품 <b>1</b>개"


async def test_how_much_there_is_stands_in_a_sentence(admin: Browser) -> None:
    for language, words in (("en", "<b>0</b> products<"), ("ko", "상품 <b>0</b>개<")):
        assert words in (await admin.get("/services", headers={"accept-language": language})).text
    one = {"file": ("a.csv", CSV.splitlines(keepends=True)[0], "text/csv")}
    page = await admin.post("/services/shoes/index/preview", files=one, headers=SCRIPT)
    assert ">Index 1 row<" in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_to_filter_by_has_a_name_of_its_own(language: str) -> None:
    names = [name for name, _ in filter_options((), Words(language))]
    assert len(set(names)) == len(names)


async def test_what_is_wrong_with_a_row_is_said_in_the_reader_s_language_first(admin: Browser) -> None:
    files = {"file": ("a.csv", CSV, "text/csv")}
    for language, own in (("en", ""), ("ko", "행 자체가 잘못되었습니다. ")):
        page = await admin.post("/services/shoes/index/preview", files=files, headers={"accept-language": language})
        assert f'<td>{own}<span lang="en">category1_id is empty</span></td>' in page.text


@pytest.mark.parametrize(("cosine", "words"), [(-0.20862, "0.39"), (-0.2, "0.40"), (1.0, "1.00")])
async def test_a_score_is_shown_with_what_it_reaches(
    admin: Browser, installation: MemoryInstallation, cosine: float, words: str
) -> None:
    await put(installation, "p")
    installation.engine.hits = [Hit("p", cosine)]
    page = await admin.get("/services/shoes/neighbours", params={"id": "p"})
    assert f'<span class="score">{words}</span>' in page.text
