"""A second network for the crops of which the first is unsure."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.errors import BundleInvalid
from placket.domain.garments import WHOLE_IMAGE
from placket.vision.bundle import read_bundle
from placket.vision.encoder import Encoded, Encoder
from placket.vision.engine import Engine
from placket.vision.library import BundleLibrary
from placket.vision.local import LocalVision
from placket.vision.preprocessing import Canvas
from placket.vision.second_look import mirrored, surest, unsure, with_second
from tests.support.photos import NAVY, RED, drawn
from tests.support.tiny_bundle import write_tiny_bundle

PICTURES = [np.asarray(drawn(200, 300, colour)) for colour in (RED, NAVY, (240, 230, 20))]


def canvases(encoder: Encoder) -> list[Canvas]:
    return [encoder.canvas(pixels, WHOLE_IMAGE) for pixels in PICTURES]


def mirror(canvas: Canvas) -> Canvas:
    return replace(canvas, pixels=canvas.pixels[:, ::-1])


def surest_of(encoded: Encoded) -> float:
    return float(surest(encoded.logits["category"][None])[0])


@given(st.integers(1, 6), st.integers(0, 1000), st.floats(0, 1))
def test_who_is_unsure_and_what_comes_of_it(count: int, seed: int, below: float) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, 5)).astype(np.float32)
    units = rng.normal(0, 1, (2, count, 8)).astype(np.float32)
    units /= np.linalg.norm(units, axis=2, keepdims=True)
    rows = unsure(logits, below)
    sure = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert [bool(n in rows) for n in range(count)] == (surest(logits) < below).tolist()
    assert np.allclose(surest(logits), sure.max(1), atol=1e-5)
    other = {"category": rng.normal(0, 2, (len(rows), 5)).astype(np.float32), "embedding": units[1][rows]}
    first = {"category": logits, "embedding": units[0]}
    out = with_second(first, rows, other)
    assert np.allclose(np.linalg.norm(out["embedding"], axis=1), 1, atol=1e-5)
    rest = np.setdiff1d(np.arange(count), rows)
    assert all(np.array_equal(out[name][rest], first[name][rest]) for name in first)
    assert np.allclose(out["category"][rows] * 2, logits[rows] + other["category"], atol=1e-5)
    # As near to the one as to the other.
    near = (out["embedding"][rows] * units[0][rows]).sum(1), (out["embedding"][rows] * units[1][rows]).sum(1)
    assert np.allclose(*near, atol=1e-4)
    assert np.array_equal(first["category"], logits)


def test_left_and_right() -> None:
    image = np.arange(2 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 2, 2)
    assert mirrored(image)[1, 2].tolist() == [[21, 20], [23, 22]]


def test_what_is_unsure_is_asked_of_both_and_mirrored(tmp_path: Path) -> None:
    plain = Encoder(read_bundle(write_tiny_bundle(tmp_path / "first", seed=3)), Engine(1))
    other = Encoder(read_bundle(write_tiny_bundle(tmp_path / "other", seed=4)), Engine(1))
    shown = canvases(plain)
    alone = plain.encode(shown)
    at = sorted(map(surest_of, alone))
    below = (at[1] + at[2]) / 2
    both = Encoder(read_bundle(write_tiny_bundle(tmp_path / "both", seed=3, below=below)), Engine(1)).encode(shown)
    second = other.encode([mirror(canvas) for canvas in shown])
    for one, mixed, again in zip(alone, both, second, strict=True):
        if surest_of(one) >= below:
            assert np.allclose(mixed.embedding, one.embedding, atol=1e-6)
            assert all(np.allclose(mixed.logits[a], one.logits[a]) for a in one.logits)
            continue
        half = one.embedding + again.embedding
        assert np.allclose(mixed.embedding, half / np.linalg.norm(half), atol=1e-5)
        assert all(np.allclose(mixed.logits[a], (one.logits[a] + again.logits[a]) / 2, atol=1e-4) for a in one.logits)
    assert sum(surest_of(one) < below for one in alone) == 2


def test_training_runs_it_as_the_server_does(tmp_path: Path) -> None:
    models = pytest.importorskip("placket.training.onnx_models", reason="training is not installed here")
    manifest = pytest.importorskip("placket.training.manifest")
    folder = write_tiny_bundle(tmp_path / "both", seed=3, below=0.2)
    server = Encoder(read_bundle(folder), Engine(1))
    shown = canvases(server)
    told = models.encoder_of(folder, manifest.read_manifest(folder)).run(np.stack([c.pixels for c in shown]))
    for row, wanted in enumerate(server.encode(shown)):
        assert np.allclose(told["embedding"][row], wanted.embedding, atol=1e-5)
        assert all(np.allclose(told[a][row], wanted.logits[a], atol=1e-4) for a in wanted.logits)


def test_a_bundle_with_two_encoders(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "both", below=0.4)
    bundle = read_bundle(folder)
    assert bundle.encoder.second is not None and bundle.encoder.second.below == 0.4
    assert set(bundle.checksums) == {"detector.onnx", "encoder.onnx", "second.onnx"}
    kept = BundleLibrary(tmp_path / "kept", str(folder)).current()
    assert kept.embeds_like(bundle) and (kept.folder / "second.onnx").is_file()
    assert LocalVision(kept, threads=1).analyse(PICTURES[0]).garments
    # Another limit makes other embeddings.
    assert not read_bundle(write_tiny_bundle(tmp_path / "less", below=0.3)).embeds_like(bundle)
    (folder / "second.onnx").write_bytes(b"0")
    with pytest.raises(BundleInvalid, match=r"second\.onnx is damaged"):
        read_bundle(folder)


def test_an_encoder_that_looks_again_itself(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "again", seed=3)
    content = json.loads((folder / "bundle.json").read_text())
    content["encoder"]["second"] = {"file": "encoder.onnx", "below": 1.0}
    content["format"] = 2
    (folder / "bundle.json").write_text(json.dumps(content))
    alone = Encoder(read_bundle(write_tiny_bundle(tmp_path / "alone", seed=3)), Engine(1))
    server = Encoder(read_bundle(folder), Engine(1))
    shown = canvases(alone)
    again = alone.encode([mirror(canvas) for canvas in shown])
    for first, second, both in zip(alone.encode(shown), again, server.encode(shown), strict=True):
        assert all(np.allclose(both.logits[a] * 2, first.logits[a] + second.logits[a], atol=1e-4) for a in both.logits)
        assert np.allclose(both.embedding @ first.embedding, both.embedding @ second.embedding, atol=1e-4)


def test_a_second_network_of_another_kind(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "both", below=0.4)
    text = (folder / "bundle.json").read_text()
    (folder / "bundle.json").write_text(text.replace('"file": "second.onnx"', '"file": "detector.onnx"'))
    with pytest.raises(BundleInvalid, match=r"detector\.onnx must turn 'image' into embedding"):
        Encoder(read_bundle(folder), Engine(1))
