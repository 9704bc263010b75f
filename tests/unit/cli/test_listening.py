"""The socket that `placket serve` listens on."""

import socket

import pytest
import typer

from placket.cli.serve import _listen
from placket.settings import Settings


def test_answers_are_not_held_back_for_acknowledgements() -> None:
    with _listen(Settings(port=0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with _listen(Settings(port=0)) as listener, pytest.raises(typer.Exit):
        _listen(Settings(port=listener.getsockname()[1]))
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err
