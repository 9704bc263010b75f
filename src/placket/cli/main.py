"""Entry point: how the command `placket` ends where none of its commands can say it."""

import os
import sys

try:
    from placket.cli.commands import app
    from placket.cli.output import DISK_FULL, fail
except KeyboardInterrupt:
    # Loading takes half a second, in which nothing else would end it without a traceback.
    sys.exit(130)

__all__ = ["app", "main"]


def main() -> None:
    """Run it."""
    try:
        app()
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        fail(f"the output cannot be written: {error.strerror}")
        # What is left in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
