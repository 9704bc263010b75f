"""A shop's labelled photos, a folder and a table's rows, as a set of a folder of training data.

What is wrong with the table is said all at once: a few hundred labels typed by hand have more than one slip.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from placket.domain.errors import InvalidParameter
from placket.domain.taxonomy import MULTI_LABEL, taxonomy
from placket.training.cache import read_picture
from placket.training.checks import PRODUCT_TAXONOMY, check_data
from placket.training.files import whole_file, write_whole
from placket.training.sources import lines, part_of, read_own_terms

PHOTO, CATEGORY, BOX, PRODUCT, SPLIT, NAME = "photo", "category", "box", "product", "split", "name"
OWN_COLUMNS = (PHOTO, CATEGORY, BOX, PRODUCT, SPLIT, NAME)
SHOWN = 20
"""Mistakes that are told one by one."""
PICTURES_AT_ONCE = 64
LEAST_EXAMPLES = 10
"""Of a category with fewer, little is learnt."""


@dataclass(frozen=True, slots=True)
class Row:
    """A garment: its cells by column, none of them empty. `line` as an editor counts."""

    line: int
    cells: Mapping[str, str]


@dataclass(slots=True)
class _Photo:
    """What the rows of one photo say."""

    path: Path
    product: str
    split: str
    name: str
    garments: list[dict[str, Any]] = field(default_factory=list)


class _NoLabel(ValueError):
    """`args`: what is wrong, the attribute, and its labels."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """How many photos are in each part (`train`, `calib`, which is set aside of it, `val`), how many garments of
    `train` each category has, and how often an attribute was told that does not go with the category."""

    parts: Counter[str]
    categories: Counter[str]
    left_out: Counter[str]


def columns() -> tuple[str, ...]:
    """All that a table may have."""
    return (*OWN_COLUMNS, *taxonomy().attributes)


def gather(rows: Sequence[Row], photos: Path, out: Path, dataset: str, val: float, terms: str) -> Gathered:
    """Write the set `dataset` of the data folder `out` anew; its other sets stay. A share `val` of the products is held
    apart, unless a row says where its photo belongs. Raises InvalidParameter, with every mistake there is."""
    reading = _Reading(photos, dataset, val)
    reading.read(rows)
    found = reading.photos
    sizes: dict[str, tuple[int, int]] = {}
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "records").mkdir(exist_ok=True)
    with whole_file(out / "images" / f"{dataset}-00.parquet") as partial:
        _write_pictures(partial, found, sizes, reading.mistakes)
        if reading.mistakes:
            raise InvalidParameter(reading.told())
        for old in (out / "images").glob(f"{dataset}-*.parquet"):
            old.unlink()
    with whole_file(out / "records" / f"{dataset}.jsonl") as partial:
        _write_lines(partial, [_record(key, photo, sizes[key]) for key, photo in found.items()])
    others = [row for row in _garments_there(out) if row.get("dataset") != dataset]
    with whole_file(out / "garments.jsonl") as partial:
        own = [{"dataset": dataset, "id": key, **g} for key, photo in found.items() for g in photo.garments]
        _write_lines(partial, [*others, *own])
    (out / "taxonomy.json").write_bytes(PRODUCT_TAXONOMY.read_bytes())
    told = {**read_own_terms(out), dataset: terms}
    write_whole(out / "terms.json", json.dumps(told, ensure_ascii=False) + "\n")
    check_data(out)
    return _count(found, dataset, reading.left_out)


class _Reading:
    """What the rows say, photo by photo, and the mistakes in them."""

    def __init__(self, folder: Path, dataset: str, val: float) -> None:
        self.folder, self.dataset, self.val = folder, dataset, val
        self.photos: dict[str, _Photo] = {}
        self.mistakes: list[str] = []
        self.left_out: Counter[str] = Counter()
        self._unsure: dict[str, Sequence[str]] = {}

    def read(self, rows: Sequence[Row]) -> None:
        for row in rows:
            try:
                self._add(row)
            except _NoLabel as error:
                self._unsure[error.args[1]] = error.args[2]
                self.mistakes.append(f"line {row.line}: {error.args[0]}")
            except ValueError as error:
                self.mistakes.append(f"line {row.line}: {error}")
        splits: dict[str, str] = {}
        for key, photo in self.photos.items():
            if splits.setdefault(photo.product, photo.split) != photo.split:
                self.mistakes.append(
                    f"{key}: the product {photo.product} is in `train` and in `val`; all of it belongs in one"
                )

    def _add(self, row: Row) -> None:
        key, path = _place(row, self.folder)
        garment = _garment(row, self.left_out)
        product = row.cells.get(PRODUCT, key)
        split = row.cells.get(SPLIT) or _split(product, self.val)
        if split not in ("train", "val"):
            raise ValueError(f"`split` is train or val, not {split!r}")
        photo = self.photos.setdefault(key, _Photo(path, product, split, row.cells.get(NAME, "")))
        if (photo.product, photo.split) != (product, split):
            raise ValueError(f"{key} has another product or split above")
        if photo.garments and not ("box" in garment and "box" in photo.garments[0]):
            raise ValueError(f"another garment of {key}; each needs the box that it is in")
        photo.garments.append(garment)

    def told(self) -> str:
        """The mistakes, and once the labels of each attribute that has one."""
        more = [f"and {len(self.mistakes) - SHOWN} more"] if len(self.mistakes) > SHOWN else []
        labels = [f"the labels of {name}: {', '.join(known)}" for name, known in self._unsure.items()]
        return "\n  ".join(["nothing was written, because of:", *self.mistakes[:SHOWN], *more, *labels])


def _place(row: Row, folder: Path) -> tuple[str, Path]:
    name = row.cells.get(PHOTO)
    if name is None:
        raise ValueError(f"no `{PHOTO}`")
    path = folder / name
    if not path.is_file():
        raise ValueError(f"there is no photo {path}")
    return Path(name).as_posix(), path


def _split(product: str, val: float) -> str:
    """By the product's name alone: more photos, added later, move none from one part to the other."""
    digest = hashlib.sha256(f"val:{product}".encode()).digest()
    return "val" if int.from_bytes(digest[:4], "big") < val * 2**32 else "train"


def _garment(row: Row, left_out: Counter[str]) -> dict[str, Any]:
    words = {CATEGORY: taxonomy().categories, **taxonomy().attributes}
    out: dict[str, Any] = {}
    for name, known in words.items():
        if cell := row.cells.get(name):
            labels = [_label(name, word, known) for word in re.split("[,;|]", cell) if word.strip()]
            if name not in MULTI_LABEL and len(labels) > 1:
                raise ValueError(f"{name} is one label, not {cell!r}")
            out[name] = labels if name in MULTI_LABEL else labels[0]
    if not out:
        raise ValueError("nothing is told of the garment")
    if CATEGORY in out:
        for name in [n for n in out if n != CATEGORY and not taxonomy().applies(n, out[CATEGORY])]:
            left_out[f"{name} of {out[CATEGORY]}"] += 1
            del out[name]
    if box := row.cells.get(BOX):
        out["box"] = _box(box)
    return out


def _label(name: str, word: str, known: Sequence[str]) -> str:
    label = re.sub(r"[\s-]+", "_", word.strip().lower())
    if label not in known:
        near = get_close_matches(label, known, n=1)
        hint = f": did you mean {near[0]}?" if near else ""
        raise _NoLabel(f"{word.strip()!r} is no label of {name}{hint}", name, known)
    return label


def _box(cell: str) -> list[float]:
    try:
        x0, y0, x1, y1 = (float(side) for side in re.split("[,; ]+", cell.strip()))
    except ValueError:
        raise ValueError(f"a box is x0,y0,x1,y1, not {cell!r}") from None
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise ValueError(f"a box has fractions of the image: 0 <= x0 < x1 <= 1, 0 <= y0 < y1 <= 1, not {cell}")
    return [x0, y0, x1, y1]


def _write_pictures(
    path: Path, found: Mapping[str, _Photo], sizes: dict[str, tuple[int, int]], mistakes: list[str]
) -> None:
    """A few pictures in memory at once, however many there are. Fills `sizes`, upright, and `mistakes`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    keys = list(found)
    schema = pa.schema([("id", pa.string()), ("image", pa.binary())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, len(keys), PICTURES_AT_ONCE):
            rows = []
            for key in keys[start : start + PICTURES_AT_ONCE]:
                try:
                    data = found[key].path.read_bytes()
                    picture = read_picture(data, str(found[key].path))
                except (InvalidParameter, OSError) as error:
                    mistakes.append(str(error))
                    continue
                sizes[key] = (picture.width, picture.height)
                rows.append({"id": key, "image": data})
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _record(key: str, photo: _Photo, size: tuple[int, int]) -> dict[str, Any]:
    """The box of the one garment of a photo is the garment's own."""
    labels = {"name": photo.name} if photo.name else {}
    return {
        "id": key, "split": photo.split, "group": photo.product, "width": size[0], "height": size[1], "labels": labels,
        "box": None,
    }  # fmt: skip


def _garments_there(out: Path) -> list[dict[str, Any]]:
    path = out / "garments.jsonl"
    return [row for _, row in lines(path)] if path.is_file() else []


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _count(found: Mapping[str, _Photo], dataset: str, left_out: Counter[str]) -> Gathered:
    part = {key: part_of(dataset, photo.product, photo.split) for key, photo in found.items()}
    kinds = (g[CATEGORY] for key, p in found.items() if part[key] == "train" for g in p.garments if CATEGORY in g)
    return Gathered(Counter(part.values()), Counter(kinds), left_out)
