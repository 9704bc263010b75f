"""Which way up a crop is: a head appended to a finished encoder, and how sure one has to be of it."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training is not installed here")

import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper

from placket.domain.garments import WHOLE_IMAGE
from placket.training import calibrate
from placket.training.encoder import turns
from placket.training.encoder.items import Item
from placket.training.manifest import read_manifest
from placket.training.onnx_models import encoder_of
from placket.training.upright import Told, choose_least, right, told_of
from placket.vision.bundle import read_bundle
from placket.vision.encoder import Encoder
from placket.vision.engine import Engine
from tests.support.photos import NAVY, RED, drawn
from tests.support.tiny_bundle import write_tiny_bundle


def encoder(path: Path) -> Path:
    """A network that pools a map of four by four."""
    nodes = [
        helper.make_node("AveragePool", ["image"], ["map"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("ReduceMean", ["map"], ["pooled"], axes=[2, 3], keepdims=0),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 16, 16])
    pooled = helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph(nodes, "small", [image], [pooled])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_the_head_learns_and_becomes_a_part_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "STEPS", 120)
    path, rng = encoder(tmp_path / "encoder.onnx"), np.random.default_rng(0)
    reader = turns.Maps(path)
    assert reader.tensor == "map"
    pictures = rng.integers(100, 255, (400, 16, 16, 3)).astype(np.uint8)
    pictures[:, :5] //= 4
    off = rng.integers(0, 4, 400)
    maps = reader.of([np.rot90(p, int(k)) for p, k in zip(pictures, off, strict=True)]) / np.float16(64)
    head = turns.fit(turns.Looks(maps, off))
    assert turns.right(head, turns.Looks(maps, off)) > 0.98
    turns.append(path, reader.tensor, head)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [o.name for o in session.get_outputs()] == ["pooled", "turn"]
    image = rng.uniform(0, 4, (3, 3, 16, 16)).astype(np.float32)
    pooled, told = session.run(None, {"image": image})
    blocks = image.reshape(3, 3, 4, 4, 4, 4).mean((3, 5))
    with torch.no_grad():
        assert np.allclose(told, head(torch.from_numpy(blocks)).numpy(), atol=1e-4)
    assert np.allclose(pooled, image.mean((2, 3)), atol=1e-4)


def test_a_network_without_a_map(tmp_path: Path) -> None:
    graph = onnx.load(str(encoder(tmp_path / "encoder.onnx"))).graph
    del graph.node[1]
    with pytest.raises(ValueError, match="pools no map"):
        turns.last_map(graph)


def test_tags_are_read_past_it(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path, turns=1.0)
    server = Encoder(read_bundle(folder), Engine(1))
    picture = np.asarray(drawn(32, 32, RED))
    (wanted,) = server.encode([server.canvas(picture, WHOLE_IMAGE)])
    told = encoder_of(folder, read_manifest(folder)).run(server.canvas(picture, WHOLE_IMAGE).pixels[None])
    assert "turn" not in told and set(told) == {"embedding", *wanted.logits}
    assert all(np.allclose(told[a][0], wanted.logits[a], atol=1e-4) for a in wanted.logits)


def test_what_stands_upright_counts_most() -> None:
    standing = [Told(0, 1, 3.0), *[Told(0, 0, 0.0)] * 99]
    lying = [Told(turn, turn, 2.5) for turn in (1, 2, 3) for _ in range(100)]
    # One of a hundred that stand is worth a little less than all that lie, two are worth more.
    assert choose_least([*standing, *lying]) == 2.5
    assert right([*standing, *lying], 2.5) == [0.99, 1.0, 1.0, 1.0]
    assert right([*standing, *lying], 2.75) == [0.99, 0.0, 0.0, 0.0]
    standing[1] = Told(0, 2, 3.0)
    assert choose_least([*standing, *lying]) > 3.0


def test_it_is_chosen_on_photos_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tiny_bundle(tmp_path, turns=9.0)
    pictures = [np.asarray(drawn(40 + n, 60, (RED, NAVY)[n % 2])) for n in range(60)]
    monkeypatch.setattr(calibrate, "pictures_of", lambda items, _cache: pictures[: len(items)])
    items = [Item("hm", str(n), str(n), "calib", (0, 0, 1, 1), "", "", True, True, "hm") for n in range(60)]
    assert calibrate._choose_turns(folder, read_manifest(folder), items[:49], tmp_path) == {}
    assert read_manifest(folder)["encoder"]["turns"]["least"] == 9.0
    chosen = calibrate._choose_turns(folder, read_manifest(folder), items, tmp_path)
    assert (
        read_manifest(folder)["encoder"]["turns"]["least"] == chosen["least"] == choose_least(told_of(folder, pictures))
    )
    assert len(chosen["right_by_turn"]) == 4
