"""What the demo puts into its service, and what it then asks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placket.samples import Sample

ROWS_PER_FILE = 10_000
"""The most rows that an index file may have (AI Fashion v1.0 guide)."""


@dataclass(frozen=True, slots=True)
class Product:
    """A row of the index file; its picture is ``/{id}.jpg`` of the image host."""

    id: str
    name: str
    category1_id: str
    category2_id: str = ""
    s1: str = ""
    s2: str = ""


@dataclass(frozen=True, slots=True)
class Assortment:
    """``pictures``: ``{"/name.jpg": bytes}`` of the products, and of ``/camera.jpg`` and ``/outfit.jpg`` to ask with.

    ``folder`` holds them as files. ``similar_to`` is the category whose first product the first search is for.
    """

    service: str
    products: Sequence[Product]
    pictures: Mapping[str, bytes]
    folder: Path
    similar_to: str
    camera: str
    outfit: str


def first(products: Sequence[Product], category: str) -> Product:
    """The first of a category, or the very first. ``products`` is not empty."""
    return next((p for p in products if category in (p.category1_id, p.category2_id)), products[0])


def products_of(samples: "Sequence[Sample]") -> list[Product]:
    """Drawn products; ids are the same in every run. Categories are the taxonomy's group and category; s1 and s2 the
    colour and the pattern."""
    return [
        Product(f"demo-{i:03}", s.name, s.group, s.category, s.color, s.pattern) for i, s in enumerate(samples, start=1)
    ]


def index_files(products: Sequence[Product], host: str, rows: int = ROWS_PER_FILE) -> Iterator[bytes]:
    """JSONL files of at most ``rows`` products each."""
    for start in range(0, len(products), rows):
        lines = (json.dumps(_row(p, host), ensure_ascii=False) + "\n" for p in products[start : start + rows])
        yield "".join(lines).encode()


def _row(product: Product, host: str) -> dict[str, str]:
    return {
        "product_id": product.id,
        "status": "enable",
        "name": product.name,
        "category1_id": product.category1_id,
        "category2_id": product.category2_id,
        "category3_id": "",
        "image_url": f"{host}/{product.id}.jpg",
        "s1": product.s1,
        "s2": product.s2,
    }
