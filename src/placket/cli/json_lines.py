"""JSON on standard output, one value a line."""

import json
import sys
from typing import Any

import typer


def write_json(value: Any) -> None:
    """Readable in any script that the output takes; escaped where it, or half of a surrogate pair, would fail."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        # There is no output at all where whoever started the command closed it.
        line.encode((sys.stdout and sys.stdout.encoding) or "ascii")
    except UnicodeEncodeError:
        line = json.dumps(value, allow_nan=False)
    typer.echo(line)
