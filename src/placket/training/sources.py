"""Reading the training data: records, garments and images as they lie on disk.

The folder holds `records/<set>.jsonl`, `garments.jsonl`, `taxonomy.json` and `images/<set>-NN.parquet`
(columns `id`, `image`, and on some sets `mask`, `parse`, `product_image`, all encoded pictures).
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETS = ("hm", "cd", "ccp", "viton", "myntra")
HOLDOUT_PARTS = 20


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a set. `box` is x0, y0, x1, y1 as fractions of the image, or None."""

    dataset: str
    id: str
    split: str
    group: str
    width: int
    height: int
    labels: dict[str, Any]
    box: tuple[float, float, float, float] | None

    @property
    def part(self) -> str:
        """`train`, `calib` (the twentieth of `train` set aside by group for choices and calibration) or `val`."""
        return part_of(self.dataset, self.group, self.split)


@dataclass(frozen=True, slots=True)
class Garment:
    """One garment labelled by eye; `tags` maps attribute to a label, a list of labels, or None (could not be told)."""

    dataset: str
    id: str
    category: str | None
    tags: dict[str, Any] = field(default_factory=dict)
    box: tuple[float, float, float, float] | None = None
    mask_label: str | None = None


def part_of(dataset: str, group: str, split: str) -> str:
    """The part an image belongs to; stable, because it hashes only the set's name and the group."""
    if split != "train":
        return split
    digest = hashlib.sha256(f"{dataset}:{group}".encode()).digest()
    return "calib" if int.from_bytes(digest[:4], "big") % HOLDOUT_PARTS == 0 else "train"


def _box(value: Any) -> tuple[float, float, float, float] | None:
    if not value:
        return None
    x0, y0, x1, y1 = (float(v) for v in value)
    return (x0, y0, x1, y1)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as handle:
        for line in handle:
            if line.strip():
                yield json.loads(line)


def read_records(data: Path, dataset: str) -> dict[str, Record]:
    """All records of one set by id, in the file's order."""
    out = {}
    for row in _lines(data / "records" / f"{dataset}.jsonl"):
        out[row["id"]] = Record(
            dataset,
            row["id"],
            row["split"],
            row["group"],
            row["width"],
            row["height"],
            row["labels"],
            _box(row.get("box")),
        )
    return out


_NOT_TAGS = {"dataset", "id", "box", "mask_label", "split", "category"}


def read_garments(data: Path) -> list[Garment]:
    """All garments labelled by eye."""
    out = []
    for row in _lines(data / "garments.jsonl"):
        tags = {k: v for k, v in row.items() if k not in _NOT_TAGS}
        out.append(
            Garment(row["dataset"], row["id"], row.get("category"), tags, _box(row.get("box")), row.get("mask_label"))
        )
    return out


def read_taxonomy(data: Path) -> dict[str, Any]:
    """`taxonomy.json` as it is: groups, attributes, multi_label, applies."""
    result: dict[str, Any] = json.loads((data / "taxonomy.json").read_text(encoding="utf-8"))
    return result


def read_mask_names(data: Path) -> list[str]:
    """Names of the CCP mask numbers, by number."""
    names: list[str] = json.loads((data / "ccp_mask_labels.json").read_text(encoding="utf-8"))
    return names


def iter_images(
    data: Path, dataset: str, columns: tuple[str, ...] = ("image",)
) -> Iterator[tuple[str, dict[str, bytes | None]]]:
    """Yield id and the encoded bytes of the named columns that the set has, file by file, never a set whole."""
    import pyarrow.parquet as pq

    for path in sorted((data / "images").glob(f"{dataset}-*.parquet")):
        file = pq.ParquetFile(path)
        have = [c for c in columns if c in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=256, columns=["id", *have]):
            rows = batch.to_pydict()
            for index, key in enumerate(rows["id"]):
                yield key, {c: rows[c][index] for c in have}
