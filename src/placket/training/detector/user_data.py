"""A user's own boxes in COCO format as samples to train on.

Names of categories are the taxonomy's groups (`TOP`) or categories (`t_shirt`); others are told by a mapping
(`{"upper clothes": "TOP"}`). A twentieth of the pictures, by file name, is set aside.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from placket.domain.errors import InvalidParameter
from placket.domain.taxonomy import taxonomy
from placket.training.cache import Pixels, decode_rgb, write_store
from placket.training.detector.targets import Sample
from placket.training.sources import part_of

DATASET = "own"
SIDE = 448


def _numbers(categories: list[dict[str, Any]], mapping: Mapping[str, str]) -> dict[int, int]:
    words = taxonomy()
    groups = list(words.groups)
    out: dict[int, int] = {}
    unknown = []
    for entry in categories:
        name = str(entry["name"])
        group = mapping.get(name, name)
        if group in words.categories:
            group = words.group_of(group)
        if group in groups:
            out[int(entry["id"])] = groups.index(group)
        else:
            unknown.append(name)
    if unknown:
        raise InvalidParameter(
            f"no group for the categories {', '.join(sorted(unknown))}: name one for each, of {', '.join(groups)}"
        )
    return out


def _path(images: Path, name: str) -> Path:
    path = (images / name).resolve()
    if not path.is_relative_to(images.resolve()):
        raise InvalidParameter(f"{name!r} lies outside the folder of images")
    if not path.is_file():
        raise InvalidParameter(f"{path} is not there")
    return path


def _box(values: Any, width: int, height: int, where: str) -> tuple[float, float, float, float] | None:
    """COCO's x, y, width, height in pixels to fractions, clipped; None without area."""
    try:
        x, y, w, h = (float(v) for v in values)
    except (TypeError, ValueError):
        raise InvalidParameter(f"{where}: a box is four numbers, not {values!r}") from None
    if not all(math.isfinite(v) for v in (x, y, w, h)):
        raise InvalidParameter(f"{where}: a box is four finite numbers")
    x0, y0, x1, y1 = max(0.0, x), max(0.0, y), min(float(width), x + w), min(float(height), y + h)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return None
    return (x0 / width, y0 / height, x1 / width, y1 / height)


def read_coco(annotations: Path, images: Path, cache: Path, mapping: Mapping[str, str] | None = None) -> list[Sample]:
    """Decode the pictures into `cache/own.bin` and return their samples.

    Raises InvalidParameter for a file that is no COCO file, an unknown category, or a picture that is not there.
    """
    try:
        content = json.loads(annotations.read_text(encoding="utf-8"))
        rows, numbers = content["images"], _numbers(content["categories"], mapping or {})
        boxes: dict[Any, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
        for one in content["annotations"]:
            boxes[one["image_id"]].append(one)
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InvalidParameter(f"{annotations} is no COCO file: {error!r}") from None
    samples: list[Sample] = []

    def pictures() -> Iterator[tuple[str, Pixels]]:
        for row in rows:
            name = str(row["file_name"])
            pixels = decode_rgb(_path(images, name).read_bytes(), SIDE)
            width, height = int(row.get("width") or pixels.shape[1]), int(row.get("height") or pixels.shape[0])
            found = [(b, numbers[int(a["category_id"])]) for a in boxes[row["id"]]
                     if (b := _box(a.get("bbox"), width, height, name))]  # fmt: skip
            places = np.array([b for b, _ in found], np.float32).reshape(-1, 4)
            groups = np.array([g for _, g in found], np.int64)
            samples.append(Sample(DATASET, name, part_of(DATASET, name, "train"), places, groups, DATASET))
            yield name, pixels

    write_store(cache / DATASET, pictures())
    return samples
