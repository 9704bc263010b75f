"""Rows of `placket embed` while it is under way: kept in a file beside the one that it is to write, so that a run that
was broken off, however it was, goes on where it ended.

A line is a photo; the first one says what they are of. The last may be torn, and is then as if it were not there.
"""

import base64
import fcntl
import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from placket.cli.local_sources import Source
from placket.cli.whole_file import whole_file
from placket.domain.garments import EMBEDDING_DIM

if TYPE_CHECKING:
    from placket.local import Photo

Row: TypeAlias = "tuple[str, str, list[float], bytes]"
"""Group, category, box and vector, little-endian float32: of thousands of photos no tags are kept."""
_Version: TypeAlias = "list[int] | None"
"""A file's size and time of change; None of a URL."""


class OtherRun(Exception):
    """The kept rows are of another run: its options, its bundle, or it is still going."""


class EmbedRows:
    """Of the file ``out``; ``of``: what rows have to have in common. Raises OSError, OtherRun."""

    def __init__(self, out: Path, of: dict[str, Any]) -> None:
        self._out = out
        self.place = out.with_name(f"{out.name}.partial")
        self._of = of
        self._photos: dict[str, tuple[_Version, list[Row]]] = {}
        self._versions: dict[str, _Version] = {}
        self._order: list[str] = []
        # Without a buffer: what a full disk has refused would be tried again, and refused again, when it is closed.
        self._file = self.place.open("ab", buffering=0)
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        """Photos that are through."""
        return len(self._photos)

    def rows(self, path: str, groups: Collection[str]) -> list[Row]:
        """Of a photo that is through, if it is."""
        return [row for row in self._photos.get(path, (None, []))[1] if row[0] in groups]

    def left(self, sources: Iterable[Source]) -> list[Source]:
        """Those that are not through, or have changed since."""
        todo = []
        for source in sources:
            self._order.append(source.name)
            version = self._versions[source.name] = _version(source)
            if source.name not in self._photos or self._photos[source.name][0] != version:
                self._photos.pop(source.name, None)
                todo.append(source)
        return todo

    def add(self, photo: "Photo") -> None:
        """Raises OSError."""
        path = photo.path
        rows = [
            (g.group, g.category.id, g.box.as_list(), np.asarray(g.embedding, "<f4").tobytes()) for g in photo.garments
        ]
        version = self._versions[path]
        self._write(
            {"path": path, "version": version, "rows": [(*r[:3], base64.b64encode(r[3]).decode()) for r in rows]}
        )
        self._photos[path] = version, rows

    def finish(self, groups: Collection[str]) -> int:
        """Write the file, complete or not at all; how many rows it has. Raises OSError."""
        rows = [(path, row) for path in self._order for row in self.rows(path, groups)]
        _write(self._out, rows, self._of["bundle"])
        self.drop()
        return len(rows)

    def drop(self) -> None:
        """Keep none of them."""
        self.place.unlink(missing_ok=True)

    def close(self) -> None:
        """What is kept stays, unless it is nothing."""
        if not self._photos:
            self.drop()
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OtherRun(f"another run is writing {self._out}") from None
        except OSError:
            # A file system without locks: then nobody looks.
            return
        if not os.fstat(self._file.fileno()).st_nlink:
            raise OtherRun(f"another run has just written {self._out}")

    def _read(self) -> None:
        with self.place.open("rb") as lines:
            head = lines.readline()
            if head and _content(head) != self._of:
                raise OtherRun(
                    f"{self.place} has what a run of {_told(_content(head))} has done; this one is of "
                    f"{_told(self._of)}: delete that file, or write to another one"
                )
            end = len(head)
            for line in lines:
                content = _content(line)
                if content is None:
                    break
                rows = [(*row[:3], base64.b64decode(row[3])) for row in content["rows"]]
                self._photos[content["path"]] = content["version"], rows
                end += len(line)
        self._file.truncate(end)
        if not head:
            self._write(self._of)

    def _write(self, content: dict[str, Any]) -> None:
        line = json.dumps(content).encode() + b"\n"
        while line:
            line = line[self._file.write(line) :]


def _content(line: bytes) -> Any:
    """None of one that is torn."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None


def _told(of: Any) -> str:
    if not isinstance(of, dict):
        return "something else"
    return f"{'whole images, ' if of.get('whole_image') else ''}bundle {of.get('bundle')}"


def _version(source: Source) -> _Version:
    try:
        status = source.path.stat() if source.path else None
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns] if status else None


def _write(out: Path, rows: list[tuple[str, Row]], bundle: str) -> None:
    with whole_file(out) as file:
        np.savez(
            file,
            paths=np.array([path for path, _ in rows], dtype=np.str_),
            groups=np.array([row[0] for _, row in rows], dtype=np.str_),
            categories=np.array([row[1] for _, row in rows], dtype=np.str_),
            boxes=np.array([row[2] for _, row in rows], np.float32).reshape(-1, 4),
            vectors=np.frombuffer(b"".join(row[3] for _, row in rows), "<f4").reshape(-1, EMBEDDING_DIM),
            bundle=np.array(bundle),
        )
