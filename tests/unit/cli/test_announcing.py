"""What `placket serve` prints when it is up."""

import io
import socket

import pytest
from structlog.testing import capture_logs

from placket.cli.serve import _announce


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_the_admin_token_is_shown_on_a_terminal_and_gets_into_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for stream in (Terminal(), io.StringIO()):
        monkeypatch.setattr("sys.stdout", stream)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            await _announce(listener, ("plkadmin-hush", True), plain=True)
        said.append(stream.getvalue())
    assert ["plkadmin-hush" in words for words in said] == [True, False]
    assert all("placket keys admin-token" in words for words in said)


async def test_who_asks_for_json_gets_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, capture_logs() as lines:
        await _announce(listener, ("plkadmin-hush", True), plain=False)
    assert capsys.readouterr().out == ""
    assert [line["event"] for line in lines] == ["serving", "the admin token was made just now"]
    assert "hush" not in str(lines)
