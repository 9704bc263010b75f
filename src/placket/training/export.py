"""From checkpoints to a bundle: folded networks as ONNX with half-precision weights, and `bundle.json`."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from placket.training.detector.network import DetectorExport
from placket.training.detector.train import DetectorRecipe
from placket.training.encoder.items import Vocabulary
from placket.training.encoder.network import EncoderExport
from placket.training.encoder.train import EncoderRecipe
from placket.training.layers import fold_all
from placket.training.loop import load_checkpoint

OPSET = 17
MIN_HALF = 1024


def _onnx(module: nn.Module, sample: torch.Tensor, path: Path, outputs: Sequence[str]) -> None:
    names = ["image", *outputs]
    torch.onnx.export(
        module, (sample,), str(path), input_names=["image"], output_names=list(outputs), opset_version=OPSET, dynamo=False,
        dynamic_axes={name: {0: "batch"} for name in names},
    )


def halve_weights(path: Path) -> None:
    """Store large weights in half precision behind a Cast; the graph still computes in float32."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        value = numpy_helper.to_array(tensor)
        if value.dtype != np.float32 or value.size < MIN_HALF or np.abs(value).max() > 6e4:
            continue
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float16), name + ".half"))
        casts.append(onnx.helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT, name=name + ".cast"))
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def export_detector(checkpoint: Path, path: Path, side: int) -> DetectorExport:
    """Write the detector's ONNX file; returns the folded module that it was made from."""
    saved = load_checkpoint(checkpoint)
    if saved is None:
        raise FileNotFoundError(checkpoint)
    network = DetectorRecipe(**saved["recipe"]).network()
    network.load_state_dict(saved["average"])
    module = DetectorExport(fold_all(network), side, side).eval()  # type: ignore[arg-type]
    _onnx(module, torch.rand(2, 3, side, side) * 255, path, ("boxes", "scores"))
    halve_weights(path)
    return module


def export_encoder(checkpoint: Path, path: Path, side: int, vocabulary: Vocabulary) -> EncoderExport:
    """Write the encoder's ONNX file; returns the folded module that it was made from."""
    saved = load_checkpoint(checkpoint)
    if saved is None:
        raise FileNotFoundError(checkpoint)
    network = EncoderRecipe(**saved["recipe"]).network({a: len(v) for a, v in vocabulary.labels.items()})
    network.load_state_dict(saved["average"])
    module = EncoderExport(fold_all(network)).eval()  # type: ignore[arg-type]
    _onnx(module, torch.rand(2, 3, side, side) * 255, path, module.names)
    halve_weights(path)
    return module


def difference(module: nn.Module, path: Path, side: int) -> float:
    """Largest absolute difference between the module's and the file's outputs on random pictures, batch 3."""
    import onnxruntime

    image = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(0)) * 255
    with torch.no_grad():
        wanted = module(image)
    got = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"image": image.numpy()})
    return max(float(np.abs(w.numpy() - g).max()) for w, g in zip(wanted, got, strict=True))


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def taxonomy_section(vocabulary: Vocabulary) -> dict[str, Any]:
    """`taxonomy` of bundle.json: groups, categories and attribute labels in the order of the outputs."""
    return {"groups": vocabulary.groups, "categories": vocabulary.categories, "attributes": vocabulary.attributes}


def default_calibration(vocabulary: Vocabulary) -> dict[str, Any]:
    """Before anything was measured: temperature 1, thresholds 0.5, nothing unknown."""
    names = [*vocabulary.labels]
    return {
        "temperature": {name: 1.0 for name in names},
        "thresholds": {"colors": {"default": 0.4}, "details": {"default": 0.4}},
        "unknown": {name: 0.0 for name in names},
    }


def export_bundle(
    folder: Path, version: str, detector: Path, encoder: Path, vocabulary: Vocabulary, sides: tuple[int, int],
    calibration: dict[str, Any] | None = None, detector_settings: dict[str, Any] | None = None,
    curve: list[list[float]] | None = None, metrics: dict[str, Any] | None = None, training: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a bundle from two checkpoints; returns bundle.json's content. `sides` are the detector's and encoder's."""
    folder.mkdir(parents=True, exist_ok=True)
    one = export_detector(detector, folder / "detector.onnx", sides[0])
    two = export_encoder(encoder, folder / "encoder.onnx", sides[1], vocabulary)
    differences = {
        "detector": difference(one, folder / "detector.onnx", sides[0]),
        "encoder": difference(two, folder / "encoder.onnx", sides[1]),
    }
    detection = {
        "file": "detector.onnx", "size": [sides[0]] * 2, "fit": "letterbox", "pad": 114, "score_threshold": 0.35,
        "nms_iou": 0.6, "max_detections": 20, "whole_image_fallback": None, **(detector_settings or {}),
    }
    content = {
        "format": 1, "version": version, "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "taxonomy": taxonomy_section(vocabulary),
        "detector": detection,
        "encoder": {"file": "encoder.onnx", "size": [sides[1]] * 2, "fit": "letterbox", "pad": 255, "margin": 0.08,
                    "embedding_dim": 256},
        "calibration": calibration or default_calibration(vocabulary),
        "similarity": {"curve": curve or [[-1.0, 0.0], [0.2, 0.1], [0.6, 0.6], [1.0, 1.0]]},
        "metrics": {**(metrics or {}), "onnx_difference": differences},
        "training": training or {},
        "checksums": {name: sha256(folder / name) for name in ("detector.onnx", "encoder.onnx")},
    }
    write_bundle_json(folder, content)
    return content


def write_bundle_json(folder: Path, content: dict[str, Any]) -> None:
    """Write bundle.json."""
    (folder / "bundle.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
