"""The manifest of a bundle, `bundle.json`, as training writes and amends it."""

import hashlib
import json
from pathlib import Path
from typing import Any

NAME = "bundle.json"


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write it whole or not at all."""
    temporary = folder / f".{NAME}"
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(folder / NAME)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Its content. Raises FileNotFoundError."""
    content: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    return content
