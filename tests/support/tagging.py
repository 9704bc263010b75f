"""The Tagger API over a real database, with the network and vision of :mod:`tests.support.memory`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import text

from placket.api.app import create_app
from placket.api.placket_v1.usage import usage_face
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.domain.images import TAGGER
from placket.domain.tagger.tasks import TaskRules
from placket.jobs.tagging import TaggingJobs, TaggingWebhooks
from placket.jobs.webhooks import WebhookDelivery
from placket.services.hosts import Hosts
from placket.services.keys import Keys
from placket.services.single_tagging import SingleTagging, TaggingRules
from placket.services.stores import Job
from placket.services.tagging_tasks import TaggingTasks
from placket.services.tagging_work import TaggingWork
from placket.services.tallies import Tallies
from placket.services.usage import Usage
from placket.services.webhooks import WebhookSigner
from placket.storage.database import Database
from placket.storage.keys import PostgresKeys
from placket.storage.queue import PostgresQueue
from placket.storage.task_progress import PostgresTaskProgress
from placket.storage.tasks import PostgresTasks
from placket.storage.usage import PostgresUsage
from tests.support.memory import SECRET, MemoryInstallation

RULES = TaskRules(
    window=timedelta(minutes=10),
    window_max=timedelta(hours=24),
    keep_results=timedelta(days=7),
    keep_stub=timedelta(days=30),
    keep_replies=timedelta(days=1),
    chunk=4,
)
IMAGE_RULES = TaggingRules(TAGGER, 5.0, 10.0)
MAX_ENTRIES = 1000
MOST_BYTES = 16_000_000
WORKER = "w1"


class MemoryPoster:
    """Keeps every call; answers with ``statuses``, then with 200."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.statuses: list[int | Exception] = []

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: float) -> int:
        self.calls.append((url, body, headers))
        answer = self.statuses.pop(0) if self.statuses else 200
        if isinstance(answer, Exception):
            raise answer
        return answer


class TaggerWorld:
    """``client`` speaks HTTP to the application in process; ``work()`` is a worker until nothing is ready."""

    def __init__(self, database: Database, rules: TaskRules = RULES, per_host: int = 8) -> None:
        self.database = database
        self.tallies = Tallies()
        self.installation = MemoryInstallation()
        self.web = self.installation.web
        self.vision = self.installation.vision
        self.poster = MemoryPoster()
        self.rules = rules
        self.keys = Keys(PostgresKeys(database))
        self.tasks = PostgresTasks(database)
        self.queue = PostgresQueue(database)
        self.progress = PostgresTaskProgress(database, self.tallies.images)
        self.usage = Usage(PostgresUsage(database))
        self.hosts = Hosts(per_host)
        vision: Any = self.vision
        self.work_on = TaggingWork(self.web, vision, self.hosts, IMAGE_RULES)
        self.jobs = TaggingJobs(self.progress, self.work_on, rules)
        self.webhooks = TaggingWebhooks(
            WebhookDelivery(self.queue, self.poster, WebhookSigner(SECRET), self.tallies.webhooks)
        )
        self.use_case = TaggingTasks(self.tasks, rules, MAX_ENTRIES)
        single = SingleTagging(self.web, vision, PostgresUsage(database), IMAGE_RULES)
        faces = (
            tagger_face(TaggerParts(self.keys, self.use_case, single, MOST_BYTES)),
            usage_face(self.usage),
        )
        self.app = create_app(replace(self.installation.parts, keys=self.keys, faces=faces))

    @asynccontextmanager
    async def client(self, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        headers = {} if key is None else {"x-api-key": key}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://placket", headers=headers) as client:
            yield client

    async def new_key(self, name: str = "shop", **options: Any) -> str:
        return (await self.keys.create(name, **options)).key

    async def claim(self) -> Job | None:
        return await self.queue.claim(WORKER, 15.0)

    async def do(self, job: Job) -> None:
        handler = {"tag_chunk": self.jobs.chunk, "tag_webhook": self.webhooks.call}[job.kind]
        await handler(job, WORKER)

    async def work(self) -> int:
        """How many jobs were done."""
        done = 0
        while job := await self.claim():
            await self.do(job)
            done += 1
        return done

    async def execute(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.begin() as connection:
            found = await connection.execute(text(statement), values)
            return list(found.all()) if found.returns_rows else []


def entry(number: int | str, url: str | None = None, **context: Any) -> dict[str, Any]:
    image = {"type": "url", "content": url or f"https://shop.example/{number}.jpg"}
    return {"image": image, "context": {"id": str(number), **context}}
