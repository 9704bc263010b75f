"""A folder of training data, written as a shop would."""

import json
import shutil
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any


def write_taxonomy(data: Path) -> None:
    shutil.copy(str(files("placket.domain") / "data" / "taxonomy.json"), data)


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_pictures(data: Path, pictures: Mapping[str, Any], **more: Any) -> None:
    """Of the set ``hm``, encoded, by id; ``more``: other columns, the same in every row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (data / "images").mkdir(exist_ok=True)
    rows = [{"id": key, "image": value, **more} for key, value in pictures.items()]
    pq.write_table(pa.Table.from_pylist(rows), data / "images" / "hm-00.parquet")


def record(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "split": "train", "group": key, "width": 30, "height": 40, "labels": {}, "box": None, **more}
