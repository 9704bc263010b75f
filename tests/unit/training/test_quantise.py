"""Integers in place of floats: which convolutions, how many bits, and how much it changes."""

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from placket.training.quantise import PER_SET, _some, quantise

RNG = np.random.default_rng(0)


def small_network(path: Path) -> None:
    """Three convolutions, 3 -> 8 -> 8 -> 4 channels; the last has no ReLU behind it."""
    nodes, weights = [], []
    entry = "image"
    for number, (c_in, c_out) in enumerate([(3, 8), (8, 8), (8, 4)]):
        # Channels of very different size, as batch norm leaves them.
        scale = np.exp(RNG.normal(0, 1, (c_out, 1, 1, 1)))
        value = (RNG.normal(0, 0.05, (c_out, c_in, 3, 3)) * scale).astype(np.float32)
        weights.append(numpy_helper.from_array(value, f"w{number}"))
        names = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        nodes.append(helper.make_node("Conv", [entry, f"w{number}"], [f"c{number}"], name=f"conv{number}", **names))
        entry = f"c{number}"
        if number < 2:
            nodes.append(helper.make_node("Relu", [entry], [f"r{number}"]))
            entry = f"r{number}"
    shape = ["batch", 3, 32, 32]
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("c2", TensorProto.FLOAT, ["batch", 4, 32, 32])], weights,
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def test_inner_convolutions_become_integers_of_seven_bits(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    small_network(path)
    picture = RNG.integers(0, 256, (1, 3, 32, 32)).astype(np.float32)
    before = onnxruntime.InferenceSession(str(path)).run(None, {"image": picture})[0]
    quantise(path, [RNG.integers(0, 256, (32, 32, 3)).astype(np.uint8) for _ in range(8)])
    graph = onnx.load(str(path)).graph
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    assert {n for n in values if n.startswith("w") and values[n].dtype == np.float32 and values[n].ndim == 4} == {
        "w0",
        "w2",
    }
    (whole,) = [v for v in values.values() if v.dtype == np.int8 and v.ndim == 4]
    assert whole.shape == (8, 8, 3, 3)
    assert np.abs(whole).reshape(8, -1).max(1).tolist() == [64] * 8  # every channel uses its own seven bits
    after = onnxruntime.InferenceSession(str(path)).run(None, {"image": picture})[0]
    assert 0 < np.abs(after - before).mean() < 0.04 * np.abs(before).mean()


def test_what_the_quantiser_prints_is_not_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "network.onnx"
    small_network(path)
    quantise(path, [RNG.integers(0, 256, (32, 32, 3)).astype(np.uint8)])
    assert (capsys.readouterr().out, caplog.records) == ("", [])
    logging.getLogger().warning("said afterwards")
    assert [record.message for record in caplog.records] == ["said afterwards"]


def test_a_range_that_was_learnt_is_taken_and_no_output_is_rounded_twice(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    small_network(path)
    quantise(path, [RNG.integers(0, 256, (32, 32, 3)).astype(np.uint8) for _ in range(8)], {"w1": 51.0})
    graph = onnx.load(str(path)).graph
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    (inner,) = [n for n in graph.node if n.op_type == "Conv" and n.name == "conv1"]
    (entry,) = [n for n in graph.node if n.output[0] == inner.input[0]]
    assert entry.op_type == "DequantizeLinear"
    assert values[entry.input[1]] == pytest.approx(51.0 / 255) and values[entry.input[2]] == 0
    # The ReLU behind it is gone: values below the range's end are cut off as they are rounded.
    (behind,) = [n for n in graph.node if inner.output[0] in n.input]
    assert behind.op_type == "QuantizeLinear" and values[behind.input[2]] == 0


def test_ranges_are_measured_on_training_pictures_of_every_set() -> None:
    entries = [
        SimpleNamespace(dataset=d, part=p, n=n) for d in ("hm", "ccp") for p in ("train", "val") for n in range(40)
    ]
    chosen = _some(entries)
    assert {(e.dataset, e.part) for e in chosen} == {("hm", "train"), ("ccp", "train")}
    assert len(chosen) == 2 * PER_SET == len({(e.dataset, e.n) for e in chosen})
    assert [e.n for e in _some(entries)] == [e.n for e in chosen]


def test_without_pictures_nothing_is_quantised(tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    small_network(path)
    with pytest.raises(ValueError):
        quantise(path, [])
