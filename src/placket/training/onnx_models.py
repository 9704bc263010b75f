"""The exported networks as evaluation and calibration run them: one picture at a time, ONNX Runtime on the CPU.

The server's own pipeline is `placket.vision`; what is here is the plain reference that thresholds are chosen with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from placket.training.cache import Pixels
from placket.vision.bundle import TURN
from placket.vision.detector import voted
from placket.vision.second_look import mirrored, unsure, with_second

Floats = NDArray[np.float32]
CANDIDATE_SCORE = 0.01
CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class Detections:
    """Boxes [n, 4] as fractions of the picture, scores [n] and group numbers [n], best first."""

    boxes: Floats
    scores: Floats
    groups: NDArray[np.int64]

    def above(self, score: float) -> "Detections":
        """Those with at least this score."""
        keep = self.scores >= score
        return Detections(self.boxes[keep], self.scores[keep], self.groups[keep])

    def first(self, count: int) -> "Detections":
        """The `count` best."""
        return Detections(self.boxes[:count], self.scores[:count], self.groups[:count])


def session(path: Path, threads: int = 1) -> Any:
    """An inference session on the CPU with `threads` threads that do not spin while they wait."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def cut_session(path: Path, where: Callable[[Any], str]) -> tuple[Any, str]:
    """A session on all cores that runs a file as far as the tensor that `where` names of its graph; and that name."""
    import onnx

    model = onnx.load(str(path))
    tensor = where(model.graph)
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]), tensor


def letterbox(pixels: Pixels, size: int, pad: int) -> tuple[Pixels, float, int, int]:
    """Fit a picture [h, w, 3] into a square [size, size, 3]; also the scale and the left and top margins in pixels."""
    height, width = pixels.shape[:2]
    scale = min(size / height, size / width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - w) // 2, (size - h) // 2
    out = np.full((size, size, 3), pad, np.uint8)
    image = Image.fromarray(pixels).resize((w, h), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out[top : top + h, left : left + w] = np.asarray(image)
    return out, scale, left, top


def iou_matrix(a: Floats, b: Floats) -> Floats:
    """IoU of boxes [m, 4] and [n, 4] -> [m, n]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.prod((high - low).clip(0), axis=2)
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=1)
    area_b = np.prod(b[:, 2:] - b[:, :2], axis=1)
    out: Floats = (inter / np.maximum(area_a[:, None] + area_b[None] - inter, 1e-9)).astype(np.float32)
    return out


def suppress(boxes: Floats, scores: Floats, groups: NDArray[np.int64], iou: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression within each group; indices of what stays, best first."""
    order = np.argsort(-scores, kind="stable")
    overlap = iou_matrix(boxes, boxes) * (groups[:, None] == groups[None])
    alive = np.ones(len(order), bool)
    keep = []
    for index in order:
        if alive[index]:
            keep.append(index)
            alive &= overlap[index] <= iou
    return np.array(keep, np.int64)


def settled(raw: Detections, nms_iou: float, vote_iou: float | None) -> Detections:
    """Candidates after suppression, each box moved by the votes of those around it."""
    keep = suppress(raw.boxes, raw.scores, raw.groups, nms_iou)
    boxes = [voted(raw.boxes, np.where(raw.groups == raw.groups[i], raw.scores, 0), int(i), vote_iou) for i in keep]
    return Detections(np.reshape(boxes, (-1, 4)).astype(np.float32), raw.scores[keep], raw.groups[keep])


class OnnxDetector:
    """`detector.onnx` with the settings of its bundle (`size`, `pad`, `nms_iou`, `vote_iou`)."""

    def __init__(self, path: Path, settings: dict[str, Any], threads: int = 1) -> None:
        self.session = session(path, threads)
        self.side: int = settings["size"][0]
        self.pad: int = settings["pad"]
        self.nms_iou: float = settings["nms_iou"]
        self.vote_iou: float | None = settings.get("vote_iou")

    def raw(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """Boxes [n, 4] as fractions and scores [n, groups] of every location."""
        canvas, scale, left, top = letterbox(pixels, self.side, self.pad)
        boxes, scores = self.session.run(None, {"image": canvas.transpose(2, 0, 1)[None].astype(np.float32)})
        height, width = pixels.shape[:2]
        found = (boxes[0] - [left, top, left, top]) / (scale * np.array([width, height] * 2))
        return found.clip(0, 1).astype(np.float32), scores[0]

    def candidates(self, pixels: Pixels) -> Detections:
        """All boxes with a score of at least 0.01 before suppression (400 at the most)."""
        boxes, scores = self.raw(pixels)
        place, group = np.nonzero(scores >= CANDIDATE_SCORE)
        value = scores[place, group]
        order = np.argsort(-value, kind="stable")[:CANDIDATES]
        return Detections(boxes[place[order]], value[order], group[order].astype(np.int64))

    def detect(self, pixels: Pixels) -> Detections:
        """Boxes after suppression and voting, with a score of at least 0.01."""
        return settled(self.candidates(pixels), self.nms_iou, self.vote_iou)


class OnnxEncoder:
    """`encoder.onnx`: crops [b, s, s, 3] to the embedding and the logits of every tag, by name; with the `second`
    network of a bundle where the first one's most probable category is less probable than `below`."""

    def __init__(self, path: Path, threads: int = 1, second: Path | None = None, below: float = 0.0) -> None:
        self.session = session(path, threads)
        self.names: list[str] = [o.name for o in self.session.get_outputs() if o.name != TURN]
        self.second = self.session if second == path else session(second, threads) if second else None
        self.below = below

    def run(self, crops: Pixels) -> dict[str, Floats]:
        """All outputs of a batch."""
        image = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
        told = self._told(self.session, image)
        rows = unsure(told["category"], self.below)
        if self.second is None or not len(rows):
            return told
        return with_second(told, rows, self._told(self.second, mirrored(image[rows])))

    def _told(self, network: Any, image: Floats) -> dict[str, Floats]:
        return dict(zip(self.names, network.run(self.names, {"image": image}), strict=True))


def encoder_of(bundle: Path, content: dict[str, Any]) -> OnnxEncoder:
    """The encoder of a bundle whose manifest has this `content`, as the server runs it."""
    settings = content["encoder"]
    second = settings.get("second")
    return OnnxEncoder(
        bundle / settings["file"],
        second=bundle / second["file"] if second else None,
        below=second["below"] if second else 0.0,
    )
