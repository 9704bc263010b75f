"""Templates: everything that is put into one is escaped; only http and https become links."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def environment(prefix: str) -> Environment:
    """``prefix``: the path that the console is mounted at."""
    made = Environment(
        loader=PackageLoader("placket.console"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(base=prefix, asset=lambda name: f"{prefix}/assets/{name}?v={_version(name)}", url=_url)
    made.filters.update(web=web_address, when=_when, percent=_percent, segment=lambda text: quote(text, safe=""))
    return made


@cache
def _version(name: str) -> str:
    return hashlib.sha256((files("placket.console") / "assets" / name).read_bytes()).hexdigest()[:12]


def _url(path: str, **query: object) -> str:
    """``path`` with the parameters that are not None, encoded; a list is as many parameters of one name."""
    given = {name: value for name, value in query.items() if value is not None}
    encoded = urlencode(given, doseq=True, errors="replace")
    return f"{path}?{encoded}" if encoded else path


def web_address(text: str) -> str:
    """The text if a browser may follow it, else nothing: a stranger's ``javascript:`` stays text."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def _when(moment: datetime | None) -> Markup | str:
    """A time that the page's script shows in the reader's own zone."""
    if moment is None:
        return "–"
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="seconds"), utc.strftime("%Y-%m-%d %H:%M UTC")
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


Context = Mapping[str, Any]
