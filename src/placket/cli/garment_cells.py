"""Cells of tables of garments, of a look on this machine and of a server's answer alike."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

# Columns fold: cut to an ellipsis, a line whose letters are two cells wide loses the last of them, though it would fit.


def tags_table() -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("garment", overflow="fold")
    table.add_column("tags", overflow="fold")
    table.add_column("colours", no_wrap=True)
    return table


def places_table() -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("garment", overflow="fold")
    table.add_column("group", overflow="fold")
    for side in ("x0", "y0", "x1", "y1"):
        table.add_column(side, justify="right", no_wrap=True)
    return table


def name_cell(name: str, score: float) -> Text:
    return Text.assemble(name, (f" {score:.2f}", "dim"))


def box_cells(box: Sequence[float]) -> list[str]:
    return [f"{side * 100:.1f} %" for side in box]


def tags_cell(tags: Iterable[tuple[str, Iterable[tuple[str, float]]]]) -> Text:
    """(attribute, its (label, score) pairs) of each attribute."""
    text = Text()
    for attribute, labels in tags:
        if text:
            text.append("  ")
        text.append(attribute.replace("_", " "), "dim")
        for name, score in labels:
            text.append(f" {name}")
            text.append(f" {score:.2f}", "dim")
    return text


def colours_cell(colours: Iterable[tuple[str, str, float]]) -> Text:
    """(hex, name, share of the garment's area, 0..1) of each colour."""
    text = Text()
    for hex_, name, share in colours:
        if text:
            text.append("\n")
        text.append("██", hex_)
        text.append(f" {name} ")
        text.append(f"{share:.0%}", "dim")
    return text
