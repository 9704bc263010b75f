"""Files of pictures: which there are in a folder, and how one is read."""

import errno
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from placket.domain.errors import ImageTooManyBytes

SUFFIXES = frozenset(
    {
        ".avif",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".jfif",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".mpo",
        ".png",
        ".tif",
        ".tiff",
        ".webp",
    }
)


def pictures_in(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """The pictures in a folder and all below it, by the endings of their names: sorted, and therefore the same on every
    machine. Hidden files and folders (their name begins with a dot) are left out, and no link to a folder is followed.

    Raises OSError for a folder that cannot be read.
    """
    return iter(sorted(path for path in _files_in(folder) if path.suffix.lower() in SUFFIXES))


def others_in(folder: str | os.PathLike[str]) -> Counter[str]:
    """How many files `pictures_in` passes over for the ending of their name, by ending in lower case ("" for none).
    Hidden ones do not count. Raises as `pictures_in`."""
    return Counter(ending for path in _files_in(folder) if (ending := path.suffix.lower()) not in SUFFIXES)


def _files_in(folder: str | os.PathLike[str]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(place)
        yield from (here / name for name in names if not name.startswith("."))


def read_picture(path: Path, max_bytes: int) -> bytes:
    """Raises OSError, ImageError: nothing but a file of bearable size is read, so no pipe or device is waited for."""
    status = path.stat()
    if not path.is_file():
        raise OSError(errno.EINVAL, "not a file", str(path))
    if status.st_size > max_bytes:
        raise ImageTooManyBytes(f"the file has {status.st_size} bytes, more than {max_bytes}")
    return path.read_bytes()
