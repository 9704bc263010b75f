"""The installation's stores, network and vision in memory: what the HTTP side is tested against in process."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from placket.api.parts import ApiParts
from placket.domain.images import AI_FASHION, MEGABYTE, PHOTO_FORMATS
from placket.services.catalogue import Catalogue, CatalogueRules
from placket.services.indexing import Indexing, IndexRules
from placket.services.keys import AdminToken, Keys
from placket.services.links import LinkSigner
from placket.services.looking import Looking, Photos
from placket.services.searching import Searching
from placket.services.tally import Labelled
from placket.services.webhooks import WebhookSigner
from tests.support.memory_stores import MemoryDocuments, MemoryKeys, MemoryRuns, MemoryServices
from tests.support.memory_vision import MemorySearch, MemoryVision, MemoryWeb

SECRET = b"s" * 32


class MemoryInstallation:
    """All of it together: ``parts`` goes into ``create_app``."""

    admin_token = "admin-token"

    def __init__(
        self,
        *,
        services_per_project: int = 5,
        requests_per_day: int = 24,
        file_max_bytes: int = 5_000_000,
        max_rows: int = 10_000,
        image_max_bytes: int = 5_000_000,
    ) -> None:
        self.keys, self.services, self.documents = MemoryKeys(), MemoryServices(), MemoryDocuments()
        self.runs, self.web, self.vision, self.engine = (
            MemoryRuns(self.services), MemoryWeb(), MemoryVision(), MemorySearch()
        )  # fmt: skip
        self.problems: list[str] = []
        self.warnings: list[str] = []
        limits = replace(AI_FASHION, max_bytes=image_max_bytes)
        links = LinkSigner(SECRET)
        photos = Photos(self.web, 3.0)  # type: ignore[arg-type]
        catalogue = CatalogueRules(services_per_project, 100_000, requests_per_day, "Asia/Seoul", limits, 20, True)
        indexing = IndexRules(requests_per_day, "Asia/Seoul", file_max_bytes, 20_000_000, max_rows, 30.0, 32)
        stores: Any = (self.services, self.documents, self.vision)
        self.parts = ApiParts(
            keys=Keys(self.keys),
            admin_token=AdminToken(self.keys, self.admin_token),
            catalogue=Catalogue(*stores, self.engine, catalogue),  # type: ignore[arg-type]
            searching=Searching(*stores, self.engine, links, 20),  # type: ignore[arg-type]
            looking=Looking(self.services, self.vision, photos, links, 20),  # type: ignore[arg-type]
            photos=photos,
            indexing=Indexing(self.services, self.runs, self.web, self.vision, indexing),  # type: ignore[arg-type]
            webhook_signer=WebhookSigner(SECRET),
            image_limits=limits,
            photo_limits=replace(limits, formats=PHOTO_FORMATS),
            tag_limits=replace(AI_FASHION, max_bytes=min(image_max_bytes, MEGABYTE)),
            problems=self._problems,
            warnings=self._warnings,
            statistics=self._statistics,
            figures=self._figures,
        )

    async def new_key(self, name: str = "shop", project: str | None = None, rate: float | None = None) -> str:
        return (await self.parts.keys.create(name, project, rate)).key

    async def _problems(self) -> list[str]:
        await asyncio.sleep(0)
        return self.problems

    async def _warnings(self) -> list[str]:
        return self.warnings

    async def _statistics(self) -> Mapping[str, float]:
        return {"queue_jobs": 3.0, "vision_images_total": 5.0}

    async def _figures(self) -> Mapping[str, Labelled]:
        rows = Labelled(("outcome", "reason"), {("failed", "InvalidRow"): 2.0, ("added", ""): 7.0})
        return {"rows_total": rows, **{k: Labelled((), {(): v}) for k, v in (await self._statistics()).items()}}
