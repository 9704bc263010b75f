"""A garment as the local commands show it: as JSON, and as a row for people."""

from typing import Any

from rich.table import Table
from rich.text import Text

from placket.cli.garment_cells import box_cells, colours_cell, name_cell, places_table, tags_cell, tags_table
from placket.cli.local_sources import shown
from placket.domain.fashion_tags import item_type
from placket.domain.garments import Analysis, Garment
from placket.domain.names_of import category_name, label_name
from placket.domain.taxonomy import taxonomy


def detection_json(garment: Garment) -> dict[str, Any]:
    """``box``: x0, y0, x1, y1 in fractions of the upright image."""
    return {
        "type": item_type(garment),
        "group": garment.group,
        "category": garment.category.id,
        "box": [round(v, 6) for v in garment.box.as_list()],
        "score": round(garment.score, 5),
    }


def garment_json(garment: Garment, language: str) -> dict[str, Any]:
    """With every attribute of the taxonomy; ``[]`` is one that does not apply or cannot be told."""
    return {
        **detection_json(garment),
        "tags": {
            attribute: [
                {"id": x.id, "label": label_name(attribute, x.id, language), "score": round(x.score, 5)}
                for x in garment.tags.get(attribute, ())
            ]
            for attribute in taxonomy().attributes
        },
        "colors": [
            {"hex": s.hex, "name": s.name, "label": label_name("colors", s.name, language), "share": round(s.share, 4)}
            for s in garment.swatches
        ],
    }


def image_json(path: str, analysis: Analysis, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"path": path, "width": analysis.width, "height": analysis.height, "items": items}


def title_of(path: str, analysis: Analysis) -> Text:
    return Text.assemble((shown(path), "bold"), (f"  {analysis.width} x {analysis.height}", "dim"))


def garment_table(analysis: Analysis, language: str) -> Table:
    table = tags_table()
    for garment in analysis.garments:
        table.add_row(_name(garment, language), _tags(garment, language), _colours(garment, language))
    return table


def detection_table(analysis: Analysis, language: str) -> Table:
    table = places_table()
    for garment in analysis.garments:
        table.add_row(_name(garment, language), garment.group, *box_cells(garment.box.as_list()))
    return table


def _name(garment: Garment, language: str) -> Text:
    return name_cell(category_name(garment.category.id, language), garment.score)


def _tags(garment: Garment, language: str) -> Text:
    return tags_cell(
        (attribute, [(label_name(attribute, x.id, language), x.score) for x in labels])
        for attribute, labels in garment.tags.items()
    )


def _colours(garment: Garment, language: str) -> Text:
    return colours_cell((s.hex, label_name("colors", s.name, language), s.share) for s in garment.swatches)
