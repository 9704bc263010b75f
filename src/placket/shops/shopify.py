"""Shopify's product export: several rows a product, the first of which says what it is.

Each row may add a variant, a picture, or both. Since 2024 there is a second set of names for the columns.
"""

from collections.abc import Iterable

from placket.shops.catalogue import Catalogue, Product, Variant
from placket.shops.tables import Columns, Placed, Row

COLUMNS: Columns = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "vendor": ("vendor",),
    "category": ("product category",),
    "type": ("type",),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "gift": ("gift card",),
    "option": ("option1 value",),
    "sku": ("variant sku", "sku"),
    "price": ("variant price", "price"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "sold_beyond": ("variant inventory policy", "continue selling when out of stock"),
    "picture": ("image src", "product image url"),
    "position": ("image position",),
    "variant_picture": ("variant image", "variant image url"),
}
NEEDED = ("handle", "title", "picture")
_NO_POSITION = 1_000_000


def read(rows: Iterable[Placed], catalogue: Catalogue) -> None:
    """A product's id is its handle, a variant's its SKU: the export has no other."""
    positions: dict[str, int] = {}
    for line, row in rows:
        handle = row["handle"]
        if not handle:
            catalogue.refuse(line, "", "the row has no handle")
            continue
        product = catalogue.products.get(handle)
        if product is None:
            product = Product(line, handle)
            catalogue.add(product)
        if row["title"] and not product.name:
            _describe(product, row)
        position = int(row["position"]) if row["position"].isdecimal() else _NO_POSITION
        if row["picture"] and position < positions.get(handle, _NO_POSITION + 1):
            product.picture, positions[handle] = row["picture"], position
        if row["option"] or row["sku"] or row["price"] or row["quantity"]:
            picture = row["variant_picture"]
            variant = Variant(line, row["sku"], "", picture, row["price"], _is_in_stock(row))
            catalogue.add_variant(product, variant)


def _describe(product: Product, row: Row) -> None:
    product.name = row["title"]
    product.vendor = row["vendor"]
    # The type is the shop's own word; the category is one of Shopify's, and the same for all coats.
    narrowest = row["category"].rpartition(">")[2].strip()
    product.categories = tuple(word for word in (row["type"] or narrowest,) if word)
    product.tags = tuple(tag.strip() for tag in row["tags"].split(",") if tag.strip())
    if row["gift"].lower() == "true":
        product.left_out = "gift cards"
    elif row["status"].lower() not in ("", "active") or row["published"].lower() == "false":
        product.left_out = "not published"


def _is_in_stock(row: Row) -> bool:
    """It is where the stock is not counted, and in exports of shops with several places, which tell none."""
    counted = row["tracker"] and row["quantity"]
    return not counted or _is_above_zero(row["quantity"]) or row["sold_beyond"].lower() in ("continue", "true")


def _is_above_zero(quantity: str) -> bool:
    try:
        return float(quantity) > 0
    except ValueError:
        return True
