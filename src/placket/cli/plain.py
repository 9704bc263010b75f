"""Output for whoever listens to a terminal: a screen reader reads frames, bars and columns out as they lie there."""

import os
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_BLOCKS = dict.fromkeys(range(0x2580, 0x25A0))
"""What bars are drawn of; the number stands beside them."""


def is_wanted() -> bool:
    return bool(os.environ.get("PLACKET_PLAIN"))


class PlainConsole(Console):
    """Tables line by line, each cell after its heading, and nothing in frames."""

    def print(self, *objects: Any, **options: Any) -> None:
        if len(objects) == 1 and isinstance(objects[0], Panel):
            super().print(objects[0].title or "")
            super().print(objects[0].renderable, soft_wrap=True)
        elif len(objects) == 1 and isinstance(objects[0], Table):
            for line in _lines(objects[0]):
                super().print(line, soft_wrap=True, markup=False)
        else:
            super().print(*objects, **options)


def _lines(table: Table) -> Iterator[str]:
    headings = [_plain(column.header) for column in table.columns]
    for number, row in enumerate(zip(*(column.cells for column in table.columns), strict=True)):
        cells = [_plain(cell) for cell in row]
        if not any(headings):
            yield ": ".join(filter(None, cells))
            continue
        if number:
            yield ""
        yield from (f"{heading}: {cell}" for heading, cell in zip(headings, cells, strict=True) if cell)


def _plain(cell: Any) -> str:
    text = cell if isinstance(cell, Text) else Text.from_markup(str(cell), emoji=False)
    return ", ".join(line.strip() for line in text.plain.translate(_BLOCKS).splitlines() if line.strip())
