"""The installation's stores in memory."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from placket.domain.access import Access
from placket.domain.applying import PlannedRow
from placket.domain.corrections import Correction, by_garment, correct_all, with_correction
from placket.domain.errors import (
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
from placket.domain.garments import Analysis
from placket.domain.labels import LabelCondition, label_words
from placket.domain.runs import FilterField, Outcome, Row, RowResult, Run, RunKind, RunState
from placket.services.stores import Caller, Document, KeyRecord, Known, Project, Service


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
        access: Access = Access.FULL,
    ) -> KeyRecord:
        if project is None:
            if name in self.projects_by_name:
                raise KeyNameTaken(name)
            self.projects_by_name[name] = len(self.projects_by_name) + 1
        elif project not in self.projects_by_name:
            raise NoSuchKey(project)
        record = KeyRecord(key_id, name, project or name, datetime.now(UTC), None, rate, images_per_month, access)
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
        project = self.projects_by_name[record.project]
        return secret, Caller(project, record.project, key_id, record.rate_per_second, record.access)

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

    async def now(self) -> datetime:
        return datetime.now(UTC)

    async def requests_since(self, service_ids: Sequence[int], since: datetime) -> dict[int, int]:
        return {s: self.requests.get(s, 0) for s in service_ids}


class MemoryDocuments:
    def __init__(self) -> None:
        self.all: dict[int, dict[str, Document]] = {}
        self.corrections: dict[tuple[int, str], tuple[str, list[Correction]]] = {}
        self.seen: dict[tuple[int, str], Analysis] = {}

    async def get(self, service: Service, product_id: str) -> Document:
        if product_id not in self.all.get(service.id, {}):
            raise NoSuchProduct(f"there is no product {product_id!r}")
        return self._corrected(service.id, self.all[service.id][product_id])

    async def get_many(self, service: Service, product_ids: Sequence[str]) -> dict[str, Document]:
        return {p: await self.get(service, p) for p in self.all.get(service.id, {}) if p in product_ids}

    async def page(
        self, service: Service, after: str, limit: int, labels: Sequence[LabelCondition] = ()
    ) -> list[Document]:
        documents = [await self.get(service, p) for p in sorted(self.all.get(service.id, {})) if p > after]
        return [
            d for d in documents if not labels or any(all(c.holds(label_words(g)) for c in labels) for g in d.garments)
        ][:limit]

    def _corrected(self, service_id: int, seen: Document) -> Document:
        sha256, corrections = self.corrections.get((service_id, seen.product_id), ("", []))
        if sha256 != seen.image_sha256:
            return seen
        garments, corrected = correct_all(seen.garments, by_garment(seen.garments, corrections))
        return replace(seen, garments=garments, corrected=corrected)

    async def correct(self, service: Service, product_id: str, correction: Correction | None) -> Document:
        await self.get(service, product_id)
        seen = self.all[service.id][product_id]
        sha256, old = self.corrections.get((service.id, product_id), ("", []))
        old = old if sha256 == seen.image_sha256 else []
        kept = [] if correction is None else with_correction(old, correction, seen.garments)
        self.corrections[service.id, product_id] = seen.image_sha256, kept
        return await self.get(service, product_id)

    async def put(
        self, service: Service, row: PlannedRow, analysis: Analysis, image: bytes | None, quota: int
    ) -> tuple[Outcome, Document]:
        documents = self.all.setdefault(service.id, {})
        outcome = Outcome.UPDATED if row.product_id in documents else Outcome.ADDED
        now = datetime.now(UTC)
        self.seen[service.id, row.product_id] = analysis
        documents[row.product_id] = Document(
            row.product_id, 1, row.fields, analysis.sha256, analysis.width, analysis.height, analysis.garments, now, now
        )
        return outcome, await self.get(service, row.product_id)

    async def refilter(self, service: Service, product_id: str, values: Mapping[FilterField, str]) -> Document:
        await self.get(service, product_id)
        kept = self.all[service.id][product_id]
        self.all[service.id][product_id] = replace(kept, fields={**kept.fields, **values})
        return await self.get(service, product_id)

    async def delete(self, service: Service, product_id: str) -> None:
        await self.get(service, product_id)
        del self.all[service.id][product_id], self.seen[service.id, product_id]
        self.corrections.pop((service.id, product_id), None)

    async def known(self, service_id: int, bundle: str, product_ids: Sequence[str]) -> dict[str, Known]:
        found = ((p, self.seen.get((service_id, p))) for p in product_ids)
        return {
            p: Known(self.all[service_id][p].fields.get("image_url", ""), a)
            for p, a in found
            if a is not None and a.made_from and a.bundle == bundle
        }

    async def upload(self, service_id: int, product_id: str) -> bytes | None:
        return None


class MemoryRuns:
    """Runs end at once: every row that could be read is added."""

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
