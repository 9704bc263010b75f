"""A server that is to stop, behind a balancer that has to notice: it answers on until then."""

import signal
import sys
import time
from subprocess import Popen

import httpx

from tests.support.server import PlacketServer, placket_program, running_server

_DRAIN = 4.0
_HEARS_SIGHUP = (
    "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)


def told_to_stop(server: PlacketServer, http: httpx.Client) -> Popen[bytes]:
    """Its process, when it says that it leaves."""
    assert server.process is not None
    assert "connection" not in http.get("/readyz").headers
    server.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _DRAIN
    while http.get("/readyz").status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    return server.process


def client(server: PlacketServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=10, trust_env=False)


def test_it_takes_requests_until_the_balancer_has_noticed() -> None:
    with running_server(PLACKET_DRAIN_SECONDS=str(_DRAIN)) as server, client(server) as http:
        process = told_to_stop(server, http)
        began, answers = time.monotonic(), 0
        while time.monotonic() < began + _DRAIN / 2:
            unready, alive = http.get("/readyz"), httpx.get(f"{server.url}/healthz", trust_env=False)
            assert (unready.status_code, alive.status_code) == (503, 200)
            assert unready.headers["connection"] == alive.headers["connection"] == "close"
            answers += 1
        assert answers > 3
        assert process.wait(_DRAIN + 30) == 0
        assert "about to stop" in server.log


def test_a_second_signal_ends_it_at_once() -> None:
    with running_server(PLACKET_DRAIN_SECONDS="300") as server, client(server) as http:
        process = told_to_stop(server, http)
        assert http.get("/readyz").status_code == 503
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_terminal_that_is_closed_ends_it_in_order() -> None:
    # Else it is ignored where the tests themselves run under nohup.
    program = (sys.executable, "-c", _HEARS_SIGHUP, placket_program())
    with running_server(program=program) as server:
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        assert server.process.wait(30) == 0


def test_under_nohup_it_goes_on() -> None:
    with running_server(program=("nohup", placket_program())) as server, client(server) as http:
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        time.sleep(1.0)
        assert http.get("/healthz").status_code == 200
