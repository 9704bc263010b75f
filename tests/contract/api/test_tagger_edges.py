"""The Tagger's own edges, over tasks in memory: windows past the end, and bodies that stop coming."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from placket.api.app import create_app
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.domain.tagger.tasks import EntryResult, Task
from placket.services.single_tagging import SingleTagging
from placket.services.tagging_tasks import TaggingTasks
from tests.support.memory import MemoryInstallation

BULK = "/tagger/v2.12/bulk"
NOW = datetime.now(UTC)
TASK = Task(UUID(int=1), 1, "album", "", NOW, NOW, NOW, total=3, done=3, failed=0)


class OneTask:
    """A TaskStore of one task that is done; ``asked``: the windows of it."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def get(self, project_id: int, task_id: UUID) -> Task:
        return TASK

    async def window(self, task: Task, offset: int, size: int) -> list[EntryResult]:
        self.asked.append(offset)
        return []


@pytest.fixture
def store() -> OneTask:
    return OneTask()


@pytest.fixture
async def tagger(installation: MemoryInstallation, store: OneTask) -> AsyncIterator[httpx.AsyncClient]:
    nothing: Any = None
    tasks = TaggingTasks(store, nothing, 10)  # type: ignore[arg-type]
    face = tagger_face(TaggerParts(installation.parts.keys, tasks, SingleTagging(*[nothing] * 4), 1_000_000))
    app = create_app(replace(installation.parts, faces=(face,)))
    headers = {"x-api-key": await installation.new_key()}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://placket", headers=headers) as client:
        yield client


async def test_an_offset_past_the_end(tagger: httpx.AsyncClient, store: OneTask) -> None:
    for digits in ("3", "999999999", "1000000000", "9" * 18, "0" * 17 + "4"):
        answer = await tagger.get(f"{BULK}/{TASK.id}?offset={digits}")
        assert answer.status_code == 200, digits
        data = answer.json()["data"]
        assert data["taskInfo"] == {"totalCount": 3, "offset": int(digits), "size": 100}
        assert data["results"] == data["failures"] == []
    assert max(store.asked) + 100 < 2**63
    for digits in ("9" * 19, "9" * 5000, "-1", "1e3"):
        answer = await tagger.get(f"{BULK}/{TASK.id}?offset={digits}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 830), digits


@pytest.mark.parametrize("path", [BULK, "/tagger/v2.12/tags", "/placket/v1/services"])
async def test_a_body_that_stops_coming(tagger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr("placket.api.middleware._IDLE_SECONDS", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    answer = await tagger.post(path, content=stalled(), headers={"Content-Type": "application/json"})
    if path.startswith("/tagger"):
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 824)
        assert "stopped coming" in answer.json()["error"]["message"]
    else:
        assert (answer.status_code, answer.json()["code"]) == (408, -40010)


async def test_a_body_that_drips(tagger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.api.middleware._IDLE_SECONDS", 0.2)

    async def dripping() -> AsyncIterator[bytes]:
        for _ in range(15):
            yield b" "
            await asyncio.sleep(0.03)

    assert (await tagger.post(BULK, content=dripping())).json()["error"]["message"].startswith("the body is not JSON")
    monkeypatch.setattr("placket.api.middleware._TOTAL_SECONDS", 0.3)
    assert "too slowly" in (await tagger.post(BULK, content=dripping())).json()["error"]["message"]
