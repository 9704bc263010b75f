"""What an earlier run has looked at and wrote with --json, so that another goes on where it ended."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Any

import typer

from placket.cli.local_sources import Source, shown
from placket.domain.errors import InvalidParameter

Done = Annotated[
    list[Path] | None,
    typer.Option(
        "--done",
        metavar="FILE",
        help="What --json wrote before; may be the file that this is added to (>>). The photos in it are left out, but "
        "for those with an error. May be repeated.",
    ),
]


def without_done(sources: list[Source], files: Sequence[Path]) -> list[Source]:
    """Those that no file tells of, or only with an error. The half line that a broken-off run left is cut from a file
    that the output goes to, else it would swallow the next one.

    Raises InvalidParameter, OSError.
    """
    done: set[str] = set()
    for file in files:
        # Before anything is cut: it may be another file than was meant.
        done.update(line["path"] for line in _lines(file) if "error" not in line)
        if _is_output(file):
            _cut_half_line(file)
    return [source for source in sources if source.name not in done]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as content:
        for number, line in enumerate(content, start=1):
            if not line.endswith(b"\n"):
                # Half of one, or cut as such: its photo is looked at again.
                return
            if not line.strip():
                continue
            found: Any = None
            # Bytes that are no UTF-8 raise a ValueError, too.
            with suppress(ValueError, RecursionError):
                found = json.loads(line)
            if not isinstance(found, dict) or not isinstance(found.get("path"), str):
                raise InvalidParameter(f"{shown(str(file))}, line {number}: not what --json writes")
            yield found


def _is_output(file: Path) -> bool:
    """Whether what is printed is added to it; /dev/null is a file, too, from which nothing can be cut."""
    with suppress(OSError, ValueError, AttributeError):
        found = file.stat()
        return S_ISREG(found.st_mode) and os.path.samestat(os.fstat(sys.stdout.fileno()), found)
    return False


def _cut_half_line(file: Path) -> None:
    with file.open("rb+") as content:
        whole = 0
        for line in content:
            if line.endswith(b"\n"):
                whole += len(line)
        content.truncate(whole)
