"""Where the server is, who asks, and what of it may be seen."""

import logging
import re
from typing import Any
from urllib.parse import urlsplit

import httpx

_CONNECT_SECONDS = 10.0
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_APP_KEY = re.compile(r"(/appkeys/)[^/?#\s]+")


def checked_url(url: str) -> str:
    """Without spaces around it and a slash at its end. Raises ValueError."""
    url = url.strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not _can_be_asked(url):
        raise ValueError("the URL must be that of a server: http://127.0.0.1:8780")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the URL must have no credentials, query or fragment; the key is given by itself")
    return url.rstrip("/")


def _can_be_asked(url: str) -> bool:
    try:
        return 0 <= (httpx.URL(url).port or 0) < 65536
    except httpx.InvalidURL:
        return False


def checked_key(key: str) -> str:
    """Raises ValueError, whose message does not show it."""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("the key must be the one that `placket keys create` printed, without spaces")
    return key


def options(url: str, key: str, timeout: float) -> dict[str, Any]:
    """Arguments of either httpx client. The same key in the form that each API wants it in."""
    hide_keys()
    url = checked_url(url)
    return {
        # A server on this machine is asked itself, whatever proxy the environment names.
        "trust_env": urlsplit(url).hostname not in _THIS_MACHINE,
        "base_url": url,
        "headers": {"Authorization": f"Bearer {key}", "x-api-key": key},
        "timeout": httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
    }


class _HideKeys(logging.Filter):
    """httpx logs the URLs of requests, and the paths of AI Fashion carry the key."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_hidden(a) for a in record.args)
        return True


def _hidden(argument: object) -> object:
    return _APP_KEY.sub(r"\1...", str(argument)) if isinstance(argument, httpx.URL | str) else argument


_hide = _HideKeys()


def hide_keys() -> None:
    """Once or often: a logger takes the same filter once."""
    logging.getLogger("httpx").addFilter(_hide)
