"""`placket train gather`: labelled photos as a folder of training data."""

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.output import console, fail, run_safely

if TYPE_CHECKING:
    from placket.training.gather import Gathered, Row


class OwnSet(enum.StrEnum):
    HM = "hm"
    CD = "cd"


def gather(
    photos: Annotated[Path, typer.Argument(help="Folder of the photos.", exists=True, file_okay=False)],
    labels: Annotated[Path, typer.Option(help="CSV of the labels, one line a garment.", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Folder of the training data.")],
    own_set: Annotated[
        OwnSet, typer.Option("--set", help="hm: product shots; cd: photos from phones. The other one stays as it is.")
    ] = OwnSet.HM,
    val: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the products that is held apart, to measure on.")
    ] = 0.2,
    terms: Annotated[str, typer.Option(help="What the photos may be used for, in your words.")] = "photos of our own",
) -> None:
    """Make a folder of training data of your photos and a CSV of their labels.

    The CSV's first line names its columns: photo (the file, from the folder on), category, and any of the attributes,
    as colors, with "navy,white" for several labels. Perhaps box (x0,y0,x1,y1 in fractions of the upright photo; needed
    where several garments are in one), product (all photos of one stay together), split (train or val), and name (the
    product's). An empty cell is not known.
    """
    if _lacking("pyarrow"):
        raise fail("this needs pyarrow: pip install 'placket\\[train]'", 2)
    from placket.training import gather as work

    with run_safely():
        if not terms.strip():
            raise fail("--terms are words", 2)
        gathered = work.gather(_rows(labels), photos, out, own_set.value, val, terms)
    _say(gathered, work.LEAST_EXAMPLES)
    console.print(f"data: {out}", markup=False, soft_wrap=True)


def _lacking(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is None


def _rows(file: Path) -> "list[Row]":
    from placket.cli.csv_table import TableInvalid, read_table
    from placket.training.gather import PHOTO, Row, columns

    table = read_table(file, PHOTO)
    if PHOTO not in table.names:
        raise TableInvalid(f"{file}: its first line names no column {PHOTO!r}")
    if ignored := [name for name in table.names if name not in columns()]:
        console.print(
            f"columns that are not read: {', '.join(ignored)} (those that are: {', '.join(columns())})",
            markup=False,
            soft_wrap=True,
        )
    rows = []
    for record in table.records[1:]:
        cells = table.cells(record, len(table.names), fewer=True)
        told = {n: c.strip() for n, c in zip(table.names, cells, strict=False) if n in columns() and c.strip()}
        rows.append(Row(record.line, told))
    if not rows:
        raise TableInvalid(f"{file} has no line below its first one")
    return rows


def _say(gathered: "Gathered", least: int) -> None:
    parts, kinds = gathered.parts, gathered.categories
    console.print(
        f"photos: {parts['train']} to train on, {parts['calib']} set aside to choose thresholds on, "
        f"{parts['val']} held apart to measure on",
        soft_wrap=True,
    )
    if gathered.left_out:
        told = ", ".join(f"{what} ({count})" for what, count in gathered.left_out.most_common())
        console.print(f"left out, because the one has no such attribute: {told}", soft_wrap=True)
    console.print(
        "categories to train on: " + ", ".join(f"{name} {count}" for name, count in kinds.most_common()), soft_wrap=True
    )
    if few := sum(count < least for count in kinds.values()):
        console.print(
            f"{few} of these {len(kinds)} have fewer than {least} examples: little is learnt of them", soft_wrap=True
        )
