"""A project with a service in a real database, and a worker's moves, one call each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from sqlalchemy import text

from placket.domain.applying import Computed, PlannedRow
from placket.domain.garments import EMBEDDING_DIM, Analysis, Box, Garment, Label, Swatch
from placket.domain.runs import Row, Run, RunKind, Status
from placket.services.stores import ChunkWork, Job, RunEnded, Service
from placket.services.tallies import Tallies
from placket.storage.catalogue import PostgresServices
from placket.storage.database import Database
from placket.storage.documents import PostgresDocuments
from placket.storage.keys import PostgresKeys
from placket.storage.leftovers import LEFTOVERS_JOB, PostgresLeftovers
from placket.storage.progress import PostgresProgress
from placket.storage.queue import PostgresQueue
from placket.storage.runs import PostgresRuns

BUNDLE = "bundle-1"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
QUOTA = 100_000


def fields(word: str = "x", **given: str) -> dict[str, str]:
    return {"name": f"name {word}", "category1_id": "c1", "image_url": f"http://images.test/{word}.jpg", **given}


def enable(line: int, product_id: str, **given: str) -> Row:
    return Row(line, product_id, Status.ENABLE, fields(product_id, **given))


def disable(line: int, product_id: str) -> Row:
    return Row(line, product_id, Status.DISABLE, {})


def bad(line: int, product_id: str = "") -> Row:
    return Row(line, product_id, Status.ENABLE, {}, "InvalidRow", "category1_id is empty")


def embedding(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4])
    vector = np.random.default_rng(seed).normal(size=EMBEDDING_DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def analysis(word: str, bundle: str = BUNDLE, garments: int = 1) -> Analysis:
    """What vision would make of the image ``word``: the same word, the same analysis."""
    made = tuple(
        Garment(
            "TOP",
            Label("shirt", 0.9),
            Box(0.1, 0.1, 0.5 + n / 100, 0.75),
            0.8,
            {"color": (Label("red", 0.75), Label("blue", 0.25))},
            embedding(f"{word}/{bundle}/{n}"),
            (Swatch("#ff0000", "red", 0.5),),
        )
        for n in range(garments)
    )
    photo, made_from = (hashlib.sha256(words.encode()).hexdigest() for words in (word, f"{word} {bundle}"))
    return Analysis(300, 400, made, bundle, photo, made_from, f'"{photo[:8]}"')


def planned(product_id: str, **given: str) -> PlannedRow:
    return PlannedRow(0, 1, product_id, Status.ENABLE, fields(product_id, **given))


def compute(work: ChunkWork, failing: Iterable[str] = ()) -> list[Computed]:
    """A worker's result for a chunk; rows without an image have none."""
    broken = set(failing)
    return [
        Computed(row.position, None, "InvalidImageURLException", "404")
        if row.product_id in broken
        else Computed(row.position, analysis(row.fields["image_url"], work.bundle))
        for row in work.rows
        if not row.reason and row.status is Status.ENABLE
    ]


class World:
    """Stores over one database, with the project ``shop`` and its service ``main``."""

    service: Service
    project: int

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tallies = Tallies()
        self.keys = PostgresKeys(database)
        self.services = PostgresServices(database)
        self.documents = PostgresDocuments(database)
        self.runs = PostgresRuns(database)
        self.progress = PostgresProgress(database, self.tallies.rows)
        self.queue = PostgresQueue(database)
        self.leftovers = PostgresLeftovers(database, at_once=2)

    async def open(self) -> World:
        self.project = await self.add_project("shop")
        self.service = await self.services.create(self.project, "main", BUNDLE, 5)
        return self

    async def add_project(self, name: str) -> int:
        key_id = hashlib.sha256(name.encode()).hexdigest()[:8]
        await self.keys.create(key_id=key_id, name=name, project=None, secret_hash=b"h" * 32, rate=None)
        found = await self.keys.find(key_id)
        assert found is not None
        return found[1].project_id

    async def refreshed(self) -> Service:
        return await self.services.get(self.project, self.service.name)

    async def accept(
        self,
        rows: Sequence[Row],
        chunk_size: int = 2,
        kind: RunKind = RunKind.INDEX,
        quota: int | None = None,
        callback: str = "",
        service: Service | None = None,
    ) -> Run:
        return await self.runs.accept(
            service or self.service,
            kind=kind,
            filename="catalogue.jsonl",
            rows=rows,
            chunk_size=chunk_size,
            daily_quota=quota,
            day_start=LONG_AGO,
            callback_url=callback,
        )

    async def claim(self, worker: str = "w", lease: float = 60.0) -> Job:
        job = await self.queue.claim(worker, lease)
        assert job is not None, "there was nothing to do"
        return job

    async def begin(self, run: Run, worker: str = "w") -> RunEnded | None:
        """Claim the job that starts the run, and start it."""
        job = await self.claim(worker)
        assert (job.kind, job.subject) == ("run", str(run.id))
        return await self.progress.start(run.id, job, worker)

    async def claim_chunks(self, worker: str = "w") -> list[tuple[Job, ChunkWork]]:
        """Every chunk that is ready, in order."""
        claimed = []
        while (job := await self.queue.claim(worker, 60.0)) is not None:
            assert job.kind == "chunk"
            work = await self.progress.chunk(UUID(job.subject), int(job.payload["number"]))
            assert work is not None
            claimed.append((job, work))
        return claimed

    async def complete(
        self, job: Job, work: ChunkWork, worker: str = "w", failing: Iterable[str] = (), quota: int = QUOTA
    ) -> RunEnded | None:
        return await self.progress.complete(work, job, worker, compute(work, failing), quota)

    async def work_off(self, failing: Iterable[str] = (), quota: int = QUOTA) -> list[RunEnded]:
        """Do everything that there is to do, in order; the runs that ended."""
        ended = []
        while (job := await self.queue.claim("w", 60.0)) is not None:
            if job.kind == "run":
                outcome = await self.progress.start(UUID(job.subject), job, "w")
            elif job.kind == "chunk":
                work = await self.progress.chunk(UUID(job.subject), int(job.payload["number"]))
                assert work is not None
                outcome = await self.complete(job, work, failing=failing, quota=quota)
            else:
                await (self.leftovers.clear(job, "w") if job.kind == LEFTOVERS_JOB else self.queue.finish(job))
                continue
            ended += [outcome] if outcome else []
        return ended

    async def index(self, rows: Sequence[Row], chunk_size: int = 2, quota: int = QUOTA) -> Run:
        run = await self.accept(rows, chunk_size)
        await self.work_off(quota=quota)
        return await self.runs.get(self.service, run.id)

    async def ids(self) -> list[str]:
        return [d.product_id for d in await self.documents.page(await self.refreshed(), "", 1000)]

    async def depth(self) -> int:
        """Jobs in the queue, whatever becomes of them."""
        return (await self.queue.state(60.0)).jobs

    async def scalar(self, statement: str, **values: object) -> object:
        async with self.database.begin() as connection:
            return (await connection.execute(text(statement), values)).scalar_one()

    async def execute(self, statement: str, **values: object) -> None:
        async with self.database.begin() as connection:
            await connection.execute(text(statement), values)


def counts(run: Run) -> Mapping[str, int]:
    return {
        "added": run.added,
        "updated": run.updated,
        "deleted": run.deleted,
        "failed": run.failed,
        "total": run.total,
    }


def adds_up(run: Run) -> bool:
    return run.added + run.updated + run.deleted + run.failed == run.total
