"""The installation's stores, network and vision in memory: what the HTTP side is tested against in process."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from placket.api.parts import ApiParts
from placket.domain.applying import PlannedRow
from placket.domain.corrections import Correction, by_garment, correct_all, with_correction
from placket.domain.errors import (
    FetchFailed,
    FetchTooLarge,
    ImageFormatUnsupported,
    ImageTooManyBytes,
    IndexQuotaExceeded,
    IndexRequestInProgress,
    KeyNameTaken,
    NoSuchKey,
    NoSuchProduct,
    NoSuchRun,
    NoSuchService,
    RunNotCancellable,
    ServiceExists,
    ServiceQuotaExceeded,
)
from placket.domain.garments import Analysis, Box, Garment, Label, Swatch
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.images import AI_FASHION, MEGABYTE, ImageLimits
from placket.domain.labels import label_words
from placket.domain.runs import Outcome, Row, RowResult, Run, RunKind, RunState
from placket.services.catalogue import Catalogue, CatalogueRules
from placket.services.indexing import Indexing, IndexRules
from placket.services.keys import AdminToken, Keys
from placket.services.links import LinkSigner
from placket.services.looking import Looking, Photos
from placket.services.ports import Fetched, Hit
from placket.services.searching import Searching
from placket.services.stores import Caller, Document, KeyRecord, Project, Service
from placket.services.webhooks import WebhookSigner

SECRET = b"s" * 32
BUNDLE = "v1"


class MemoryKeys:
    def __init__(self) -> None:
        self.projects_by_name: dict[str, int] = {}
        self.keys: dict[str, tuple[bytes, KeyRecord]] = {}
        self.secrets: dict[str, str] = {}
        self.turns: dict[str, float] = {}

    async def create(
        self,
        *,
        key_id: str,
        name: str,
        project: str | None,
        secret_hash: bytes,
        rate: float | None,
        images_per_month: int | None = None,
    ) -> KeyRecord:
        if project is None:
            if name in self.projects_by_name:
                raise KeyNameTaken(name)
            self.projects_by_name[name] = len(self.projects_by_name) + 1
        elif project not in self.projects_by_name:
            raise NoSuchKey(project)
        record = KeyRecord(key_id, name, project or name, datetime.now(UTC), None, rate, images_per_month)
        self.keys[key_id] = secret_hash, record
        return record

    async def list(self) -> list[KeyRecord]:
        return [record for _, record in self.keys.values()]

    async def set_limits(self, key_id: str, *, rate: float | None, images_per_month: int | None) -> KeyRecord:
        if key_id not in self.keys:
            raise NoSuchKey(key_id)
        secret, record = self.keys[key_id]
        if rate is not None:
            record = replace(record, rate_per_second=rate or None)
        if images_per_month is not None:
            record = replace(record, images_per_month=images_per_month or None)
        self.keys[key_id] = secret, record
        return record

    async def revoke(self, key_id: str) -> None:
        if key_id not in self.keys:
            raise NoSuchKey(key_id)
        secret, record = self.keys[key_id]
        self.keys[key_id] = secret, replace(record, revoked_at=datetime.now(UTC))

    async def take_turn(self, key_id: str, rate: float) -> float:
        now, step = time.monotonic(), 1.0 / rate
        then = max(self.turns.get(key_id, 0.0), now) + step
        if then > now + max(1.0, step):
            return then - now - max(1.0, step)
        self.turns[key_id] = then
        return 0.0

    async def find(self, key_id: str) -> tuple[bytes, Caller] | None:
        if key_id not in self.keys or self.keys[key_id][1].revoked_at:
            return None
        secret, record = self.keys[key_id]
        return secret, Caller(self.projects_by_name[record.project], record.project, key_id, record.rate_per_second)

    async def projects(self) -> Sequence[Project]:
        return [Project(number, name) for name, number in sorted(self.projects_by_name.items())]

    async def installation_secret(self, name: str, proposal: str) -> str:
        return self.secrets.setdefault(name, proposal)

    async def replace_installation_secret(self, name: str, value: str) -> None:
        self.secrets[name] = value


class MemoryServices:
    def __init__(self) -> None:
        self.all: dict[tuple[int, str], Service] = {}
        self.requests: dict[int, int] = {}

    async def create(self, project_id: int, name: str, bundle: str, quota: int) -> Service:
        if (project_id, name) in self.all:
            raise ServiceExists(name)
        if sum(p == project_id for p, _ in self.all) >= quota:
            raise ServiceQuotaExceeded(name)
        service = Service(len(self.all) + 1, project_id, name, bundle, 0, 0, datetime.now(UTC))
        self.all[project_id, name] = service
        return service

    async def delete(self, project_id: int, name: str) -> int:
        return self.all.pop((project_id, (await self.get(project_id, name)).name)).id

    async def list(self, project_id: int) -> list[Service]:
        return [s for (p, _), s in sorted(self.all.items()) if p == project_id]

    async def get(self, project_id: int, name: str) -> Service:
        if (project_id, name) not in self.all:
            raise NoSuchService(f"there is no service {name!r}")
        return self.all[project_id, name]

    async def requests_since(self, service_ids: Sequence[int], since: datetime) -> dict[int, int]:
        return {s: self.requests.get(s, 0) for s in service_ids}


class MemoryDocuments:
    def __init__(self) -> None:
        self.all: dict[int, dict[str, Document]] = {}
        self.corrections: dict[tuple[int, str], tuple[str, list[Correction]]] = {}

    async def get(self, service: Service, product_id: str) -> Document:
        if product_id not in self.all.get(service.id, {}):
            raise NoSuchProduct(f"there is no product {product_id!r}")
        return self._corrected(service.id, self.all[service.id][product_id])

    async def get_many(self, service: Service, product_ids: Sequence[str]) -> dict[str, Document]:
        return {p: await self.get(service, p) for p in self.all.get(service.id, {}) if p in product_ids}

    async def page(self, service: Service, after: str, limit: int, labels: Sequence[str] = ()) -> list[Document]:
        documents = [await self.get(service, p) for p in sorted(self.all.get(service.id, {})) if p > after]
        wanted = set(labels)
        return [d for d in documents if not wanted or any(wanted <= set(label_words(g)) for g in d.garments)][:limit]

    def _corrected(self, service_id: int, seen: Document) -> Document:
        sha256, corrections = self.corrections.get((service_id, seen.product_id), ("", []))
        if sha256 != seen.image_sha256:
            return seen
        garments, corrected = correct_all(seen.garments, by_garment(seen.garments, corrections))
        return replace(seen, garments=garments, corrected=corrected)

    async def correct(self, service: Service, product_id: str, correction: Correction | None) -> None:
        await self.get(service, product_id)
        seen = self.all[service.id][product_id]
        sha256, old = self.corrections.get((service.id, product_id), ("", []))
        old = old if sha256 == seen.image_sha256 else []
        kept = [] if correction is None else with_correction(old, correction, seen.garments)
        self.corrections[service.id, product_id] = seen.image_sha256, kept

    async def put(
        self, service: Service, row: PlannedRow, analysis: Analysis, image: bytes | None, quota: int
    ) -> Outcome:
        documents = self.all.setdefault(service.id, {})
        outcome = Outcome.UPDATED if row.product_id in documents else Outcome.ADDED
        now = datetime.now(UTC)
        documents[row.product_id] = Document(
            row.product_id, 1, row.fields, analysis.sha256, analysis.width, analysis.height, analysis.garments, now, now
        )
        return outcome

    async def delete(self, service: Service, product_id: str) -> None:
        await self.get(service, product_id)
        del self.all[service.id][product_id]
        self.corrections.pop((service.id, product_id), None)

    async def upload(self, service_id: int, product_id: str) -> bytes | None:
        return None


class MemoryRuns:
    """Runs end at once: every row that could be read is added."""

    async def superseded(self, service: Service, run_id: UUID) -> set[str]:
        return set()

    def __init__(self, services: MemoryServices) -> None:
        self._services = services
        self.received: set[int] = set()
        self.runs: list[tuple[int, Run, Sequence[Row], str]] = []

    @asynccontextmanager
    async def receiving(self, service_id: int) -> AsyncIterator[None]:
        if service_id in self.received:
            raise IndexRequestInProgress("another index request for this service is being received")
        self.received.add(service_id)
        try:
            yield
        finally:
            self.received.discard(service_id)

    async def accept(
        self,
        service: Service,
        *,
        kind: RunKind,
        filename: str,
        rows: Sequence[Row],
        daily_quota: int | None,
        callback_url: str = "",
        **_: Any,
    ) -> Run:
        used = self._services.requests.get(service.id, 0)
        if daily_quota is not None and kind is RunKind.INDEX:
            if used >= daily_quota:
                raise IndexQuotaExceeded("")
            self._services.requests[service.id] = used + 1
        failed = sum(bool(r.reason) for r in rows)
        run = Run(
            uuid4(), service.name, kind, filename, RunState.FINISHED, datetime(2026, 1, 2, tzinfo=UTC), None, None,
            len(rows) - failed, failed, 0, 0, len(rows), service.bundle,
        )  # fmt: skip
        self.runs.append((service.id, run, rows, callback_url))
        return run

    async def accept_reindex(self, service: Service, bundle: str, chunk_size: int) -> Run:
        raise NotImplementedError

    async def documents_without(self, service: Service, bundle: str) -> int:
        return 0

    async def list(
        self,
        service: Service,
        *,
        start: int,
        limit: int,
        order: tuple[str, bool],
        states: Sequence[RunState] = (),
        kinds: Sequence[RunKind] = (RunKind.INDEX,),
    ) -> tuple[int, list[Run]]:
        mine = [r for s, r, _, _ in self.runs if s == service.id and r.kind in kinds]
        runs = [r for r in mine if not states or r.state in states]
        runs.sort(key=lambda r: str(getattr(r, order[0])), reverse=order[1])
        return len(runs), runs[start : start + limit]

    def _find(self, service: Service, run_id: UUID) -> tuple[Run, Sequence[Row]]:
        for owner, run, rows, _ in self.runs:
            if owner == service.id and run.id == run_id:
                return run, rows
        raise NoSuchRun(f"there is no index run {run_id}")

    async def get(self, service: Service, run_id: UUID) -> Run:
        return self._find(service, run_id)[0]

    async def rows(
        self, service: Service, run_id: UUID, *, outcome: Outcome | None, start: int, limit: int
    ) -> Sequence[RowResult]:
        _, rows = self._find(service, run_id)
        results = [
            RowResult(
                r.line,
                r.product_id,
                Outcome.FAILED if r.reason else Outcome.ADDED,
                r.reason,
                r.detail,
                r.fields,
                r.status,
            )
            for r in rows
        ]
        return [r for r in results if outcome in (None, r.outcome)][start : start + limit]

    async def cancel(self, service: Service, run_id: UUID) -> Run:
        self._find(service, run_id)
        raise RunNotCancellable("the run has ended")


class MemoryWeb:
    """URL to its bytes, or to the error that fetching it raises."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Exception] = {}
        self.asked: list[str] = []

    async def fetch(self, url: str, *, max_bytes: int, timeout: float, **_: Any) -> Fetched:
        self.asked.append(url)
        answer = self.pages.get(url, FetchFailed("404"))
        if isinstance(answer, Exception):
            raise answer
        if len(answer) > max_bytes:
            raise FetchTooLarge(f"more than {max_bytes} bytes")
        return Fetched(answer, url, "image/png")

    async def aclose(self) -> None:
        pass


def garment(n: int = 0) -> Garment:
    """The n-th of a row of ever narrower shirts."""
    embedding = np.zeros(256, np.float32)
    embedding[n] = 1
    tags = {"colors": (Label("red", 0.75),), "pattern": (Label("solid", 0.5),)}
    box = Box(0.25, 0.125, 0.75 - n / 16, 0.875)
    return Garment("TOP", Label("shirt", 0.875), box, 0.9375, tags, embedding, (Swatch("#aa0000", "red", 0.5),))


class MemoryVision:
    """A picture is ``PIC`` and a digit: so many garments are on it. It believes every hint."""

    default_bundle = BUNDLE

    async def analyse(
        self,
        image: bytes,
        *,
        limits: ImageLimits,
        bundle: str | None = None,
        box: Box | None = None,
        hints: Hints = NO_HINTS,
        **_: Any,
    ) -> Analysis:
        if len(image) > limits.max_bytes:
            raise ImageTooManyBytes(f"more than {limits.max_bytes} bytes")
        if not image.startswith(b"PIC"):
            raise ImageFormatUnsupported("no picture")
        garments = tuple(garment(n) for n in range(int(image[3:4])))
        if box is not None:
            garments = (replace(garment(0), box=box),)
        if hints.categories:
            garments = tuple(replace(g, category=Label(hints.categories[0], 0.875)) for g in garments)
        return Analysis(400, 300, garments, bundle or BUNDLE, "0f" * 32)

    async def thumbnail(self, image: bytes, *, limits: ImageLimits, side: int) -> bytes:
        if not image.startswith(b"PIC"):
            raise ImageFormatUnsupported("no picture")
        return b"\xff\xd8\xff" + str(side).encode() + image

    def similarity(self, cosine: float, bundle: str) -> float:
        return (cosine + 1) / 2

    async def aclose(self) -> None:
        pass


@dataclass
class MemorySearch:
    """Finds what it is told to; keeps what it was asked."""

    hits: list[Hit] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    async def search(self, service: int, bundle: str, revision: int, query: Any, **options: Any) -> list[Hit]:
        self.asked.append(options)
        return self.hits[: options["limit"]]

    def forget(self, service: int) -> None:
        pass


class MemoryInstallation:
    """Everything, made of the above: ``parts`` goes into ``create_app``."""

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
            tag_limits=replace(AI_FASHION, max_bytes=min(image_max_bytes, MEGABYTE)),
            problems=self._problems,
            statistics=self._statistics,
        )

    async def new_key(self, name: str = "shop", project: str | None = None, rate: float | None = None) -> str:
        return (await self.parts.keys.create(name, project, rate)).key

    async def _problems(self) -> list[str]:
        await asyncio.sleep(0)
        return self.problems

    async def _statistics(self) -> Mapping[str, float]:
        return {"queue_jobs": 3.0, "vision_images_total": 5.0}
