"""The encoder's crops and their labels, from garments labelled by eye, parses, product shots and record rules."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.training.cache import Store
from placket.training.detector.targets import UPPER, Box, box_of, foreground
from placket.training.files import write_whole
from placket.training.rules import record_tags
from placket.training.sources import Garment, Record, read_garments, read_records, read_taxonomy

MULTI = ("colors", "details")
FOUND = "found"
"""View of garments that a detector found and nobody labelled."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
# A few whole-body garments carry a word of the tops' list.
WHOLEBODY_LENGTH = {"thigh": "mini", "hip": "mini", "waist": "mini", "calf": "midi"}


@dataclass(slots=True)
class Item:
    """A garment's place in a cached picture and what is known of it.

    `tags`: attribute (or `category`) -> label or list of labels; absent = unknown. `by_eye`, else by rules.
    `product`: same string = same product (pairs); `design`: same string = near, not to be pushed apart.
    """

    dataset: str
    key: str
    id: str
    part: str
    box: Box
    design: str
    product: str
    boxed: bool
    by_eye: bool
    view: str
    tags: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A stable name, unique among the items."""
        return f"{self.dataset}/{self.key}/" + ",".join(f"{v:.3f}" for v in self.box)


class Vocabulary:
    """The taxonomy as numbers."""

    def __init__(self, taxonomy: dict[str, Any]) -> None:
        self.groups: list[str] = list(taxonomy["groups"])
        self.categories: list[str] = [c for names in taxonomy["groups"].values() for c in names]
        self.group_of: dict[str, str] = {c: g for g, names in taxonomy["groups"].items() for c in names}
        self.attributes: dict[str, list[str]] = taxonomy["attributes"]
        self.labels: dict[str, list[str]] = {"category": self.categories, **self.attributes}
        self.number = {a: {v: i for i, v in enumerate(values)} for a, values in self.labels.items()}
        self.single = [a for a in self.labels if a not in MULTI]
        applies = taxonomy["applies"]
        everywhere = set(applies["to_all"])
        self.applies: dict[str, set[str]] = {
            a: set(self.categories) if a in everywhere else set(applies.get(a, [])) for a in self.attributes
        }

    @classmethod
    def read(cls, data: Path) -> "Vocabulary":
        """From the data folder."""
        return cls(read_taxonomy(data))

    def encode(self, item: Item) -> dict[str, Any]:
        """Numbers of an item's labels: singles int (-1 unknown); multi a 0/1 vector, or None where unknown."""
        out: dict[str, Any] = {a: self.number[a].get(item.tags.get(a) or "", -1) for a in self.single}
        for name in MULTI:
            value = item.tags.get(name)
            if value is None:
                out[name] = None
                continue
            hot: NDArray[np.float32] = np.zeros(len(self.labels[name]), np.float32)
            hot[[self.number[name][v] for v in value if v in self.number[name]]] = 1
            out[name] = hot
        colors = item.tags.get("colors")
        out["first_color"] = self.number["colors"].get(colors[0], -1) if colors else -1
        return out


def garment_tags(garment: Garment, group: str | None) -> dict[str, Any]:
    """Known labels of a garment; null is dropped (unknown)."""
    tags = {k: v for k, v in garment.tags.items() if v is not None}
    if garment.category:
        tags["category"] = garment.category
    if group == "WHOLEBODY" and tags.get("length") in WHOLEBODY_LENGTH:
        tags["length"] = WHOLEBODY_LENGTH[tags["length"]]
    return tags


def _weak(record: Record) -> dict[str, Any]:
    tags: dict[str, Any] = dict(record_tags(record))
    if "colors" in tags:
        # A rule tells the first colour only, so the set of colours stays unknown.
        tags["first_color_only"] = tags.pop("colors")
    return tags


class ItemBuilder:
    """Builds the items of every set."""

    def __init__(self, data: Path, stores: dict[str, Store]) -> None:
        self.data, self.stores = data, stores
        self.vocabulary = Vocabulary.read(data)
        self.garments: dict[tuple[str, str], list[Garment]] = {}
        for garment in read_garments(data):
            self.garments.setdefault((garment.dataset, garment.id), []).append(garment)

    def _item(
        self, record: Record, key: str, box: Box | None, garment: Garment | None, view: str, number: int = 0
    ) -> Item:
        """`number`: which of the photo's garments it is, where they have no other name."""
        group = self.vocabulary.group_of.get(garment.category or "") if garment else None
        tags = garment_tags(garment, group) if garment else _weak(record)
        design = f"{record.dataset}:{record.group}"
        part = garment.mask_label if garment and garment.mask_label else number or ""
        product = f"{record.dataset}:{record.id}:{part}"
        return Item(
            record.dataset,
            key,
            record.id,
            record.part,
            box or WHOLE,
            design,
            product,
            box is not None,
            garment is not None,
            view,
            tags,
        )

    def singles(self, dataset: str) -> list[Item]:
        """Catalogue, phone and shop photos: one item a picture, or one for each garment that has a box of its own."""
        out = []
        for record in read_records(self.data, dataset).values():
            garments = self.garments.get((dataset, record.id), [])
            if own := [g for g in garments if g.box]:
                out += [self._item(record, record.id, g.box, g, dataset, n) for n, g in enumerate(own)]
                continue
            garment = garments[0] if garments else None
            if garment is None and record.labels.get("master") in ("Personal Care", "Free Items", "Sporting Goods"):
                continue
            out.append(self._item(record, record.id, record.box, garment, dataset))
        return out

    def street(self) -> list[Item]:
        """Street garments labelled by eye."""
        records = read_records(self.data, "ccp")
        return [
            self._item(records[g.id], g.id, g.box, g, "ccp")
            for (name, _), garments in self.garments.items()
            if name == "ccp"
            for g in garments
            if g.box
        ]

    def studio(self) -> list[Item]:
        """Studio photos: the person's upper garment and its product shot, two items of one product."""
        out = []
        for record in read_records(self.data, "viton").values():
            store = self.stores["viton"]
            garment = (self.garments.get(("viton", record.id)) or [None])[0]  # type: ignore[list-item]
            if f"{record.id}/parse" in store:
                box = box_of(np.isin(store[f"{record.id}/parse"][..., 0], UPPER), 0.002)
                if box:
                    out.append(self._item(record, record.id, box, garment, "viton"))
            if f"{record.id}/product" in store:
                box = box_of(foreground(store[f"{record.id}/product"]), 0.001)
                out.append(self._item(record, f"{record.id}/product", box, garment, "product"))
        return out

    def all(self) -> list[Item]:
        """Items of every set and part."""
        return [*self.street(), *self.studio(), *(i for d in ("hm", "cd", "myntra") for i in self.singles(d))]


def found_street(data: Path, cache: Path) -> list[Item]:
    """Garments of the street photos without a mask, where the detector found them; nothing is known of them. A photo
    may have lost its record since."""
    path = cache / "found_street.json"
    places: dict[str, list[Box]] = json.loads(path.read_text()) if path.exists() else {}
    records = read_records(data, "ccp") if places else {}
    out = []
    for key, boxes in places.items():
        if (record := records.get(key)) is None:
            continue
        for number, box in enumerate(boxes):
            product = f"ccp:{key}:found{number}"
            out.append(Item("ccp", key, key, record.part, (*box,), f"ccp:{record.group}", product, True, False, FOUND))
    return out


def load_items(data: Path, cache: Path, stores: dict[str, Store], found_boxes: bool = True) -> list[Item]:
    """All items, kept in `cache/items.json`; photos without a box take that of `found_boxes.json`, if any, and the
    garments of `found_street.json` come last."""
    path = cache / "items.json"
    if not path.exists():
        rows = [[getattr(i, f) for f in Item.__slots__] for i in ItemBuilder(data, stores).all()]
        write_whole(path, json.dumps(rows))
    boxes = cache / "found_boxes.json"
    found = json.loads(boxes.read_text()) if found_boxes and boxes.exists() else {}
    out = []
    for row in json.loads(path.read_text()):
        item = Item(**dict(zip(Item.__slots__, row, strict=True)))
        place = None if item.boxed else found.get(f"{item.dataset}/{item.key}")
        item.box, item.boxed = tuple(place or item.box), item.boxed or place is not None
        out.append(item)
    return out + found_street(data, cache) if found_boxes else out
