"""Eight-bit integers for a network's convolutions, by ONNX Runtime's static quantisation.

Weights are rounded channel by channel to seven of the eight bits: processors without VNNI add pairs of products in 16
bits, where eight would overflow (ONNX Runtime, "Quantize ONNX Models", reduce_range). Ranges of activations are those
that a network learnt to round with, see `integers.py`; of what it did not learn the 99.99% percentile over sample
pictures. The first convolution and every one whose output is no ReLU's input (scores, distances, the map of attention)
stay as they are: they are small, and their values are read as they come.
"""

import io
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from placket.training.cache import Pixels, Store, build_all
from placket.training.detector.targets import Sample, load_samples
from placket.training.encoder.crops import crop
from placket.training.encoder.items import Item, load_items
from placket.training.onnx_models import letterbox

PERCENTILE = 99.99
PER_SET, SEED = 24, 3


class _OfASet(Protocol):
    dataset: str
    part: str


_Entry = TypeVar("_Entry", bound=_OfASet)


def _some(entries: Sequence[_Entry]) -> list[_Entry]:
    """A few of the training part of every set."""
    by_set: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        if entry.part == "train":
            by_set[entry.dataset].append(entry)
    rng = np.random.default_rng(SEED)
    return [own[i] for own in by_set.values() for i in rng.permutation(len(own))[:PER_SET]]


def detector_pictures(data: Path, cache: Path, side: int, pad: int) -> list[Pixels]:
    """Training pictures of every set as the detector sees them, [side, side, 3]; with boxes, where there are any."""
    stores = build_all(data, cache)
    chosen: Sequence[Sample | Item] = _some([s for s in load_samples(data, cache, stores) if s.region is None])
    chosen = chosen or _some(load_items(data, cache, stores))
    return [letterbox(stores[s.dataset][s.key], side, pad)[0] for s in chosen]


def encoder_pictures(data: Path, cache: Path, side: int) -> list[Pixels]:
    """Training crops of every set as the encoder sees them, [side, side, 3]."""
    stores: dict[str, Store] = build_all(data, cache)
    return [crop(stores[i.dataset][i.key], i.box, side) for i in _some(load_items(data, cache, stores))]


class _Reader:
    """Feeds pictures [s, s, 3] one at a time."""

    def __init__(self, pictures: Iterable[Pixels]) -> None:
        self._pictures = iter(pictures)

    def get_next(self) -> dict[str, Any] | None:
        picture = next(self._pictures, None)
        if picture is None:
            return None
        return {"image": np.ascontiguousarray(picture.transpose(2, 0, 1)[None], dtype=np.float32)}


def _kept_as_they_are(graph: Any) -> list[str]:
    """Names of the convolutions that stay in float."""
    to_relu = {name for node in graph.node if node.op_type == "Relu" for name in node.input}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    return [n.name for i, n in enumerate(convolutions) if i == 0 or n.output[0] not in to_relu]


def _learnt(graph: Any, ranges: Mapping[str, float]) -> dict[str, list[dict[str, Any]]]:
    """Ranges of the tensors that convolutions read, by the name of the module of each."""
    found: dict[str, float] = {}
    for node in graph.node:
        high = ranges.get(node.input[1].removesuffix(".weight")) if node.op_type == "Conv" else None
        if high is not None:
            found[node.input[0]] = max(high, found.get(node.input[0], 0.0))
    return {name: [{"rmin": np.float32(0), "rmax": np.float32(high)}] for name, high in found.items()}


@contextmanager
def _unheard() -> Iterator[None]:
    """Without what ONNX Runtime prints: its counts, and the advice to fold the norms first, which was done."""
    root = logging.getLogger()

    def no_advice(record: logging.LogRecord) -> bool:
        return "pre-processing" not in record.getMessage()

    root.addFilter(no_advice)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        root.removeFilter(no_advice)


@_unheard()
def quantise(path: Path, pictures: Sequence[Pixels], ranges: Mapping[str, float] | None = None) -> None:
    """Quantise a float network in place; `pictures` [s, s, 3] uint8 are what it will see, a hundred or so. `ranges`:
    the end of the range of each convolution's input, by the name of its module, where it was learnt."""
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    graph = onnx.load(str(path)).graph
    quantize_static(
        str(path),
        str(path),
        _Reader(pictures),
        quant_format=QuantFormat.QDQ,
        # With a ReLU's output in a range from 0 on, a convolution is rounded once, and its ReLU costs nothing.
        op_types_to_quantize=["Conv", "Relu"],
        nodes_to_exclude=_kept_as_they_are(graph),
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={"CalibPercentile": PERCENTILE, "TensorQuantOverrides": _learnt(graph, ranges or {})},
    )
