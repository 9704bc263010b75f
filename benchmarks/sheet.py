"""A picture of queries and what was found for them, for a person to judge."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

_CELL, _GAP, _COLUMNS, _CAPTION = 150, 6, 9, 16


def contact_sheet(rows: Sequence[dict[str, Any]], out: Path) -> None:
    """``rows``: ``query`` (file), ``what``, ``box`` (fractions or None), ``hits`` [(file, similarity)]."""
    height = _CELL + _CAPTION + _GAP
    sheet = Image.new("RGB", (_COLUMNS * (_CELL + _GAP), len(rows) * height), "white")
    for number, row in enumerate(rows):
        top = number * height
        _place(sheet, row["query"], 0, top, row["what"][:150], row["box"])
        for column, (path, similarity) in enumerate(row["hits"], start=1):
            _place(sheet, path, column * (_CELL + _GAP), top, f"{similarity:.3f}", None)
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, quality=88)


def _place(sheet: Image.Image, path: Path, left: int, top: int, caption: str, box: Sequence[float] | None) -> None:
    image = Image.open(path).convert("RGB")
    if box:
        w, h = image.size
        corners = (box[0] * w, box[1] * h, box[2] * w, box[3] * h)
        ImageDraw.Draw(image).rectangle(corners, outline=(230, 0, 90), width=3)
    image.thumbnail((_CELL, _CELL))
    sheet.paste(image, (left + (_CELL - image.width) // 2, top))
    ImageDraw.Draw(sheet).text((left + 2, top + _CELL + 2), caption, fill=(30, 30, 30))
