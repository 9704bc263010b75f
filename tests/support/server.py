"""A real ``placket serve``, and an image host beside it: for tests over real sockets."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image, ImageDraw

from tests.support.postgres import reachable_folder
from tests.support.tiny_bundle import write_tiny_bundle

_FETCHABLE_PORTS = range(10_000, 12_001)
_START_SECONDS = 90.0
_STOP_SECONDS = 40.0


def free_port(avoid: int = 0) -> int:
    """One that may be fetched from, and that nobody listens on; another one for another ``avoid``."""
    # Processes that run tests at once have neighbouring numbers, and begin to look far from one another: a server of
    # theirs that is about to listen on the port that it was given does not do so yet.
    first = (os.getpid() * 613 + avoid * 17) % len(_FETCHABLE_PORTS)
    for step in range(len(_FETCHABLE_PORTS)):
        port = _FETCHABLE_PORTS[(first + step) % len(_FETCHABLE_PORTS)]
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port from 10000 to 12000 is free")


@dataclass
class PlacketServer:
    """``environment`` holds PLACKET_* settings on top of what a test always needs; ``program`` stands for `placket`."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    admin_token: str = "the-admin-token-of-these-tests"
    program: Sequence[str] = field(default_factory=lambda: (placket_program(),))
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "serve.log").read_text(errors="replace")

    def process_environment(self) -> dict[str, str]:
        outer = {k: v for k, v in os.environ.items() if not k.startswith("PLACKET_")}
        inner = {
            "PLACKET_DATA_DIR": str(self.folder / "data"),
            "PLACKET_PORT": str(self.port),
            "PLACKET_BUNDLE": str(self.folder / "bundle"),
            "PLACKET_FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
            "PLACKET_VISION_THREADS": "1",
            "PLACKET_ADMIN_TOKEN": self.admin_token,
        }
        return {**outer, **inner, **self.environment}

    def command(self, *arguments: str) -> str:
        """Run ``placket ...`` on the same data directory; its standard output."""
        done = subprocess.run(
            [placket_program(), *arguments], env=self.process_environment(), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create_key(self, name: str, *options: str) -> str:
        key: str = json.loads(self.command("keys", "create", name, "--json", *options))["key"]
        return key

    def start(self, *arguments: str) -> None:
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, "serve", *arguments], env=self.process_environment(), stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code in (200, 503):
                    return
            time.sleep(0.1)
        self.stop()
        raise AssertionError(f"placket serve did not start:\n{self.log}")

    def stop(self) -> int | None:
        """End it as an operator would; its exit code."""
        process, self.process = self.process, None
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"placket serve did not stop:\n{self.log}") from None


def placket_program() -> str:
    return str(Path(sys.executable).with_name("placket"))


@contextmanager
def running_server(
    *arguments: str, bundle: bool = True, program: Sequence[str] = (), **environment: str
) -> Iterator[PlacketServer]:
    """A server with a data directory of its own and the tiny bundle; stopped and removed afterwards."""
    with reachable_folder() as folder:
        server = PlacketServer(folder, environment, program=program or (placket_program(),))
        if bundle:
            write_tiny_bundle(folder / "bundle")
        server.start(*arguments)
        try:
            yield server
        finally:
            server.stop()


Page = bytes | Callable[[BaseHTTPRequestHandler], None]


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that was killed in the middle of a request is no news."""


class ImageHost:
    """Serves ``pages`` (path to bytes, or to a function that answers) on a port that may be fetched from."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0])
                if callable(page):
                    page(self)
                    return
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Length", str(len(page or b"")))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(page or b"")

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.port = free_port()
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path: str, page: Page) -> str:
        """The page's URL."""
        self.pages[path] = page
        return self.url(path)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def image_host() -> Iterator[ImageHost]:
    host = ImageHost()
    try:
        yield host
    finally:
        host.close()


def picture(
    color: tuple[int, int, int] = (200, 30, 40),
    *,
    size: tuple[int, int] = (160, 160),
    format: str = "PNG",
    total_bytes: int | None = None,
) -> bytes:
    """A coloured block on a light ground, in which the tiny bundle finds a garment; padded to ``total_bytes``.

    What follows the end of a PNG or JPEG is no part of the picture, so the padding changes nothing of it.
    """
    image = Image.new("RGB", size, (240, 240, 240))
    width, height = size
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 5, height // 10, width * 4 // 5, height * 9 // 10), fill=color)
    buffer = BytesIO()
    image.save(buffer, format)
    content = buffer.getvalue()
    return content if total_bytes is None else content + bytes(total_bytes - len(content))


def plain(size: tuple[int, int] = (160, 160)) -> bytes:
    """A picture of nothing."""
    buffer = BytesIO()
    Image.new("RGB", size, (240, 240, 240)).save(buffer, "PNG")
    return buffer.getvalue()
