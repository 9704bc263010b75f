"""Requests that may come twice: what their Idempotency-Key stands for."""

import hashlib
import re

from placket.domain.tagger.errors import RequestMalformed
from placket.services.task_stores import Idempotency

_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


def idempotency_of(key: str | None, call: bytes, body: bytes) -> Idempotency | None:
    """``call``: method and path, as far as they tell requests apart. Raises RequestMalformed for a bad key."""
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise RequestMalformed("Idempotency-Key must have 1 to 255 printable ASCII characters")
    return Idempotency(key, hashlib.sha256(call + b"\n" + body).digest())
