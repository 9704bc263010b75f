"""A cache of decoded images on disk, so that training never waits for a decoder.

A store is two files: `<name>.bin` (raw uint8 HWC pictures one after another) and `<name>.json`
(`{"keys": [...], "offset": [...], "shape": [[h, w, c], ...]}`). Pictures are read one by one.

`made_of.json` says of which files of the data all that is in a cache was made. When they change, or another folder of
data is used with the same cache, what was made of the old ones is made anew.
"""

import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from placket.domain.errors import ImageError, InvalidParameter
from placket.domain.images import OWN_FILE
from placket.training.checks import check_data
from placket.training.files import write_whole
from placket.training.manifest import sha256
from placket.training.sources import SETS, iter_images, read_records, sets_in
from placket.vision.decoding import Picture, decode

Pixels = NDArray[np.uint8]
MAX_SIDE = {"ccp": 448}
DEFAULT_SIDE = 320
NUMBERS = ("1", "L", "P")
"""Pillow's modes of pictures whose pixels are one number of a byte."""
MADE_OF = "made_of.json"
OF_PICTURES = ("found_boxes.json", "found_street.json", "found_samples.json", "teacher-*.npz")
"""What a network said of the pictures."""
OF_LABELS = ("items.json", "samples.json")
SAME_SHAPE, SMALL = 0.02, 64
"""How much a picture's proportions may differ from those that are told; of tiny ones rounding says nothing."""


class Store:
    """Read access to a store. `store[key]` is a uint8 array [h, w, c], a copy that may be written to."""

    def __init__(self, base: Path) -> None:
        index = json.loads(base.with_suffix(".json").read_text())
        self.shapes: list[tuple[int, int, int]] = [tuple(s) for s in index["shape"]]
        self.offsets: list[int] = index["offset"]
        self.where = {key: i for i, key in enumerate(index["keys"])}
        self._path = base.with_suffix(".bin")
        self._file: int | None = None

    def __contains__(self, key: str) -> bool:
        return key in self.where

    def __getitem__(self, key: str) -> Pixels:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDONLY)
        index = self.where[key]
        height, width, channels = self.shapes[index]
        # pread, not a memory map: a picture is one call instead of sixty page faults (1.1 ms less).
        data = bytearray(os.pread(self._file, height * width * channels, self.offsets[index]))
        return np.frombuffer(data, np.uint8).reshape(height, width, channels)


def write_store(base: Path, pictures: Iterable[tuple[str, Pixels]]) -> int:
    """Write pictures one after another; the index is written last, so an interrupted store is not taken for whole."""
    base.parent.mkdir(parents=True, exist_ok=True)
    base.with_suffix(".json").unlink(missing_ok=True)
    keys: list[str] = []
    offsets: list[int] = []
    shapes: list[tuple[int, ...]] = []
    position = 0
    with base.with_suffix(".bin").open("wb") as handle:
        for key, pixels in pictures:
            handle.write(np.ascontiguousarray(pixels).data)
            keys.append(key)
            offsets.append(position)
            shapes.append(pixels.shape)
            position += pixels.nbytes
    write_whole(base.with_suffix(".json"), json.dumps({"keys": keys, "offset": offsets, "shape": shapes}))
    return len(keys)


def read_picture(data: bytes, where: str) -> Picture:
    """Encoded bytes as the server sees them: upright, transparent parts white. Raises InvalidParameter."""
    try:
        return decode(data, OWN_FILE)
    except ImageError as error:
        raise InvalidParameter(f"{where}: {error.detail}") from None


def require_shape(picture: Picture, told: tuple[int, int], where: str, teller: str) -> None:
    """Raise InvalidParameter where `told`, width and height, are those of another picture, or of one that lies on its
    side: so would be the boxes."""
    width, height = picture.width, picture.height
    if abs(told[0] / told[1] / (width / height) - 1) > SAME_SHAPE and max(width, height) > SMALL:
        raise InvalidParameter(
            f"{where} has {width} x {height} pixels upright, but {teller} says {told[0]} x {told[1]}: "
            "boxes are told on the upright picture, turned as its EXIF orientation says"
        )


def shrunk(pixels: Pixels, max_side: int) -> Pixels:
    """Pixels [h, w, 3], shrunk so that the longer side is at most `max_side`."""
    height, width = pixels.shape[:2]
    if max(width, height) <= max_side:
        return pixels
    scale = max_side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def decode_labels(data: bytes, where: str, size: tuple[int, int]) -> Pixels:
    """A PNG of label numbers to uint8 [h, w, 1], resized to `size` (width, height) by nearest neighbour. Raises
    InvalidParameter for another picture."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data))
        if image.mode not in NUMBERS:
            raise ValueError
        image = image.resize(size, Image.Resampling.NEAREST)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InvalidParameter(f"{where} is no picture of label numbers, one byte to a pixel") from None
    return np.asarray(image, dtype=np.uint8)[..., None]


def _pictures(data: Path, dataset: str) -> Iterable[tuple[str, Pixels]]:
    side, records = MAX_SIDE.get(dataset, DEFAULT_SIDE), read_records(data, dataset)
    for key, row in iter_images(data, dataset, ("image", "product_image", "mask", "parse")):
        where = f"{data / 'images' / dataset}-NN.parquet, {key}"
        picture = read_picture(row.get("image") or b"", where)
        if record := records.get(key):
            require_shape(picture, (record.width, record.height), where, f"records/{dataset}.jsonl")
        pixels = shrunk(picture.pixels, side)
        yield key, pixels
        product = row.get("product_image")
        if product:
            yield f"{key}/product", shrunk(read_picture(product, where).pixels, side)
        for name in ("mask", "parse"):
            labels = row.get(name)
            if labels:
                yield f"{key}/{name}", decode_labels(labels, f"{where}: `{name}`", (pixels.shape[1], pixels.shape[0]))


def build_set(data: Path, cache: Path, dataset: str) -> Store:
    """The store of one set, built if it is not there."""
    base = cache / dataset
    if not base.with_suffix(".json").exists():
        write_store(base, _pictures(data, dataset))
    return Store(base)


def _files(data: Path, pattern: str, known: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What files hold, by name: size, SHA-256 and time of the last change. One that is as it is `known` is not read."""
    out = {}
    for path in sorted(data.glob(pattern)):
        name, stat = str(path.relative_to(data)), path.stat()
        now = {"size": stat.st_size, "changed": stat.st_mtime_ns}
        told = known.get(name)
        # What an earlier version wrote is a list, without a digest.
        if not isinstance(told, dict) or told != now | {"sha256": told["sha256"]}:
            told = now | {"sha256": sha256(path)}
        out[name] = told
    return out


def _digests(files: Mapping[str, Any]) -> dict[str, str]:
    return {name: file["sha256"] for name, file in files.items() if isinstance(file, dict)}


def _keep_what_fits(data: Path, cache: Path) -> None:
    """Check data that the cache was not made of, and remove what was made of other files. Copied data with new times
    is the same data."""
    path = cache / MADE_OF
    new = not path.exists()
    known = {"pictures": {}, "labels": {}} if new else json.loads(path.read_text())
    before = known["pictures"]
    pictures = {name: _files(data, f"images/{name}-*.parquet", before.get(name, {})) for name in SETS}
    labels = {k: v for p in ("records/*.jsonl", "*.json*") for k, v in _files(data, p, known["labels"]).items()}
    if known == (now := {"pictures": pictures, "labels": labels}):
        return
    changed = [name for name in SETS if _digests(before.get(name, {})) != _digests(pictures[name])]
    if new or changed or _digests(known["labels"]) != _digests(labels):
        check_data(data)
        for pattern in [*(f"{name}.json" for name in changed), *OF_LABELS, *(OF_PICTURES if changed else ())]:
            for one in cache.glob(pattern):
                one.unlink()
    cache.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(now))


def build_all(data: Path, cache: Path) -> dict[str, Store]:
    """The stores of the sets that the data has. Raises InvalidParameter for data that does not fit together."""
    _keep_what_fits(data, cache)
    return {name: build_set(data, cache, name) for name in sets_in(data)}
