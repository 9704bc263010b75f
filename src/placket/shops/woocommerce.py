"""WooCommerce's product export: a row a product, and a row each of its variations, which name it as their parent."""

import re
from collections.abc import Iterable

from placket.shops.catalogue import Catalogue, Product, Variant
from placket.shops.tables import Columns, Placed, Row

COLUMNS: Columns = {
    "id": ("id",),
    "type": ("type",),
    "sku": ("sku",),
    "name": ("name",),
    "published": ("published",),
    "visibility": ("visibility in catalog",),
    "in_stock": ("in stock?",),
    "price": ("regular price",),
    "categories": ("categories",),
    "tags": ("tags",),
    "brands": ("brands",),
    "pictures": ("images",),
    "parent": ("parent",),
}
NEEDED = ("id", "type", "name", "pictures")
_COMMA = re.compile(r"(?<!\\),")
_FORMULA = re.compile(r"'(?=[=+\-@\t\r])")


def read(rows: Iterable[Placed], catalogue: Catalogue) -> None:
    """The id is the ID: a SKU is another thing for the shop's own pages, and may be missing."""
    by_sku: dict[str, Product] = {}
    variations: list[tuple[str, Variant]] = []
    for line, cells in rows:
        # What a spreadsheet would take for a formula has an apostrophe before it.
        row = {meaning: _FORMULA.sub("", cell, count=1) if cell[:1] == "'" else cell for meaning, cell in cells.items()}
        if not row["id"]:
            catalogue.refuse(line, row["sku"], "the row has no ID")
        elif row["id"] in catalogue.products:
            catalogue.refuse(line, row["id"], "the ID stands further up already")
        elif "variation" in _list(row["type"]):
            pictures = _list(row["pictures"])
            variant = Variant(line, row["id"], row["name"], pictures[0] if pictures else "", row["price"])
            variant.in_stock = row["in_stock"] != "0"
            variant.left_out = _hidden(row)
            variations.append((row["parent"], variant))
        else:
            product = _product(line, row)
            catalogue.add(product)
            by_sku.setdefault(row["sku"], product)
    for parent, variant in variations:
        found = catalogue.products.get(parent.removeprefix("id:")) if parent[:3] == "id:" else by_sku.get(parent)
        if found is None or not parent:
            catalogue.refuse(variant.line, variant.id, f"its product, {parent!r}, is not in the file")
        else:
            catalogue.add_variant(found, variant)


def _product(line: int, row: Row) -> Product:
    product = Product(line, row["id"], row["name"], price=row["price"], in_stock=row["in_stock"] != "0")
    product.picture = next(iter(_list(row["pictures"])), "")
    # Of "Clothing, Clothing > Shirts, Sale" the one that says most.
    path = max(_list(row["categories"]), key=lambda name: name.count(">"), default="")
    product.categories = tuple(level.strip() for level in path.split(">") if level.strip())
    product.tags = tuple(_list(row["tags"]))
    product.vendor = next(iter(_list(row["brands"])), "")
    product.left_out = _hidden(row)
    return product


def _hidden(row: Row) -> str:
    return "not published" if row["published"] not in ("", "1") or row["visibility"] == "hidden" else ""


def _list(cell: str) -> list[str]:
    """A comma within one of its texts has a backslash before it."""
    return [text for part in _COMMA.split(cell) if (text := part.replace("\\,", ",").strip())]
