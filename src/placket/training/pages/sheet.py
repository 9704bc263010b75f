"""A sheet of pictures with the detections drawn over them, to look at. It shows training photos: keep it out of git."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from placket.training.cache import Pixels
from placket.training.onnx_models import Detections

CELL = 256
COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#f032e6", "#808000")


def _cell(pixels: Pixels, found: Detections, names: Sequence[str]) -> Image.Image:
    image = Image.fromarray(pixels)
    scale = CELL / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    draw = ImageDraw.Draw(image)
    for box, score, group in zip(found.boxes, found.scores, found.groups, strict=True):
        x0, y0, x1, y1 = (float(v) for v in box)
        colour = COLOURS[int(group) % len(COLOURS)]
        place = (x0 * image.width, y0 * image.height, x1 * image.width - 1, y1 * image.height - 1)
        draw.rectangle(place, outline=colour, width=2)
        draw.text((place[0] + 3, place[1] + 2), f"{names[int(group)]} {score:.2f}", fill=colour)
    cell = Image.new("RGB", (CELL, CELL), "#202020")
    cell.paste(image, ((CELL - image.width) // 2, (CELL - image.height) // 2))
    return cell


def write_sheet(
    path: Path, pictures: Sequence[tuple[Pixels, Detections]], names: Sequence[str], columns: int = 8
) -> None:
    """Write a PNG of all pictures in rows of `columns`."""
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * CELL, max(1, rows) * CELL), "#202020")
    for number, (pixels, found) in enumerate(pictures):
        sheet.paste(_cell(pixels, found, names), (number % columns * CELL, number // columns * CELL))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
