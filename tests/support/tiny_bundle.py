"""A valid bundle of some 200 kB, written in a tenth of a second: for tests of everything around the networks.

The detector finds one TOP in the middle of every picture that is not plain, and a BOTTOM below it where the picture is
at least as tall as 5:4. The encoder is a fixed random projection of the crop's coarse colours: pictures that look alike
have embeddings that are alike, and labels follow the colours. Nothing here was trained.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from placket.domain.taxonomy import MULTI_LABEL, taxonomy

DETECTOR_SIDE = 64
ENCODER_SIDE = 32
PAD = 114
TOP_BOX = (0.2, 0.1, 0.8, 0.55)
BOTTOM_BOX = (0.3, 0.55, 0.7, 0.95)
"""Fractions of the detector's square canvas; the sides are clipped to a tall picture's."""

TOP_SCORE = 0.9
BOTTOM_SCORE = 0.8
_PLAIN = 1.0
_OPSET = 17


def write_tiny_bundle(
    folder: Path,
    version: str = "tiny-1",
    *,
    seed: int = 7,
    first_color: str = "",
    below: float | None = None,
    turns: float | None = None,
    **manifest: Any,
) -> Path:
    """Write the bundle into ``folder``. Another ``seed`` makes other embeddings; ``manifest`` replaces its fields.

    With ``first_color`` the encoder also tells a main colour: always this one, by three times to any other.
    With ``below`` it has a second encoder, which is asked where no category is as probable.
    With ``turns`` it puts photos upright, where that is likelier by this much: up is the darkest half of a crop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_detector(), folder / "detector.onnx")
    onnx.save(_encoder(seed, first_color, turns=turns is not None), folder / "encoder.onnx")
    networks = ["detector.onnx", "encoder.onnx"]
    second = {}
    if below is not None:
        onnx.save(_encoder(seed + 1, first_color), folder / "second.onnx")
        networks.append("second.onnx")
        second = {"second": {"file": "second.onnx", "below": below}}
    words = taxonomy()
    content = {
        "format": 3 if turns is not None else 2 if second else 1,
        "version": version,
        "created": "2025-01-01T00:00:00+00:00",
        "taxonomy": {
            "groups": list(words.groups),
            "categories": list(words.categories),
            "attributes": {a: list(v) for a, v in words.attributes.items()},
        },
        "detector": {
            "file": "detector.onnx",
            "size": [DETECTOR_SIDE] * 2,
            "fit": "letterbox",
            "pad": PAD,
            "score_threshold": 0.35,
            "nms_iou": 0.6,
            "max_detections": 20,
            "whole_image_fallback": None,
        },
        "encoder": {
            "file": "encoder.onnx",
            "size": [ENCODER_SIDE] * 2,
            "fit": "letterbox",
            "pad": 255,
            "margin": 0.08,
            "embedding_dim": 256,
            "first_color": bool(first_color),
            **second,
            **({} if turns is None else {"turns": {"least": turns}}),
        },
        "calibration": {
            "temperature": dict.fromkeys(("category", *words.attributes), 1.0),
            "thresholds": {"colors": {"default": 0.4}, "details": {"default": 0.4}},
            "unknown": dict.fromkeys(("category", *words.attributes), 0.0),
            # Words beside a picture always win, so that one sees whether they arrived.
            "hints": {"category": 20.0, "gender": 20.0},
        },
        "similarity": {"curve": [[-1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]},
        "metrics": {},
        "training": {"data": "none: a random projection"},
        "checksums": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in networks},
        **manifest,
    }
    (folder / "bundle.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return folder


class _Graph:
    """Nodes and constants of one model, each node named by its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def const(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def ints(self, *values: int) -> str:
        return self.const(values, np.int64)

    def __call__(self, op: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        name = out or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def model(self, side: int, outputs: dict[str, tuple[int | str, ...]]) -> onnx.ModelProto:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, side, side])
        results = [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in outputs.items()]
        graph = helper.make_graph(self.nodes, "tiny", [image], results, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
        onnx.checker.check_model(model)
        return model


def _detector() -> onnx.ModelProto:
    g = _Graph()
    # 1 where the canvas shows the picture, 0 on the letterbox's bars.
    distance = g("Abs", g("Sub", "image", g.const(float(PAD))))
    shown = g("Cast", g("Greater", g("ReduceMax", distance, axes=[1]), g.const(0.5)), to=TensorProto.FLOAT)
    count = g("Max", g("ReduceSum", shown, g.ints(1, 2, 3)), g.const(1.0))
    mean = g("Div", g("ReduceSum", g("Mul", "image", shown), g.ints(2, 3)), count)
    spread = g("Mul", g("Abs", g("Sub", "image", mean)), shown)
    uneven = g("Div", g("ReduceSum", spread, g.ints(1, 2, 3)), count)
    varied = g("Cast", g("Greater", uneven, g.const(_PLAIN)), to=TensorProto.FLOAT)
    bar = g("ReduceMax", g("Slice", shown, g.ints(0), g.ints(DETECTOR_SIDE // 10), g.ints(3)), axes=[2, 3])
    tall = g("Mul", varied, g("Sub", g.const(1.0), bar))
    both = g("Reshape", g("Concat", varied, tall, axis=2), g.ints(-1, 2, 1))
    scores = np.zeros((2, len(taxonomy().groups)), np.float32)
    scores[0, list(taxonomy().groups).index("TOP")] = TOP_SCORE
    scores[1, list(taxonomy().groups).index("BOTTOM")] = BOTTOM_SCORE
    g("Mul", both, g.const(scores[None]), out="scores")
    boxes = np.array([TOP_BOX, BOTTOM_BOX], np.float32)[None] * DETECTOR_SIDE
    ones = g("Add", g("Mul", both, g.const(0.0)), g.const(1.0))
    g("Mul", ones, g.const(boxes), out="boxes")
    return g.model(DETECTOR_SIDE, {"boxes": ("batch", 2, 4), "scores": ("batch", 2, len(taxonomy().groups))})


def _encoder(seed: int, first_color: str, *, turns: bool = False) -> onnx.ModelProto:
    rng = np.random.default_rng(seed)
    words = taxonomy()
    cells = ENCODER_SIDE // 8
    g = _Graph()
    pooled = g("AveragePool", "image", kernel_shape=[cells, cells], strides=[cells, cells])
    features = g("Flatten", g("Div", g("Sub", pooled, g.const(160.0)), g.const(64.0)))
    width = 3 * 8 * 8
    raw = g("MatMul", features, g.const(rng.normal(0, width**-0.5, (width, 256))))
    # Away from the origin, where a grey crop would lie.
    moved = g("Add", raw, g.const(rng.normal(0, 0.05, 256)))
    g("Div", moved, g("ReduceL2", moved, axes=[1], keepdims=1), out="embedding")
    outputs: dict[str, tuple[int | str, ...]] = {"embedding": ("batch", 256)}
    for name, labels in {"category": words.categories, **words.attributes}.items():
        logits = g("MatMul", features, g.const(rng.normal(0, 3 * width**-0.5, (width, len(labels)))))
        g("Sub", logits, g.const(3.0 if name in MULTI_LABEL else 0.0), out=name)
        outputs[name] = ("batch", len(labels))
    if first_color:
        nothing = g("MatMul", features, g.const(np.zeros((width, len(words.attributes["colors"])))))
        bias = [np.log(3.0) * (label == first_color) for label in words.attributes["colors"]]
        g("Add", nothing, g.const(bias), out="first_color")
        outputs["first_color"] = ("batch", len(bias))
    if turns:
        halves = [
            g("ReduceMean", g("Slice", pooled, g.ints(start), g.ints(end), g.ints(axis)), axes=[1, 2, 3], keepdims=1)
            for start, end, axis in ((0, 4, 2), (0, 4, 3), (4, 8, 2), (4, 8, 3))
        ]
        g("Div", g("Flatten", g("Concat", *halves, axis=1)), g.const(-8.0), out="turn")
        outputs["turn"] = ("batch", 4)
    return g.model(ENCODER_SIDE, outputs)
