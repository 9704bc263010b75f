"""The database is away: every API says so in its own form and shows nothing of where it is; the log has that."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from placket.api.app import create_app
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.condition import Condition
from placket.domain.errors import EmbeddedServerError, StorageUnavailable, VisionUnavailable
from placket.search import MemorySearch
from placket.services.tallies import Tallies
from placket.storage.catalogue import PostgresServices
from placket.storage.database import Database
from placket.storage.documents import PostgresDocuments
from placket.storage.queue import PostgresQueue
from placket.vision import VisionPool
from placket.vision.statistics import VisionStatistics
from tests.support.memory import MemoryInstallation

DETAIL = 'the database does not answer: connection to server on socket "/tmp/hush/.s.PGSQL.5432" failed'
TOLD = "the database cannot be used now; the server's log has more"


@pytest.fixture(scope="module")
def with_tagger() -> FastAPI:
    parts = MemoryInstallation().parts
    nothing: Any = None
    face = tagger_face(TaggerParts(parts.keys, nothing, nothing, 1_000_000))
    return create_app(replace(parts, faces=(face,)))


@pytest.fixture(params=[StorageUnavailable, EmbeddedServerError])
def away(request: pytest.FixtureRequest, with_tagger: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    async def fail(*_: object) -> None:
        raise request.param(DETAIL)

    monkeypatch.setattr("placket.services.keys.Keys.authenticate", fail)
    monkeypatch.setattr("placket.services.keys.AdminToken.check", fail)
    return with_tagger


CALLS = [
    ("/nhn-ai-fashion/v1.0/appkeys/x/services", 200),
    ("/tagger/v2.12/bulk", 500),
    ("/placket/v1/services", 503),
    ("/placket/v1/admin/keys", 503),
]


@pytest.mark.parametrize(("path", "status"), CALLS)
async def test_a_call(away: FastAPI, path: str, status: int) -> None:
    headers = {"x-api-key": "x", "Authorization": "Bearer x"}
    with capture_logs() as lines:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(away), base_url="http://placket") as client:
            answer = await client.get(path, headers=headers)
    assert answer.status_code == status
    assert TOLD in answer.text and "hush" not in answer.text
    # In words that are true of a database whose disk is full, too.
    told = [(line["event"], line["error"]) for line in lines if "hush" in str(line)]
    assert told == [("the database cannot be used", DETAIL)]


class Vision:
    """Has no bundle."""

    async def ready(self) -> None:
        raise VisionUnavailable("no bundle")

    def statistics(self) -> VisionStatistics:
        return VisionStatistics(*[0] * len(fields(VisionStatistics)))

    async def lacking(self, versions: Iterable[str]) -> list[str]:
        return list(versions)

    @property
    def default_bundle(self) -> str:
        raise VisionUnavailable("no bundle")


async def test_readiness_and_figures() -> None:
    database = Database("postgresql+psycopg://hush@127.0.0.1:1/hush", 1)
    queue, vision = PostgresQueue(database), cast(VisionPool, Vision())
    search = MemorySearch(PostgresDocuments(database), 1)
    services, tallies = PostgresServices(database), Tallies()
    condition = Condition(database, queue, services, vision, search, tallies, 15.0, lambda: ["the disk is full"])
    with capture_logs() as lines:
        assert await condition.problems() == [TOLD, "no bundle"]
        assert await condition.warnings() == ["the disk is full"]
        figures = await condition.figures()
    assert (figures["bundle_info"].values, figures["services"].values) == ({}, {})
    assert figures["jobs_total"].values["done",] == 0
    assert (figures["database_up"].values, figures["warnings"].values) == ({(): 0.0}, {(): 1.0})
    await search.aclose()
    await database.aclose()
    assert ["127.0.0.1" in line["error"] for line in lines] == [True]
