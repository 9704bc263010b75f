"""Charts as plain numbers for an SVG: the page needs no script for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

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
