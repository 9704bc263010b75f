"""Answers remembered for requests that carry an Idempotency-Key, in the transaction of what they caused."""

import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.tagger.errors import KeyReused
from placket.domain.tagger.tasks import Submission
from placket.services.task_stores import Idempotency


@dataclass(frozen=True, slots=True)
class Claim:
    """``first``: this request is the first, and its key is now its own. ``reply``: what was stored then."""

    first: bool
    reply: bytes | None = None


async def claim(connection: AsyncConnection, project_id: int, asked: Idempotency) -> Claim:
    """Waits for another transaction that has just claimed the key. Raises KeyReused."""
    values = {"project": project_id, "key": asked.key, "hash": asked.request_hash}
    claimed = await connection.execute(
        text(
            "INSERT INTO request_replies (project_id, key, request_hash) VALUES (:project, :key, :hash)"
            " ON CONFLICT DO NOTHING"
        ),
        values,
    )
    if claimed.rowcount:
        return Claim(first=True)
    found = await connection.execute(
        text("SELECT request_hash, reply FROM request_replies WHERE project_id = :project AND key = :key"), values
    )
    request_hash, reply = found.one()
    if bytes(request_hash) != asked.request_hash:
        raise KeyReused("this Idempotency-Key came before with another request")
    return Claim(first=False, reply=reply)


async def claim_reply(connection: AsyncConnection, project_id: int, asked: Idempotency) -> Submission | None:
    """The answer of then; None where this request is the first. As :func:`claim`."""
    before = await claim(connection, project_id, asked)
    return None if before.reply is None else _unpack(bytes(before.reply))


async def store_reply(connection: AsyncConnection, project_id: int, asked: Idempotency, answer: Submission) -> None:
    await connection.execute(
        text("UPDATE request_replies SET reply = :reply WHERE project_id = :project AND key = :key"),
        {"reply": _pack(answer), "project": project_id, "key": asked.key},
    )


def _pack(answer: Submission) -> bytes:
    values = [
        str(answer.task_id),
        answer.album_name,
        answer.expires_at.isoformat(),
        answer.accepted,
        answer.rejected,
    ]
    return zlib.compress(json.dumps(values).encode(), 1)


def _unpack(data: bytes) -> Submission:
    task_id, album_name, expires_at, accepted, rejected = json.loads(zlib.decompress(data))
    pairs = tuple((sent, message) for sent, message in rejected)
    return Submission(UUID(task_id), album_name, datetime.fromisoformat(expires_at), accepted, pairs)
