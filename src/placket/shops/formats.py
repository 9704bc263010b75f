"""Which export a file is, and its catalogue."""

import enum
import io
from typing import TYPE_CHECKING

from placket.shops import google, shopify, woocommerce
from placket.shops.catalogue import Catalogue, ExportInvalid
from placket.shops.google_xml import read_items
from placket.shops.tables import long_cells, open_table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from placket.shops.tables import Columns


class Format(enum.StrEnum):
    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"
    GOOGLE = "google"


_MODULES = {Format.SHOPIFY: shopify, Format.WOOCOMMERCE: woocommerce, Format.GOOGLE: google}
_UNKNOWN = (
    "the first line names the columns of no export that is known: Shopify's has Handle, Title and Image Src (or URL"
    " handle, Title and Product image URL); WooCommerce's ID, Type, Name and Images, in English (choose English in your"
    " WordPress profile and export again); a Google feed id, title and image_link"
)


def read_catalogue(file: io.BufferedReader) -> tuple[Format, Catalogue]:
    """Told by its first bytes and by the names of its columns. Raises ExportInvalid, OSError."""
    catalogue = Catalogue()
    if _is_xml(file.peek(4096)):
        google.read(read_items(file, google.COLUMNS), catalogue)
        return Format.GOOGLE, catalogue
    with long_cells():
        table = open_table(file)
        format = format_of(table.names)
        if format is None:
            raise ExportInvalid(_UNKNOWN if any(table.names) else "the file is empty")
        module = _MODULES[format]
        names = google.plain_names(table.names) if format is Format.GOOGLE else table.names
        module.read(table.rows(module.COLUMNS, catalogue, names), catalogue)
    return format, catalogue


def format_of_file(file: io.BufferedReader) -> Format | None:
    """By its beginning; nothing else is read. None where it is no export that is known, whatever it is."""
    beginning = file.peek(4096)
    if _is_xml(beginning):
        return Format.GOOGLE if b"<rss" in beginning or b"<feed" in beginning else None
    try:
        with long_cells():
            return format_of(open_table(file).names)
    except ExportInvalid:
        return None


def format_of(names: "Sequence[str]") -> Format | None:
    """By the names of a table's columns, in lower case."""
    for format, module in _MODULES.items():
        known = google.plain_names(names) if format is Format.GOOGLE else names
        if all(_has(known, module.COLUMNS, meaning) for meaning in module.NEEDED):
            return format
    return None


def _has(names: "Collection[str]", columns: "Columns", meaning: str) -> bool:
    return any(name in names for name in columns[meaning])


def _is_xml(beginning: bytes) -> bool:
    """In UTF-16 too."""
    return beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or beginning[:4] in (
        b"\xff\xfe<\x00",
        b"\xfe\xff\x00<",
    )
