"""Photos over /placket/v1: what is in them, and what looks like it."""

from collections.abc import Mapping, Sequence
from typing import Any

from placket.client.answers import read_placket
from placket.client.catalogue import service_path
from placket.client.faces import Calls, M, call
from placket.client.inputs import (
    Source,
    filter_parameters,
    is_url,
    parameters,
    segment,
    several,
    tag_parameters,
    uploaded,
)
from placket.client.shapes.placket import ImageMatchList, MatchList, Photo
from placket.client.steps import Request, Steps


def _body(source: Source) -> Steps[dict[str, Any]]:
    if is_url(source):
        return {"json": {"url": source}}
    return {"files": {"image": (yield from uploaded(source))}}  # type: ignore[arg-type]


class Photos(Calls[M]):
    """A photo is a ``Path``, bytes, or the URL of one that the server fetches. Raises ImageRefused, NoSuchService."""

    @call
    def detect(self, service: str, photo: Source, *, lang: str | None = None) -> Steps[Photo]:
        """Every garment, clothing first. Each has a ``link`` that stands for it in a search."""
        return (yield from self._look(service, "detect", photo, parameters(lang=lang)))

    @call
    def tag(self, service: str, photo: Source, *, lang: str | None = None, item_limit: int = 1) -> Steps[Photo]:
        """The widest garments, 1 to 4, widest first."""
        return (yield from self._look(service, "tag", photo, parameters(lang=lang, itemLimit=item_limit)))

    def _look(self, service: str, what: str, photo: Source, params: tuple[tuple[str, str], ...]) -> Steps[Photo]:
        body = yield from _body(photo)
        request = Request("POST", f"{service_path(service)}/{what}", True, params, **body)
        found: Photo = yield from self._retries.send(request, read_placket)
        return found


class Search(Calls[M]):
    """Similar products, the most similar first in ``items``. ``bestSimilarity`` is that of the nearest product which
    passes filters and tags, also where ``min_similarity`` left it out, and absent when none passes.

    ``limit``: 1 to 200. ``filters``: ``{"category1_id": "3,5", "s1": "!equal:1", "s2": "between:20,50"}``, the last for
    a column of numbers, of which either end may be missing. ``tags``: of the garment that is like the query,
    ``["category:dress,jumpsuit", "!pattern:floral"]``; ``same``: in what it is as the product's or photo's,
    ``["category", "colors"]``. ``min_similarity``: over 0, to 1. ``fields``: of ``name``, ``image_url``,
    ``categories``, ``s1``, ``s2`` and ``garment``, which of those in a product's photo is like the query; ``lang`` is
    of its category's name. ``include_duplicates=False`` leaves out products whose photo is, byte for byte, the query's
    or a better hit's; ``collapse="s1"`` those whose ``s1`` (or a category's column) is. ``box``: as a garment has it.
    """

    @call
    def product(
        self,
        service: str,
        product_id: str,
        *,
        limit: int = 20,
        filters: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
        same: Sequence[str] = (),
        min_similarity: float | None = None,
        include_duplicates: bool = True,
        collapse: str | None = None,
        fields: Sequence[str] = (),
        lang: str | None = None,
    ) -> Steps[MatchList]:
        """Products like the main garment of this one. Raises NoSuchProduct."""
        params = _options(limit, filters, tags, min_similarity, include_duplicates, collapse, fields, lang, same)
        path = f"{service_path(service)}/products/{segment(product_id)}/similar"
        found: MatchList = yield from self._retries.send(Request("GET", path, True, params), read_placket)
        return found

    @call
    def image(
        self,
        service: str,
        photo: Source,
        *,
        box: Sequence[float] | None = None,
        limit: int = 20,
        filters: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
        same: Sequence[str] = (),
        min_similarity: float | None = None,
        include_duplicates: bool = True,
        collapse: str | None = None,
        fields: Sequence[str] = (),
        lang: str | None = None,
    ) -> Steps[ImageMatchList]:
        """Products like the photo's main garment, or like what is in ``box``. Raises NoGarmentFound, ImageRefused."""
        where = parameters(box=None if box is None else tuple(box))
        params = where + _options(
            limit, filters, tags, min_similarity, include_duplicates, collapse, fields, lang, same
        )
        body = yield from _body(photo)
        request = Request("POST", _path(service), True, params, **body)
        found: ImageMatchList = yield from self._retries.send(request, read_placket)
        return found

    @call
    def link(
        self,
        service: str,
        link: str,
        *,
        limit: int = 20,
        filters: Mapping[str, str] | None = None,
        tags: Sequence[str] = (),
        min_similarity: float | None = None,
        include_duplicates: bool = True,
        collapse: str | None = None,
        fields: Sequence[str] = (),
        lang: str | None = None,
    ) -> Steps[MatchList]:
        """Products like a garment that ``photos.detect`` or ``fashion.detect`` found."""
        params = _options(limit, filters, tags, min_similarity, include_duplicates, collapse, fields, lang)
        request = Request("POST", _path(service), True, params, json={"link": link})
        found: MatchList = yield from self._retries.send(request, read_placket)
        return found


def _path(service: str) -> str:
    return f"{service_path(service)}/search"


def _options(
    limit: int,
    filters: Mapping[str, str] | None,
    tags: Sequence[str],
    min_similarity: float | None,
    include_duplicates: bool,
    collapse: str | None,
    fields: Sequence[str],
    lang: str | None,
    same: Sequence[str] = (),
) -> tuple[tuple[str, str], ...]:
    given = parameters(
        limit=limit,
        minSimilarity=min_similarity,
        includeDuplicates=None if include_duplicates else False,
        collapse=collapse,
        fields=several(fields, "fields") or None,
        same=several(same, "same") or None,
        lang=lang,
    )
    return (*given, *filter_parameters(filters), *tag_parameters(tags))
