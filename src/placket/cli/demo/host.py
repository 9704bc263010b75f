"""A web server for the demo's own pictures, on the loopback and for as long as the demo runs."""

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from placket.cli.demo.failure import DemoFailed

PORTS = range(10_000, 12_001)
"""The ports, beside 80 and 443, that image URLs may name."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, pictures: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.pictures = pictures


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        body = self.server.pictures.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", "image/jpeg" if body is not None else "text/plain")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def image_host(pictures: Mapping[str, bytes], preferred: int = 0) -> Iterator[str]:
    """Serve ``{"/name.jpg": bytes}``; gives ``http://127.0.0.1:port``. ``preferred`` is the port of last time.

    Raises DemoFailed when no port of the range is free.
    """
    with _running(_bind(pictures, preferred)) as address:
        yield address


@contextmanager
def serving(pictures: Mapping[str, bytes], port: int) -> Iterator[str]:
    """The same at this very port. Raises OSError when it is taken."""
    with _running(_Server(port, pictures)) as address:
        yield address


@contextmanager
def _running(server: _Server) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _bind(pictures: Mapping[str, bytes], preferred: int) -> _Server:
    candidates = random.sample(PORTS, 200)
    for port in ([preferred] if preferred in PORTS else []) + candidates:
        try:
            return _Server(port, pictures)
        except OSError:
            continue
    raise DemoFailed(f"no free port from {PORTS.start} to {PORTS.stop - 1} to serve the pictures from")
