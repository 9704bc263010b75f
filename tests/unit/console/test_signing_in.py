"""Who gets in, for how long, and what a form must carry."""

import asyncio
import time

import httpx
import pytest

from placket.console.app import _routes
from placket.console.guard import Guarded
from placket.console.sessions import LIFETIME_SECONDS, Sessions, Throttle
from placket.services.keys import AdminToken
from tests.support.memory import MemoryInstallation
from tests.support.memory_stores import MemoryKeys
from tests.unit.console.conftest import Browser, open_browser


async def test_a_stranger_is_led_to_the_sign_in_page_and_back(stranger: Browser) -> None:
    answer = await stranger.get("/services/shoes/products?after=a%26b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?next=%2Fservices%2Fshoes%2Fproducts%3Fafter%3Da%2526b"
    signed = await stranger.sign_in(target="/services/shoes/products?after=a%26b")
    assert signed.headers["location"] == "/console/services/shoes/products?after=a%26b"


@pytest.mark.parametrize(
    "target", ["//evil.test/", "https://evil.test", "/\\evil.test", "evil", "/\n/evil", "/%", "http://["]
)
async def test_a_sign_in_never_leads_elsewhere(stranger: Browser, target: str) -> None:
    answer = await stranger.sign_in(target=target)
    assert answer.headers["location"].startswith("/console/")
    assert "evil" not in answer.headers["location"]


async def test_every_page_but_the_public_ones_needs_a_session(installation: MemoryInstallation) -> None:
    browser = open_browser(installation)
    console = browser.client._transport.app.routes[0].app  # type: ignore[attr-defined]
    checked = 0
    async with browser.client:
        for route in _routes(console._house):
            endpoint = getattr(route, "endpoint", None)
            if not isinstance(endpoint, Guarded) or endpoint._public:
                continue
            path = route.path.replace("{service}", "shoes").replace("{run}", "1").replace("{task}", "1")
            for method in route.methods - {"HEAD"}:
                answer = await browser.client.request(method, f"/console{path.replace('{key}', 'k')}")
                if path.endswith("/photo"):
                    assert (answer.status_code, answer.content, "set-cookie" in answer.headers) == (401, b"", False)
                else:
                    assert answer.status_code == 303, path
                    assert answer.headers["location"].startswith("/console/sign-in"), path
                checked += 1
    assert checked > 30


async def test_a_wrong_token_is_refused_and_too_many_have_to_wait(stranger: Browser) -> None:
    for _ in range(5):
        answer = await stranger.sign_in("wrong")
        assert answer.status_code == 401
        assert "placket_session" not in answer.headers.get("set-cookie", "")
    answer = await stranger.sign_in()
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_the_throttle_counts_by_client_and_in_all() -> None:
    throttle = Throttle(per_client=2, in_all=3, seconds=60)
    throttle.begin("a")
    assert throttle.wait("a") == 0
    throttle.begin("a")
    assert 59 < throttle.wait("a") <= 60
    assert throttle.wait("b") == 0
    throttle.begin("b")
    assert throttle.wait("c") > 59
    own = Throttle(per_client=1)
    own.succeeded(own.begin("a"))
    assert own.wait("a") == 0


def test_guesses_of_strangers_keep_nobody_out_who_has_signed_in() -> None:
    throttle = Throttle(per_client=2, in_all=3)
    throttle.succeeded(throttle.begin("10.0.0.1"))
    for n in range(5):
        throttle.begin(f"192.0.2.{n}")
    assert throttle.wait("10.0.0.2") > 0
    assert throttle.wait("10.0.0.1") == 0
    for _ in range(2):
        throttle.begin("10.0.0.1")
    assert throttle.wait("10.0.0.1") > 0


def test_the_addresses_of_a_network_of_ipv6_are_one_client() -> None:
    throttle = Throttle(per_client=2)
    for address in ("2001:db8::1", "2001:db8::ffff:2", "::ffff:192.0.2.1", "::ffff:192.0.2.2", "unix"):
        throttle.begin(address)
    assert throttle.wait("2001:db8::3") > 0
    for other in ("2001:db8:0:1::1", "::ffff:192.0.2.1", "192.0.2.2", "unix", ""):
        assert throttle.wait(other) == 0
    throttle.begin("192.0.2.1")
    assert throttle.wait("::ffff:192.0.2.1") > 0


async def test_guesses_at_the_same_moment_are_counted(stranger: Browser) -> None:
    page = await stranger.get("/sign-in")
    form = _form(page)
    answers = await asyncio.gather(
        *(stranger.client.post("/console/sign-in", data={"form": form, "token": f"guess-{n}"}) for n in range(20))
    )
    assert sorted(a.status_code for a in answers) == [401] * 5 + [429] * 15


async def test_the_cookie_is_for_the_console_alone(stranger: Browser) -> None:
    cookie = (await stranger.sign_in()).headers["set-cookie"].lower()
    for word in ("placket_session=", "httponly", "samesite=strict", "path=/console", f"max-age={LIFETIME_SECONDS}"):
        assert word in cookie
    assert "secure" not in cookie


async def test_over_https_the_cookie_is_secure(installation: MemoryInstallation) -> None:
    browser = open_browser(installation, "https")
    async with browser.client:
        assert "; secure" in (await browser.sign_in()).headers["set-cookie"].lower()


async def test_a_sign_in_form_is_good_for_its_own_browser_only(installation: MemoryInstallation) -> None:
    first, second = open_browser(installation), open_browser(installation)
    async with first.client, second.client:
        page = await first.get("/sign-in")
        form = _form(page)
        answer = await second.client.post("/console/sign-in", data={"form": form, "token": "admin-token"})
        assert answer.status_code == 403
        await second.get("/sign-in")
        answer = await second.client.post("/console/sign-in", data={"form": form, "token": "admin-token"})
        assert answer.status_code == 403


def _form(page: httpx.Response) -> str:
    return page.text.split('name="form" value="')[1].split('"')[0]


async def test_a_refused_form_comes_again_with_where_it_leads(stranger: Browser) -> None:
    first = _form(await stranger.get("/sign-in?next=/keys"))
    stranger.client.cookies.clear()
    data = {"form": first, "token": "admin-token", "next": "/keys"}
    refused = await stranger.client.post("/console/sign-in", data=data)
    assert refused.status_code == 403
    assert "no longer good" in refused.text
    again = await stranger.client.post("/console/sign-in", data={**data, "form": _form(refused)})
    assert again.headers["location"] == "/console/keys"


async def test_of_forms_opened_at_once_each_signs_in(stranger: Browser) -> None:
    first = _form(await stranger.get("/sign-in"))
    stranger.client.cookies.clear()
    await stranger.get("/sign-in")
    data = {"form": first, "token": "admin-token", "next": "/keys"}
    for site, status in (("cross-site", 403), ("same-site", 403), ("none", 403), ("same-origin", 303)):
        answer = await stranger.client.post("/console/sign-in", data=data, headers={"sec-fetch-site": site})
        assert answer.status_code == status, site


async def test_who_is_signed_in_already_is_led_on(admin: Browser) -> None:
    answer = await admin.client.post("/console/sign-in", data={"form": "", "token": "", "next": "/keys"})
    assert answer.headers["location"] == "/console/keys"


async def test_sign_out_ends_the_session_for_whoever_kept_the_cookie(admin: Browser) -> None:
    kept = admin.client.cookies["placket_session"]
    assert (await admin.post("/sign-out")).headers["location"] == "/console/sign-in"
    admin.client.cookies.clear()
    assert (await admin.get("/keys", headers={"cookie": f"placket_session={kept}"})).status_code == 303


async def test_ending_every_session_ends_those_of_other_processes() -> None:
    store = MemoryKeys()
    token = AdminToken(store, None)  # type: ignore[arg-type]
    here, there = Sessions(store, token), Sessions(store, token)  # type: ignore[arg-type]
    cookie = await here.begin((await token.value())[0])
    assert await there.read(cookie) is not None
    await here.end_all()
    there._known = None
    assert await there.read(cookie) is None


async def test_a_renewed_token_ends_every_session() -> None:
    store = MemoryKeys()
    token = AdminToken(store, None)  # type: ignore[arg-type]
    sessions = Sessions(store, token)  # type: ignore[arg-type]
    cookie = await sessions.begin((await token.value())[0])
    assert await sessions.read(cookie) is not None
    await token.renew()
    sessions._known = None
    assert await sessions.read(cookie) is None


async def test_a_session_runs_out_and_cannot_be_made_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryKeys()
    token = AdminToken(store, None)  # type: ignore[arg-type]
    sessions = Sessions(store, token)  # type: ignore[arg-type]
    cookie = await sessions.begin((await token.value())[0])
    identity, expires, mac = cookie.split(".")
    for forged in (
        "",
        ".",
        "..",
        f"{identity}.{int(expires) + 1}.{mac}",
        f"x{identity}.{expires}.{mac}",
        cookie + "0",
        "é.1.ü",
    ):
        assert await sessions.read(forged) is None
    monkeypatch.setattr(time, "time", lambda: float(expires) - 1)
    assert await sessions.read(cookie) is not None
    monkeypatch.setattr(time, "time", lambda: float(expires))
    assert await sessions.read(cookie) is None


@pytest.mark.parametrize(
    "path", ["/services", "/keys", "/services/shoes/delete", "/sign-out", "/sign-out-everywhere", "/project"]
)
async def test_nothing_changes_without_the_pages_token(
    admin: Browser, installation: MemoryInstallation, path: str
) -> None:
    for token in ("", "0" * 64):
        answer = await admin.post(path, {"csrf": token, "name": "bags", "confirm": "shoes"})
        assert answer.status_code == 403
    assert [name for _, name in installation.services.all] == ["shoes"]
    assert (await admin.get("/keys")).status_code == 200


async def test_the_token_may_come_as_a_header(admin: Browser) -> None:
    headers = {"x-csrf-token": admin.csrf, "hx-request": "true"}
    answer = await admin.client.post("/console/services", data={"name": "bags"}, headers=headers)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/console/services/bags")
