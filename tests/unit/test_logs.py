"""What a log looks like to whoever keeps it in a file."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from placket.logs import configure_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    root = logging.getLogger()
    handlers = root.handlers[:]
    loggers = [root, *map(logging.getLogger, ("httpx", "httpcore", "alembic", "asyncio", "python_multipart"))]
    levels = [logger.level for logger in loggers]
    yield
    root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    structlog.reset_defaults()


def test_json_is_read_as_it_was_written_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    said = "/srv/é한글\x9b31m\u2028"
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(raw, encoding="euc-kr", errors="backslashreplace"))
    configure_logging("info", "auto")
    structlog.get_logger().error("it cannot be read", path=said)
    lines = raw.getvalue().splitlines()
    assert len(lines) == 1 and lines[0].isascii()
    assert json.loads(lines[0])["path"] == said


def written(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging("info", "console")
    structlog.get_logger().warning("a photo was refused", host="images.test")
    logging.getLogger("uvicorn").warning("a request was refused")
    return stream.getvalue()


def test_readable_lines_have_colours_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" in written(Terminal(), monkeypatch)
    in_a_file = written(io.StringIO(), monkeypatch)
    assert "\x1b" not in in_a_file and "host=images.test" in in_a_file
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written(Terminal(), monkeypatch)
