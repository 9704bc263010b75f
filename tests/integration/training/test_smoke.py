"""Training from end to end, on pictures that Placket draws: the commands, a checkpoint, a network."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from placket.cli.evaluate import evaluate_app
from placket.cli.train import train_app

run = CliRunner().invoke


def test_without_pytorch_training_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "torch" else found(name, *a))
    result = run(train_app, ["detector", "--recipe", "smoke", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "PyTorch" in result.output and "pip install" in result.output


def test_the_card_needs_a_bundle(tmp_path: Path) -> None:
    result = run(evaluate_app, ["card", "--bundle", str(tmp_path), "--page", str(tmp_path / "card.md")])
    assert result.exit_code == 1
    assert "bundle.json" in result.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
    pytest.importorskip("onnx", reason="export needs onnx, which is not installed here")
    out = tmp_path_factory.mktemp("smoke")
    result = run(train_app, ["detector", "--recipe", "smoke", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out


def test_the_loss_falls(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 60
    first, last = lines[0], lines[-1]
    assert last["class"] + 2 * last["box"] < first["class"] + 2 * first["box"]
    assert last["iou"] > first["iou"]


def test_the_exported_network_finds_drawn_garments_better_than_chance(trained: Path) -> None:
    from placket.training.cache import Store
    from placket.training.detector.drawings import draw_samples
    from placket.training.export import export_detector
    from placket.training.onnx_models import OnnxDetector, iou_matrix

    path = trained / "detector.onnx"
    export_detector(trained / "checkpoint.pt", path, 128)
    detector = OnnxDetector(path, {"size": [128, 128], "pad": 114, "nms_iou": 0.6})
    samples = [s for s in draw_samples(60, 3, trained / "again") if s.part == "val"]
    store = Store(trained / "again" / "drawn")
    overlaps = []
    for sample in samples:
        found = detector.detect(store[sample.key]).first(10)
        overlaps += iou_matrix(sample.boxes, found.boxes).max(1, initial=0).tolist()
    assert np.mean(overlaps) > 0.4


def test_a_run_whose_scenes_are_drawn_on_the_device_learns_too(trained: Path, tmp_path: Path) -> None:
    from placket.training.detector.train import DetectorRecipe, train_on_drawings
    from placket.training.recipes import recipe_path

    recipe = DetectorRecipe.read(recipe_path("smoke"))
    recipe.gallery, recipe.steps = True, 30
    train_on_drawings(recipe, tmp_path, trained / "cache")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 30
    assert lines[-1]["class"] + 2 * lines[-1]["box"] < lines[0]["class"] + 2 * lines[0]["box"]


def test_an_encoder_whose_crops_are_cut_on_the_device_learns(trained: Path, tmp_path: Path) -> None:
    import torch

    from placket.domain.taxonomy import taxonomy
    from placket.training.encoder.items import Item, Vocabulary
    from placket.training.encoder.train import EncoderRecipe, train_on

    words = taxonomy()
    vocabulary = Vocabulary(
        {
            "groups": {g: list(names) for g, names in words.groups.items()},
            "attributes": {a: list(v) for a, v in words.attributes.items()},
            "applies": {"to_all": ["colors"]},
        }
    )
    items = [
        Item(
            "drawn", str(n), str(n), "train", (0.2, 0.2, 0.8, 0.8), f"d{n}", f"p{n}", True, True, "hm", {"category": c}
        )
        for n, c in enumerate(["t_shirt", "jeans"] * 10)
    ]
    recipe = EncoderRecipe(
        gallery=True, pairs=0, views=2, rest=12, steps=12, size=[32, 64], grow_at=[0.5], widths=[8, 8, 16, 16, 24],
        blocks=[1, 0, 1, 0], top=32, teacher=0.0, weights={"hm": 1.0}, rate=0.01,
    )  # fmt: skip
    path = train_on(recipe, items, vocabulary, trained / "cache", tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["side"] for line in lines] == [32, 32, 32, 64, 64, 64]
    assert lines[-1]["category"] < lines[0]["category"]
    assert torch.load(path, weights_only=True)["sources"] == {"drawn": 20}


def test_own_boxes_train_too(trained: Path, tmp_path: Path) -> None:
    from PIL import Image

    from placket.training.cache import Store

    store = Store(trained / "cache" / "drawn")
    images, annotations = [], []
    for number in range(6):
        pixels = store[str(number)]
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png"})
        annotations.append({"image_id": number, "category_id": 1, "bbox": [10, 10, 60, 80]})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "upper"}]}
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    (tmp_path / "none.json").write_text(json.dumps({**content, "annotations": []}))
    recipe = tmp_path / "short.yaml"
    recipe.write_text(
        "steps: 2\nbatch: 2\nsize: [64, 64]\nwidths: [8, 8, 8, 8, 8]\nblocks: [0, 0, 0, 0]\nneck: 8\nworkers: 0\n"
    )
    words = [
        "detector",
        "--recipe",
        str(recipe),
        "--out",
        str(tmp_path / "out"),
        "--coco",
        str(tmp_path / "boxes.json"),
    ]
    assert run(train_app, words).exit_code == 2
    words += ["--images", str(tmp_path)]
    refused = run(train_app, words)
    assert refused.exit_code == 1 and "upper" in refused.output
    none = run(train_app, [word.replace("boxes.json", "none.json") for word in words])
    assert none.exit_code == 1 and "no box to train on" in none.output
    result = run(train_app, [*words, "--group", "upper=TOP"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "checkpoint.pt").is_file()
