"""What the use cases need from storage. One implementation: :mod:`placket.storage`."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from placket.domain.access import Access
from placket.domain.applying import Computed, PlannedRow
from placket.domain.corrections import Corrected, Correction
from placket.domain.garments import Analysis, Garment
from placket.domain.labels import LabelCondition
from placket.domain.runs import FilterField, Outcome, Row, RowResult, Run, RunKind, RunState
from placket.services.ports import VectorSource


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is. A project owns its services and may have several keys."""

    project_id: int
    project: str
    key_id: str
    rate_per_second: float | None = None
    access: Access = Access.FULL


@dataclass(frozen=True, slots=True)
class Project:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    id: str
    name: str
    project: str
    created_at: datetime
    revoked_at: datetime | None
    rate_per_second: float | None = None
    images_per_month: int | None = None
    access: Access = Access.FULL


class KeyStore(Protocol):
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
        """With no ``project``, a new one called ``name``. Raises KeyNameTaken, NoSuchKey (unknown project)."""
        ...

    async def list(self) -> list[KeyRecord]: ...

    async def projects(self) -> Sequence[Project]:
        """Every project, by name."""
        ...

    async def revoke(self, key_id: str) -> None:
        """Raises NoSuchKey."""
        ...

    async def set_limits(self, key_id: str, *, rate: float | None, images_per_month: int | None) -> KeyRecord:
        """None keeps a limit, 0 takes it away. Raises NoSuchKey."""
        ...

    async def find(self, key_id: str) -> tuple[bytes, Caller] | None:
        """(hash of the secret, owner) of a key that is not revoked."""
        ...

    async def take_turn(self, key_id: str, rate: float) -> float:
        """0 where one more request now is within ``rate`` a second, a second's worth at once; else seconds to wait.

        All processes count together.
        """
        ...

    async def installation_secret(self, name: str, proposal: str) -> str:
        """The stored value of this name; the proposal becomes it where there is none."""
        ...

    async def replace_installation_secret(self, name: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Service:
    """``bundle`` made its embeddings; ``revision`` grows with every change of a document."""

    id: int
    project_id: int
    name: str
    bundle: str
    revision: int
    documents: int
    created_at: datetime


class ServiceStore(Protocol):
    async def create(self, project_id: int, name: str, bundle: str, quota: int) -> Service:
        """Raises ServiceExists, before ServiceQuotaExceeded."""
        ...

    async def delete(self, project_id: int, name: str) -> int:
        """The id that it had. Its runs stop. Raises NoSuchService."""
        ...

    async def list(self, project_id: int) -> list[Service]: ...

    async def get(self, project_id: int, name: str) -> Service:
        """Raises NoSuchService."""
        ...

    async def everywhere(self) -> Sequence[tuple[str, Service]]:
        """Every project's services, with the project's name: for whoever runs the installation."""
        ...

    async def now(self) -> datetime:
        """By the store's clock, which says when a request was made: those of servers may be of another day."""
        ...

    async def requests_since(self, service_ids: Sequence[int], since: datetime) -> dict[int, int]:
        """Index requests of each service that count toward the day's quota."""
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """A product as stored. ``garments``: of the service's bundle, main one first; ``revision``: its last change.

    ``corrected``: by position in ``garments``, which are as people corrected them.
    """

    product_id: str
    revision: int
    fields: Mapping[str, str]
    image_sha256: str
    width: int
    height: int
    garments: tuple[Garment, ...]
    created_at: datetime
    updated_at: datetime
    corrected: Mapping[int, Corrected] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a product: of the photo at this URL, as vision saw it."""

    image_url: str
    analysis: Analysis


class DocumentStore(VectorSource, Protocol):
    async def get(self, service: Service, product_id: str) -> Document:
        """Raises NoSuchProduct."""
        ...

    async def get_many(self, service: Service, product_ids: Sequence[str]) -> dict[str, Document]: ...

    async def page(
        self, service: Service, after: str, limit: int, labels: Sequence[LabelCondition] = ()
    ) -> list[Document]:
        """Documents by product id, after the given one; with ``labels`` those with a garment for which all hold."""
        ...

    async def correct(self, service: Service, product_id: str, correction: Correction | None) -> Document:
        """Put it in the place of what was said of the same garment; None takes all of the product's away.

        Returns what the document is then, whatever others write just afterwards.
        Raises NoSuchProduct, InvalidParameter (no garment is where the correction is).
        """
        ...

    async def put(
        self, service: Service, row: PlannedRow, analysis: Analysis, image: bytes | None, quota: int
    ) -> tuple[Outcome, Document]:
        """The document as it was put. Raises DocumentQuotaExceeded, BundleMismatch (the service has switched
        meanwhile)."""
        ...

    async def refilter(self, service: Service, product_id: str, values: Mapping[FilterField, str]) -> Document:
        """Change these columns alone; garments and photo stay. ``values`` is not empty. Raises NoSuchProduct."""
        ...

    async def delete(self, service: Service, product_id: str) -> None:
        """Raises NoSuchProduct."""
        ...

    async def known(self, service_id: int, bundle: str, product_ids: Sequence[str]) -> Mapping[str, Known]:
        """What is stored of these products, as vision saw it, where it is known what it was made from."""
        ...

    async def upload(self, service_id: int, product_id: str) -> bytes | None:
        """The image that came by upload, if it is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    id: int
    kind: str
    subject: str
    payload: Mapping[str, Any]
    attempts: int
    project_id: int | None


class JobQueue(Protocol):
    async def claim(self, worker: str, lease_seconds: float, without: Sequence[str] = ()) -> Job | None:
        """The next job, fairly between projects; a job whose lease ran out counts as ready. ``without``: kinds that are
        passed over. So is what needs a bundle that another living worker has, and this one has not told of."""
        ...

    async def renew(self, worker: str, jobs: Sequence[int], lease_seconds: float, bundles: Sequence[str] = ()) -> None:
        """The worker lives, with these jobs in hand and these ``bundles`` at hand."""
        ...

    async def release(self, worker: str, jobs: Sequence[int]) -> None:
        """Hand jobs back untouched: another worker may take them at once."""
        ...

    async def postpone(self, job: Job, seconds: float, *, counted: bool = True) -> None:
        """Hand a job back for later; ``counted=False`` when it was not the job's fault, and is no attempt."""
        ...

    async def finish(self, job: Job) -> None: ...

    def waiting(self) -> AbstractAsyncContextManager["Bell"]: ...

    async def state(self, silence: float) -> "QueueState":
        """``silence``: seconds after which a worker counts as gone."""
        ...


@dataclass(frozen=True, slots=True)
class QueueState:
    """``waiting`` could be begun now, the oldest of them since ``oldest_seconds``; ``workers`` are alive."""

    jobs: int
    in_hand: int
    waiting: int
    oldest_seconds: float
    workers: int


class Bell(Protocol):
    async def wait(self, seconds: float) -> None:
        """Returns when a job was enqueued somewhere, or after so many seconds."""
        ...


@dataclass(frozen=True, slots=True)
class ChunkWork:
    """What a worker needs to compute one chunk. ``bundle`` is the one to compute with; ``known``: what of it was
    computed before the other images had to wait for their host, or, where it is ``whole``, all that there is to."""

    run_id: UUID
    number: int
    kind: RunKind
    service_id: int
    bundle: str
    rows: tuple[PlannedRow, ...]
    known: tuple[Computed, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class RunEnded:
    run: Run
    project_id: int
    callback_url: str


class RunStore(Protocol):
    def receiving(self, service_id: int) -> AbstractAsyncContextManager[None]:
        """Hold the service's one place for a request being received. Raises IndexRequestInProgress."""
        ...

    async def accept(
        self,
        service: Service,
        *,
        kind: RunKind,
        filename: str,
        rows: Sequence[Row],
        chunk_size: int,
        daily_quota: int | None,
        day_start: datetime,
        callback_url: str = "",
        repeats: UUID | None = None,
    ) -> Run:
        """Store a run, its rows and its first job in one transaction.

        ``repeats``: the run whose rows these are. Left out are those whose products were put or deleted by themselves
        after its file had been accepted, or where a later row, of it or of a run accepted since, has said or will say
        what holds. Raises NoSuchService, NothingToRepeat, IndexQuotaExceeded.
        """
        ...

    async def accept_reindex(self, service: Service, bundle: str, chunk_size: int) -> Run:
        """A run over every document of the service that has no garments of ``bundle`` yet; the one that is under way,
        where one is."""
        ...

    async def documents_without(self, service: Service, bundle: str) -> int:
        """Documents of the service that have no garments of ``bundle``."""
        ...

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
        """(all that match, the page). ``order``: (field of Run, descending)."""
        ...

    async def get(self, service: Service, run_id: UUID) -> Run:
        """Raises NoSuchRun."""
        ...

    async def rows(
        self, service: Service, run_id: UUID, *, outcome: Outcome | None, start: int, limit: int
    ) -> Sequence[RowResult]: ...

    async def cancel(self, service: Service, run_id: UUID) -> Run:
        """Rows not done fail as Cancelled. Raises NoSuchRun, RunNotCancellable."""
        ...

    async def purge(self, kept: timedelta) -> int:
        """Remove records of runs that ended longer than ``kept`` ago, by the store's clock, services that were deleted,
        and of products that were deleted longer than `DELETIONS_KEPT` ago the trace (some thousands at a time). What
        is large goes in portions. How many runs and services."""
        ...

    async def ended_run(self, run_id: UUID) -> RunEnded | None: ...


class RunProgress(Protocol):
    async def start(self, run_id: UUID, job: Job, worker: str) -> RunEnded | None:
        """``reserved`` -> ``running``, and its chunks become jobs; the job that said so is finished with it."""
        ...

    async def chunk(self, run_id: UUID, number: int) -> ChunkWork | None:
        """None when the run has ended, or its service is gone."""
        ...

    async def complete(
        self, work: ChunkWork, job: Job, worker: str, computed: Sequence[Computed], document_quota: int
    ) -> RunEnded | None:
        """Store a chunk's results and apply, in order, all that is complete, each chunk in a transaction of its own.
        The job ends in the last of them.

        Does nothing when the job belongs to somebody else by now. Returns the run if this ended it.
        """
        ...

    async def set_aside(
        self,
        work: ChunkWork,
        job: Job,
        worker: str,
        computed: Sequence[Computed],
        delay: float,
        times_down: Mapping[str, int],
    ) -> None:
        """Keep what is computed of a chunk; its job waits ``delay`` seconds and has ``times_down`` in its payload then.

        Does nothing when the job belongs to somebody else by now.
        """
        ...

    async def moves(self, work: ChunkWork, job: Job, worker: str) -> bool:
        """Whether rows of the run have succeeded since its chunk was last asked about; then its job is handed back as
        if it had never been begun."""
        ...

    async def drop(self, job: Job, worker: str) -> None:
        """End a job that has become pointless."""
        ...
