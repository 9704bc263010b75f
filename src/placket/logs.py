"""Structured logs: readable lines on a terminal, one JSON object a line elsewhere, to standard error."""

import logging
import os
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logging(level: str, style: Literal["auto", "json", "console"]) -> None:
    """Set up structlog, and let the standard library's loggers speak through it."""
    on_terminal = sys.stderr.isatty()
    readable = style == "console" or (style == "auto" and on_terminal)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = (
        # Plain tracebacks: rich ones show every local variable, keys among them.
        [
            structlog.dev.ConsoleRenderer(
                # In a file or a container's log they are not colours but letters, among which nothing is found.
                colors=on_terminal and not os.environ.get("NO_COLOR"),
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
        if readable
        # In ASCII: in another encoding than UTF-8 it is no JSON, and JSON leaves some control characters as they are.
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    for chatty in ("httpx", "httpcore", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It warns of every malformed body, which is the sender's affair.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
