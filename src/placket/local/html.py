"""Results as a notebook shows them: a small table, made of text alone."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placket.local.results import Color, Garment, Photo

_HEADINGS = "<tr><th>garment</th><th>score</th><th>box</th><th>tags</th><th>colours</th></tr>"
_SQUARE = "display:inline-block;width:1em;height:1em;vertical-align:middle;border:1px solid #888"


def photo(seen: "Photo") -> str:
    """Its name, its size and its garments."""
    title = f"<b>{escape(seen.path)}</b> {seen.width} x {seen.height}"
    return f"<div>{title}{table(seen.garments) if seen.garments else ': nothing was found'}</div>"


def table(garments: "Iterable[Garment]") -> str:
    """One row a garment."""
    return f"<table>{_HEADINGS}{''.join(map(_row, garments))}</table>"


def _row(garment: "Garment") -> str:
    box = ", ".join(f"{side:.0%}" for side in garment.box.as_list())
    tags = "; ".join(
        f"{attribute.replace('_', ' ')}: {', '.join(label.label for label in labels)}"
        for attribute, labels in garment.tags.items()
        if labels
    )
    cells = (garment.category.label, f"{garment.score:.2f}", box, tags)
    colours = " ".join(map(_colour, garment.colors))
    return f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in cells)}<td>{colours}</td></tr>"


def _colour(color: "Color") -> str:
    square = f'<span style="{_SQUARE};background:{escape(color.hex)}"></span>'
    return f"{square} {escape(color.label)} {color.share:.0%}"
