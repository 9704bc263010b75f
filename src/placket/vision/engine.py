"""ONNX Runtime: threads, sessions and providers. What a network computes is not known here."""

import os

# Before anything loads ONNX Runtime: from then on it would keep a number for this machine, and report to its maker.
# Here, so that who only has photos seen by child processes keeps the environment that they had.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from placket.domain.errors import BundleInvalid
from placket.machine import cores

INPUT = "image"


def runtime() -> str:
    """Its version and what it can run on, for people."""
    providers = ", ".join(p.removesuffix("ExecutionProvider") for p in ort.get_available_providers())
    return f"{ort.__version__} ({providers})"


class Engine:
    """Opens models. ``threads``: cores to use, 0 for all; ``providers``: ONNX Runtime's names, best first.

    While one photo is in work its networks run on all threads, which is quickest for whoever waits for it. While
    several are, each runs on the thread of its own photo, which is most photos a second.
    """

    def __init__(self, threads: int = 0, providers: Sequence[str] = ("CPUExecutionProvider",)) -> None:
        self.threads = threads or cores()
        self._providers = tuple(providers)
        self._photos = 0
        self._lock = threading.Lock()

    @contextmanager
    def photo(self) -> Iterator[None]:
        """Says that a photo is in work."""
        with self._lock:
            self._photos += 1
        try:
            yield
        finally:
            with self._lock:
                self._photos -= 1

    @property
    def crowded(self) -> bool:
        return self._photos > 1

    def open(self, path: Path, outputs: Sequence[str]) -> "Network":
        """Raises BundleInvalid when the file is no such network."""
        try:
            narrow = self._session(path, 1)
            wide = narrow if self.threads == 1 else self._session(path, self.threads)
        # ONNX Runtime's exceptions have no common base below Exception.
        except Exception as error:
            raise BundleInvalid(f"{path} cannot be loaded: {str(error)[:300]}") from None
        found = [o.name for o in narrow.get_outputs()]
        if [i.name for i in narrow.get_inputs()] != [INPUT] or found != list(outputs):
            raise BundleInvalid(f"{path} must turn {INPUT!r} into {', '.join(outputs)}; it has {', '.join(found)}")
        return Network(self, narrow, wide)

    def _session(self, path: Path, threads: int) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Two sessions whose idle threads spin for work take the cores from each other.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return ort.InferenceSession(_model(path), options, providers=list(self._providers))


def _model(path: Path) -> str | bytes:
    """ONNX Runtime takes every path for UTF-8. Where names are stored in another encoding, it is given the content."""
    name = str(path)
    return name if os.fsencode(path) == name.encode("utf-8", "replace") else path.read_bytes()


class Network:
    """A model, open for one thread and for all. Threads may share it."""

    def __init__(self, engine: Engine, narrow: ort.InferenceSession, wide: ort.InferenceSession) -> None:
        self._engine, self._narrow, self._wide = engine, narrow, wide

    def run(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Outputs for ``(n, 3, s, s)``, in the model's order."""
        session = self._narrow if self._engine.crowded else self._wide
        outputs: list[NDArray[np.float32]] = session.run(None, {INPUT: image})
        return outputs
