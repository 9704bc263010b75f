"""Which way up a crop shows its garment: a head on the last map of a finished encoder.

It is fitted to the exported file, integers and all, on garments that are turned by none, one, two or three quarters,
and becomes a part of that file: an output `turn` [b, 4], the logits of how many quarter turns counterclockwise the
crop is off. The map still knows where in the crop it saw something; of the features behind it, which have forgotten
that, less can be told (docs/adr/0018).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from placket.training.cache import Pixels, Store, build_all
from placket.training.encoder.crops import askew, crop, shake
from placket.training.encoder.items import Item, load_items
from placket.training.onnx_models import cut_session
from placket.training.worse import worsened
from placket.vision.bundle import TURN

TURNS = 4
NARROW, HIDDEN = 48, 96
DROP_MAP, DROP_NARROW, DROP_HIDDEN = 0.1, 0.4, 0.4
STEPS, ROWS, RATE, DECAY, WARM = 3000, 256, 0.002, 0.05, 50
SMOOTHING = 0.01
LOOKS, WORSE = 3, 0.3
ASKEW = 25.0
"""Degrees at most that a crop made worse is askew, beside its turn."""
LEAST_GARMENTS = 1000
BATCH = 16
PREFIX = "turn."


class TurnHead(nn.Module):
    """Maps [b, channels, h, w] to logits [b, 4]."""

    def __init__(self, channels: int, places: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(channels, NARROW, 1)
        self.hidden = nn.Linear(NARROW * places, HIDDEN)
        self.out = nn.Linear(HIDDEN, TURNS)

    def forward(self, maps: Tensor) -> Tensor:
        x = F.relu(self.narrow(F.dropout2d(maps, DROP_MAP, self.training))).flatten(1)
        x = F.relu(self.hidden(F.dropout(x, DROP_NARROW, self.training)))
        result: Tensor = self.out(F.dropout(x, DROP_HIDDEN, self.training))
        return result


@dataclass(frozen=True, slots=True)
class Looks:
    """Last maps [n, channels, h, w], in half precision, and by how many quarters the crop was turned [n]."""

    maps: NDArray[np.float16]
    turns: NDArray[np.int64]


def add_turns(path: Path, data: Path, cache: Path, side: int) -> dict[str, float] | None:
    """Fit the head of an exported encoder and append it to its file; returns from how many `garments`, and what share
    of the crops set aside is `told_right`, if any are. None, and the file as it is, with fewer than 1,000 garments."""
    stores = build_all(data, cache)
    items = [i for i in load_items(data, cache, stores) if i.by_eye]
    train = [i for i in items if i.part == "train"]
    if len(train) < LEAST_GARMENTS:
        return None
    reader = Maps(path)
    seen = looks(reader, [i for i in train for _ in range(LOOKS)], cache, side, worse=WORSE)
    head = fit(seen)
    append(path, reader.tensor, head)
    held = [i for i in items if i.part == "calib"]
    shares = {"told_right": round(right(head, looks(reader, held, cache, side)), 4)} if held else {}
    return {"garments": len(train), **shares}


class Maps:
    """An encoder's file, run as far as its last map."""

    def __init__(self, path: Path) -> None:
        self._session, self.tensor = cut_session(path, last_map)
        side = self._session.get_inputs()[0].shape[2]
        self.shape = self.of([np.zeros((side, side, 3), np.uint8)]).shape[1:]

    def of(self, crops: Sequence[Pixels]) -> NDArray[np.float16]:
        image = np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2), dtype=np.float32)
        maps: NDArray[np.float32] = self._session.run(None, {"image": image})[0]
        return maps.astype(np.float16)


def last_map(graph: Any) -> str:
    """Name of the map that an encoder's graph pools last. Raises ValueError where it pools none."""
    pooled = [n.input[0] for n in graph.node if n.op_type in ("ReduceMean", "GlobalAveragePool")]
    if not pooled:
        raise ValueError("this network pools no map, so it cannot tell which way up a crop is")
    return str(pooled[-1])


def looks(reader: Maps, items: Sequence[Item], cache: Path, side: int, worse: float = 0.0) -> Looks:
    """One look at each item, turned at random. With `worse`, as in training: its box with a detector's error, mirrored
    as often as not, and that share of the crops made worse."""
    rng = np.random.default_rng(5)
    stores = {name: Store(cache / name) for name in {i.dataset for i in items}}
    turns = rng.integers(0, TURNS, len(items))
    maps = np.zeros((len(items), *reader.shape), np.float16)
    for start in range(0, len(items), BATCH):
        crops = []
        for item, turn in zip(items[start : start + BATCH], turns[start : start + BATCH], strict=True):
            pixels = stores[item.dataset][item.key]
            seen = _shaken(pixels, item, side, worse, rng) if worse else crop(pixels, item.box, side)
            crops.append(np.rot90(seen, int(turn)))
        maps[start : start + BATCH] = reader.of(crops)
    return Looks(maps, turns)


def _shaken(pixels: Pixels, item: Item, side: int, worse: float, rng: np.random.Generator) -> Pixels:
    box = shake(item.box, rng, 0.7) if item.boxed else item.box
    if rng.random() < worse:
        around, own = askew(pixels, box, float(rng.uniform(-ASKEW, ASKEW)))
        seen = crop(around, own, side, change=lambda image: worsened(image, rng))
    else:
        seen = crop(pixels, box, side)
    return seen[:, ::-1] if rng.random() < 0.5 else seen


def fit(seen: Looks) -> TurnHead:
    """A head fitted to looks."""
    maps, turns = torch.from_numpy(seen.maps), torch.from_numpy(seen.turns)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = TurnHead(maps.shape[1], maps.shape[2] * maps.shape[3])
        optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=DECAY)
        for step in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = RATE * (1 - step / STEPS) * min(1.0, (step + 1) / WARM)
            rows = torch.randint(0, len(maps), (ROWS,))
            loss = F.cross_entropy(head(maps[rows].float()), turns[rows], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    head.eval()
    return head


@torch.no_grad()
def right(head: TurnHead, seen: Looks) -> float:
    """Share of the looks of which a head tells the turn."""
    maps = torch.from_numpy(seen.maps)
    told = torch.cat([head(chunk.float()).argmax(1) for chunk in maps.split(ROWS)])
    return float((told.numpy() == seen.turns).mean())


def append(path: Path, tensor: str, head: TurnHead) -> None:
    """Make the head a part of the file: a last output `turn` [b, 4], computed from `tensor`."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    for name, value in head.state_dict().items():
        graph.initializer.append(numpy_helper.from_array(value.numpy(), PREFIX + name))

    def node(kind: str, inputs: list[str], output: str, **settings: Any) -> None:
        graph.node.append(helper.make_node(kind, inputs, [output], name=PREFIX + output, **settings))

    def weights(part: str) -> list[str]:
        return [f"{PREFIX}{part}.weight", f"{PREFIX}{part}.bias"]

    node("Conv", [tensor, *weights("narrow")], "turn_narrow")
    node("Relu", ["turn_narrow"], "turn_narrow_relu")
    node("Flatten", ["turn_narrow_relu"], "turn_flat")
    node("Gemm", ["turn_flat", *weights("hidden")], "turn_hidden", transB=1)
    node("Relu", ["turn_hidden"], "turn_hidden_relu")
    node("Gemm", ["turn_hidden_relu", *weights("out")], TURN, transB=1)
    graph.output.append(helper.make_tensor_value_info(TURN, onnx.TensorProto.FLOAT, ["batch", TURNS]))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
