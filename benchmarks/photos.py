"""Real photos as a shop would serve them: JPEG files and the columns of an index file."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image


@dataclass(frozen=True, slots=True)
class Photo:
    """One product: its id, the JPEG's path, and what the source says of it."""

    id: str
    path: Path
    name: str
    category: str
    color: str


def real_photos(data: Path, out: Path, counts: dict[str, int]) -> list[Photo]:
    """The first ``counts[set]`` photos of each set of the training data's folder, written to ``out`` as JPEG once."""
    out.mkdir(parents=True, exist_ok=True)
    photos: list[Photo] = []
    for dataset, count in counts.items():
        records = _records(data / "records" / f"{dataset}.jsonl")
        taken = 0
        for file in sorted((data / "images").glob(f"{dataset}-*.parquet")):
            for batch in pq.ParquetFile(file).iter_batches(batch_size=128, columns=["id", "image"]):
                for row in batch.to_pylist():
                    if taken == count:
                        break
                    photos.append(_photo(out, dataset, row["id"], row["image"], records[row["id"]]["labels"]))
                    taken += 1
    return photos


def _records(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as lines:
        return {row["id"]: row for row in map(json.loads, lines)}


def _photo(out: Path, dataset: str, key: str, image: bytes, labels: dict[str, Any]) -> Photo:
    path = out / f"{dataset}-{key}.jpg"
    if not path.exists():
        Image.open(io.BytesIO(image)).convert("RGB").save(path, "JPEG", quality=90)
    kind = labels.get("product_type") or labels.get("article_type") or labels.get("label") or ""
    name = labels.get("name") or f"{labels.get('colour', '')} {kind}".strip()
    return Photo(f"{dataset}-{key}", path, name[:256], kind[:72] or "unknown", str(labels.get("colour") or ""))
