"""The only place that knows the concrete classes: settings in, a running installation out."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from threading import Thread

import structlog
from fastapi import FastAPI

from placket.api.app import create_app, create_operation_app
from placket.api.parts import ApiParts, Face
from placket.api.placket_v1.usage import usage_face
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.condition import Condition
from placket.console import ConsoleParts, ModelCard, create_console
from placket.console.app import PREFIX as CONSOLE
from placket.domain.errors import VisionUnavailable
from placket.domain.images import PHOTO_FORMATS, TAGGER, ImageLimits, formats_called
from placket.domain.tagger.tasks import TaskRules
from placket.fetching import CountingClient, SafeClient
from placket.jobs.indexing import IndexJobs, IndexWebhooks, purge
from placket.jobs.tagging import TaggingJobs, TaggingWebhooks
from placket.jobs.webhooks import WebhookDelivery
from placket.jobs.worker import Handler, Schedule, Worker
from placket.search import MemorySearch
from placket.services.catalogue import Catalogue, CatalogueRules
from placket.services.hosts import Hosts
from placket.services.index_work import IndexWork, WorkRules
from placket.services.indexing import Indexing, IndexRules
from placket.services.key_turns import KeyTurns
from placket.services.keys import AdminToken, Keys
from placket.services.links import LinkSigner
from placket.services.looking import Looking, Photos
from placket.services.searching import Searching
from placket.services.single_tagging import SingleTagging, TaggingRules
from placket.services.tagging_tasks import TaggingTasks
from placket.services.tagging_work import TaggingWork
from placket.services.tallies import JOB, REQUEST, Tallies
from placket.services.tally import Tally
from placket.services.task_stores import CHUNK_JOB, WEBHOOK_JOB
from placket.services.traffic import Traffic
from placket.services.usage import Usage
from placket.services.webhooks import WebhookSigner
from placket.settings import Settings
from placket.storage.catalogue import PostgresServices
from placket.storage.database import Database
from placket.storage.documents import PostgresDocuments
from placket.storage.keys import PostgresKeys
from placket.storage.leftovers import LEFTOVERS_JOB, PostgresLeftovers
from placket.storage.locate import OpenServer, data_directory, open_server
from placket.storage.progress import PostgresProgress
from placket.storage.queue import PostgresQueue
from placket.storage.runs import PostgresRuns
from placket.storage.schema import MIGRATION_POLL_SECONDS, WAITING, try_upgrade
from placket.storage.sessions import refuse_shared_sessions
from placket.storage.task_progress import PostgresTaskProgress
from placket.storage.tasks import PostgresTasks
from placket.storage.usage import PostgresUsage
from placket.vision import BundleLibrary, VisionPool
from placket.vision.bundle import Bundle

_log = structlog.get_logger()
_HOUR = 3600.0
_TEN_MINUTES = 600.0
_PATIENCE_INTERACTIVE = 10.0
_PATIENCE_BATCH = 60.0
"""Seconds to wait for a turn at a busy host. Two clients, so that nobody's camera search queues behind an index run."""


def database_server(settings: Settings) -> OpenServer:
    """The embedded server of the data directory, or the one that the URL names; a context manager."""
    url = settings.database_url.get_secret_value() if settings.database_url else None
    return open_server(data_directory(settings.data_dir), url, settings.postgres_account)


@dataclass(frozen=True, slots=True)
class Storage:
    """The database, migrated, and what needs nothing else."""

    server: OpenServer
    database: Database
    keys: Keys
    admin_token: AdminToken
    usage: Usage


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Storage]:
    """Start or find the database and bring it to this version's schema.

    Raises EmbeddedServerError, StorageUnavailable, SchemaTooNew.
    """
    server = database_server(settings)
    try:
        url = await asyncio.to_thread(server.__enter__)
    except asyncio.CancelledError:
        # The thread goes on, and nobody would end what it starts. Leaving waits until it is through.
        Thread(target=server.__exit__, args=(None, None, None)).start()
        raise
    try:
        database = Database(url, settings.database_pool)
        try:
            await _migrate(database.url)
            if settings.database_url:
                await asyncio.to_thread(refuse_shared_sessions, database.url)
            store = PostgresKeys(database)
            configured = settings.admin_token.get_secret_value() if settings.admin_token else None
            usage = Usage(PostgresUsage(database))
            yield Storage(server, database, Keys(store), AdminToken(store, configured), usage)
        finally:
            await database.aclose()
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def _migrate(url: str) -> None:
    """Waits here, not in a thread, for another process: a thread would hold up whoever ends this one."""
    told = False
    while (found := await asyncio.to_thread(try_upgrade, url)) is None:
        if not told:
            _log.info(WAITING)
        told = True
        await asyncio.sleep(MIGRATION_POLL_SECONDS)
    if (was := found[0]) not in (None, found[1]):
        # For whoever wants to go back: from here on that takes a backup.
        _log.warning("the database was brought up to date; the older version cannot use it", schema=found[1], was=was)


def image_limits(settings: Settings, max_bytes: int) -> ImageLimits:
    """What an image of the AI Fashion API may be."""
    return ImageLimits(formats_called(settings.image_formats), max_bytes, settings.image_max_pixels)


class Application:
    """Everything that serving and working need, each part made once."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        secret: bytes,
        interactive: CountingClient,
        batch: CountingClient,
        vision: VisionPool,
        tallies: Tallies,
    ) -> None:
        self.settings = settings
        self.storage = storage
        self.interactive = interactive
        self.batch = batch
        self.vision = vision
        self.tallies = tallies
        database = storage.database
        self.services = PostgresServices(database)
        self.documents = PostgresDocuments(database)
        self.runs = PostgresRuns(database)
        self.queue = PostgresQueue(database)
        self.links = LinkSigner(secret)
        self.webhook_signer = WebhookSigner(secret)
        self.engine = MemorySearch(self.documents, settings.search_memory_bytes)
        self.image_limits = image_limits(settings, settings.image_max_bytes)
        self.photo_limits = replace(self.image_limits, formats=PHOTO_FORMATS)
        self.photos = Photos(interactive, settings.image_timeout)
        self.traffic = Traffic()
        self.key_turns = KeyTurns()
        stores, warnings = (database, self.queue, self.services), storage.server.warnings
        self.condition = Condition(*stores, vision, self.engine, tallies, settings.lease_seconds, warnings)

    @cached_property
    def catalogue(self) -> Catalogue:
        s = self.settings
        rules = CatalogueRules(
            services_per_project=s.services_per_project,
            documents_per_service=s.documents_per_service,
            requests_per_day=s.index_requests_per_day,
            zone=s.index_day_time_zone,
            image=self.image_limits,
            min_item_pixels=s.min_item_pixels,
            keep_uploads=s.keep_uploads,
        )
        return Catalogue(self.services, self.documents, self.vision, self.engine, rules)

    @cached_property
    def indexing(self) -> Indexing:
        s = self.settings
        rules = IndexRules(
            requests_per_day=s.index_requests_per_day,
            zone=s.index_day_time_zone,
            file_max_bytes=s.index_file_max_bytes,
            link_max_bytes=s.index_link_max_bytes,
            max_rows=s.index_max_rows,
            link_timeout=s.link_timeout,
            chunk=s.worker_chunk,
        )
        return Indexing(self.services, self.runs, self.interactive, self.vision, rules)

    @cached_property
    def searching(self) -> Searching:
        return Searching(
            self.services, self.documents, self.vision, self.engine, self.links, self.settings.min_item_pixels
        )

    @cached_property
    def looking(self) -> Looking:
        return Looking(self.services, self.vision, self.photos, self.links, self.settings.min_item_pixels)

    @cached_property
    def task_rules(self) -> TaskRules:
        s = self.settings
        return TaskRules(
            window=timedelta(minutes=s.tagger_window_minutes),
            window_max=timedelta(hours=s.tagger_window_max_hours),
            keep_results=timedelta(days=s.tagger_result_days),
            keep_stub=timedelta(days=s.tagger_stub_days),
            keep_replies=timedelta(hours=s.tagger_reply_hours),
            chunk=s.worker_chunk,
        )

    @cached_property
    def tagging_rules(self) -> TaggingRules:
        s = self.settings
        limits = ImageLimits(
            TAGGER.formats,
            s.tagger_image_max_bytes,
            s.image_max_pixels,
            s.tagger_image_min_side,
            s.tagger_image_max_aspect,
        )
        return TaggingRules(limits, s.tagger_attempt_timeout, s.tagger_image_timeout)

    @cached_property
    def hosts(self) -> Hosts:
        return Hosts(self.settings.fetch_per_host)

    @cached_property
    def webhooks(self) -> WebhookDelivery:
        return WebhookDelivery(self.queue, self.batch, self.webhook_signer, self.tallies.webhooks)

    @cached_property
    def tagging_tasks(self) -> TaggingTasks:
        store = PostgresTasks(self.storage.database)
        return TaggingTasks(store, self.task_rules, self.settings.tagger_max_entries, self.key_turns)

    def tagging_handlers(self) -> dict[str, Handler]:
        work = TaggingWork(self.batch, self.vision, self.hosts, self.tagging_rules)
        progress = PostgresTaskProgress(self.storage.database, self.tallies.images)
        jobs = TaggingJobs(progress, work, self.task_rules)
        webhooks = TaggingWebhooks(self.webhooks)
        return {CHUNK_JOB: jobs.chunk, WEBHOOK_JOB: webhooks.call}

    def tagger_faces(self) -> tuple[Face, ...]:
        store = PostgresUsage(self.storage.database)
        single = SingleTagging(self.interactive, self.vision, store, self.tagging_rules, self.key_turns)
        parts = TaggerParts(self.storage.keys, self.tagging_tasks, single, self.settings.tagger_request_max_bytes)
        return tagger_face(parts), usage_face(self.storage.usage)

    def console_face(self) -> Face:
        storage = self.storage
        console = create_console(
            ConsoleParts(
                store=PostgresKeys(storage.database),
                keys=storage.keys,
                admin_token=storage.admin_token,
                catalogue=self.catalogue,
                searching=self.searching,
                looking=self.looking,
                indexing=self.indexing,
                photos=self.photos,
                vision=self.vision,
                tagging_tasks=self.tagging_tasks,
                usage=Usage(PostgresUsage(storage.database)),
                catalogue_limits=self.image_limits,
                photo_limits=self.photo_limits,
                tagging_limits=self.tagging_rules.image,
                model=lambda: model_card(self.vision.bundle),
                problems=self.condition.problems,
                statistics=self.condition.statistics,
                traffic=self.traffic.minutes,
                max_rows=self.settings.index_max_rows,
            )
        )
        return Face(CONSOLE, console.render_error, pages=console)

    def worker(self) -> Worker:
        s = self.settings
        rules = WorkRules(self.image_limits, s.image_timeout, s.min_item_pixels)
        work = IndexWork(self.documents, self.batch, self.vision, self.hosts, rules)
        jobs = IndexJobs(PostgresProgress(self.storage.database, self.tallies.rows), work, s.documents_per_service)
        webhooks = IndexWebhooks(self.runs, self.queue, self.webhooks)
        leftovers = PostgresLeftovers(self.storage.database)
        handlers = {"run": jobs.run, "chunk": jobs.chunk, "webhook": webhooks.call, LEFTOVERS_JOB: leftovers.clear}
        return Worker(
            self.queue,
            {**handlers, **self.tagging_handlers()},
            slots=s.worker_slots,
            lease_seconds=s.lease_seconds,
            narrow=("webhook", WEBHOOK_JOB),
            jobs=self.tallies.jobs,
            bundles=self.vision.here,
            schedules=[
                Schedule("retention", _HOUR, lambda: purge(self.runs, s.run_retention_days)),
                Schedule("tagging retention", _TEN_MINUTES, self.tagging_tasks.purge),
                Schedule("queue", _TEN_MINUTES, self.queue.tidy),
            ],
        )

    def api(self) -> FastAPI:
        return create_app(self._parts(*self.tagger_faces(), self.console_face()))

    def operation(self) -> FastAPI:
        """How this process is, for one that serves no API."""
        return create_operation_app(self._parts())

    def _parts(self, *faces: Face) -> ApiParts:
        s = self.settings
        return ApiParts(
            keys=self.storage.keys,
            admin_token=self.storage.admin_token,
            catalogue=self.catalogue,
            searching=self.searching,
            looking=self.looking,
            photos=self.photos,
            indexing=self.indexing,
            webhook_signer=self.webhook_signer,
            image_limits=self.image_limits,
            photo_limits=self.photo_limits,
            tag_limits=image_limits(s, s.tag_image_max_bytes),
            problems=self.condition.problems,
            warnings=self.condition.warnings,
            statistics=self.condition.statistics,
            figures=self.condition.figures,
            faces=faces,
            traffic=self.traffic,
            origins=frozenset(s.cors_origins),
        )

    async def warm_up(self) -> None:
        """Start the vision processes now rather than at the first photo; what is in the way is logged."""
        try:
            await self.vision.ready()
        except VisionUnavailable as error:
            _log.error("photos cannot be analysed", error=error.detail)

    async def keep_database(self, stop: asyncio.Event) -> None:
        """Until ``stop``: the embedded server is started again when it dies."""
        await self.storage.server.watch(stop)


def model_card(bundle: Bundle) -> ModelCard:
    """What the console shows of a bundle."""
    return ModelCard(
        version=bundle.version,
        created=bundle.created,
        curve=bundle.curve,
        detector=bundle.detector.model_dump(),
        encoder=bundle.encoder.model_dump(),
        thresholds=bundle.calibration.thresholds,
        metrics=bundle.metrics,
        training=bundle.training,
        checksums=bundle.checksums,
    )


def _client(settings: Settings, patience: float, use: str, fetches: Tally) -> CountingClient:
    client = SafeClient(
        allow_networks=settings.fetch_allow_networks,
        concurrency=settings.fetch_concurrency,
        per_host=settings.fetch_per_host,
        max_wait=patience,
    )
    return CountingClient(client, use, fetches)


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Open everything; on leaving, close it in the opposite order."""
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(open_database(settings))
        store = PostgresKeys(storage.database)
        secret = await store.installation_secret("secret", os.urandom(32).hex())
        tallies = Tallies()
        interactive = _client(settings, _PATIENCE_INTERACTIVE, REQUEST, tallies.fetches)
        stack.push_async_callback(interactive.aclose)
        batch = _client(settings, _PATIENCE_BATCH, JOB, tallies.fetches)
        stack.push_async_callback(batch.aclose)
        vision = VisionPool(
            BundleLibrary(data_directory(settings.data_dir), settings.bundle),
            processes=settings.vision_processes,
            threads=settings.vision_threads,
            timeout=settings.vision_timeout,
        )
        stack.push_async_callback(vision.aclose)
        application = Application(settings, storage, bytes.fromhex(secret), interactive, batch, vision, tallies)
        stack.push_async_callback(application.engine.aclose)
        yield application
