"""From checkpoints to a bundle: folded networks as ONNX with small weights, and `bundle.json`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from placket.training.base import FEW, GARMENTS, keep_first_color, keep_turns, set_aside
from placket.training.cache import build_all
from placket.training.detector.find import find_boxes, find_boxes_once
from placket.training.detector.network import Detector, DetectorExport
from placket.training.detector.train import trained_detector
from placket.training.encoder.calibrate import USUAL_ALPHA, USUAL_CURVE
from placket.training.encoder.items import Vocabulary
from placket.training.encoder.network import Encoder, EncoderExport
from placket.training.encoder.refit import refit_heads
from placket.training.encoder.train import trained_encoder
from placket.training.encoder.turns import add_turns
from placket.training.integers import ranges_of, without_rounding
from placket.training.layers import fold_all
from placket.training.loop import read_checkpoint
from placket.training.manifest import read_manifest, sha256, write_manifest
from placket.training.quantise import detector_pictures, encoder_pictures, quantise
from placket.training.run import provenance_of
from placket.training.terms import SECOND, once, sets_of_networks, terms_of
from placket.training.upright import USUAL_LEAST
from placket.vision.bundle import FIRST_COLOR

OPSET = 17
MIN_HALF = 1024
FITTING = "fitting its heads to what the exported network sees"
SECOND_FILE = "second.onnx"
USUAL_BELOW = 0.55
"""Below which probability of a category a second network is asked, before that is chosen on photos set aside."""


def _onnx(module: nn.Module, sample: torch.Tensor, path: Path, outputs: Sequence[str]) -> None:
    names = ["image", *outputs]
    torch.onnx.export(
        module,
        (sample,),
        str(path),
        input_names=["image"],
        output_names=list(outputs),
        opset_version=OPSET,
        dynamo=False,
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
        casts.append(
            onnx.helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT, name=name + ".cast")
        )
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def export_detector(checkpoint: Path, path: Path, side: int) -> DetectorExport:
    """Write the detector's ONNX file, all float; returns the folded module that it was made from."""
    network = without_rounding(fold_all(trained_detector(checkpoint)))
    module = DetectorExport(cast(Detector, network), side, side).eval()
    _onnx(module, torch.rand(2, 3, side, side) * 255, path, ("boxes", "scores"))
    return cast(DetectorExport, module)


def load_encoder(checkpoint: Path, labels: dict[str, int]) -> Encoder:
    """The averaged, folded network of a checkpoint."""
    return cast(Encoder, fold_all(trained_encoder(checkpoint, labels)))


def export_encoder(network: Encoder, path: Path, side: int, flip: bool = False) -> EncoderExport:
    """Write the ONNX file of a folded encoder, all float; returns the module that it was made from, which no longer
    rounds."""
    module = EncoderExport(cast(Encoder, without_rounding(network)), flip).eval()
    _onnx(module, torch.rand(2, 3, side, side) * 255, path, module.names)
    return cast(EncoderExport, module)


def difference(module: nn.Module, path: Path, side: int) -> float:
    """Largest absolute difference between the module's and the file's outputs on random pictures, batch 3."""
    import onnxruntime

    image = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(0)) * 255
    with torch.no_grad():
        wanted = module(image)
    got = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, {"image": image.numpy()}
    )
    return max(float(np.abs(w.numpy() - g).max()) for w, g in zip(wanted, got, strict=True))


def default_calibration(vocabulary: Vocabulary) -> dict[str, Any]:
    """Before anything was measured: temperature 1, nothing unknown."""
    names = [*vocabulary.labels]
    return {
        "temperature": dict.fromkeys(names, 1.0),
        "unknown": dict.fromkeys(names, 0.0),
        "fusion": {"alpha": USUAL_ALPHA},
    }


DETECTOR_SETTINGS: dict[str, Any] = {
    "file": "detector.onnx", "fit": "letterbox", "pad": 114, "score_threshold": 0.35, "nms_iou": 0.6,
    "max_detections": 20, "fallback_score": 0.15, "vote_iou": 0.8,
}  # fmt: skip
ENCODER_SETTINGS = {"file": "encoder.onnx", "fit": "letterbox", "pad": 255, "margin": 0.08, "embedding_dim": 256}


def provenance(checkpoint: Path) -> dict[str, Any]:
    """How the network of a checkpoint came to be. Raises FileNotFoundError."""
    return provenance_of(read_checkpoint(checkpoint))


def trained_side(checkpoint: Path) -> int:
    """Side in pixels of the pictures at the end of a run."""
    return int(provenance(checkpoint)["recipe"]["size"][-1])


def trained_in_integers(checkpoint: Path) -> bool:
    """Whether a run rounded in training."""
    return bool(provenance(checkpoint)["recipe"].get("integers"))


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What to make a bundle of: checkpoints, sides of the canvases, whether the encoder looks twice (`flip`), whether a
    network's convolutions are computed in integers (`..._int8`), and the checkpoint of the encoder that is asked too
    where the first is unsure (`second`); the encoder's own makes it look again itself. `base`: the bundle that the
    networks began with, which keeps what too few labels could choose."""

    version: str
    detector: Path
    encoder: Path
    detector_side: int
    encoder_side: int
    flip: bool = False
    detector_int8: bool = True
    encoder_int8: bool = False
    refit: bool = True
    second: Path | None = None
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class _Exported:
    """A network's file: how it came to be, and how far it was from its module before its weights became small."""

    file: str
    training: dict[str, Any]
    difference: float
    first_color: bool = False
    turns: bool = False


def _add_detector(folder: Path, plan: ExportPlan, data: Path, cache: Path) -> _Exported:
    path = folder / "detector.onnx"
    module = export_detector(plan.detector, path, plan.detector_side)
    apart = difference(module, path, plan.detector_side)
    if plan.detector_int8:
        pictures = detector_pictures(data, cache, plan.detector_side, DETECTOR_SETTINGS["pad"])
        quantise(path, pictures, ranges_of(module))
    halve_weights(path)
    return _Exported(path.name, {**once(provenance(plan.detector)), "int8": plan.detector_int8}, apart)


def _add_encoder(path: Path, checkpoint: Path, plan: ExportPlan, data: Path, cache: Path) -> _Exported:
    vocabulary = Vocabulary.read(data)
    network = load_encoder(checkpoint, {a: len(v) for a, v in vocabulary.labels.items()})
    heads: dict[str, Any] = {}
    if plan.refit:
        _write_encoder(path, network, plan, data, cache)
        worse = bool(provenance(checkpoint)["recipe"].get("worse"))
        heads = refit_heads(network, path, plan.encoder_side, data, cache, vocabulary, worse)
    elif plan.base:
        keep_first_color(network.heads, _of_base(plan.base, path))
    apart = _write_encoder(path, network, plan, data, cache)
    halve_weights(path)
    training = {
        **once(provenance(checkpoint)), "int8": plan.encoder_int8, "flip": plan.flip, "refitted_heads": heads
    }  # fmt: skip
    return _Exported(path.name, training, apart, FIRST_COLOR in network.heads)


def _of_base(base: Path, path: Path) -> Path:
    """The encoder of the base that this one takes the place of: its second one's, if it has one."""
    settings = read_manifest(base)["encoder"]
    second = settings.get("second") if path.name == SECOND_FILE else None
    return base / str((second or settings)["file"])


def _write_encoder(path: Path, network: Encoder, plan: ExportPlan, data: Path, cache: Path) -> float:
    """Write the network's file; returns how far its floats were from the module's."""
    module = export_encoder(network, path, plan.encoder_side, plan.flip)
    apart = difference(module, path, plan.encoder_side)
    if plan.encoder_int8:
        quantise(path, encoder_pictures(data, cache, plan.encoder_side), ranges_of(module))
    return apart


def _add_turns(encoder: _Exported, folder: Path, plan: ExportPlan, data: Path, cache: Path) -> _Exported:
    path = folder / encoder.file
    fitted = add_turns(path, data, cache, plan.encoder_side)
    if fitted is None and not (plan.base and keep_turns(path, _of_base(plan.base, path))):
        return encoder
    halve_weights(path)
    told = {} if fitted is None else {"turns": fitted}
    return replace(encoder, training={**encoder.training, **told}, turns=True)


def _open(plan: ExportPlan, labels: dict[str, int]) -> None:
    """Raise what is wrong with any of the checkpoints before minutes are spent on the first of them."""
    trained_detector(plan.detector)
    for checkpoint in (plan.encoder, plan.second):
        if checkpoint is not None:
            trained_encoder(checkpoint, labels)


def _of_few(plan: ExportPlan, there: int, say: Callable[[str], None]) -> ExportPlan:
    """The plan for so many garments set aside."""
    if there >= FEW or not plan.refit:
        return plan
    if plan.base is None:
        say(
            f"{there} garments set aside: what fewer than {FEW} choose is mostly chance. Where the networks began with "
            "those of a bundle, --base keeps what it has"
        )
        return plan
    say(f"the heads stay as they were trained: {there} garments set aside, {FEW} are needed to fit them once more")
    return replace(plan, refit=False)


def _manifest(
    plan: ExportPlan, vocabulary: Vocabulary, parts: dict[str, _Exported], second: str | None
) -> dict[str, Any]:
    """What bundle.json says, without checksums. `second`: the file of the network that is asked too."""
    encoder = parts["encoder"]
    training: dict[str, Any] = {name: part.training for name, part in parts.items()}
    if terms := terms_of(sets_of_networks(training)):
        training["terms"] = terms
    return {
        "format": 3 if encoder.turns else 2 if second else 1,
        "version": plan.version, "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "taxonomy": {
            "groups": vocabulary.groups, "categories": vocabulary.categories, "attributes": vocabulary.attributes,
        },
        "detector": {**DETECTOR_SETTINGS, "size": [plan.detector_side] * 2},
        "encoder": {
            **ENCODER_SETTINGS, "size": [plan.encoder_side] * 2, "first_color": encoder.first_color,
            **({"second": {"file": second, "below": USUAL_BELOW}} if second else {}),
            **({"turns": {"least": USUAL_LEAST}} if encoder.turns else {}),
        },
        "calibration": default_calibration(vocabulary),
        "similarity": {"curve": USUAL_CURVE},
        "metrics": {"float_onnx_difference": {name: part.difference for name, part in parts.items()}},
        "training": training,
    }  # fmt: skip


def export_bundle(
    folder: Path, plan: ExportPlan, data: Path, cache: Path, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Write a bundle, with a calibration of defaults; returns bundle.json's content. What is begun is told by `say`: a
    part takes minutes.

    On the training pictures of `data` (decoded in `cache`) the tag heads are fitted once more, see `encoder.refit`,
    the ranges of integers are measured, and the encoder learns which way up a crop is, see `encoder.turns`.
    """
    vocabulary = Vocabulary.read(data)
    _open(plan, {a: len(v) for a, v in vocabulary.labels.items()})
    folder.mkdir(parents=True, exist_ok=True)
    say("the detector: writing it")
    parts = {"detector": _add_detector(folder, plan, data, cache)}
    build_all(data, cache)
    settings = {**DETECTOR_SETTINGS, "size": [plan.detector_side] * 2}
    find_boxes_once(folder / parts["detector"].file, settings, data, cache)
    plan = _of_few(plan, set_aside(data, cache)[GARMENTS], say)
    say("the encoder: " + (FITTING if plan.refit else "writing it"))
    encoder = _add_encoder(folder / "encoder.onnx", plan.encoder, plan, data, cache)
    say("the encoder: learning which way up a crop is")
    parts["encoder"] = encoder = _add_turns(encoder, folder, plan, data, cache)
    second = encoder.file if plan.second else None
    if plan.second and not plan.second.samefile(plan.encoder):
        second = SECOND_FILE
        say("the second encoder: " + (FITTING if plan.refit else "writing it"))
        parts[SECOND] = _add_encoder(folder / second, plan.second, plan, data, cache)
    content = _manifest(plan, vocabulary, parts, second)
    content["checksums"] = {part.file: sha256(folder / part.file) for part in parts.values()}
    write_manifest(folder, content)
    return content


def box_photos(checkpoint: Path, data: Path, cache: Path) -> int:
    """Box the photos that have no box with a detector's checkpoint (`cache/found_boxes.json`); returns how many."""
    build_all(data, cache)
    path = cache / "boxer.onnx"
    side = trained_side(checkpoint)
    export_detector(checkpoint, path, side)
    settings = {**DETECTOR_SETTINGS, "size": [side] * 2}
    return find_boxes(path, settings, data, cache)
