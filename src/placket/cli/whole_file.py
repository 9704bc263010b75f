"""Files that are complete, or not there at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def whole_file(out: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """To write to: an older file stays until the new one is whole. Raises OSError."""
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    # Opened plainly, so that who may read it is as the user's umask has it.
    with partial.open("xb") if binary else partial.open("x", encoding="utf-8", newline="\n") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            partial.unlink()
            raise
    partial.replace(out)
