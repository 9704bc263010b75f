"""`placket embed`: garments of photos as vectors, without a server."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from placket.cli.local import AsJson, Photos, WholeImage, chosen_box, end, look_at
from placket.cli.output import console, fail
from placket.domain.taxonomy import taxonomy

if TYPE_CHECKING:
    from placket.domain.garments import Embedding
    from placket.local import Garment, Photo

Row: TypeAlias = "tuple[str, str, str, list[float], Embedding]"
"""Path, group, category, box and vector: of thousands of photos no tags are kept."""

Group = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="GROUP", help="Only garments of this group, as TOP; may be repeated."),
]


def embed(
    photos: Photos,
    out: Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="NumPy file to write: vectors.npz.")],
    group: Group = None,
    whole_image: WholeImage = False,
    as_json: AsJson = False,
) -> None:
    """Embeddings of garments, one row a garment.

    The file holds the arrays paths, groups, categories, boxes (n, 4; fractions) and vectors (n, 256; float32, unit
    length), and the version of the bundle. Vectors of one bundle compare by their dot product; those of two do not.
    """
    from placket.cli.json_lines import write_json

    wanted = _groups(group)
    if not out.parent.is_dir():
        raise fail(f"there is no folder {out.parent}", 2)
    rows: list[Row] = []
    bundle = ""

    def keep(photo: "Photo") -> None:
        nonlocal bundle
        bundle = photo.bundle
        found = [g for g in photo.garments if g.group in wanted]
        rows.extend(_row(photo.path or "", g) for g in found)
        if as_json:
            write_json({"path": photo.path, "rows": len(found)})

    failed = look_at(photos, keep, box=chosen_box(whole_image, None), quiet=as_json)
    # Where no photo could be used, an older file is worth more than an empty one.
    if bundle:
        try:
            _write(out, rows, bundle)
        except OSError as error:
            raise fail(f"{out} cannot be written: {error.strerror}") from None
        if not as_json:
            console.print(f"{len(rows)} garments in {out}", soft_wrap=True)
    end(failed)


def _groups(asked: list[str] | None) -> frozenset[str]:
    groups = taxonomy().groups
    chosen = frozenset(word.upper() for word in asked or groups)
    if unknown := chosen - set(groups):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: must be of {', '.join(groups)}", param_hint="--group")
    return chosen


def _row(path: str, garment: "Garment") -> Row:
    return path, garment.group, garment.category.id, garment.box.as_list(), garment.embedding


def _write(out: Path, rows: list[Row], bundle: str) -> None:
    """Complete, or not at all: an older file stays until the new one is whole."""
    import numpy as np

    from placket.domain.garments import EMBEDDING_DIM

    paths, groups, categories, boxes, vectors = zip(*rows, strict=True) if rows else [()] * 5
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    # Opened plainly, so that who may read it is as the user's umask has it.
    with partial.open("xb") as file:
        try:
            np.savez(
                file,
                paths=np.array(paths, dtype=np.str_),
                groups=np.array(groups, dtype=np.str_),
                categories=np.array(categories, dtype=np.str_),
                boxes=np.array(boxes, np.float32).reshape(-1, 4),
                vectors=np.array(vectors, np.float32).reshape(-1, EMBEDDING_DIM),
                bundle=np.array(bundle),
            )
        except BaseException:
            partial.unlink()
            raise
    partial.replace(out)
