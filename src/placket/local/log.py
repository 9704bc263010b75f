"""What is to be told besides results goes to the standard library's logger ``placket.local``: whatever a caller has set
structlog to, standard output is his."""

import logging
from typing import Any

import structlog

_STRUCTLOG: dict[str, Any] = {
    "processors": [
        structlog.stdlib.filter_by_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ],
    "wrapper_class": structlog.stdlib.BoundLogger,
    "context_class": dict,
}


def reports() -> Any:
    """A logger for the vision processes' supervisor."""
    return structlog.wrap_logger(logging.getLogger("placket.local"), **_STRUCTLOG)
