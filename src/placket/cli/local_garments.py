"""A garment as the local commands show it to people."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from placket.cli.garment_cells import box_cells, colours_cell, name_cell, places_table, tags_cell, tags_table
from placket.cli.garment_csv import GarmentCsv, GarmentRow
from placket.cli.local_sources import shown
from placket.local import Garment, Photo


def title_of(photo: Photo) -> Text:
    return Text.assemble((shown(photo.path), "bold"), (f"  {photo.width} x {photo.height}", "dim"))


def garment_table(photo: Photo) -> Table:
    table = tags_table()
    for garment in photo.garments:
        table.add_row(_name(garment), _tags(garment), _colours(garment))
    return table


def detection_table(photo: Photo) -> Table:
    table = places_table()
    for garment in photo.garments:
        table.add_row(_name(garment), garment.group, *box_cells(garment.box.as_list()))
    return table


def write_lines(lines: GarmentCsv, photo: Photo) -> None:
    lines.show(photo.path, photo.width, photo.height, _rows(photo))


def _rows(photo: Photo) -> Iterator[GarmentRow]:
    for g in photo.garments:
        colors = [(c.label, c.share) for c in g.colors]
        tags = {attribute: [x.label for x in labels] for attribute, labels in g.tags.items()}
        yield GarmentRow(g.category.label, g.score, g.group, g.box.as_list(), colors, tags)


def _name(garment: Garment) -> Text:
    return name_cell(garment.category.label, garment.score)


def _tags(garment: Garment) -> Text:
    told = ((attribute, [(x.label, x.score) for x in labels]) for attribute, labels in garment.tags.items() if labels)
    return tags_cell(told)


def _colours(garment: Garment) -> Text:
    return colours_cell((c.hex, c.label, c.share) for c in garment.colors)
