"""One request as a page sees it: who asks, in which language, for which project."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from jinja2 import Environment
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from placket.console.errors import Told
from placket.console.parts import ConsoleParts
from placket.console.sessions import Session, Sessions, Throttle
from placket.console.thumbnails import Thumbnails
from placket.console.words import LANGUAGES, Words, choose
from placket.domain.errors import InvalidParameter
from placket.services.stores import Caller, Project

PROJECT_COOKIE = "placket_project"
LANGUAGE_COOKIE = "placket_language"
THEME_COOKIE = "placket_theme"
THEMES = ("light", "dark")
SAFE_METHODS = ("GET", "HEAD")
_YEAR = 365 * 24 * 3600
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class House:
    """What outlives a request."""

    prefix: str
    parts: ConsoleParts
    sessions: Sessions
    throttle: Throttle
    thumbnails: Thumbnails
    templates: Environment


def _storable(text: str) -> str:
    """The text itself. Raises InvalidParameter for what no database takes."""
    if "\0" in text:
        raise InvalidParameter("a parameter has a character that no text has")
    return text


class NoProject(Exception):
    """The page needs a project, and there is none yet."""


@dataclass
class Visit:
    """``form`` is read, and its CSRF token checked, before a page sees it. ``page_project``: the id of the project that
    the form's page was made for; empty where it does not say."""

    house: House
    request: Request
    session: Session | None = None
    form: FormData = field(default_factory=FormData)
    projects: tuple[Project, ...] = ()
    page_project: str = ""

    @property
    def parts(self) -> ConsoleParts:
        return self.house.parts

    @cached_property
    def words(self) -> Words:
        asked = self.request.headers.getlist("accept-language")
        return Words(choose(self.request.cookies.get(LANGUAGE_COOKIE, ""), ",".join(asked)))

    @cached_property
    def project(self) -> Project | None:
        """The chosen one, else the oldest: a new project does not take its place."""
        chosen = unquote(self.request.cookies.get(PROJECT_COOKIE, ""))
        oldest = min(self.projects, key=lambda p: p.id, default=None)
        return next((p for p in self.projects if p.name == chosen), oldest)

    @property
    def caller(self) -> Caller:
        """The admin, acting for the project. Raises NoProject, and Told for a form of a page of another project: two
        tabs share one choice, and what the one says of its own service would be done to the other's of that name."""
        if self.project is None:
            raise NoProject
        if self.page_project not in ("", str(self.project.id)):
            raise Told(self.words("project.other", project=self.project.name))
        return Caller(self.project.id, self.project.name, "admin")

    @property
    def csrf(self) -> str:
        """What a page's forms and scripts carry: the session's token, and the project that the page is about."""
        return f"{self.session.csrf}.{self.project.id if self.project else ''}" if self.session else ""

    @property
    def is_fragment(self) -> bool:
        """Whether a script asked for a part of a page."""
        return "hx-request" in self.request.headers

    @property
    def address(self) -> str:
        """Path and query, below the console, of the page that the reader has before them: of a form that was sent, or
        of a part that a script asks for, the page that it stands on."""
        url = urlsplit(str(self.request.url))
        if self.is_fragment or self.request.method not in SAFE_METHODS:
            try:
                url = urlsplit(self.request.headers.get("referer", ""))
            except ValueError:
                return "/"
        if not url.path.startswith(f"{self.house.prefix}/"):
            return "/"
        return url.path.removeprefix(self.house.prefix) + (f"?{url.query}" if url.query else "")

    @property
    def is_secure(self) -> bool:
        return self.request.url.scheme == "https"

    def text(self, name: str, default: str = "") -> str:
        """A form's field, trimmed."""
        value = self.form.get(name, default)
        return _storable(value).strip() if isinstance(value, str) else default

    def texts(self, name: str) -> list[str]:
        """Everything that a form says under this name, trimmed."""
        return [_storable(v).strip() for v in self.form.getlist(name) if isinstance(v, str)]

    def arguments(self, name: str) -> list[str]:
        """Every parameter of this name that says something."""
        return [_storable(v) for v in self.request.query_params.getlist(name) if v]

    def argument(self, name: str, default: str = "") -> str:
        return _storable(self.request.query_params.get(name, default))

    def number(self, name: str) -> int:
        """A parameter that is a whole number of at most 15 digits; 0 for anything else."""
        given = self.argument(name)
        return int(given) if len(given) <= _MOST_DIGITS and given.isascii() and given.isdecimal() else 0

    def path(self, name: str) -> str:
        return _storable(str(self.request.path_params[name]))

    def render(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        theme = self.request.cookies.get(THEME_COOKIE, "")
        # What a form is answered with stands nowhere else (a new key is shown once): the choosers, which load another
        # page, are left out beside it. A refusal has nothing to lose.
        answer = self.request.method not in SAFE_METHODS and status < 400
        page = self.house.templates.get_template(template).render(
            t=self.words,
            lang=self.words.language,
            languages=LANGUAGES,
            theme=theme if theme in THEMES else "",
            here=self.request.url.path,
            address=self.address,
            alone=not self.is_fragment,
            choosers=not answer,
            session=self.session,
            csrf=self.csrf,
            project=self.project,
            projects=self.projects,
            **context,
        )
        return HTMLResponse(page, status)

    def redirect(self, path: str) -> Response:
        """To a page of the console."""
        target = self.house.prefix + path
        if self.is_fragment:
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)

    def remember(self, response: Response, name: str, value: str, seconds: int = _YEAR) -> Response:
        """Set a cookie that only the console gets."""
        response.set_cookie(
            name,
            quote(value, safe=""),
            max_age=seconds,
            path=self.house.prefix,
            secure=self.is_secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def forget(self, response: Response, name: str) -> Response:
        response.delete_cookie(name, path=self.house.prefix, secure=self.is_secure, httponly=True, samesite="strict")
        return response
