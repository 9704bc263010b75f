"""Keys, and what they used."""

import math
from datetime import timedelta

from starlette.responses import Response

from placket.console.charts import calls, chart, daily_rows, in_words, latency, minute_rows
from placket.console.errors import told
from placket.console.guard import Page
from placket.console.visit import PROJECT_COOKIE, Visit
from placket.domain.access import Access
from placket.domain.errors import InvalidParameter, KeyNameTaken, NoSuchKey, PlacketError
from placket.services.usage import period

_NEW = "+"
"""What the form says instead of a project's name when it is to make one."""


async def index(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, error: PlacketError | None = None, made: str = "") -> Response:
    keys = await visit.parts.keys.list()
    usage = await visit.parts.usage.everyone()
    first, last = period(None, None)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    per_key = {k.id: (0, 0) for k in keys}
    for u in usage:
        requests, images = per_key.get(u.key_id, (0, 0))
        per_key[u.key_id] = requests + u.requests, images + u.images
    values = {n: [sum(getattr(u, n) for u in usage if u.day == day) for day in days] for n in ("images", "requests")}
    charts = [(visit.words(f"usage.{name}"), chart(days, of_days)) for name, of_days in values.items()]
    minutes, statistics = visit.parts.traffic(), await visit.parts.statistics()
    return visit.render(
        "keys.html",
        400 if error else 200,
        keys=keys,
        per_key=per_key,
        charts=charts,
        days=daily_rows(days, values.values(), visit.words),
        calls=calls(minutes, visit.words),
        latency=latency(minutes, visit.words),
        minutes=minute_rows(minutes, visit.words),
        in_words=in_words,
        figures=[(name, visit.words.figure(name), value) for name, value in statistics.items()],
        made=made,
        accesses=list(Access),
        given={name: visit.text(name) for name in ("name", "project", "rate", "access")},
        new=_NEW,
        **told(error),
    )


async def create(visit: Visit) -> Response:
    project = visit.text("project")
    try:
        made = await visit.parts.keys.create(
            visit.text("name"),
            None if project == _NEW else project,
            _number(visit, "rate"),
            access=_access(visit.text("access")),
        )
    except (InvalidParameter, KeyNameTaken, NoSuchKey) as error:
        return await _page(visit, error)
    visit.projects = tuple(await visit.parts.store.projects())
    response = await _page(visit, made=made.key)
    if project == _NEW and visit.project is None:
        visit.remember(response, PROJECT_COOKIE, made.record.project)
    return response


def _access(text: str) -> Access:
    try:
        return Access(text or Access.FULL)
    except ValueError:
        raise InvalidParameter("access must be full or search") from None


def _number(visit: Visit, name: str) -> float | None:
    text = visit.text(name)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidParameter(f"{name} must be a number")
    return number


async def revoke(visit: Visit) -> Response:
    await visit.parts.keys.revoke(visit.path("key"))
    return visit.redirect("/keys")


async def limit(visit: Visit) -> Response:
    images = _number(visit, "images") or 0.0
    if not images.is_integer():
        raise InvalidParameter("images must be a whole number")
    rate = _number(visit, "rate") or 0.0
    await visit.parts.keys.limit(visit.path("key"), rate=rate, images_per_month=int(images))
    return visit.redirect("/keys")


GET: dict[str, Page] = {"/keys": index}
POST: dict[str, Page] = {"/keys": create, "/keys/{key}/revoke": revoke, "/keys/{key}/limit": limit}
