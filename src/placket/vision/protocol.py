"""What the server's process and its vision children say to each other: framed JSON with bytes beside it.

No pickles: a child that a hostile photo has taken over can answer nonsense, and nothing else.
"""

import enum
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from placket.domain import errors
from placket.domain.garments import EMBEDDING_DIM, Analysis, Box, Garment
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.images import ImageLimits

_HEAD = struct.Struct("!BQII")
MOST_ANSWER_BYTES = 16_000_000
_FAILURES: dict[str, type[errors.PlacketError]] = {
    e.reason: e
    for e in (
        errors.ImageFormatUnsupported,
        errors.ImageTooManyBytes,
        errors.ImageTooManyPixels,
        errors.ImageTooSmall,
        errors.ImageAspectRatio,
        errors.VisionCrashed,
        errors.VisionUnavailable,
        errors.BundleNotKept,
        errors.BundleInvalid,
    )
}


class Kind(enum.IntEnum):
    """PHOTO goes to the child; the others come from it. READY and UNFIT are about the child itself; PICTURE answers an
    order for a small picture, DONE every other."""

    PHOTO = 1
    READY = 2
    UNFIT = 3
    STARTED = 4
    DONE = 5
    FAILED = 6
    PICTURE = 7


class BrokenFrame(Exception):
    """The other side does not speak this protocol."""


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


@dataclass(frozen=True, slots=True)
class Frame:
    kind: Kind
    job: int
    head: bytes = b""
    blob: bytes = b""

    def json(self) -> Any:
        """Raises BrokenFrame."""
        try:
            return json.loads(self.head, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise BrokenFrame(str(error)) from None

    def parts(self) -> list[bytes]:
        """What to send, in order."""
        return [_HEAD.pack(self.kind, self.job, len(self.head), len(self.blob)) + self.head, self.blob]


class FrameReader:
    """Frames out of a stream of bytes. ``limit``: most bytes of one, beyond which the stream is broken."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes. Raises BrokenFrame."""
        self._data += data
        frames: list[Frame] = []
        while len(self._data) >= _HEAD.size:
            kind, job, head, blob = _HEAD.unpack_from(self._data)
            end = _HEAD.size + head + blob
            if head + blob > self._limit or kind not in Kind._value2member_map_:
                raise BrokenFrame(f"frame of kind {kind} with {head + blob} bytes")
            if len(self._data) < end:
                break
            body = bytes(memoryview(self._data)[_HEAD.size : end])
            del self._data[:end]
            frames.append(Frame(Kind(kind), job, body[:head], body[head:]))
        return frames


def receive(connection: socket.socket) -> Frame | None:
    """The next frame, waiting for it; None when the other side is gone."""
    raw = _exactly(connection, _HEAD.size)
    if raw is None:
        return None
    kind, job, head, blob = _HEAD.unpack(raw)
    first = _exactly(connection, head)
    second = _exactly(connection, blob)
    if first is None or second is None:
        return None
    return Frame(Kind(kind), job, first, second)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray(count)
    view, got = memoryview(data), 0
    while got < count:
        n = connection.recv_into(view[got:])
        if n == 0:
            return None
        got += n
    view.release()
    return bytes(data)


@dataclass(frozen=True, slots=True)
class Options:
    """``bundle``: folder of the one to open at the start. ``crash_marker``: for tests, the first bytes of an "image"
    that makes the child misbehave as told."""

    bundle: str
    threads: int
    crash_marker: str = ""

    def encode(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> "Options":
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Order:
    """What to do with a photo. ``bundle`` is the bundle's folder. ``side``: only make it small, this many pixels."""

    bundle: str
    limits: ImageLimits
    box: Box | None
    priority: int
    side: int | None = None
    hints: Hints = NO_HINTS

    def encode(self) -> bytes:
        limits = self.limits
        return json.dumps(
            {
                "bundle": self.bundle,
                "box": self.box.as_list() if self.box else None,
                "priority": self.priority,
                "side": self.side,
                "hints": [self.hints.categories, self.hints.genders],
                "limits": [
                    sorted(limits.formats),
                    limits.max_bytes,
                    limits.max_pixels,
                    limits.min_side,
                    limits.max_aspect,
                ],
            }
        ).encode()

    @classmethod
    def decode(cls, data: Mapping[str, Any]) -> "Order":
        formats, *rest = data["limits"]
        box = Box(*data["box"]) if data["box"] else None
        hints = Hints(*(tuple(words) for words in data.get("hints", ((), ()))))
        return cls(data["bundle"], ImageLimits(frozenset(formats), *rest), box, data["priority"], data["side"], hints)


def encode_analysis(job: int, analysis: Analysis) -> Frame:
    """Garments as JSON, their embeddings as float32 beside it."""
    head = {
        "size": [analysis.width, analysis.height],
        "bundle": analysis.bundle,
        "sha256": analysis.sha256,
        "garments": [g.to_json() for g in analysis.garments],
    }
    blob = b"".join(np.ascontiguousarray(g.embedding, "<f4").tobytes() for g in analysis.garments)
    return Frame(Kind.DONE, job, json.dumps(head).encode(), blob)


def decode_analysis(frame: Frame) -> Analysis:
    """Raises BrokenFrame."""
    data = frame.json()
    try:
        vectors = np.frombuffer(frame.blob, "<f4").astype(np.float32).reshape(len(data["garments"]), EMBEDDING_DIM)
        width, height = (int(v) for v in data["size"])
        garments = tuple(Garment.from_json(g, v) for g, v in zip(data["garments"], vectors, strict=True))
        return Analysis(width, height, garments, str(data["bundle"]), str(data["sha256"]))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BrokenFrame(f"an answer that is none: {error}") from None


def decode_picture(frame: Frame) -> bytes:
    """The JPEG that a child made. Raises BrokenFrame."""
    if not frame.blob.startswith(b"\xff\xd8\xff"):
        raise BrokenFrame("a picture that is no JPEG")
    return frame.blob


def encode_failure(kind: Kind, job: int, error: errors.PlacketError) -> Frame:
    return Frame(kind, job, json.dumps({"reason": error.reason, "detail": error.detail}).encode())


def decode_failure(frame: Frame) -> errors.PlacketError:
    """The error that a child reported. Raises BrokenFrame."""
    data = frame.json()
    kind = _FAILURES.get(str(data.get("reason"))) if isinstance(data, dict) else None
    if kind is None:
        raise BrokenFrame("a failure without a known reason")
    return kind(str(data.get("detail", "")))
