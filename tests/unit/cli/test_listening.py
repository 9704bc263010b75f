"""What `placket serve` does before it answers: it listens, and settles its memory."""

import asyncio
import errno
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
import typer
from structlog.testing import capture_logs

import placket.bootstrap
from placket.cli.serve import _listen, _say_once_in_a_while, _serve, _uvicorn, _work
from placket.settings import Settings


def test_answers_are_not_held_back_for_acknowledgements() -> None:
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with _listen("127.0.0.1", 0) as listener, pytest.raises(typer.Exit):
        _listen("127.0.0.1", listener.getsockname()[1])
    said = capsys.readouterr().err
    assert "cannot listen on 127.0.0.1" in said and said.endswith("; --port takes another one\n")


def test_an_idle_connection_is_closed_by_the_balancer_first() -> None:
    balancers = 60
    assert _uvicorn(object(), Settings()).config.timeout_keep_alive > balancers


class _Stop(Exception):
    pass


@pytest.mark.parametrize("serves", [True, False])
def test_what_is_loaded_at_the_start_is_never_collected_again(monkeypatch: pytest.MonkeyPatch, serves: bool) -> None:
    """A full collection of it would hold up all requests for a tenth of a second."""
    steps: list[str] = []

    async def stop(*_: object) -> None:
        steps.append("begun")
        raise _Stop

    @asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[SimpleNamespace]:
        steps.append("opened")
        yield SimpleNamespace(
            api=lambda: None,
            storage=SimpleNamespace(admin_token=SimpleNamespace(value=stop)),
            worker=lambda: SimpleNamespace(name="w", run=stop),
            keep_database=stop,
            warm_up=stop,
        )

    monkeypatch.setattr(placket.bootstrap, "open_application", opened)
    monkeypatch.setattr(gc, "collect", lambda: steps.append("collected"))
    monkeypatch.setattr(gc, "freeze", lambda: steps.append("frozen"))
    settings = Settings(port=0)
    with pytest.raises((_Stop, ExceptionGroup)):
        asyncio.run(_serve(settings, with_worker=False) if serves else _work(settings))
    assert steps[:4] == ["opened", "collected", "frozen", "begun"]


async def test_connections_that_cannot_be_taken_are_told_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    _say_once_in_a_while()
    loop = asyncio.get_running_loop()
    with capture_logs() as lines:
        for _ in range(100):
            error = OSError(errno.EMFILE, "Too many open files")
            loop.call_exception_handler({"message": "socket.accept()", "exception": error, "socket": None})
    assert [line["error"] for line in lines] == ["Too many open files"]
    assert caplog.messages == []
    loop.call_exception_handler({"message": "another thing", "exception": ValueError("of ours")})
    assert caplog.messages == ["another thing"]
