"""A user's own boxes in COCO format as samples to train on.

Names of categories are the taxonomy's groups (`TOP`) or categories (`t_shirt`); others are told by a mapping
(`{"upper clothes": "TOP"}`). A twentieth of the pictures, by file name, is set aside.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from os.path import normpath
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np

from placket.domain.errors import InvalidParameter
from placket.domain.taxonomy import taxonomy
from placket.training.cache import Pixels, read_picture, require_shape, shrunk, write_store
from placket.training.detector.targets import Sample
from placket.training.sources import part_of
from placket.vision.decoding import Picture

DATASET = "own"
SIDE = 448


def _numbers(categories: list[dict[str, Any]], mapping: Mapping[str, str], used: set[int]) -> dict[int, int]:
    """Groups by number of category. Some tools add a category above the others, which no annotation is of."""
    words = taxonomy()
    groups = list(words.groups)
    if strange := sorted({*mapping.values()} - {*groups, *words.categories}):
        raise InvalidParameter(f"{strange[0]!r} is neither a group ({', '.join(groups)}) nor a category")
    if twice := [number for number, count in Counter(int(e["id"]) for e in categories).items() if count > 1]:
        raise InvalidParameter(f"the COCO file has two categories with the id {twice[0]}")
    out: dict[int, int] = {}
    unknown = []
    for entry in categories:
        name = str(entry["name"])
        group = mapping.get(name, name)
        if group in words.categories:
            group = words.group_of(group)
        if group in groups:
            out[int(entry["id"])] = groups.index(group)
        elif int(entry["id"]) in used:
            unknown.append(name)
    if unknown:
        raise InvalidParameter(
            f"no group for the categories {', '.join(sorted(unknown))}: name one for each, of {', '.join(groups)}"
        )
    return out


def _path(images: Path, name: str) -> Path:
    try:
        path = (images / name).resolve()
        # Path.is_file() takes a name that can be none for a file that is not there, since 3.14.
        there = S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        there = False
    except (OSError, ValueError):
        raise InvalidParameter(f"{name[:80]!r} can be no file's name") from None
    if not path.is_relative_to(images.resolve()):
        raise InvalidParameter(f"{name!r} lies outside the folder of images")
    if not there:
        raise InvalidParameter(f"{path} is not there")
    return path


def _box(values: Any, width: int, height: int, where: str) -> tuple[float, float, float, float]:
    """COCO's x, y, width, height in pixels to fractions, clipped.

    Raises InvalidParameter for one of which nothing is in the picture: a garment whose box was passed over would be
    learnt as nothing.
    """
    try:
        x, y, w, h = (float(v) for v in values)
    except (TypeError, ValueError):
        raise InvalidParameter(f"{where}: a box is four numbers, not {values!r}") from None
    if not all(math.isfinite(v) for v in (x, y, w, h)):
        raise InvalidParameter(f"{where}: a box is four finite numbers")
    x0, y0, x1, y1 = max(0.0, x), max(0.0, y), min(float(width), x + w), min(float(height), y + h)
    if x1 - x0 < 1 or y1 - y0 < 1:
        raise InvalidParameter(
            f"{where}: a box is x, y, width, height in pixels, and less than one pixel of {values!r} is in the picture "
            f"of {width} x {height}"
        )
    return (x0 / width, y0 / height, x1 / width, y1 / height)


def _size(row: dict[str, Any], picture: Picture, name: str) -> tuple[int, int]:
    """Width and height that the boxes are told in: those of the file's row, where it has them, of the upright picture.

    Raises InvalidParameter where the row's are none, or those of another picture.
    """
    width, height = row.get("width") or picture.width, row.get("height") or picture.height
    try:
        own = (int(width), int(height))
    except (TypeError, ValueError, OverflowError):
        own = (0, 0)
    if min(own) < 1:
        raise InvalidParameter(f"{name}: the COCO file says {width!r} x {height!r} pixels")
    require_shape(picture, own, name, "the COCO file")
    return own


Rows = tuple[list[dict[str, Any]], dict[int, int], dict[Any, list[dict[str, Any]]]]


def _rows(content: Any, mapping: Mapping[str, str]) -> Rows:
    """Images, groups by number of category, annotations by image. Raises what a file of another form makes happen."""
    rows, used = content["images"], {int(one["category_id"]) for one in content["annotations"]}
    numbers = _numbers(content["categories"], mapping, used)
    boxes: dict[Any, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    # Two ways to write one file would be two pictures, of which one may be set aside and the other learnt.
    if len(boxes) < len(rows) or len({normpath(str(row["file_name"])) for row in rows}) < len(rows):
        raise InvalidParameter("the COCO file has two images with the same id or file_name")
    if strange := sorted(used - numbers.keys()):
        raise InvalidParameter(f"the COCO file has an annotation of category {strange[0]}, which it has not")
    for one in content["annotations"]:
        if one["image_id"] not in boxes:
            raise InvalidParameter(f"the COCO file has an annotation of image {one['image_id']!r}, which it has not")
        boxes[one["image_id"]].append(one)
    return rows, numbers, boxes


def read_coco(annotations: Path, images: Path, cache: Path, mapping: Mapping[str, str] | None = None) -> list[Sample]:
    """Decode the pictures into `cache/own.bin` and return their samples.

    Raises InvalidParameter for a file that is no COCO file, an unknown category, and a picture that is not there,
    cannot be decoded, or is not the one that boxes were drawn on.
    """
    try:
        rows, numbers, boxes = _rows(json.loads(annotations.read_bytes()), mapping or {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidParameter(f"{annotations} is no COCO file: {error!r}") from None
    samples: list[Sample] = []

    def pictures() -> Iterator[tuple[str, Pixels]]:
        for row in rows:
            name = str(row["file_name"])
            picture = read_picture(_path(images, name).read_bytes(), name)
            size = _size(row, picture, name)
            found = [(_box(a.get("bbox"), *size, name), numbers[int(a["category_id"])]) for a in boxes[row["id"]]]
            places = np.array([b for b, _ in found], np.float32).reshape(-1, 4)
            groups = np.array([g for _, g in found], np.int64)
            samples.append(Sample(DATASET, name, part_of(DATASET, name, "train"), places, groups, DATASET))
            yield name, shrunk(picture.pixels, SIDE)

    write_store(cache / DATASET, pictures())
    return samples
