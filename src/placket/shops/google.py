"""A feed for Google Merchant Center, as XML or as a table: an item a variant, grouped by ``item_group_id``."""

import re
from collections.abc import Iterable, Sequence

from placket.shops.catalogue import Catalogue, Product, Variant
from placket.shops.tables import Columns, Placed, Row

_NAMES = ("id", "title", "image_link", "item_group_id", "availability", "price", "brand", "product_type")
COLUMNS: Columns = {name: (name,) for name in (*_NAMES, "google_product_category")}
NEEDED = ("id", "title", "image_link")
_IN_BRACKETS = re.compile(r".*\[(\w+)\]")


def plain_names(names: Sequence[str]) -> list[str]:
    """``image link``, ``g:image_link`` and ``image link [image_link]`` are one column's."""
    inner = (_IN_BRACKETS.sub(r"\1", name) for name in names)
    return [name.removeprefix("g:").replace(" ", "_") for name in inner]


def read(rows: Iterable[Placed], catalogue: Catalogue) -> None:
    """A product's id is its group's, or the item's own where it is in none; a variant's is the item's."""
    seen: set[str] = set()
    for line, row in rows:
        if not row["id"]:
            catalogue.refuse(line, "", "the item has no id")
        elif row["id"] in seen:
            catalogue.refuse(line, row["id"], "the id stands further up already")
        else:
            seen.add(row["id"])
            group = row["item_group_id"] or row["id"]
            product = catalogue.products.get(group)
            if product is None:
                product = _product(line, group, row)
                catalogue.add(product)
            in_stock = row["availability"].lower().replace(" ", "_") != "out_of_stock"
            variant = Variant(line, row["id"], row["title"], row["image_link"], row["price"], in_stock)
            catalogue.add_variant(product, variant)


def _product(line: int, id: str, row: Row) -> Product:
    path = row["product_type"] or row["google_product_category"]
    levels = tuple(level.strip() for level in path.split(">") if level.strip())
    return Product(line, id, row["title"], row["image_link"], categories=levels, vendor=row["brand"])
