"""`placket reindex`: whose bundle it takes, and waiting while the database is restarted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from placket.cli.reindex import _follow, _reindex
from placket.domain.errors import StorageUnavailable
from placket.domain.runs import RunState
from placket.settings import Settings

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
    # It is the whole process's, and would outlive the test.
    monkeypatch.setattr("placket.logs.configure_logging", lambda *_: None)


async def follow(*answers: Any) -> int:
    service: Any = SimpleNamespace(name="shop")
    run: Any = RUNNING
    return await _follow(application(*answers), [(service, run)])


@pytest.mark.parametrize(
    ("bundle", "said"), [(None, "PLACKET_BUNDLE is not set here"), ("/models/[new]", "PLACKET_BUNDLE is /models/[new]")]
)
async def test_it_says_whose_bundle_it_takes(
    bundle: str | None, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command has settings of its own, and those of the servers are not known to it."""
    run = SimpleNamespace(id=1, state=RunState.FINISHED, total=1, pending=0, failed=0, bundle="new")

    class Application:
        async def everywhere(self) -> list[Any]:
            return [("mine", SimpleNamespace(name="shop", bundle="old"))]

        async def reindex(self, _: object) -> Any:
            return run

    @asynccontextmanager
    async def opened(_: object) -> AsyncIterator[Any]:
        yield SimpleNamespace(services=Application(), indexing=Application())

    monkeypatch.setattr("placket.bootstrap.open_application", opened)
    monkeypatch.setattr("placket.cli.reindex.read_settings", lambda: Settings(bundle=bundle))
    assert await _reindex(None, None, wait=False) == 0
    shown = capsys.readouterr().out
    assert ("mine/shop: old -> new" in shown, said in shown, "placket services reindex" in shown) == (True, True, True)


async def test_a_restart_of_the_database_is_waited_out() -> None:
    away = StorageUnavailable("the database does not answer")
    assert await follow(RUNNING, away, away, RUNNING, FINISHED) == 0


async def test_one_that_stays_away_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.cli.reindex._OUTAGE_SECONDS", 0.05)
    with pytest.raises(StorageUnavailable, match="does not answer; the re-indexing goes on when the database is back"):
        await follow(StorageUnavailable("the database does not answer"))
