"""From the sources to boxes with groups: one `Sample` a picture, in pixels of the cached picture.

Street masks: one box a mask label over all its pixels (a pair of shoes is one box); its group is that of the garment
labelled by eye, else of the table of mask names. Labels with less than `TINY` of the picture's pixels are left out.
Studio parses are machine-made: stray pixels are cut off (0.2% on each side), lower garments need 1% of the picture, a
hat or shoes 0.4%, with less of them they are left open. Jewellery and accessories, which no parse tells, are not taken
as absent. Bags are: these are photos of tops, on models with empty hands.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.domain.errors import InvalidParameter
from placket.training.cache import Pixels, Store
from placket.training.detector.nothing import beside
from placket.training.files import write_whole
from placket.training.rules import mask_group, record_group
from placket.training.sources import Garment, Record, read_garments, read_mask_names, read_records, read_taxonomy

TINY = 0.0002
LOWER_SHARE, SMALL_SHARE = 0.01, 0.004
UPPER = (5, 6, 7)
LOWER = (9, 12)
JUMPSUIT = (10,)
SMALL = (((1,), "HAT"), ((18, 19), "SHOES"))
Box = tuple[float, float, float, float]
NOTHING = ("empty", "backdrop")
"""Kinds of samples without a garment: pictures of other things, and what a street photo shows beside the person."""


@dataclass(slots=True)
class Sample:
    """A picture's key in the store of `dataset`, boxes [m, 4] as fractions, groups [m] (-1 unknown).

    `open_groups`: groups that may be in the picture without a box; they are not learnt as absent. `region`: only this
    part of the picture is the sample (of a kind without boxes).
    """

    dataset: str
    key: str
    part: str
    boxes: NDArray[np.float32]
    groups: NDArray[np.int64]
    kind: str
    open_groups: tuple[int, ...] = field(default_factory=tuple)
    region: Box | None = None


def box_of(mask: NDArray[np.bool_], trim: float = 0.0) -> Box | None:
    """Box of the set pixels of [h, w] as fractions; `trim` cuts that share of the pixels off each side."""
    ys, xs = np.nonzero(mask)
    if len(xs) == 0:
        return None
    height, width = mask.shape
    if trim > 0 and len(xs) > 50:
        x0, x1 = np.quantile(xs, [trim, 1 - trim])
        y0, y1 = np.quantile(ys, [trim, 1 - trim])
    else:
        x0, x1, y0, y1 = xs.min(), xs.max(), ys.min(), ys.max()
    return (float(x0 / width), float(y0 / height), float((x1 + 1) / width), float((y1 + 1) / height))


def foreground(pixels: Pixels, tolerance: int = 14) -> NDArray[np.bool_]:
    """Pixels that differ from the picture's border colour (median of the border) by more than `tolerance`."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    middle = np.median(border, axis=0)
    result: NDArray[np.bool_] = np.abs(pixels.astype(np.int16) - middle.astype(np.int16)).max(-1) > tolerance
    return result


class Targets:
    """Builds the samples of every set; `groups` are the taxonomy's names in order."""

    def __init__(self, data: Path, stores: dict[str, Store]) -> None:
        self.data, self.stores = data, stores
        taxonomy = read_taxonomy(data)
        self.groups: list[str] = list(taxonomy["groups"])
        self.number = {name: i for i, name in enumerate(self.groups)}
        self.group_of = {c: g for g, names in taxonomy["groups"].items() for c in names}
        self.garments: dict[tuple[str, str], list[Garment]] = {}
        for garment in read_garments(data):
            self.garments.setdefault((garment.dataset, garment.id), []).append(garment)

    def _group(self, record: Record) -> int:
        garments = self.garments.get((record.dataset, record.id))
        name = self.group_of.get(garments[0].category or "") if garments else None
        name = name or record_group(record)
        return self.number[name] if name else -1

    def _sample(
        self, record: Record, key: str, found: list[tuple[Box, int]], kind: str, opens: tuple[int, ...] = ()
    ) -> Sample:
        boxes = np.array([b for b, _ in found], np.float32).reshape(-1, 4)
        return Sample(record.dataset, key, record.part, boxes, np.array([g for _, g in found], np.int64), kind, opens)

    def _boxed(self, record: Record) -> list[tuple[Box, int]]:
        """The garments' own boxes, or that of the photo's one item."""
        garments = self.garments.get((record.dataset, record.id), [])
        own = [(g.box, self.number[self.group_of[g.category]] if g.category else -1) for g in garments if g.box]
        return own or ([(record.box, self._group(record))] if record.box else [])

    def single_items(self, dataset: str) -> list[Sample]:
        """Photos with one automatic box, or one for each garment; pictures of things that are no garment become empty
        samples."""
        out = []
        for record in read_records(self.data, dataset).values():
            if record.labels.get("master") == "Personal Care" and (dataset, record.id) not in self.garments:
                out.append(self._sample(record, record.id, [], "empty"))
            elif found := self._boxed(record):
                out.append(self._sample(record, record.id, found, dataset))
        return out

    def street(self) -> list[Sample]:
        """The street photos that have masks."""
        names: list[str] = []
        out = []
        for record in read_records(self.data, "ccp").values():
            if f"{record.id}/mask" not in self.stores["ccp"]:
                continue
            names = names or read_mask_names(self.data)
            mask = self.stores["ccp"][f"{record.id}/mask"][..., 0]
            seen = {g.mask_label: g for g in self.garments.get(("ccp", record.id), [])}
            found: list[tuple[Box, int]] = []
            for number in np.unique(mask):
                if number >= len(names):
                    raise InvalidParameter(
                        f"ccp, {record.id}: `mask` has {number}, which ccp_mask_labels.json does not name"
                    )
                name = names[number]
                garment = seen.get(name)
                group = self.group_of.get(garment.category or "") if garment else mask_group(name)
                pixels = mask == number
                box = garment.box if garment and garment.box else box_of(pixels)
                if group and box and (garment or pixels.mean() >= TINY):
                    found.append((box, self.number[group]))
            out.append(self._sample(record, record.id, found, "ccp"))
            region = beside(mask > 0)
            if region:
                out.append(replace(self._sample(record, record.id, [], "backdrop"), region=region))
        return out

    def studio(self) -> list[Sample]:
        """VITON: the person by its parse, and the product shot by its white background."""
        out = []
        for record in read_records(self.data, "viton").values():
            store = self.stores["viton"]
            group = self._group(record)
            if f"{record.id}/product" in store:
                box = box_of(foreground(store[f"{record.id}/product"]), 0.001)
                if box and (box[2] - box[0]) * (box[3] - box[1]) > 0.1:
                    out.append(self._sample(record, f"{record.id}/product", [(box, group)], "product"))
            if f"{record.id}/parse" not in store:
                continue
            parse = store[f"{record.id}/parse"][..., 0]
            found: list[tuple[Box, int]] = []
            upper = box_of(np.isin(parse, UPPER), 0.002)
            if upper:
                found.append((upper, group if group >= 0 else self.number["TOP"]))
            for labels, name in ((LOWER, "BOTTOM"), (JUMPSUIT, "WHOLEBODY")):
                pixels = np.isin(parse, labels)
                lower = box_of(pixels, 0.002) if pixels.mean() > LOWER_SHARE else None
                if lower:
                    found.append((lower, self.number[name]))
            opens = [self.number[n] for n in ("JEWELRY", "ACCESSORY")]
            for labels, name in SMALL:
                pixels = np.isin(parse, labels)
                box = box_of(pixels, 0.002) if pixels.mean() > SMALL_SHARE else None
                if box:
                    found.append((box, self.number[name]))
                elif pixels.any():
                    opens.append(self.number[name])
            out.append(self._sample(record, record.id, found, "viton", tuple(opens)))
        return out

    def all(self) -> list[Sample]:
        """Samples of every set and part."""
        return [*self.street(), *self.studio(), *(s for d in ("hm", "cd", "myntra") for s in self.single_items(d))]


def load_samples(data: Path, cache: Path, stores: dict[str, Store]) -> list[Sample]:
    """All samples, kept in `cache/samples.json` after the first time (a minute of reading masks)."""
    path = cache / "samples.json"
    if path.exists():
        rows = json.loads(path.read_text())
        return [_from_row(row) for row in rows]
    samples = Targets(data, stores).all()
    rows = [
        [s.dataset, s.key, s.part, s.boxes.tolist(), s.groups.tolist(), s.kind, list(s.open_groups), s.region]
        for s in samples
    ]
    write_whole(path, json.dumps(rows))
    return samples


def _from_row(row: list[Any]) -> Sample:
    boxes, groups = np.array(row[3], np.float32).reshape(-1, 4), np.array(row[4], np.int64)
    region = tuple(row[7]) if row[7] else None
    return Sample(row[0], row[1], row[2], boxes, groups, row[5], tuple(row[6]), region)
