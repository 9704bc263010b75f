"""How this process answers: requests, errors and latency of the last hour, minute by minute, in constant memory."""

import bisect
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

MINUTES = 60
_RATIO = 1.1
_FIRST, _LAST = 0.000_5, 120.0


def _bounds() -> tuple[float, ...]:
    bounds = [_FIRST]
    while bounds[-1] < _LAST:
        bounds.append(bounds[-1] * _RATIO)
    return tuple(bounds)


_BOUNDS = _bounds()
"""Upper bounds of the classes that latencies are counted in, in seconds, each 10% over the one before."""


@dataclass(frozen=True, slots=True)
class Minute:
    """``ago``: 0 for the minute that is not over yet, up to 59. ``p50``, ``p95``: seconds, to within 5% from 0.5 ms to
    two minutes; None without a request."""

    ago: int
    requests: int
    errors: int
    p50: float | None
    p95: float | None


@dataclass(slots=True)
class _Bucket:
    minute: int
    requests: int = 0
    errors: int = 0
    classes: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))


class Traffic:
    """A ring of minutes. ``clock``: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Of before the first hour that is shown: a machine's clock begins at 0 when it starts.
        self._ring = [_Bucket(-MINUTES) for _ in range(MINUTES)]

    def record(self, seconds: float, *, failed: bool) -> None:
        minute = self._now()
        bucket = self._ring[minute % MINUTES]
        if bucket.minute != minute:
            bucket = self._ring[minute % MINUTES] = _Bucket(minute)
        bucket.requests += 1
        bucket.errors += failed
        bucket.classes[bisect.bisect_left(_BOUNDS, seconds)] += 1

    def minutes(self) -> Sequence[Minute]:
        """The last 60, oldest first."""
        now = self._now()
        found = []
        for ago in range(MINUTES - 1, -1, -1):
            bucket = self._ring[(now - ago) % MINUTES]
            if bucket.minute != now - ago:
                found.append(Minute(ago, 0, 0, None, None))
            else:
                p50, p95 = (_quantile(bucket, share) for share in (0.5, 0.95))
                found.append(Minute(ago, bucket.requests, bucket.errors, p50, p95))
        return found

    def _now(self) -> int:
        return int(self._clock() // 60)


def _quantile(bucket: _Bucket, share: float) -> float:
    """The middle of the class that holds the nearest-rank quantile: the least value with ``share`` not above it."""
    number = bisect.bisect_left(list(itertools.accumulate(bucket.classes)), share * bucket.requests)
    return float(_BOUNDS[min(number, len(_BOUNDS) - 1)] / _RATIO**0.5)
