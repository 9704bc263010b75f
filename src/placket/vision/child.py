"""The process in which strangers' bytes are decoded: ``python -m placket.vision.child SOCKET PARENT OPTIONS``.

It may crash, hang or be killed at any time; whoever started it starts another. It has no secret and no state.
"""

import contextlib
import ctypes
import os
import queue
import resource
import signal
import socket
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path

from PIL import _imaging

from placket.domain.errors import PlacketError, VisionCrashed
from placket.vision.bundle import read_bundle
from placket.vision.decoding import PixelBudget, decode, small_jpeg
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline
from placket.vision.protocol import Frame, Kind, Options, Order, encode_analysis, encode_failure, receive

_PIXELS_AT_ONCE = 60_000_000
_MOST_PIPELINES = 3
_PR_SET_PDEATHSIG = 1
_NICER = 10


def _tie_to(parent: int) -> None:
    """Die when the parent dies, and let only the parent decide: a terminal's Ctrl-C, or its end, and a supervisor's
    SIGTERM go to all processes of a service, but the parent still has photos to finish."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # When memory runs out, it is this process that can be replaced, not the server.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")
    if os.getppid() != parent:
        os._exit(0)


class Child:
    """Works on photos with a few threads; the main thread listens."""

    def __init__(self, connection: socket.socket, options: Options) -> None:
        """Raises BundleInvalid."""
        self._connection = connection
        self._sending = threading.Lock()
        self._marker = options.crash_marker.encode()
        self._engine = Engine(options.threads)
        self._budget = PixelBudget(_PIXELS_AT_ONCE)
        self._opening = threading.Lock()
        self._first = options.bundle
        self._pipelines = {options.bundle: self._open(options.bundle)}
        self._waiting: queue.PriorityQueue[tuple[int, int, Order, bytes]] = queue.PriorityQueue()

    def serve(self) -> None:
        """Until the parent closes the connection."""
        for _ in range(self._engine.threads):
            threading.Thread(target=self._work, daemon=True).start()
        self._send(Frame(Kind.READY, 0))
        while (frame := receive(self._connection)) is not None:
            order = Order.decode(frame.json())
            self._waiting.put((order.priority, frame.job, order, frame.blob))

    def _work(self) -> None:
        """Until the parent closes the connection, whatever it still waited for."""
        with contextlib.suppress(ConnectionError):
            while True:
                _, job, order, image = self._waiting.get()
                # Said before a byte is looked at: whoever finds this process dead knows which photos it had begun.
                self._send(Frame(Kind.STARTED, job))
                self._send(self._answer(job, order, image))

    def _answer(self, job: int, order: Order, image: bytes) -> Frame:
        try:
            if self._marker and image.startswith(self._marker):
                image = _misbehave(image.removeprefix(self._marker))
            with self._engine.photo():
                picture = decode(image, order.limits, self._budget)
                if order.side is not None:
                    return Frame(Kind.PICTURE, job, blob=small_jpeg(picture, order.side))
                found = self._pipeline(order.bundle).analyse(picture, order.box, image, order.hints)
                return encode_analysis(job, found)
        except PlacketError as error:
            return encode_failure(Kind.FAILED, job, error)
        except Exception as error:
            # Unforeseen, and brought about by this photo: its own failure, or it would be tried for ever.
            traceback.print_exc()
            return encode_failure(
                Kind.FAILED, job, VisionCrashed(f"this photo made the pipeline fail: {type(error).__name__}")
            )

    def _pipeline(self, folder: str) -> Pipeline:
        found = self._pipelines.get(folder)
        if found is not None:
            return found
        with self._opening:
            if folder not in self._pipelines:
                if len(self._pipelines) == _MOST_PIPELINES:
                    self._pipelines.pop(next(f for f in self._pipelines if f != self._first))
                self._pipelines[folder] = self._open(folder)
            return self._pipelines[folder]

    def _open(self, folder: str) -> Pipeline:
        pipeline = Pipeline(read_bundle(Path(folder)), self._engine)
        pipeline.warm()
        return pipeline

    def _send(self, frame: Frame) -> None:
        with self._sending:
            for part in frame.parts():
                self._connection.sendall(part)


def _quieten_decoders() -> None:
    """What they remark about a stranger's file is no news for the server's log."""
    warnings.simplefilter("ignore")
    # libtiff, which comes with Pillow, writes to standard error itself.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def _misbehave(order: bytes) -> bytes:
    """What tests need a decoder to do: ``abort``, ``hang`` or ``sleep SECONDS``, a line break, and then a photo."""
    how, _, image = order.partition(b"\n")
    if how == b"abort":
        os.abort()
    if how == b"hang":
        # Holds the interpreter's lock, as a stuck decoder may.
        ctypes.PyDLL(None).pause()
    if how.startswith(b"sleep "):
        time.sleep(float(how.split()[1]))
    return image


def main() -> None:
    connection = socket.socket(fileno=int(sys.argv[1]))
    _tie_to(int(sys.argv[2]))
    # The networks take every core for as long as there are photos; whoever only asks for a status need not queue there.
    os.nice(_NICER)
    _quieten_decoders()
    options = Options.decode(sys.argv[3])
    try:
        child = Child(connection, options)
    except PlacketError as error:
        for part in encode_failure(Kind.UNFIT, 0, error).parts():
            connection.sendall(part)
        os._exit(3)
    with contextlib.suppress(ConnectionError):
        child.serve()
    os._exit(0)


if __name__ == "__main__":
    main()
