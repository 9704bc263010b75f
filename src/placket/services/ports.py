"""What the use cases need from the outside world. Implementations have packages of their own."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from placket.domain.filters import Filter
from placket.domain.garments import Analysis, Box, Embedding
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.images import ImageLimits
from placket.domain.labels import LabelCondition
from placket.domain.runs import FilterField


@dataclass(frozen=True, slots=True)
class Fetched:
    """The body of a URL.

    ``etag``: how the host calls this version of it (RFC 9110, 8.8.3), empty if it does not say. ``unchanged``: it is
    still the version that was named, and has no body here.
    """

    body: bytes
    etag: str = ""
    unchanged: bool = False


class Fetcher(Protocol):
    """Untrusted URL to bytes."""

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,
        attempts: int = 1,
        overall: float | None = None,
        known_etag: str = "",
        owner: str = "",
    ) -> Fetched:
        """Fetch ``url`` within ``timeout`` seconds an attempt, everything counted but the wait for a turn.

        ``attempts`` > 1 repeats after transient failures (5xx, resets, time-outs), each attempt with a time of its own;
        ``overall`` bounds them together, pauses included. ``known_etag``: of a version that need not come again.
        ``owner``: who wants it, a project, task or run; those that wait take turns.
        Raises a subclass of :class:`placket.domain.errors.FetchError`.
        """
        ...

    async def aclose(self) -> None: ...


class Poster(Protocol):
    """Calls a webhook, under the same address policy as :class:`Fetcher`."""

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: float) -> int:
        """The answer's status code; redirects are not followed. Raises a subclass of FetchError."""
        ...


class Priority(enum.IntEnum):
    """Somebody waits for INTERACTIVE; BATCH fills the gaps."""

    INTERACTIVE = 0
    BATCH = 1


class Vision(Protocol):
    """Bytes of a photo to garments."""

    @property
    def default_bundle(self) -> str:
        """Version of the bundle in use. Raises VisionUnavailable when there is none."""
        ...

    async def ready(self, bundle: str | None = None) -> None:
        """Wait until photos can be seen by this bundle, the one in use if None. Raises VisionUnavailable."""
        ...

    async def analyse(
        self,
        image: bytes,
        *,
        limits: ImageLimits,
        bundle: str | None = None,
        box: Box | None = None,
        priority: Priority = Priority.INTERACTIVE,
        hints: Hints = NO_HINTS,
        project: int | None = None,
    ) -> Analysis:
        """Find, tag and embed every garment. With ``box``, that part of the image is one garment, and told alone.

        ``project``: whose photo it is. Those that wait take turns, and each has only so many waiting (RateLimited).
        ``hints``: what words beside the picture say; they weigh as much as the bundle found them to be worth.

        Raises ImageError (the picture's fault) or VisionUnavailable (ours).
        """
        ...

    async def thumbnail(self, image: bytes, *, limits: ImageLimits, side: int) -> bytes:
        """The photo, upright, as a JPEG of at most ``side`` pixels a side. Raises as :meth:`analyse`."""
        ...

    def similarity(self, cosine: float, bundle: str) -> float:
        """The bundle's calibrated 0..1 for a cosine."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A product and the cosine of its best garment to the query, -1..1."""

    product_id: str
    cosine: float


@dataclass(frozen=True, slots=True)
class IndexedProduct:
    """What search needs of one document. ``vectors``: ``(n, 256)`` float32 unit rows; none means deleted.

    ``labels``: of each garment, as many as ``vectors``, everything that can be asked of it.
    """

    product_id: str
    revision: int
    fields: Mapping[str, str]
    image_sha256: str
    vectors: "Sequence[Embedding]"
    labels: Sequence[Sequence[str]]


DELETIONS_KEPT = timedelta(days=7)
"""How long a source tells of a deleted product."""


class Rewound(Exception):
    """The source was put back to an earlier state: changes that it has told of never were."""


class VectorSource(Protocol):
    """Where a search engine loads a service from and keeps fresh by.

    A deleted product is told of for `DELETIONS_KEPT`: who knew of nothing for so long has to begin anew.
    """

    async def changes(
        self, service: int, bundle: str, since: int, limit: int, newest: str = ""
    ) -> list[IndexedProduct]:
        """Products of the service with ``revision > since``, in order of revision, deleted ones with no vectors.

        A service that switches to a bundle gives all its products new revisions. Raises BundleMismatch when the
        service has another bundle now, and Rewound when it has not come to ``since``, or the product ``newest`` not:
        the one that was told of with this revision.
        """
        ...


class SearchEngine(Protocol):
    async def search(
        self,
        service: int,
        bundle: str,
        revision: int,
        query: Embedding,
        *,
        limit: int,
        conditions: Sequence[Filter] = (),
        labels: Sequence[LabelCondition] = (),
        min_cosine: float | None = None,
        exclude: frozenset[str] = frozenset(),
        include_duplicates: bool = True,
        query_sha256: str = "",
        collapse: FilterField | None = None,
    ) -> list[Hit]:
        """The ``limit`` best products, exact, over a state at least as new as ``revision``.

        Best first; equal cosines by product id. A product scores by its best garment, of those for which ``labels``
        hold. ``include_duplicates=False``
        leaves out products whose image hash is ``query_sha256`` or that of a better hit; ``collapse``, instead, those
        whose value in this field is that of a better hit, and not empty. Raises BundleMismatch when the service has
        switched to another bundle.
        """
        ...

    def forget(self, service: int) -> None:
        """Drop a service's copy from memory (the service was deleted)."""
        ...
