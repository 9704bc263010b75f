"""Reading the training data: records, garments and images as they lie on disk.

The folder holds `records/<set>.jsonl`, `garments.jsonl`, `taxonomy.json` and `images/<set>-NN.parquet`
(columns `id`, `image`, and `mask` of `ccp`, `parse` and `product_image` of `viton`, all encoded pictures). A set
that is not there has no records.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from placket.domain.errors import InvalidParameter

SETS = ("hm", "cd", "ccp", "viton", "myntra")
HOLDOUT_PARTS = 20
MORE = {"ccp": ("mask",), "viton": ("product_image", "parse")}
"""The columns that a set has beside `image`. In a set of a shop's own photos such a name may mean anything."""


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


NEARLY_INSIDE = 0.001
"""What rounding may put outside of the picture."""


def _box(value: Any) -> tuple[float, float, float, float] | None:
    if not value:
        return None
    sides = [float(v) for v in value]
    inside = len(sides) == 4 and all(-NEARLY_INSIDE <= v <= 1 + NEARLY_INSIDE for v in sides)
    if not inside or sides[0] >= sides[2] or sides[1] >= sides[3]:
        raise ValueError(f"a box is x0, y0, x1, y1 as fractions of the image (0 to 1, x0 < x1, y0 < y1), not {value}")
    x0, y0, x1, y1 = (min(max(v, 0.0), 1.0) for v in sides)
    return (x0, y0, x1, y1)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """What is wrong with a line becomes a sentence with its place."""
    try:
        yield
    except KeyError as error:
        raise InvalidParameter(f"{where}: {error} is missing") from None
    except RecursionError:
        raise InvalidParameter(f"{where}: nested too deep") from None
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InvalidParameter(f"{where}: {error}") from None


def lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines file, each with its place in words. Raises InvalidParameter for another line."""
    with path.open("rb") as handle:
        for number, line in enumerate(handle, 1):
            where = f"{path}, line {number}"
            if line.strip():
                with _told(where):
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise ValueError("a line is one JSON object")
                yield where, row


def sets_in(data: Path) -> tuple[str, ...]:
    """The sets that the folder has records of."""
    return tuple(name for name in SETS if (data / "records" / f"{name}.jsonl").is_file())


def _name(row: dict[str, Any], key: str) -> str:
    """Other tools write an empty cell as null or NaN: as a word it would make one product of all such rows."""
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError(f"`{key}` is a word or a whole number, not {json.dumps(value)}")
    return str(value)


def _record(dataset: str, row: dict[str, Any]) -> Record:
    if row["split"] not in ("train", "val"):
        raise ValueError(f"`split` is train or val, not {row['split']!r}")
    size = (int(row["width"]), int(row["height"]))
    if min(size) < 1:
        raise ValueError(f"a picture of {size[0]} x {size[1]} pixels")
    names = (_name(row, "id"), row["split"], _name(row, "group"))
    return Record(dataset, *names, *size, dict(row["labels"]), _box(row.get("box")))


def read_records(data: Path, dataset: str) -> dict[str, Record]:
    """All records of one set by id, in the file's order; none of a set that is not there.

    Raises InvalidParameter for a line that is no record, a second one of an image, and a group in both splits.
    """
    out: dict[str, Record] = {}
    splits: dict[str, str] = {}
    if dataset not in sets_in(data):
        return out
    for where, row in lines(data / "records" / f"{dataset}.jsonl"):
        with _told(where):
            record = _record(dataset, row)
            if record.id in out:
                raise ValueError(f"a second record of {record.id}")
            if splits.setdefault(record.group, record.split) != record.split:
                # Figures on `val` would be those of products that were trained on.
                raise ValueError(f"the group {record.group} is in `train` and in `val`; all of it belongs in one")
        out[record.id] = record
    return out


_NOT_TAGS = {"dataset", "id", "box", "mask_label", "split", "category"}


def _garment(row: dict[str, Any]) -> Garment:
    tags = {k: v for k, v in row.items() if k not in _NOT_TAGS}
    return Garment(
        str(row["dataset"]), str(row["id"]), row.get("category"), tags, _box(row.get("box")), row.get("mask_label")
    )


def garments_by_line(data: Path) -> Iterator[tuple[str, Garment]]:
    """Each garment labelled by eye with its place in words. Raises InvalidParameter for a line that is none."""
    for where, row in lines(data / "garments.jsonl"):
        with _told(where):
            garment = _garment(row)
        yield where, garment


def read_garments(data: Path) -> list[Garment]:
    """All garments labelled by eye."""
    return [garment for _, garment in garments_by_line(data)]


def photos_with_boxes(data: Path, dataset: str) -> set[str]:
    """Ids of the photos whose garments have boxes of their own."""
    return {g.id for g in read_garments(data) if g.dataset == dataset and g.box}


def read_taxonomy(data: Path) -> dict[str, Any]:
    """`taxonomy.json` as it is: groups, attributes, multi_label, applies. Raises InvalidParameter for another
    file."""
    path = data / "taxonomy.json"
    with _told(str(path)):
        result: dict[str, Any] = dict(json.loads(path.read_bytes()))
    return result


def read_own_terms(data: Path) -> dict[str, str]:
    """`terms.json`, where there is one: for what the photos of a set may be used, in their owner's words. Raises
    InvalidParameter for another file."""
    path = data / "terms.json"
    if not path.is_file():
        return {}
    with _told(str(path)):
        told = json.loads(path.read_bytes())
        if not isinstance(told, dict) or not all(name in SETS for name in told):
            raise ValueError(f"it is an object of sets ({', '.join(SETS)}) with their terms")
        if not all(isinstance(words, str) and words.strip() for words in told.values()):
            raise ValueError("the terms of a set are words")
    return {name: " ".join(words.split()) for name, words in told.items()}


def read_mask_names(data: Path) -> list[str]:
    """Names of the CCP mask numbers, by number. Raises InvalidParameter where they are missing or no names."""
    path = data / "ccp_mask_labels.json"
    if not path.is_file():
        raise InvalidParameter(f"{path} is missing: the masks of ccp mean nothing without it")
    with _told(str(path)):
        names = json.loads(path.read_bytes())
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("it is a list of names, that of number 0 first")
    return names


def iter_images(
    data: Path, dataset: str, columns: tuple[str, ...] = ("image",)
) -> Iterator[tuple[str, dict[str, bytes | None]]]:
    """Yield id and the encoded bytes of the named columns that the set has, file by file, never a set whole.

    Raises InvalidParameter for a file that is no Parquet or is damaged, or has not the columns that it needs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = [c for c in columns if c == "image" or c in MORE.get(dataset, ())]
    for path in sorted((data / "images").glob(f"{dataset}-*.parquet")):
        try:
            file = pq.ParquetFile(path)
            have = _columns(path, file.schema_arrow, wanted)
            for batch in file.iter_batches(batch_size=256, columns=["id", *have]):
                rows = batch.to_pydict()
                for index, key in enumerate(rows["id"]):
                    yield str(key), {c: rows[c][index] for c in have}
        except (pa.ArrowException, OSError) as error:
            raise InvalidParameter(f"{path}: {' '.join(str(error).split())}") from None


def _columns(path: Path, schema: Any, wanted: Sequence[str]) -> list[str]:
    """Those of the wanted ones that are there; all of them are bytes."""
    from pyarrow import types

    if not {"id", "image"} <= set(schema.names):
        raise InvalidParameter(f"{path} has the columns {', '.join(schema.names)}, not `id` and `image`")
    have = [c for c in wanted if c in schema.names]
    for name in {"image", *have}:
        kind = schema.field(name).type
        if not (types.is_binary(kind) or types.is_large_binary(kind) or types.is_null(kind)):
            raise InvalidParameter(f"{path}: `{name}` is the bytes of the picture's file, not {kind}")
    return have
