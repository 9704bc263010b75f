"""Reading a stranger's .zip or .tar.gz: what is in it, and nothing is written from here but a scratch file."""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from placket.cli.demo.failure import DemoFailed

MAX_ENTRIES = 50_000
MAX_BYTES = 4_000_000_000
"""Of the archive, and of all that it holds."""
_MOST_AT_ONCE = 64_000_000
"""Bytes of one read: archive readers take the lengths of their own records from the file."""

_UNREADABLE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError),
    *(ValueError, OverflowError, RuntimeError, NotImplementedError),
)
"""What the two readers raise at bad bytes, a password or a method that they do not know (RuntimeError, its heirs)."""


class ArchiveDamaged(DemoFailed):
    """Not what was packed: cut off, or bytes have changed."""


class ArchiveRefused(DemoFailed):
    """Nothing is taken from such an archive."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``regular``: a file, not a link, a folder or a device. ``read``: all its bytes, checked where the format has a
    checksum; call it for entries of a known bounded ``size`` only. It raises ArchiveDamaged."""

    path: str
    size: int
    regular: bool
    read: Callable[[], bytes]


class _Bounded(io.FileIO):
    """A file of which nobody reads very much at once."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0 or size > _MOST_AT_ONCE:
            size = _MOST_AT_ONCE + 1
        found = super().read(size)
        if len(found) > _MOST_AT_ONCE:
            raise ArchiveRefused(f"a record of {self.name} is longer than {_MOST_AT_ONCE:,} bytes")
        return found


@contextmanager
def open_archive(file: Path, scratch: Path) -> Iterator[Sequence[Entry]]:
    """Its entries in order. ``scratch`` is a path for a temporary file, removed afterwards.

    A .tar.gz is decompressed there as a whole first, so that its checksum has been verified before anything is used.
    Raises ArchiveDamaged or ArchiveRefused.
    """
    if file.stat().st_size > MAX_BYTES:
        raise ArchiveRefused(f"{file} has more than {MAX_BYTES:,} bytes")
    with file.open("rb") as opened:
        magic = opened.read(4)
    try:
        if magic.startswith(b"\x1f\x8b"):
            _gunzip(file, scratch)
            with _Bounded(scratch) as plain:
                yield _tar_entries(plain)
        elif magic.startswith(b"PK"):
            with _Bounded(file) as plain:
                yield _zip_entries(plain)
        else:
            raise ArchiveRefused(f"{file} is neither a .zip nor a .tar.gz file")
    finally:
        scratch.unlink(missing_ok=True)


def _gunzip(file: Path, plain: Path) -> None:
    size = 0
    try:
        with gzip.open(file) as packed, plain.open("wb") as out:
            while block := packed.read(1 << 20):
                size += len(block)
                if size > MAX_BYTES:
                    raise ArchiveRefused(f"{file} holds more than {MAX_BYTES:,} bytes")
                out.write(block)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ArchiveDamaged(f"{file} is damaged: {error}") from None


def _zip_entries(file: _Bounded) -> list[Entry]:
    try:
        archive = zipfile.ZipFile(file)
        found = archive.infolist()
    except _UNREADABLE as error:
        raise ArchiveDamaged(f"{file.name!s} is damaged: {error}") from None
    _few(len(found))
    return [Entry(i.filename, i.file_size, _zip_regular(i), partial(_read_zip, archive, i)) for i in found]


def _zip_regular(info: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive comes from a system without such modes
    return not info.is_dir() and kind in (0, stat.S_IFREG)


def _read_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as opened:
            body = opened.read(info.file_size + 1)  # beyond the end: only there is the CRC compared
    except _UNREADABLE as error:
        raise ArchiveDamaged(f"{info.filename!r} in the archive cannot be read: {error}") from None
    return _whole(info.filename, body, info.file_size)


def _tar_entries(file: _Bounded) -> list[Entry]:
    found: list[Entry] = []
    try:
        tar = tarfile.TarFile(fileobj=file, mode="r")
        for info in tar:
            _few(len(found) + 1)
            regular = info.isreg() and not info.issparse()
            found.append(Entry(info.name, info.size, regular, partial(_read_tar, tar, info)))
    except _UNREADABLE as error:
        raise ArchiveDamaged(f"the archive is damaged: {error}") from None
    return found


def _read_tar(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    try:
        opened = tar.extractfile(info)
        body = opened.read(info.size) if opened else b""
    except _UNREADABLE as error:
        raise ArchiveDamaged(f"{info.name!r} in the archive cannot be read: {error}") from None
    return _whole(info.name, body, info.size)


def _whole(path: str, body: bytes, size: int) -> bytes:
    if len(body) != size:
        raise ArchiveDamaged(f"{path!r} in the archive has {len(body):,} bytes where {size:,} were announced")
    return body


def _few(count: int) -> None:
    if count > MAX_ENTRIES:
        raise ArchiveRefused(f"the archive has more than {MAX_ENTRIES:,} entries")
