"""Services and their products, one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from placket.domain.applying import PlannedRow
from placket.domain.corrections import Correction, check_correction, nearest
from placket.domain.errors import InvalidParameter
from placket.domain.images import ImageLimits
from placket.domain.index_file import check_product
from placket.domain.labels import LabelCondition
from placket.domain.names import check_service_name
from placket.domain.quota_day import start_of_day
from placket.domain.runs import FILTER_FIELDS, FilterField, Outcome, Status
from placket.services.ports import Priority, SearchEngine, Vision
from placket.services.product_photos import ProductPhotos
from placket.services.stores import Caller, Document, DocumentStore, Service, ServiceStore
from placket.services.switching import once_more


@dataclass(frozen=True, slots=True)
class CatalogueRules:
    """``image``: what a product's photo may be. ``requests_per_day`` counts from midnight in ``zone``."""

    services_per_project: int
    documents_per_service: int
    requests_per_day: int
    zone: str
    image: ImageLimits
    min_item_pixels: int
    keep_uploads: bool


@dataclass(frozen=True, slots=True)
class ServiceInformation:
    """``remaining``: index requests that the service may still make today."""

    service: Service
    remaining: int


@dataclass(frozen=True, slots=True)
class PutResult:
    outcome: Outcome
    document: Document


class Catalogue:
    def __init__(
        self,
        services: ServiceStore,
        documents: DocumentStore,
        vision: Vision,
        engine: SearchEngine,
        rules: CatalogueRules,
    ) -> None:
        self._services = services
        self._documents = documents
        self._vision = vision
        self._photos = ProductPhotos(vision, rules.image, rules.min_item_pixels)
        self._engine = engine
        self._rules = rules

    async def create_service(self, caller: Caller, name: str) -> Service:
        """Raises InvalidParameter, ServiceExists, ServiceQuotaExceeded, VisionUnavailable (no bundle to index with)."""
        check_service_name(name)
        bundle = self._vision.default_bundle
        return await self._services.create(caller.project_id, name, bundle, self._rules.services_per_project)

    async def delete_service(self, caller: Caller, name: str) -> None:
        """Its index runs stop. Raises NoSuchService."""
        self._engine.forget(await self._services.delete(caller.project_id, name))

    async def services(self, caller: Caller) -> list[Service]:
        return await self._services.list(caller.project_id)

    async def service(self, caller: Caller, name: str) -> Service:
        """Raises NoSuchService; another project's service does not exist for the caller."""
        return await self._services.get(caller.project_id, name)

    async def information(self, caller: Caller) -> list[ServiceInformation]:
        services = await self._services.list(caller.project_id)
        day = start_of_day(await self._services.now(), self._rules.zone)
        used = await self._services.requests_since([s.id for s in services], day)
        quota = self._rules.requests_per_day
        return [ServiceInformation(s, max(0, quota - used.get(s.id, 0))) for s in services]

    async def product(self, caller: Caller, service_name: str, product_id: str) -> Document:
        """Raises NoSuchService, NoSuchProduct."""
        return await self._documents.get(await self.service(caller, service_name), product_id)

    async def products(
        self, caller: Caller, service_name: str, after: str, limit: int, labels: Sequence[LabelCondition] = ()
    ) -> list[Document]:
        """Products by id, after the given one; with ``labels`` those with a garment for which all hold.

        Raises NoSuchService.
        """
        return await self._documents.page(await self.service(caller, service_name), after, limit, labels)

    async def correct_product(
        self, caller: Caller, service_name: str, product_id: str, correction: Correction
    ) -> Document:
        """Say what the garment at ``correction.box`` is; what was said of it before is forgotten.

        Raises NoSuchService, NoSuchProduct, InvalidParameter.
        """
        service = await self.service(caller, service_name)
        document = await self._documents.get(service, product_id)
        position = nearest(document.garments, correction.box)
        known = document.corrected.get(position)
        check_correction(correction, known.seen if known else document.garments[position])
        return await self._documents.correct(service, product_id, correction)

    async def forget_corrections(self, caller: Caller, service_name: str, product_id: str) -> None:
        """The product's tags are again what vision saw. Raises NoSuchService, NoSuchProduct."""
        await self._documents.correct(await self.service(caller, service_name), product_id, None)

    async def refilter_product(
        self, caller: Caller, service_name: str, product_id: str, values: Mapping[FilterField, str]
    ) -> Document:
        """Change what a product is filtered by, and leave its photo and what was seen on it as they are.

        Raises InvalidParameter (a value, or none), NoSuchService, NoSuchProduct.
        """
        if not values:
            raise InvalidParameter(f"nothing to change was given: it may be {', '.join(FILTER_FIELDS)}")
        check_product(product_id, values)
        return await self._documents.refilter(await self.service(caller, service_name), product_id, values)

    async def delete_product(self, caller: Caller, service_name: str, product_id: str) -> None:
        """Raises NoSuchService, NoSuchProduct."""
        await self._documents.delete(await self.service(caller, service_name), product_id)

    async def uploaded_image(self, caller: Caller, service_name: str, product_id: str) -> bytes | None:
        """The photo that came with the product's upload, if it is kept."""
        service = await self.service(caller, service_name)
        return await self._documents.upload(service.id, product_id)

    @once_more
    async def put_product(
        self, caller: Caller, service_name: str, product_id: str, fields: Mapping[str, str], image: bytes
    ) -> PutResult:
        """Add or replace one product whose photo comes with it.

        Raises InvalidParameter (a field), NoSuchService, ImageError, NoGarmentFound, DocumentQuotaExceeded.
        """
        check_product(product_id, fields)
        service = await self.service(caller, service_name)
        stored = (await self._documents.known(service.id, service.bundle, [product_id])).get(product_id)
        analysis = await self._photos.analyse(
            image,
            fields.get("name", ""),
            bundle=service.bundle,
            priority=Priority.INTERACTIVE,
            project=caller.project_id,
            known=stored.analysis if stored else None,
        )
        row = PlannedRow(0, 1, product_id, Status.ENABLE, fields)
        outcome, document = await self._documents.put(
            service,
            row,
            # It has no host that could be asked whether it changed.
            replace(analysis, etag=""),
            image if self._rules.keep_uploads else None,
            self._rules.documents_per_service,
        )
        return PutResult(outcome, document)
