"""A product that is put while others change its service, or delete it."""

from dataclasses import replace

import pytest

from placket.domain.errors import BundleMismatch
from placket.domain.images import AI_FASHION
from placket.domain.runs import Outcome
from placket.services.catalogue import Catalogue, CatalogueRules
from placket.services.stores import Caller, Document, Service
from tests.support.memory_stores import MemoryDocuments, MemoryServices
from tests.support.memory_vision import MemorySearch, MemoryVision

CALLER = Caller(1, "shop", "k")
FIELDS = {"name": "shirt", "category1_id": "c"}


class SwitchingServices(MemoryServices):
    """Every time that its service is read, it has the next of these bundles."""

    def __init__(self, *bundles: str) -> None:
        super().__init__()
        self.bundles = list(bundles)

    async def get(self, project_id: int, name: str) -> Service:
        return replace(await super().get(project_id, name), bundle=self.bundles.pop(0))


class LastBundleOnly(MemoryDocuments):
    async def put(self, service: Service, *given: object) -> tuple[Outcome, Document]:  # type: ignore[override]
        if service.bundle != "C":
            raise BundleMismatch("switched")
        return await super().put(service, *given)  # type: ignore[arg-type]


class DeletedAtOnce(MemoryDocuments):
    """Somebody deletes a product as soon as it is put."""

    async def put(self, service: Service, *given: object) -> tuple[Outcome, Document]:  # type: ignore[override]
        written = await super().put(service, *given)  # type: ignore[arg-type]
        await self.delete(service, written[1].product_id)
        return written


async def open_catalogue(services: MemoryServices, documents: MemoryDocuments) -> Catalogue:
    await services.create(CALLER.project_id, "main", "A", 5)
    rules = CatalogueRules(5, 100, 24, "UTC", AI_FASHION, 20, keep_uploads=True)
    return Catalogue(services, documents, MemoryVision(), MemorySearch(), rules)  # type: ignore[arg-type]


async def put(*bundles: str) -> Outcome:
    catalogue = await open_catalogue(SwitchingServices(*bundles), LastBundleOnly())
    return (await catalogue.put_product(CALLER, "main", "p", FIELDS, b"PIC1")).outcome


async def test_its_photo_is_looked_at_anew() -> None:
    assert await put("A", "C") is Outcome.ADDED


async def test_it_is_not_tried_for_ever() -> None:
    with pytest.raises(BundleMismatch):
        await put("A", "B", "C")


async def test_its_deletion_just_afterwards_does_not_make_the_put_a_failure() -> None:
    catalogue = await open_catalogue(MemoryServices(), DeletedAtOnce())
    result = await catalogue.put_product(CALLER, "main", "p", FIELDS, b"PIC1")
    assert (result.outcome, result.document.fields) == (Outcome.ADDED, FIELDS)


async def test_where_a_quota_was_lowered_nothing_remains_and_not_less() -> None:
    services = MemoryServices()
    catalogue = await open_catalogue(services, MemoryDocuments())
    (service,) = await catalogue.services(CALLER)
    for used, remaining in ((0, 24), (23, 1), (30, 0)):
        services.requests[service.id] = used
        assert [i.remaining for i in await catalogue.information(CALLER)] == [remaining]
