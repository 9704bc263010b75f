"""Try it: a photo, what is found in it, and what looks like that."""

import asyncio
import base64
from collections.abc import Sequence

from starlette.responses import Response

from placket.console.errors import Told
from placket.console.garments import Shown, overlay, shown
from placket.console.guard import read_upload
from placket.console.visit import Visit
from placket.domain.errors import InvalidParameter
from placket.domain.filters import BETWEEN, Condition, Filter, between
from placket.domain.labels import parse_labels
from placket.domain.runs import FILTER_FIELDS
from placket.services.searching import MOST_RESULTS, Found, Match, SearchOptions

_PREVIEW_SIDE = 1024
_IMAGE = "image"
STEPS = 20
"""Thresholds whose counts are shown: 0, 0.05 ... 0.95."""


async def home(visit: Visit) -> Response:
    """To the page that the console opens with, also for who comes back to a photo's: there is no photo any more."""
    return visit.redirect("/try")


async def page(visit: Visit) -> Response:
    return visit.render("try.html", max_bytes=visit.parts.photo_limits.max_bytes)


async def look(visit: Visit) -> Response:
    """The photo with its garments. Raises InvalidParameter without a photo, FetchError, ImageError."""
    image = await _photo(visit)
    limits, caller = visit.parts.photo_limits, visit.caller
    found, preview = await asyncio.gather(
        visit.parts.looking.look(caller, image, limits),
        visit.parts.vision.thumbnail(image, limits=limits, side=_PREVIEW_SIDE),
    )
    items: list[Shown] = [shown(d.garment, visit.words, link=d.link) for d in found.items]
    return visit.render(
        "_look.html" if visit.is_fragment else "look.html",
        max_bytes=limits.max_bytes,
        # Carried in the page itself: the server keeps no photo that somebody tried.
        preview="data:image/jpeg;base64," + base64.b64encode(preview).decode("ascii"),
        overlay=overlay([d.garment for d in found.items], visit.words, found.width, found.height),
        items=items,
        width=found.width,
        height=found.height,
        services=await visit.parts.catalogue.services(caller),
        fields=FILTER_FIELDS,
    )


async def _photo(visit: Visit) -> bytes:
    limits = visit.parts.photo_limits
    upload = await read_upload(visit, "photo", limits.max_bytes)
    if upload is not None:
        return upload[1]
    url = visit.text("url")
    if not url:
        raise Told(visit.words("try.nothing"))
    return await visit.parts.photos.fetch(url, limits, visit.caller.project_id)


async def similar(visit: Visit) -> Response:
    """Products of a service like the garment of a link. Raises NoSuchService, LinkInvalid."""
    options = narrowed(MOST_RESULTS, visit.text("once"), visit.texts("tag"), _conditions(visit))
    service = visit.text("service")
    await _check_model(visit, service)
    found = await visit.parts.searching.by_link(visit.caller, service, visit.text("link"), options, details=True)
    return similar_page(visit, service, options, found)


def narrowed(limit: int, once: str, tags: Sequence[str], conditions: tuple[Filter, ...] = ()) -> SearchOptions:
    """``once``: what each is to be shown once of, ``image`` or a field; empty for every product. Raises
    InvalidParameter."""
    collapse = next((field for field in FILTER_FIELDS if field == once), None)
    if once not in ("", _IMAGE, collapse):
        raise InvalidParameter(f"what is shown once is {_IMAGE}, {', '.join(FILTER_FIELDS)}")
    return SearchOptions(
        limit, conditions, include_duplicates=once != _IMAGE, collapse=collapse, labels=parse_labels(tags)
    )


async def _check_model(visit: Visit, service: str) -> None:
    """Raises NoSuchService, and Told for a service whose products another bundle has seen."""
    bundle = (await visit.parts.catalogue.service(visit.caller, service)).bundle
    current = visit.parts.vision.default_bundle
    if bundle != current:
        raise Told(visit.words("similar.other_model", service=service, bundle=bundle, current=current))


def similar_page(visit: Visit, service: str, options: SearchOptions, found: Found) -> Response:
    """The part of a page that a script asked for, or a page of its own."""
    return visit.render(
        "_similar.html" if visit.is_fragment else "similar.html",
        service=service,
        matches=found.matches,
        narrowed=bool(options.conditions or options.labels or options.collapse),
        counts=counts(found.matches),
        steps=STEPS,
    )


def _conditions(visit: Visit) -> tuple[Filter, ...]:
    """``values``: with commas between them; empty means no filter. Raises InvalidParameter."""
    field, values = visit.text("field"), visit.text("values")
    if not values:
        return ()
    if field not in FILTER_FIELDS:
        raise InvalidParameter(f"a filter's field is one of {', '.join(FILTER_FIELDS)}")
    if visit.text("operator") == BETWEEN:
        return (between(field, values),)
    wanted = tuple(v.strip() for v in values.split(","))
    return (Condition(field, wanted, negated=visit.text("operator") == "not"),)


def counts(matches: list[Match]) -> list[int]:
    """How many of the matches reach each of the thresholds 0, 1/STEPS, 2/STEPS ..."""
    return [sum(m.similarity >= step / STEPS for m in matches) for step in range(STEPS)]
