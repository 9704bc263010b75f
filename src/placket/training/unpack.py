"""Checkpoints out of a bundle: its networks, to train further or to learn from.

A bundle keeps the folded weights, those of the convolutions in seven bits where they are computed in integers, and how
each network came to be. That is enough to go on near where its training ended, in integers (`integers: true` in a
recipe). What only the training needs (the optimiser's state, the encoder's regression of a teacher's features, two
small heads on the embedding) is not in a bundle and begins anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from placket.domain.errors import InvalidParameter
from placket.training.detector.train import DetectorRecipe
from placket.training.encoder.train import EncoderRecipe
from placket.training.integers import MOST_INPUT
from placket.training.loop import save_checkpoint
from placket.training.manifest import read_manifest
from placket.training.run import Recipe
from placket.training.terms import SECOND
from placket.vision.bundle import FIRST_COLOR, read_bundle

Array = np.ndarray[Any, Any]
_PREFIX = "network."
_OF_TRAINING = ("teach.", "near_category.", "near_color.", "words.")
_FITTED_AFTER = f"heads.{FIRST_COLOR}."
_KEPT = ("run", "share", "mixed_with", "taught_by")


def unpack(bundle: Path, out: Path) -> dict[str, Path]:
    """Write `out/detector/checkpoint.pt`, `out/encoder/checkpoint.pt` and, of a bundle with a second encoder,
    `out/second/checkpoint.pt`; returns the paths by name.

    Raises BundleInvalid for a folder that is no bundle, and InvalidParameter for one whose networks were not trained
    in integers by Placket, or where a checkpoint lies already.
    """
    read_bundle(bundle)
    content = read_manifest(bundle)
    labels = {name: len(words) for name, words in _labels(content["taxonomy"]).items()}
    encoders = {"encoder": content["encoder"]["file"]}
    second = content["encoder"].get("second")
    if second and second["file"] not in encoders.values():
        encoders[SECOND] = second["file"]
    made = {"detector": _unpack(bundle, content, "detector", content["detector"]["file"], DetectorRecipe,
                                lambda r: r.network(), out)}  # fmt: skip
    for part, file in encoders.items():
        made[part] = _unpack(bundle, content, part, file, EncoderRecipe, lambda r: r.network(labels), out)
    return made


def _labels(words: Mapping[str, Any]) -> dict[str, list[str]]:
    return {"category": words["categories"], **words["attributes"]}


def _unpack(
    bundle: Path,
    content: dict[str, Any],
    part: str,
    file: str,
    kind: type[Any],
    network: Callable[[Any], nn.Module],
    out: Path,
) -> Path:
    origin = content.get("training", {}).get(part, {})
    recipe = _recipe(origin.get("recipe", {}), kind, f"{bundle}: {part}")
    path = out / part / "checkpoint.pt"
    if path.exists():
        raise InvalidParameter(f"there is a checkpoint already: {path}")
    weights = weights_in(bundle / file)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        state = _filled(network(recipe), weights, f"{bundle}: {part}")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, {
        "network": state, "average": state, "optimizer": [], "recipe": asdict(recipe),
        "step": origin["steps"], "spent": origin["minutes"] * 60, "sources": origin["sources"],
        "began": origin.get("began"), **{k: origin[k] for k in _KEPT if origin.get(k)},
    })  # fmt: skip
    return path


def _recipe(told: Mapping[str, Any], kind: type[Any], whose: str) -> Recipe:
    strange = set(told) - {f.name for f in fields(kind)}
    if strange or not told.get("integers") or told.get("backbone", "plain") != "plain":
        raise InvalidParameter(f"{whose} was not trained in integers by a recipe that this version knows")
    recipe: Recipe = kind(**told)
    return recipe


def _filled(network: nn.Module, weights: dict[str, Tensor], whose: str) -> dict[str, Tensor]:
    own: dict[str, Tensor] = network.state_dict()
    known = {name: value for name, value in weights.items() if not name.startswith(_FITTED_AFTER)}
    strange = [n for n, value in known.items() if n not in own or own[n].shape != value.shape]
    missing = [n for n in own.keys() - known.keys() if not n.startswith(_OF_TRAINING) and not _counted(n)]
    if strange or missing:
        raise InvalidParameter(f"{whose} is not the network that its recipe makes: {sorted([*strange, *missing])[0]}")
    return own | known


def _counted(name: str) -> bool:
    """What a network counts or looks up while it trains: batches seen, ranges that nobody has learnt yet."""
    return name.endswith((".high", ".num_batches_tracked"))


def weights_in(path: Path) -> dict[str, Tensor]:
    """Weights of an exported network by the names of its modules, as floats, and the ranges of its integers."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    stored = {t.name: np.asarray(numpy_helper.to_array(t)) for t in graph.initializer}
    out = {}
    for name, value in stored.items():
        if name.startswith(_PREFIX) and not name.endswith(("_scale", "_zero_point")):
            plain = name.removeprefix(_PREFIX).removesuffix(".half").removesuffix("_quantized")
            out[plain] = torch.from_numpy(_as_floats(name, value, stored))
    return out | _ranges(graph, stored)


def _as_floats(name: str, value: Array, stored: Mapping[str, Array]) -> Array:
    steps = stored.get(f"{name.removesuffix('_quantized')}_scale", stored.get(f"{name}_scale"))
    floats: Array = value.astype(np.float32)
    if steps is None or not name.endswith("_quantized"):
        return floats
    return floats * steps.reshape(-1, *[1] * (floats.ndim - 1)).astype(np.float32)


def _ranges(graph: Any, stored: Mapping[str, Array]) -> dict[str, Tensor]:
    """The end of the range of the input of each convolution that is computed in integers."""
    made_by = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    out = {}
    for node in graph.node:
        if node.op_type == "Conv" and node.input[0] in made_by and node.input[1] in made_by:
            name = made_by[node.input[1]].input[0].removeprefix(_PREFIX).removesuffix(".weight_quantized")
            step = stored[made_by[node.input[0]].input[1]]
            out[f"{name}.high"] = torch.tensor(float(step) * MOST_INPUT)
    return out
