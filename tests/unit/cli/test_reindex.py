"""`placket reindex --wait` while the database is restarted."""

from types import SimpleNamespace
from typing import Any

import pytest

from placket.cli.reindex import _follow
from placket.domain.errors import StorageUnavailable
from placket.domain.runs import RunState

RUNNING = SimpleNamespace(id=1, state=RunState.RUNNING, total=2, pending=2, failed=0)
FINISHED = SimpleNamespace(id=1, state=RunState.FINISHED, total=2, pending=0, failed=0)


def application(*answers: Any) -> Any:
    """Whose run is asked for again and again."""
    left = list(answers)

    async def get(*_: object) -> Any:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def rows(*_: object, **__: object) -> list[Any]:
        return []

    return SimpleNamespace(indexing=SimpleNamespace(get=get, rows=rows))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.cli.reindex._POLL_SECONDS", 0.01)


async def follow(*answers: Any) -> int:
    service: Any = SimpleNamespace(name="shop")
    run: Any = RUNNING
    return await _follow(application(*answers), [(service, run)])


async def test_a_restart_of_the_database_is_waited_out() -> None:
    away = StorageUnavailable("the database does not answer")
    assert await follow(RUNNING, away, away, RUNNING, FINISHED) == 0


async def test_one_that_stays_away_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.cli.reindex._OUTAGE_SECONDS", 0.05)
    with pytest.raises(StorageUnavailable, match="does not answer; the re-indexing goes on when the database is back"):
        await follow(StorageUnavailable("the database does not answer"))
