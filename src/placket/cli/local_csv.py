"""Garments of a look on this machine as lines of CSV: one a garment, one for a photo without any or that failed."""

from collections.abc import Iterable, Iterator

from placket.cli.csv_lines import CsvLines
from placket.domain.taxonomy import taxonomy
from placket.local import Garment, Photo

_SIDES = ("x0", "y0", "x1", "y1")
_PHOTO = ("path", "error", "width", "height", "garment", "category", "score")


class GarmentCsv:
    """``places``: where the garments are, instead of their tags."""

    def __init__(self, *, places: bool) -> None:
        self._places = places
        about = ("group", *_SIDES) if places else ("measured_colors", *taxonomy().attributes)
        self._width = len(_PHOTO) + len(about)
        self._lines = CsvLines((*_PHOTO, *about))

    def show(self, photo: Photo) -> None:
        for row in self._rows(photo):
            self._write(row)

    def refuse(self, path: str, error: str) -> None:
        self._write([path, error])

    def _rows(self, photo: Photo) -> Iterator[list[object]]:
        start = [photo.path, "", photo.width, photo.height]
        for number, garment in enumerate(photo.garments, start=1):
            about = _place(garment) if self._places else _tags(garment)
            yield [*start, number, garment.category.label, f"{garment.score:.2f}", *about]
        if not photo.garments:
            yield start

    def _write(self, row: list[object]) -> None:
        self._lines.write([*row, *[""] * (self._width - len(row))])


def _place(garment: Garment) -> list[object]:
    return [garment.group, *(f"{side:.4f}" for side in garment.box.as_list())]


def _tags(garment: Garment) -> list[object]:
    seen = _joined(f"{color.label} {color.share:.0%}" for color in garment.colors)
    return [seen, *(_joined(label.label for label in labels) for labels in garment.tags.values())]


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)
