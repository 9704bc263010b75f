"""The manifest of a bundle, `bundle.json`, as training writes and amends it."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

NAME = "bundle.json"


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write it whole or not at all; a figure that is no number becomes null."""
    temporary = folder / f".{NAME}"
    text = json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(folder / NAME)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_manifest(folder: Path) -> dict[str, Any]:
    """Its content. Raises FileNotFoundError."""
    content: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    return content
