"""A folder of photos as products: names are ids, a CSV gives the other columns."""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from placket.cli.csv_table import Table, TableInvalid, read_table
from placket.domain.errors import InvalidParameter
from placket.domain.index_file import COLUMNS, check_product
from placket.domain.reasons import INVALID_ROW
from placket.domain.runs import FIELDS
from placket.pictures import others_in, pictures_in


@dataclass(frozen=True, slots=True)
class Planned:
    """A product to put with its photo; to delete, where ``photo`` is None. ``where`` names its source to people."""

    product_id: str
    photo: Path | None
    fields: dict[str, str] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """What will not be sent, and why."""

    product_id: str
    where: str
    reason: str
    detail: str


@dataclass(slots=True)
class Plan:
    """``others``: how many files are no photos, by the ending of their names; the CSV that was read is none of them."""

    products: list[Planned] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)


Row = tuple[int, dict[str, str]]


def plan_folder(folder: Path, columns: Path | None, *, by_folder: bool = False) -> Plan:
    """Every photo below ``folder``, and every row of the CSV, is a product of the plan or is refused.

    ``by_folder``: the photos in a folder below it show one design, whose number, in ``s1``, is the folder's name.

    Raises TableInvalid for a CSV that is none or says nothing that can be used, OSError.
    """
    file = columns or find_columns(folder)
    rows = read_columns(file) if file else {}
    others = others_in(folder)
    if file and file.resolve().is_relative_to(folder.resolve()):
        others[file.suffix.lower()] -= 1
    plan = Plan(others=dict(+others))
    photos: dict[str, list[Path]] = {}
    for photo in pictures_in(folder):
        photos.setdefault(id_of(photo, folder if by_folder else photo.parent), []).append(photo)
    for product_id, found in photos.items():
        row = rows.pop(product_id, None)
        design = design_of(found[0], folder) if by_folder else ""
        _plan_photo(plan, product_id, found, row, {"s1": design} if design else {})
    for product_id, (line, fields) in rows.items():
        where = f"line {line}"
        if fields.get("status") == "disable":
            plan.products.append(Planned(product_id, None, where=where))
        else:
            detail = "the folder has no photo of this name"
            plan.refused.append(Refused(product_id, where, "NoPhoto", detail))
    return plan


def id_of(photo: Path, below: Path) -> str:
    """Its path below that folder, without the ending. Composed, as people type it: some file systems keep names
    decomposed."""
    return unicodedata.normalize("NFC", photo.relative_to(below).with_name(photo.stem).as_posix())


def design_of(photo: Path, below: Path) -> str:
    """The folder it lies in; empty where that is ``below`` itself."""
    return unicodedata.normalize("NFC", photo.parent.relative_to(below).as_posix()).removeprefix(".")


def _plan_photo(plan: Plan, product_id: str, photos: list[Path], row: Row | None, usual: dict[str, str]) -> None:
    """``usual``: columns, where its row says nothing of them."""
    where = ", ".join(map(str, photos))
    fields = row[1] if row else {}
    if fields.get("status") == "disable":
        plan.products.append(Planned(product_id, None, where=f"line {row[0]}" if row else where))
        return
    columns = usual | {name: fields[name] for name in FIELDS if fields.get(name)}
    if len(photos) > 1:
        apart = len({p.parent for p in photos}) > 1
        remedy = "; with --by-folder its folder is part of a photo's id" if apart else ""
        plan.refused.append(Refused(product_id, where, "SameName", f"several photos have this name{remedy}"))
        return
    try:
        check_product(product_id, columns)
        product_id.encode()
    except (InvalidParameter, UnicodeEncodeError) as error:
        plan.refused.append(Refused(product_id, where, INVALID_ROW, str(error)))
    else:
        plan.products.append(Planned(product_id, photos[0], columns, where))


def find_columns(folder: Path) -> Path | None:
    """The one CSV in the folder, else ``<folder>.csv`` beside it. Raises TableInvalid when the folder has several."""
    inside = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".csv" and p.is_file())
    if len(inside) > 1:
        raise TableInvalid(f"{folder} has several CSV files: name one with --columns")
    beside = folder.absolute().with_name(folder.absolute().name + ".csv")
    return inside[0] if inside else beside if beside.is_file() else None


def read_columns(file: Path) -> dict[str, Row]:
    """Line number and columns by product id.

    Either the first line names the columns (product_id among them), or there are the nine of an index file, in order.
    Raises TableInvalid, OSError.
    """
    table = read_table(file, "product_id")
    if not table.records:
        return {}
    columns = _header(table)
    rows: dict[str, Row] = {}
    for record in table.records if columns is COLUMNS else table.records[1:]:
        _keep(rows, file, record.line, columns, table.cells(record, len(columns)))
    return rows


def _header(table: Table) -> tuple[str, ...]:
    """The columns that the first line names; COLUMNS itself, where it is the first product."""
    file, names = table.file, table.names
    if "product_id" not in names:
        first = table.records[0].cells
        if len(first) < len(COLUMNS) or any(cell.strip() for cell in first[len(COLUMNS) :]):
            raise TableInvalid(f"{file}: the first line must name the columns, product_id among them")
        return COLUMNS
    if unknown := [n for n in names if n not in COLUMNS]:
        raise TableInvalid(f"{file}: {', '.join(map(repr, unknown))}: columns are {', '.join(COLUMNS)}")
    if len(set(names)) != len(names):
        raise TableInvalid(f"{file}: a column is named twice")
    return tuple(names)


def _keep(rows: dict[str, Row], file: Path, line: int, names: tuple[str, ...], cells: list[str]) -> None:
    fields = dict(zip(names, cells, strict=True))
    product_id = unicodedata.normalize("NFC", fields.pop("product_id"))
    if product_id in rows:
        raise TableInvalid(f"{file}, line {line}: {product_id!r} has a line already: {rows[product_id][0]}")
    if fields.get("status", "") not in ("", "enable", "disable"):
        raise TableInvalid(f"{file}, line {line}: status must be enable or disable")
    rows[product_id] = line, fields
