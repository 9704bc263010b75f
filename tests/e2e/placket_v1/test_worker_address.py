"""A worker that was given a port says there how it is, and serves nothing else."""

import contextlib
import subprocess
import time

import httpx

from tests.support.server import PlacketServer, free_port, placket_program, running_server


def ready(url: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200:
                return True
        time.sleep(0.1)
    return False


def begin(server: PlacketServer, port: int) -> subprocess.Popen[bytes]:
    with (server.folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [placket_program(), "worker", "--port", str(port)], env=server.process_environment(), stdout=log, stderr=log
        )


def test_a_worker_says_how_it_is() -> None:
    with running_server("--no-worker") as server:
        port = free_port(avoid=1)
        url = f"http://127.0.0.1:{port}"
        worker = begin(server, port)
        try:
            assert ready(url), (server.folder / "worker.log").read_text()
            with httpx.Client(base_url=url, timeout=20, trust_env=False) as http:
                figures = http.get("/metrics").text
                assert "placket_workers 1.0" in figures
                assert "placket_vision_processes 1.0" in figures
                for elsewhere in ("/placket/v1/services", "/console/", "/docs"):
                    assert http.get(elsewhere).status_code == 404
            second = begin(server, port)
            assert second.wait(60) == 1, "the port is taken"
        finally:
            worker.terminate()
        assert worker.wait(60) == 0
