"""What looks like this? By product, by a detected item's link, by a photo."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from placket.domain.errors import InvalidParameter, NoGarmentFound
from placket.domain.filters import Condition, Filter
from placket.domain.garments import Box, Embedding, Garment
from placket.domain.images import ImageLimits
from placket.domain.keeping import big_enough
from placket.domain.labels import LabelCondition, label_words, shared
from placket.domain.runs import FilterField
from placket.services.links import LinkSigner
from placket.services.ports import SearchEngine, Vision
from placket.services.stores import Caller, Document, DocumentStore, Service, ServiceStore
from placket.services.switching import once_more

MOST_RESULTS = 200
_DIGITS = 5
"""Decimals of a similarity; a threshold is compared with what is shown."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """``limit`` 1..200. ``threshold``: least similarity shown, 0 < t <= 1, None cuts nothing.

    ``collapse``: of products with one value in this field, which is not empty, only the best is shown. ``labels``: what
    the garment is that is like the query; ``same``: attributes in which it is as the query is.
    """

    limit: int
    conditions: tuple[Filter, ...] = ()
    threshold: float | None = None
    include_duplicates: bool = True
    collapse: FilterField | None = None
    labels: tuple[LabelCondition, ...] = ()
    same: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_RESULTS:
            raise InvalidParameter(f"limit must be between 1 and {MOST_RESULTS}")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise InvalidParameter("threshold must be over 0 and at most 1")
        if self.collapse and not self.include_duplicates:
            raise InvalidParameter("collapse and includeDuplicates=false do not go together")

    def of_query(self, garment: Garment) -> "SearchOptions":
        """``same`` as conditions, for this query."""
        return replace(self, labels=(*self.labels, *shared(garment, self.same))) if self.same else self

    def without_those_like(self, document: Document) -> "SearchOptions":
        """The query is a product itself: with ``collapse``, the best of those with its value."""
        own = document.fields.get(self.collapse, "") if self.collapse else ""
        if not self.collapse or not own:
            return self
        return replace(self, conditions=(*self.conditions, Condition(self.collapse, (own,), negated=True)))


@dataclass(frozen=True, slots=True)
class Match:
    """``similarity`` 0..1, calibrated. ``document`` only where details were asked for, and then ``place``: which of its
    garments is the one that is like the query."""

    product_id: str
    similarity: float
    document: Document | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """``matches``: the most similar first. ``best``: the similarity of the nearest product that passes the filters,
    also where the threshold left it out; None when none passes."""

    matches: list[Match]
    best: float | None


class Searching:
    def __init__(
        self,
        services: ServiceStore,
        documents: DocumentStore,
        vision: Vision,
        engine: SearchEngine,
        links: LinkSigner,
        min_item_pixels: int,
    ) -> None:
        self._services = services
        self._documents = documents
        self._vision = vision
        self._engine = engine
        self._links = links
        self._min_item_pixels = min_item_pixels

    @once_more
    async def by_product(
        self, caller: Caller, service_name: str, product_id: str, options: SearchOptions, details: bool = False
    ) -> Found:
        """Products like the main garment of this one, itself left out. Raises NoSuchService, NoSuchProduct."""
        service = await self._services.get(caller.project_id, service_name)
        document = await self._documents.get(service, product_id)
        if not document.garments:
            return Found([], None)
        main = document.garments[0]
        others = options.without_those_like(document).of_query(main)
        return await self._search(service, main.embedding, document.image_sha256, others, details, product_id)

    @once_more
    async def by_link(
        self, caller: Caller, service_name: str, link: str, options: SearchOptions, details: bool = False
    ) -> Found:
        """Raises InvalidParameter; LinkInvalid (forged or foreign: before NoSuchService; of another bundle: after)."""
        if options.same:
            raise InvalidParameter("a link does not tell what its garment is: say so with tag, in the place of same")
        item = self._links.read(link, caller.project_id)
        service = await self._services.get(caller.project_id, service_name)
        item.check_bundle(service.bundle)
        return await self._search(service, item.embedding, item.image_sha256, options, details)

    @once_more
    async def by_image(
        self,
        caller: Caller,
        service_name: str,
        image: bytes,
        limits: ImageLimits,
        options: SearchOptions,
        *,
        details: bool = False,
        box: Box | None = None,
    ) -> tuple[Garment, Found]:
        """(the garment searched for, what looks like it): the photo's main garment, or what is inside ``box``.

        Raises NoSuchService, ImageError, NoGarmentFound.
        """
        service = await self._services.get(caller.project_id, service_name)
        project = caller.project_id
        found = await self._vision.analyse(image, limits=limits, bundle=service.bundle, box=box, project=project)
        garments = big_enough(found.garments, found.width, found.height, self._min_item_pixels)
        if not garments:
            hint = "" if box else "; with box, what is in there is searched for, whatever it is"
            raise NoGarmentFound(f"no fashion item was found in the image{hint}")
        main = garments[0]
        return main, await self._search(service, main.embedding, found.sha256, options.of_query(main), details)

    async def _search(
        self,
        service: Service,
        query: Embedding,
        sha256: str,
        options: SearchOptions,
        details: bool,
        itself: str | None = None,
    ) -> Found:
        hits = await self._engine.search(
            service.id,
            service.bundle,
            service.revision,
            query,
            limit=options.limit,
            conditions=options.conditions,
            labels=options.labels,
            exclude=frozenset() if itself is None else frozenset((itself,)),
            include_duplicates=options.include_duplicates,
            query_sha256=sha256,
            collapse=options.collapse,
        )
        matches = [Match(h.product_id, self._similarity(h.cosine, service.bundle)) for h in hits]
        best = matches[0].similarity if matches else None
        if options.threshold is not None:
            # Here and not in the engine, which would not tell of the best one.
            matches = [m for m in matches if m.similarity >= options.threshold]
        return Found(await self._with_documents(service, query, options.labels, matches) if details else matches, best)

    def _similarity(self, cosine: float, bundle: str) -> float:
        return round(self._vision.similarity(cosine, bundle), _DIGITS)

    async def _with_documents(
        self, service: Service, query: Embedding, labels: Sequence[LabelCondition], matches: Sequence[Match]
    ) -> list[Match]:
        found = await self._documents.get_many(service, [m.product_id for m in matches])
        documents = [(m, found.get(m.product_id)) for m in matches]
        return [Match(m.product_id, m.similarity, d, _nearest(d, query, labels) if d else 0) for m, d in documents]


def _nearest(document: Document, query: Embedding, labels: Sequence[LabelCondition]) -> int:
    """Which garment is the one that was found: where it was changed since, so that none is, the first."""
    cosines = {n: float(g.embedding @ query) for n, g in enumerate(document.garments) if _holds(g, labels)}
    return max(cosines, key=cosines.__getitem__, default=0)


def _holds(garment: Garment, labels: Sequence[LabelCondition]) -> bool:
    words = label_words(garment) if labels else ()
    return all(condition.holds(words) for condition in labels)
