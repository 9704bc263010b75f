"""The rows of a tagging task: entries, the distinct images that they name, and the jobs over those.

An image is a URL and what an entry says of it: what one says is no evidence for another's garment.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from placket.domain.hints import Hints
from placket.domain.tagger.bulk import Entry
from placket.domain.tagger.tasks import done_event
from placket.services.task_stores import CHUNK_JOB, WEBHOOK_JOB
from placket.storage.queue import enqueue

Image = tuple[str, Hints]


@dataclass(frozen=True, slots=True)
class Added:
    """``done``: entries whose image was tagged before; ``numbers``: images that have to be."""

    done: int
    numbers: range


def hash_of(url: str) -> bytes:
    return hashlib.blake2b(url.encode(), digest_size=16).digest()


def hints_from_row(data: Mapping[str, Sequence[str]]) -> Hints:
    return Hints(tuple(data.get("categories", ())), tuple(data.get("genders", ())))


def _hints_to_row(hints: Hints) -> str:
    return json.dumps({name: labels for name, labels in asdict(hints).items() if labels})


async def taken_ids(connection: AsyncConnection, task_id: UUID, ids: Sequence[str]) -> set[str]:
    found = await connection.execute(
        text("SELECT image_id FROM tag_entries WHERE task_id = :task AND image_id = ANY(:ids)"),
        {"task": task_id, "ids": list(ids)},
    )
    return set(found.scalars())


async def add_entries(
    connection: AsyncConnection, task_id: UUID, entries: Sequence[Entry], *, first: int, first_image: int
) -> Added:
    """Store entries from position ``first`` on, and their new images from ``first_image`` on; the task is locked."""
    hashes = {entry.url: hash_of(entry.url) for entry in entries}
    numbers, done = await _known_images(connection, task_id, hashes)
    # Those of one URL beside one another: in one chunk it is fetched once.
    said: dict[str, dict[Hints, None]] = {url: {} for url in hashes}
    for entry in entries:
        said[entry.url][entry.hints] = None
    new: list[tuple[int, Image]] = []
    for image in ((url, hints) for url, every in said.items() for hints in every):
        if image not in numbers:
            numbers[image] = first_image + len(new)
            new.append((numbers[image], image))
    await _copy(
        connection,
        "tag_images (task_id, number, url, url_hash, hints)",
        [(task_id, number, url, hashes[url], _hints_to_row(hints)) for number, (url, hints) in new],
    )
    await _copy(
        connection,
        "tag_entries (task_id, position, image_id, image, detection)",
        [
            (task_id, first + n, entry.image_id, numbers[entry.url, entry.hints], list(entry.detection))
            for n, entry in enumerate(entries)
        ],
    )
    return Added(sum(numbers[e.url, e.hints] in done for e in entries), range(first_image, first_image + len(new)))


async def _known_images(
    connection: AsyncConnection, task_id: UUID, hashes: Mapping[str, bytes]
) -> tuple[dict[Image, int], set[int]]:
    """(image to number, numbers that are done). One that failed is none: who names it again wants it tried again."""
    found = await connection.execute(
        text(
            "SELECT url, hints, number, state FROM tag_images"
            " WHERE task_id = :task AND url_hash = ANY(:hashes) AND state IS DISTINCT FROM 'failed'"
        ),
        {"task": task_id, "hashes": list(hashes.values())},
    )
    rows = [row for row in found if row.url in hashes]
    numbers = {(row.url, hints_from_row(row.hints)): row.number for row in rows}
    return numbers, {row.number for row in rows if row.state == "done"}


async def _copy(connection: AsyncConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None
    async with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            await copy.write_row(row)


async def enqueue_chunks(
    connection: AsyncConnection, task_id: UUID, numbers: Sequence[int], size: int, project_id: int
) -> None:
    chunks = [{"numbers": list(numbers[n : n + size])} for n in range(0, len(numbers), size)]
    await enqueue(connection, CHUNK_JOB, str(task_id), chunks, project_id)


async def tell_if_done(connection: AsyncConnection, task_id: UUID) -> None:
    """The webhook of a task that is done, if it has one, becomes a job with all that it will say."""
    found = await connection.execute(
        text(
            "SELECT project_id, album_name, callback_url, total, done, failed FROM tag_tasks"
            " WHERE id = :task AND callback_url <> '' AND done + failed = total"
        ),
        {"task": task_id},
    )
    row = found.one_or_none()
    if row is not None:
        counts = {"total": row.total, "done": row.done, "processing": 0, "failure": row.failed}
        payload = {"url": row.callback_url, "event": done_event(task_id, row.album_name, counts)}
        await enqueue(connection, WEBHOOK_JOB, str(task_id), [payload], row.project_id)
