"""Small pieces of Markdown."""

import math
from collections.abc import Sequence


def share(value: float | None) -> str:
    """A figure of 0..1 with three decimals, a dash where there is none."""
    return "–" if value is None or math.isnan(value) or value < 0 else f"{value:.3f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def verdict(value: float, floor: float, goal: float) -> str:
    """`goal`, `floor` or `below` for a figure that should be high, a dash where there is none."""
    if math.isnan(value):
        return "–"
    return "goal" if value >= goal else "floor" if value >= floor else "**below**"
