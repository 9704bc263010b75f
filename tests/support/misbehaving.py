"""`placket` with vision processes that abort or hang where an "image" tells them to, as a decoder's bug would.

``python -m tests.support.misbehaving serve`` stands for ``placket serve``.
"""

from functools import partial

from placket import bootstrap
from placket.cli.main import main
from placket.vision import VisionPool

MARKER = "placket-test-crash:"


def misbehave(how: str) -> bytes:
    """An "image" that lets its decoder do this: ``abort`` or ``hang``."""
    return f"{MARKER}{how}\n".encode()


if __name__ == "__main__":
    bootstrap.VisionPool = partial(VisionPool, crash_marker=MARKER)  # type: ignore[misc, assignment]
    main()
