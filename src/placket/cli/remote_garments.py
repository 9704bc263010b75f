"""Garments and products of a server's answers, as people see them."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from placket.cli.garment_cells import box_cells, colours_cell, name_cell, places_table, tags_cell, tags_table
from placket.cli.garment_csv import GarmentRow
from placket.cli.index_report import facts_table, moment
from placket.cli.local_sources import shown
from placket.cli.output import console
from placket.client.shapes.placket import Garment, Photo, Product, ProductGarment
from placket.domain.taxonomy import taxonomy

_COLUMNS = ("name", "category1_id", "category2_id", "category3_id", "image_url", "s1", "s2")


def show_photo(path: str, photo: Photo, *, places: bool) -> None:
    """``places``: where the garments are, else their tags."""
    console.print(
        Text.assemble((shown(path), "bold"), (f"  {photo['width']} x {photo['height']}", "dim")), soft_wrap=True
    )
    table = _places(photo["items"]) if places else _tags(photo["items"])
    console.print(table if photo["items"] else "nothing was found")
    console.print()


def csv_rows(photo: Photo) -> list[GarmentRow]:
    return [_csv_row(garment) for garment in photo["items"]]


def _csv_row(garment: Garment) -> GarmentRow:
    tags = {a["attribute"]: [x["name"] for x in a["labels"]] for a in garment["tags"]}
    colors = [(c["name"], c["share"]) for c in garment["colors"]]
    return GarmentRow(garment["category"]["name"], garment["score"], garment["group"], garment["box"], colors, tags)


def show_product(product: Product) -> None:
    """Its columns and its garments, counted from 1."""
    facts = facts_table()
    for name in ("product_id", *_COLUMNS):
        if product[name]:  # type: ignore[literal-required]
            facts.add_row(name, Text(shown(product[name])))  # type: ignore[literal-required]
    facts.add_row("photo", f"{product['width']} x {product['height']}")
    facts.add_row("updated", moment(product["updatedAt"]))
    console.print(facts)
    if not product["garments"]:
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("#", "garment", "box", "tags", "colours", "corrected"):
        table.add_column(heading, overflow="fold")
    for number, garment in enumerate(product["garments"], start=1):
        corrected = ", ".join(garment["corrected"])
        table.add_row(str(number), _name(garment), _box(garment), _words(garment), _colours(garment), corrected)
    console.print(table)


def product_table(products: Iterable[Product]) -> Table:
    table = Table()
    for heading in ("product", "name", "categories", "garments"):
        table.add_column(heading, overflow="fold")
    table.add_column("updated", no_wrap=True)
    for product in products:
        own = "/".join(product[c] for c in _COLUMNS[1:4] if product[c])  # type: ignore[literal-required]
        cells = (product["product_id"], product["name"], own, garment_names(product["garments"]))
        table.add_row(*(Text(shown(c)) for c in cells), moment(product["updatedAt"]))
    return table


def garment_names(garments: Iterable[ProductGarment]) -> str:
    return ", ".join(g["category"]["name"] for g in garments)


def _places(garments: Sequence[Garment]) -> Table:
    table = places_table()
    for garment in garments:
        table.add_row(_name(garment), garment["group"], *box_cells(garment["box"]))
    return table


def _tags(garments: Sequence[Garment]) -> Table:
    table = tags_table()
    for garment in garments:
        table.add_row(_name(garment), _words(garment), _colours(garment))
    return table


def _name(garment: Garment) -> Text:
    return name_cell(garment["category"]["name"], garment["score"])


def _box(garment: Garment) -> str:
    x0, y0, x1, y1 = (f"{side:.0%}" for side in garment["box"])
    return f"{x0}, {y0} to {x1}, {y1}"


def _words(garment: Garment) -> Text:
    """In the taxonomy's order, as the local commands have them; what this version has no word for comes last."""
    order = list(taxonomy().attributes)
    tags = sorted(garment["tags"], key=lambda a: order.index(a["attribute"]) if a["attribute"] in order else len(order))
    return tags_cell((a["attribute"], [(x["name"], x["score"]) for x in a["labels"]]) for a in tags)


def _colours(garment: Garment) -> Text:
    return colours_cell((c["hex"], c["name"], c["share"]) for c in garment["colors"])
