"""Arguments to parts of a request."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from placket.client.steps import File, Read, Steps

Upload: TypeAlias = bytes | os.PathLike[str]
"""Bytes, or the path of a file (a ``Path``: a ``str`` never names a file, so that no stranger's text can)."""

Source: TypeAlias = Upload | str
"""An upload, or as a ``str`` the http or https URL of what the server shall fetch."""


def segment(text: str) -> str:
    """One segment of a path. ``.`` and ``..`` are encoded too: as they are, they would lead elsewhere."""
    if not isinstance(text, str):
        raise TypeError(f"a name or an id is a str, not {text!r}")
    if not text:
        raise ValueError("a name or an id is empty")
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="")


def is_url(source: Source) -> bool:
    """Raises ValueError for a str that is none."""
    if not isinstance(source, str):
        return False
    if not source.lower().startswith(("http://", "https://")):
        raise ValueError("a str is taken for a URL, and this is none; give a pathlib.Path for a file")
    return True


def uploaded(upload: Upload, name: str = "image") -> Steps[File]:
    """The upload as part of a form. Raises ValueError for a str, OSError."""
    if isinstance(upload, bytes):
        return name, upload, "application/octet-stream"
    if isinstance(upload, str):
        raise ValueError("a str is no file, and only a file's bytes are taken here; give a pathlib.Path for a file")
    path = Path(upload)
    content: bytes = yield Read(path)
    # A file name reaches the server's records; half of a surrogate pair could not be sent.
    return path.name.encode("utf-8", "replace").decode(), content, "application/octet-stream"


def parameters(**values: Any) -> tuple[tuple[str, str], ...]:
    """Those that were given (not None), as a query's pairs."""
    return tuple((name, _text(value)) for name, value in values.items() if value is not None)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value)


def several(values: Sequence[str], name: str) -> list[str]:
    """The argument `name`. Raises ValueError for a str, which for a type checker is a sequence of its letters."""
    if isinstance(values, str):
        raise ValueError(f"{name} takes a list of str: [{values!r}]")
    return [*values]


def filter_parameters(filters: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """``{"category1_id": "3,5", "s1": "!equal:1"}`` in the guide's grammar."""
    return tuple((f"filter.{field}", condition) for field, condition in (filters or {}).items())


def tag_parameters(tags: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """``["category:dress,jumpsuit", "!pattern:floral"]``. Raises ValueError for a str."""
    return tuple(("tag", tag) for tag in several(tags, "tags"))
