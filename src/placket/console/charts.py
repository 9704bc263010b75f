"""Charts as plain numbers for an SVG: the page needs no script for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from placket.console.words import Words
from placket.services.traffic import Minute

WIDTH, HEIGHT = 600, 140
_GAP = 0.25


@dataclass(frozen=True, slots=True)
class Column:
    """In units of the chart's ``viewBox``; ``title`` says what it stands for."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    columns: tuple[Column, ...]
    total: int
    most: int
    first: str
    last: str


def chart(days: Sequence[date], values: Sequence[int]) -> Chart:
    """A column a day; the highest takes the whole height. ``days`` is not empty."""
    most = max(values)
    step = WIDTH / len(days)
    columns = []
    for number, (day, value) in enumerate(zip(days, values, strict=True)):
        height = HEIGHT * value / most if most else 0.0
        columns.append(
            Column(number * step, HEIGHT - height, step * (1 - _GAP), height, f"{day.isoformat()}: {value:,}")
        )
    return Chart(tuple(columns), sum(values), most, days[0].isoformat(), days[-1].isoformat())


def daily_rows(days: Sequence[date], series: Iterable[Sequence[int]], words: Words) -> list[tuple[str, ...]]:
    """The charts' days as rows of a table, the latest first."""
    rows = [(day.isoformat(), *map(words.number, values)) for day, *values in zip(days, *series, strict=True)]
    return rows[::-1]


@dataclass(frozen=True, slots=True)
class Calls:
    """Requests a minute, oldest first, and the errors among them at the foot of each column."""

    requests: tuple[Column, ...]
    errors: tuple[Column, ...]
    most: int
    total: int
    failed: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Two stepped lines as an SVG path's ``d``; a minute without a request is a gap. ``most``: seconds at the top."""

    median: str
    slow: str
    most: float
    columns: tuple[Column, ...]


def calls(minutes: Sequence[Minute], words: Words) -> Calls:
    most = max(m.requests for m in minutes)
    titles = [words("traffic.minute", ago=m.ago, requests=m.requests, errors=m.errors) for m in minutes]
    return Calls(
        requests=_columns([m.requests for m in minutes], most, titles),
        errors=_columns([m.errors for m in minutes], most, titles),
        most=most,
        total=sum(m.requests for m in minutes),
        failed=sum(m.errors for m in minutes),
    )


def latency(minutes: Sequence[Minute], words: Words) -> Latency | None:
    """None without a request in any minute."""
    most = max((m.p95 for m in minutes if m.p95 is not None), default=None)
    if most is None:
        return None
    titles = [
        words("traffic.times", ago=m.ago, median=in_words(m.p50), slow=in_words(m.p95))
        if m.p50 is not None and m.p95 is not None
        else ""
        for m in minutes
    ]
    return Latency(
        median=_steps([m.p50 for m in minutes], most),
        slow=_steps([m.p95 for m in minutes], most),
        most=most,
        columns=_columns([0] * len(minutes), 0, titles),
    )


def minute_rows(minutes: Sequence[Minute], words: Words) -> list[tuple[str, ...]]:
    """The minutes that had requests as rows of a table, the latest first."""
    rows: list[tuple[str, ...]] = [
        (str(m.ago), words.number(m.requests), words.number(m.errors), in_words(m.p50), in_words(m.p95))
        for m in minutes
        if m.p50 is not None and m.p95 is not None
    ]
    return rows[::-1]


def in_words(seconds: float) -> str:
    """``18 ms``, ``1.2 s``: two digits that count."""
    return f"{seconds:.2g} s" if seconds >= 0.995 else f"{float(f'{1000 * seconds:.2g}'):g} ms"


def _columns(values: Sequence[int], most: int, titles: Sequence[str]) -> tuple[Column, ...]:
    step = WIDTH / len(values)
    heights = [HEIGHT * value / most if most else 0.0 for value in values]
    return tuple(
        Column(n * step, HEIGHT - height, step * (1 - _GAP), height, title)
        for n, (height, title) in enumerate(zip(heights, titles, strict=True))
    )


def _steps(values: Sequence[float | None], most: float) -> str:
    step = WIDTH / len(values)
    path, drawn = [], False
    for n, value in enumerate(values):
        if value is not None:
            y = HEIGHT * (1 - value / most) if most else HEIGHT
            path.append(f"{'V' if drawn else f'M{n * step:.1f} '}{y:.1f}H{(n + 1) * step:.1f}")
        drawn = value is not None
    return "".join(path)
