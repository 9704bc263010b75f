"""`placket embed`: garments of photos as vectors, without a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.local import AsJson, Photos, WholeImage, chosen_box, end, look_at
from placket.cli.output import console, errors, fail
from placket.cli.whole_file import is_stream
from placket.domain.taxonomy import taxonomy

if TYPE_CHECKING:
    from placket.cli.embed_rows import EmbedRows
    from placket.cli.local_sources import Source
    from placket.local import Photo

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

    It is written at the end. Until then what is done is kept in a file beside it, vectors.npz.partial: the same command
    goes on where a run was broken off.
    """
    wanted = _groups(group)
    if not out.parent.is_dir():
        raise fail(f"there is no folder {out.parent}", 2)
    if is_stream(out):
        # Else it would be replaced by one: /dev/null, too.
        raise fail(f"{out} is not a file", 2)
    run = _Run(out, wanted, whole_image, as_json)
    box = chosen_box(whole_image, None)
    try:
        failed = look_at(photos, run.keep, box=box, quiet=as_json, todo=run.todo)
        run.finish()
    finally:
        run.close()
    end(failed)


class _Run:
    """``rows`` from the moment on when the bundle is known."""

    def __init__(self, out: Path, groups: frozenset[str], whole_image: bool, as_json: bool) -> None:
        self._out, self._groups, self._whole_image, self._as_json = out, groups, whole_image, as_json
        self._rows: EmbedRows | None = None
        self._finished = False

    def todo(self, bundle: str, sources: "list[Source]") -> "list[Source]":
        """What an earlier run has not done. Raises typer.Exit."""
        from placket.cli.embed_rows import EmbedRows, OtherRun

        try:
            self._rows = EmbedRows(self._out, {"bundle": bundle, "whole_image": self._whole_image})
        except OtherRun as error:
            raise fail(str(error), 2) from None
        except OSError as error:
            raise self._unwritten(error) from None
        left = self._rows.left(sources)
        new = {source.name for source in left}
        done = [source.name for source in sources if source.name not in new]
        for path in done:
            self._say(path)
        if done and not self._as_json:
            errors.print(f"{len(done)} of {len(sources)} were done before", soft_wrap=True)
        return left

    def keep(self, photo: "Photo") -> None:
        """Raises typer.Exit."""
        assert self._rows is not None
        try:
            self._rows.add(photo)
        except OSError as error:
            raise self._unwritten(error) from None
        self._say(photo.path)

    def finish(self) -> None:
        """Raises typer.Exit."""
        assert self._rows is not None
        self._finished = True
        # Where no photo could be used, an older file is worth more than an empty one.
        if not len(self._rows):
            return
        try:
            count = self._rows.finish(self._groups)
        except OSError as error:
            self._finished = False
            raise self._unwritten(error) from None
        if not self._as_json:
            console.print(f"{count} garments in {self._out}", soft_wrap=True)

    def close(self) -> None:
        if self._rows is None:
            return
        if len(self._rows) and not self._finished and not self._as_json:
            kept = f"{len(self._rows)} photos are kept in {self._rows.place}: the same command goes on with the others"
            errors.print(kept, soft_wrap=True, markup=False)
        self._rows.close()

    def _say(self, path: str) -> None:
        from placket.cli.json_lines import write_json

        assert self._rows is not None
        if self._as_json:
            write_json({"path": path, "rows": len(self._rows.rows(path, self._groups))})

    def _unwritten(self, error: OSError) -> typer.Exit:
        return fail(f"{self._out} cannot be written: {error.strerror}")


def _groups(asked: list[str] | None) -> frozenset[str]:
    groups = taxonomy().groups
    chosen = frozenset(word.upper() for word in asked or groups)
    if unknown := chosen - set(groups):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: must be of {', '.join(groups)}", param_hint="--group")
    return chosen
