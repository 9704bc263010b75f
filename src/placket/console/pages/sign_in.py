"""Signing in with the admin token, and out; the language, which needs neither."""

import hmac
import math
import secrets
from urllib.parse import unquote, urlsplit

from starlette.responses import RedirectResponse, Response

from placket.console.errors import NoSuchPage
from placket.console.guard import SESSION_COOKIE, Page
from placket.console.sessions import LIFETIME_SECONDS
from placket.console.visit import LANGUAGE_COOKIE, PROJECT_COOKIE, Visit
from placket.console.words import LANGUAGES
from placket.domain.errors import Unauthorized

FORM_COOKIE = "placket_sign_in"
_FORM_SECONDS = 3600
_MOST_TOKEN = 512


async def form(visit: Visit) -> Response:
    if visit.session is not None:
        return visit.redirect("/")
    return await _form(visit, visit.argument("next"))


async def _form(visit: Visit, target: str, error: str = "", status: int = 200) -> Response:
    nonce = unquote(visit.request.cookies.get(FORM_COOKIE, "")) or secrets.token_urlsafe(18)
    token = await visit.house.sessions.form_token(nonce)
    ended = SESSION_COOKIE in visit.request.cookies
    page = visit.render("sign_in.html", status, next=target, form_token=token, error=error, ended=ended)
    return visit.remember(page, FORM_COOKIE, nonce, _FORM_SECONDS)


async def submit(visit: Visit) -> Response:
    if visit.session is not None:
        return visit.redirect(_inside(visit.text("next")))
    if not await _made_here(visit):
        return await _form(visit, visit.text("next"), visit.words("sign_in.stale"), 403)
    client = visit.request.client.host if visit.request.client else ""
    wait = visit.house.throttle.wait(client)
    if wait > 0:
        response = await _form(visit, visit.text("next"), visit.words("sign_in.wait", count=math.ceil(wait)), 429)
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
    attempt = visit.house.throttle.begin(client)
    try:
        cookie = await visit.house.sessions.begin(visit.text("token")[:_MOST_TOKEN])
    except Unauthorized:
        return await _form(visit, visit.text("next"), visit.words("sign_in.wrong"), 401)
    visit.house.throttle.succeeded(attempt)
    response = visit.redirect(_inside(visit.text("next")))
    visit.remember(response, SESSION_COOKIE, cookie, LIFETIME_SECONDS)
    return visit.forget(response, FORM_COOKIE)


async def _made_here(visit: Visit) -> bool:
    """Whether the form is this browser's own: nobody signs others in from elsewhere.

    Of forms opened at the same moment, as when a browser brings its tabs back, the cookie is that of the last; the
    browser's word that one of our pages sent it does for the others.
    """
    nonce = unquote(visit.request.cookies.get(FORM_COOKIE, ""))
    expected = await visit.house.sessions.form_token(nonce)
    matches = hmac.compare_digest(expected.encode(), visit.text("form").encode("utf-8", "replace"))
    return bool(nonce) and (matches or visit.request.headers.get("sec-fetch-site") == "same-origin")


def _inside(target: str) -> str:
    """A path of the console: a sign-in never leads elsewhere."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    clean = target.isprintable() and "\\" not in target and not parts.scheme and not parts.netloc
    return target if clean and target.startswith("/") and not target.startswith("//") else "/"


async def language(visit: Visit) -> Response:
    chosen = visit.path("language")
    if chosen not in LANGUAGES:
        raise NoSuchPage("")
    return visit.remember(visit.redirect(_inside(visit.argument("back"))), LANGUAGE_COOKIE, chosen)


async def sign_out(visit: Visit) -> Response:
    assert visit.session is not None
    visit.house.sessions.end(visit.session)
    return visit.forget(RedirectResponse(f"{visit.house.prefix}/sign-in", 303), SESSION_COOKIE)


async def sign_out_everywhere(visit: Visit) -> Response:
    await visit.house.sessions.end_all()
    return visit.forget(RedirectResponse(f"{visit.house.prefix}/sign-in", 303), SESSION_COOKIE)


async def choose_project(visit: Visit) -> Response:
    chosen = visit.text("project")
    response = visit.redirect("/services")
    if any(p.name == chosen for p in visit.projects):
        visit.remember(response, PROJECT_COOKIE, chosen)
    return response


POST: dict[str, Page] = {
    "/sign-out": sign_out,
    "/sign-out-everywhere": sign_out_everywhere,
    "/project": choose_project,
}
