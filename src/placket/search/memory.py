"""The ``memory`` engine: every searched service in RAM, loaded on demand and kept fresh by revision."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from placket.domain.filters import Filter
from placket.domain.garments import EMBEDDING_DIM, Embedding
from placket.domain.labels import LabelCondition
from placket.domain.runs import FilterField
from placket.machine import cores
from placket.search.find import Path, Question, find
from placket.search.table import Table
from placket.services.ports import DELETIONS_KEPT, Hit, Rewound, VectorSource

_STALE_SECONDS = DELETIONS_KEPT.total_seconds() / 2
_IDLE_SECONDS = DELETIONS_KEPT.total_seconds()
"""After which a copy is dropped: its service may have been deleted by way of another process, which nobody tells of."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Since the start, but for ``copies`` and ``memory_bytes``, which are of now.

    A search is one of ``empty``, ``gathered``, ``int8`` or ``full`` (see :class:`placket.search.find.Path`).
    """

    copies: int
    memory_bytes: int
    refreshes: int
    evictions: int
    compactions: int
    scored_rows: int
    empty: int
    gathered: int
    int8: int
    full: int


@dataclass(slots=True)
class _Copy:
    """A service's vectors of one bundle. Everything up to revision ``verified`` is in its table; ``seen_at``: when that
    was last known to be all, or when the table was begun."""

    service: int
    bundle: str
    table: Table = field(default_factory=Table)
    verified: int = -1
    seen_at: float = 0.0
    wanted: int = -1
    searching: int = 0
    refresh: asyncio.Task[None] | None = None

    def begin_anew(self, now: float) -> None:
        # What was wanted may be of lost changes; whoever waits for more asks again.
        self.table, self.verified, self.wanted, self.seen_at = Table(), -1, -1, now

    @property
    def busy(self) -> bool:
        return self.searching > 0 or (self.refresh is not None and not self.refresh.done())


class MemorySearch:
    """Exact search (port :class:`placket.services.ports.SearchEngine`); arithmetic runs in threads of its own.

    ``memory_bytes`` bounds the copies that are kept: the least recently searched go first, never one that is being
    searched nor the last one used, however large it is. One that was not searched for a week goes too.
    """

    def __init__(
        self,
        source: VectorSource,
        memory_bytes: int,
        *,
        page_size: int = 2000,
        # Of the wall: a laptop that slept for a month has to notice it.
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._clock = clock
        self._memory_bytes = memory_bytes
        self._page_size = page_size
        self._copies: OrderedDict[tuple[int, str], _Copy] = OrderedDict()
        self._searchers = ThreadPoolExecutor(cores(), thread_name_prefix="placket-search")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="placket-search-refresh")
        self._running: set[asyncio.Task[None]] = set()
        self._paths = dict.fromkeys(Path, 0)
        self._scored_rows = self._refreshes = self._evictions = self._compactions = 0

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
        """See the port. Raises ValueError for a limit under 1, a query that is not 256 finite numbers, and for
        ``collapse`` without duplicates."""
        if limit < 1:
            raise ValueError("limit must be at least 1")
        if collapse and not include_duplicates:
            raise ValueError("products are told apart by collapse or by their images, not by both")
        question = Question(
            _checked(query),
            limit,
            tuple(conditions),
            tuple(labels),
            min_cosine,
            exclude,
            include_duplicates,
            query_sha256,
            collapse,
        )
        copy = self._copy(service, bundle)
        copy.searching += 1
        try:
            await self._freshen(copy, revision)
            answer = await asyncio.get_running_loop().run_in_executor(self._searchers, find, copy.table.view, question)
        finally:
            copy.searching -= 1
            self._evict()
        self._paths[answer.path] += 1
        self._scored_rows += answer.scored
        return answer.hits

    def forget(self, service: int) -> None:
        """Drop a service's copies; searches under way end on what they hold."""
        for key in [k for k in self._copies if k[0] == service]:
            del self._copies[key]

    def statistics(self) -> Statistics:
        return Statistics(
            copies=len(self._copies),
            memory_bytes=sum(c.table.nbytes for c in self._copies.values()),
            refreshes=self._refreshes,
            evictions=self._evictions,
            compactions=self._compactions,
            scored_rows=self._scored_rows,
            empty=self._paths[Path.NOTHING],
            gathered=self._paths[Path.GATHERED],
            int8=self._paths[Path.INT8],
            full=self._paths[Path.FULL],
        )

    async def aclose(self) -> None:
        """Stop refreshing and end the threads."""
        for refresh in self._running:
            refresh.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._copies.clear()
        self._searchers.shutdown()
        self._writer.shutdown()

    def _copy(self, service: int, bundle: str) -> _Copy:
        copy = self._copies.get((service, bundle))
        if copy is None:
            copy = self._copies[service, bundle] = _Copy(service, bundle)
        self._copies.move_to_end((service, bundle))
        return copy

    async def _freshen(self, copy: _Copy, revision: int) -> None:
        """Wait until the copy is at least as new."""
        asked = self._clock()
        if revision < copy.table.revision:
            # Somebody else's search was faster than this one; or the source was put back, which a refresh finds out.
            await self._refreshed(copy)
        while copy.verified < revision:
            copy.wanted = max(copy.wanted, revision)
            await self._refreshed(copy)
        copy.seen_at = max(copy.seen_at, asked)

    async def _refreshed(self, copy: _Copy) -> None:
        """All who wait share one refresh, which outlives a waiter's leaving."""
        if copy.refresh is None or copy.refresh.done():
            copy.refresh = asyncio.create_task(self._refresh(copy))
            self._running.add(copy.refresh)
            copy.refresh.add_done_callback(self._ended)
        await asyncio.shield(copy.refresh)

    def _ended(self, refresh: asyncio.Task[None]) -> None:
        self._running.discard(refresh)
        if not refresh.cancelled():
            # Those who waited have it; marks it as seen when nobody waits any more.
            refresh.exception()

    async def _refresh(self, copy: _Copy) -> None:
        """Read on until a page is not full: only then has no product been passed over for a change still to come.

        What was wanted before that last page was asked for is then there, even if no product carries its revision.
        """
        if abs(self._clock() - copy.seen_at) > _STALE_SECONDS:
            # What was deleted meanwhile may be told of no more.
            copy.begin_anew(self._clock())
        self._refreshes += 1
        try:
            await self._read_on(copy)
        except Rewound:
            copy.begin_anew(self._clock())
            await self._read_on(copy)

    async def _read_on(self, copy: _Copy) -> None:
        table, size = copy.table, self._page_size
        while True:
            wanted = copy.wanted
            page = await self._source.changes(copy.service, copy.bundle, table.revision, size, table.newest)
            if page:
                compactions = table.compactions
                await asyncio.get_running_loop().run_in_executor(self._writer, table.apply, page)
                self._compactions += table.compactions - compactions
            if len(page) < size:
                copy.verified = max(wanted, table.revision)
                return

    def _evict(self) -> None:
        """Drop idle copies, the longest unused first, until the rest fits and is of this week; the last one used
        stays."""
        held = sum(c.table.nbytes for c in self._copies.values())
        now = self._clock()
        for key, copy in list(self._copies.items())[:-1]:
            if held <= self._memory_bytes and abs(now - copy.seen_at) <= _IDLE_SECONDS:
                return
            if not copy.busy:
                held -= copy.table.nbytes
                del self._copies[key]
                self._evictions += 1


def _checked(query: Embedding) -> Embedding:
    checked = np.array(query, dtype=np.float32)
    if checked.shape != (EMBEDDING_DIM,) or not np.all(np.isfinite(checked)):
        raise ValueError(f"a query is {EMBEDDING_DIM} finite numbers")
    return checked
