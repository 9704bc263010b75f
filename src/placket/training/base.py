"""What a few hundred photos cannot tell, kept from the bundle whose networks were trained further on them.

A twentieth of them is set aside for choices. A temperature, a threshold or a head that two dozen garments choose is
chance, and the defaults are worse than what was once chosen on thousands.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from placket.domain.errors import InvalidParameter
from placket.training.cache import build_all
from placket.training.detector.targets import load_samples
from placket.training.encoder import first_color, turns
from placket.training.encoder.calibrate import labels_of
from placket.training.encoder.items import MULTI, Vocabulary, load_items
from placket.training.encoder.predict import Predictions
from placket.training.manifest import read_manifest, write_manifest
from placket.training.unpack import weights_in
from placket.vision.bundle import FIRST_COLOR

FEW = 200
"""Fewer labels set aside than these choose nothing anew."""
GARMENTS, DESIGNS, BOXED = "garments", "designs", "photos with boxes"
_DETECTOR = ("score_threshold", "nms_iou", "max_detections", "fallback_score", "fallback_category", "vote_iou")


def set_aside(data: Path, cache: Path) -> Counter[str]:
    """How many labels of each attribute are in the part set aside, how many garments labelled by eye, designs, and
    photos with boxes."""
    stores, vocabulary = build_all(data, cache), Vocabulary.read(data)
    items = [i for i in load_items(data, cache, stores) if i.part == "calib"]
    boxed = sum(s.part == "calib" and len(s.boxes) > 0 for s in load_samples(data, cache, stores))
    by_eye = [i for i in items if i.by_eye]
    counts = Counter({GARMENTS: len(by_eye), DESIGNS: len({i.design for i in items}), BOXED: boxed})
    if by_eye:
        empty = np.zeros((len(by_eye), 0), np.float32)
        for name, truth in labels_of(Predictions(by_eye, empty, {}, empty), vocabulary).items():
            counts[name] = int(((truth[:, 0] if name in MULTI else truth) >= 0).sum())
    return counts


def keep_calibration(folder: Path, base: Path, known: Mapping[str, int]) -> list[str]:
    """Put what fewer than 200 of the labels `known` could choose into a bundle's manifest as `base` has it; returns
    what that is."""
    content, old = read_manifest(folder), read_manifest(base)
    kept = _keep_tags(content.setdefault("calibration", {}), old.get("calibration", {}), known)
    if known.get(DESIGNS, 0) < FEW:
        content["similarity"] = old["similarity"]
        kept.append("similarity")
    if known.get(BOXED, 0) < FEW:
        _take(content["detector"], old["detector"], _DETECTOR)
        kept.append("detector")
    if known.get(GARMENTS, 0) < FEW:
        for part in ("second", "turns"):
            ours, theirs = (c["encoder"].get(part) for c in (content, old))
            if ours and theirs:
                _take(ours, theirs, ("below", "least"))
                kept.append(part)
    content["training"]["kept"] = {"from": old["version"], "calibration": kept}
    write_manifest(folder, content)
    return kept


def _keep_tags(ours: dict[str, Any], theirs: Mapping[str, Any], known: Mapping[str, int]) -> list[str]:
    names = [n for n in (*ours["temperature"], FIRST_COLOR) if known.get(n, 0) < FEW]
    for table in ("temperature", "unknown", "thresholds"):
        if table in ours or table in theirs:
            _take(ours.setdefault(table, {}), theirs.get(table, {}), names)
    if "category" in names:
        _take(ours, theirs, ("fusion", "hints"))
    if FIRST_COLOR in names:
        _take(ours, theirs, ("measured_color",))
    return list(dict.fromkeys(names))


def _take(ours: dict[str, Any], theirs: Mapping[str, Any], names: Any) -> None:
    for name in names:
        if name in theirs:
            ours[name] = theirs[name]
        else:
            ours.pop(name, None)


def keep_first_color(heads: nn.ModuleDict, file: Path) -> bool:
    """Give an encoder the head for the main colour that the one in `file` has; whether it has one. Raises
    InvalidParameter for a head of another network."""
    start = f"heads.{FIRST_COLOR}."
    found = {n.removeprefix(start): value for n, value in weights_in(file).items() if n.startswith(start)}
    if not found:
        return False
    colors = heads["colors"]
    assert isinstance(colors, nn.Linear)
    head = first_color.unfitted(colors.in_features, colors.out_features)
    _fill(head, found, file)
    heads[FIRST_COLOR] = head.eval()
    return True


def keep_turns(path: Path, file: Path) -> bool:
    """Append to an exported encoder the head of the one in `file` that tells which way up a crop is; whether there is
    one. Raises InvalidParameter for a head of another network."""
    found = {n.removeprefix(turns.PREFIX): value for n, value in _turn_weights(file).items()}
    if not found:
        return False
    reader = turns.Maps(path)
    head = turns.TurnHead(reader.shape[0], reader.shape[1] * reader.shape[2])
    _fill(head, found, file)
    turns.append(path, reader.tensor, head.eval())
    return True


def _turn_weights(file: Path) -> dict[str, torch.Tensor]:
    import onnx
    from onnx import numpy_helper

    stored = {t.name.removesuffix(".half"): t for t in onnx.load(str(file)).graph.initializer}
    own = {n: np.array(numpy_helper.to_array(t), np.float32) for n, t in stored.items() if n.startswith(turns.PREFIX)}
    return {name: torch.from_numpy(value) for name, value in own.items()}


def _fill(head: nn.Module, weights: Mapping[str, torch.Tensor], file: Path) -> None:
    try:
        head.load_state_dict(dict(weights))
    except RuntimeError:
        # What torch says names every weight of both.
        raise InvalidParameter(f"{file} is of another network than the checkpoint of the encoder") from None
