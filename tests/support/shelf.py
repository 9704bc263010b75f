"""A web server of one file that breaks off, changes its mind, lies and refuses."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Shelf:
    """What it serves, and how. ``requests``: the Range headers that came, or ""."""

    def __init__(self, body: bytes) -> None:
        self.body, self.etag = body, '"one"'
        self.cuts: list[int] = []
        """Bytes of the body after which the connection is closed; one for each answer until they are used up."""
        self.ranges, self.length = True, True
        self.statuses: list[int] = []
        self.total: int | None = None
        self.requests: list[str] = []
        self.url = ""

    def answer(self, http: BaseHTTPRequestHandler) -> None:
        asked = http.headers.get("Range", "")
        self.requests.append(asked)
        if self.statuses:
            http.send_response(self.statuses.pop(0))
            http.send_header("Content-Length", "0")
            http.end_headers()
            return
        start = int(re.findall(r"\d+", asked)[0]) if asked and self.ranges else 0
        if http.headers.get("If-Range") != self.etag:
            start = 0
        rest = self.body[start:]
        http.send_response(206 if start else 200)
        if start:
            total = len(self.body) if self.total is None else self.total
            http.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{total}")
        http.send_header("ETag", self.etag)
        if self.length:
            http.send_header("Content-Length", str(len(rest)))
        http.send_header("Connection", "close")
        http.end_headers()
        http.wfile.write(rest[: self.cuts.pop(0)] if self.cuts else rest)
        http.close_connection = True


@contextmanager
def served(body: bytes) -> Iterator[Shelf]:
    """On the loopback, until the block ends."""
    shelf = Shelf(body)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shelf.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        shelf.url = f"http://127.0.0.1:{server.server_address[1]}/file"
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
