"""Garments as lines of CSV: one a garment, one for a photo without any or that failed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from placket.cli.csv_lines import CsvLines
from placket.domain.taxonomy import taxonomy

_SIDES = ("x0", "y0", "x1", "y1")
_PHOTO = ("path", "error", "width", "height", "garment", "category", "score")


@dataclass(frozen=True, slots=True)
class GarmentRow:
    """``colors``: names and shares (0..1). ``tags``: names of labels by attribute."""

    category: str
    score: float
    group: str
    box: Sequence[float]
    colors: Iterable[tuple[str, float]]
    tags: Mapping[str, Iterable[str]]


class GarmentCsv:
    """``places``: where the garments are, instead of their tags."""

    def __init__(self, *, places: bool) -> None:
        self._places = places
        about = ("group", *_SIDES) if places else ("measured_colors", *taxonomy().attributes)
        self._width = len(_PHOTO) + len(about)
        self._lines = CsvLines((*_PHOTO, *about))

    def show(self, path: str, width: int, height: int, garments: Iterable[GarmentRow]) -> None:
        rows = [
            [number, g.category, f"{g.score:.2f}", *(_place(g) if self._places else _tags(g))]
            for number, g in enumerate(garments, start=1)
        ]
        for row in rows or [[]]:
            self._write([path, "", width, height, *row])

    def refuse(self, path: str, error: str) -> None:
        self._write([path, error])

    def _write(self, row: list[object]) -> None:
        self._lines.write([*row, *[""] * (self._width - len(row))])


def _place(garment: GarmentRow) -> list[object]:
    return [garment.group, *(f"{side:.4f}" for side in garment.box)]


def _tags(garment: GarmentRow) -> list[object]:
    seen = ", ".join(f"{name} {share:.0%}" for name, share in garment.colors)
    return [seen, *(", ".join(garment.tags.get(attribute, ())) for attribute in taxonomy().attributes)]
