"""`placket embed`: garments of photos as vectors, without a server."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.local import AsJson, Look, Photos, WholeImage, chosen_box, end, look_at
from placket.cli.output import console, fail
from placket.domain.taxonomy import taxonomy

if TYPE_CHECKING:
    from placket.domain.garments import Garment

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

    The file holds the arrays paths, groups, boxes (n, 4; fractions) and vectors (n, 256; float32, unit length). Vectors
    of one bundle compare by their dot product.
    """
    from placket.cli.json_lines import write_json

    wanted = _groups(group)
    if not out.parent.is_dir():
        raise fail(f"there is no folder {out.parent}", 2)
    rows: list[tuple[str, Garment]] = []
    looked = 0

    def keep(look: Look) -> None:
        nonlocal looked
        assert look.analysis is not None
        looked += 1
        found = [g for g in look.analysis.garments if g.group in wanted]
        rows.extend((look.path, g) for g in found)
        if as_json:
            write_json({"path": look.path, "rows": len(found)})

    failed = look_at(photos, chosen_box(whole_image, None), keep, quiet=as_json)
    # Where no photo could be used, an older file is worth more than an empty one.
    if looked:
        try:
            _write(out, rows)
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


def _write(out: Path, rows: "list[tuple[str, Garment]]") -> None:
    """Complete, or not at all: an older file stays until the new one is whole."""
    import numpy as np

    from placket.domain.garments import EMBEDDING_DIM

    vectors = [g.embedding for _, g in rows]
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    # Opened plainly, so that who may read it is as the user's umask has it.
    with partial.open("xb") as file:
        try:
            np.savez(
                file,
                paths=np.array([path for path, _ in rows], dtype=np.str_),
                groups=np.array([g.group for _, g in rows], dtype=np.str_),
                boxes=np.array([g.box.as_list() for _, g in rows], np.float32).reshape(-1, 4),
                vectors=np.array(vectors, np.float32).reshape(-1, EMBEDDING_DIM),
            )
        except BaseException:
            partial.unlink()
            raise
    partial.replace(out)
