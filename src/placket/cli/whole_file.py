"""Files that are complete, or not there at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


def is_stream(out: Path) -> bool:
    """A pipe or a device, as /dev/stdout: what is written there is gone, and a file in its place would be the harm."""
    return out.absolute().is_relative_to("/dev") or (out.exists() and not out.is_file())


@contextmanager
def whole_file(out: Path) -> Iterator[IO[bytes]]:
    """To write to: an older file stays until the new one is whole; a link goes on leading to it. Raises OSError."""
    if is_stream(out):
        with out.open("wb") as file:
            yield file
        return
    out = out.resolve()
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    # Opened plainly, so that who may read it is as the user's umask has it.
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    # Closing writes the last of it, which may be what the disk has no room for.
    except BaseException as error:
        if isinstance(error, OSError) and error.filename == str(partial):
            error.filename = str(out)
        with suppress(OSError):
            partial.unlink()
        raise
    partial.replace(out)
