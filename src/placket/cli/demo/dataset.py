"""The layout of the clothing dataset: one folder with ``images.csv`` and ``images/<uuid>.jpg``.

https://github.com/alexeygrigorev/clothing-dataset. The table has the columns image, sender_id, label, kids. Some photos
have no row, and some rows may have no photo.
"""

import csv
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from placket.cli.demo.archive import MAX_BYTES, ArchiveRefused, Entry
from placket.cli.demo.goods import Product

TABLE = "images.csv"
MAX_PHOTO_BYTES = 20_000_000
MAX_TABLE_BYTES = 20_000_000
_MAX_SIDE = 20_000
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PHOTO = re.compile(rf"images/({_UUID.pattern})\.jpg")
_LABEL = re.compile(r"[^\x00-\x1f\x7f]{1,72}")


@dataclass(frozen=True, slots=True)
class Layout:
    """``photos``: by the photo's id, in the archive's order."""

    table: Entry
    photos: Mapping[str, Entry]


def layout_of(entries: Sequence[Entry]) -> Layout:
    """Find the dataset in an archive; other files are passed over.

    Raises ArchiveRefused: no table or several, a path that leads out of the archive, a photo that is there twice or is
    a link, or more than an honest archive holds.
    """
    for entry in entries:
        if _leads_out(entry.path):
            raise ArchiveRefused(f"the archive holds a path that leads out of it: {entry.path!r}")
    tables = [e for e in entries if re.fullmatch(rf"(?:[^/]+/)?{re.escape(TABLE)}", e.path)]
    if len(tables) != 1:
        what = "no" if not tables else "more than one"
        raise ArchiveRefused(f"the archive has {what} {TABLE}: it is not the clothing dataset")
    table, root = tables[0], tables[0].path.removesuffix(TABLE)
    if not table.regular or table.size > MAX_TABLE_BYTES:
        raise ArchiveRefused(f"{table.path} is not a file of at most {MAX_TABLE_BYTES:,} bytes")
    photos: dict[str, Entry] = {}
    for entry in entries:
        found = _PHOTO.fullmatch(entry.path.removeprefix(root)) if entry.path.startswith(root) else None
        if found is None:
            continue
        if not entry.regular or found[1] in photos:
            raise ArchiveRefused(f"the archive holds {entry.path} {'twice' if entry.regular else 'as a link'}")
        photos[found[1]] = entry
    if sum(e.size for e in photos.values()) > MAX_BYTES:
        raise ArchiveRefused(f"the archive holds more than {MAX_BYTES:,} bytes of photos")
    return Layout(table, photos)


def _leads_out(path: str) -> bool:
    return path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/") or path[1:2] == ":"


def products_in(table: bytes) -> list[Product]:
    """Rows with a well-formed id and label, each id once: the label as category 1, and who wears it as s1.

    Raises ArchiveRefused when it is no such table.
    """
    try:
        rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline=""))
        if not {"image", "label", "kids"} <= set(rows.fieldnames or ()):
            raise ArchiveRefused(f"{TABLE} has no columns image, label and kids")
        products: dict[str, Product] = {}
        for row in rows:
            id, label = row["image"] or "", (row["label"] or "").strip()
            if _UUID.fullmatch(id) and _LABEL.fullmatch(label) and id not in products:
                products[id] = _product(id, label, kids=(row["kids"] or "").strip().lower() == "true")
    except (UnicodeDecodeError, csv.Error) as error:
        raise ArchiveRefused(f"{TABLE} cannot be read: {error}") from None
    return list(products.values())


def _product(id: str, label: str, *, kids: bool) -> Product:
    return Product(id, f"{label}, kids" if kids else label, label, s1="kids" if kids else "adults")


def why_no_photo(body: bytes) -> str:
    """Empty when it begins as a JPEG of a sensible size does; else what is wrong. Pixels are not decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=["JPEG"]) as image:
                width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return "not a JPEG"
    return "" if min(width, height) > 0 and max(width, height) <= _MAX_SIDE else f"{width} x {height} pixels"
