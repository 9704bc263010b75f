"""The guide on training with photos of one's own, from the folder of a small shop to a bundle and its pages."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from placket.cli.evaluate import evaluate_app
from placket.cli.main import app
from placket.samples import catalogue
from tests.support.photos import encoded
from tests.support.training_data import record, write_lines, write_pictures, write_taxonomy

pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
pytest.importorskip("onnx", reason="export needs onnx, which is not installed here")
pytest.importorskip("faster_coco_eval", reason="figures of boxes need it")

PRODUCTS = 30
DETECTOR = "steps: 2\nbatch: 2\nsize: [64, 64]\nwidths: [8, 8, 8, 8, 8]\nblocks: [0, 0, 0, 0]\nneck: 8\nworkers: 0\n"
DETECTOR += "weights: {hm: 1}\n"
ENCODER = (
    "steps: 2\npairs: 0\nviews: 2\nrest: 6\nsize: [64]\ngrow_at: []\nwidths: [8, 8, 8, 8, 8]\nblocks: [0, 0, 0, 0]\n"
    "top: 16\nteacher: 0\nworkers: 0\nweights: {hm: 1}\n"
)


def run(*words: Any) -> str:
    result = CliRunner().invoke(app, [str(w) for w in words])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


def write_shop(data: Path) -> None:
    """One set of drawn products of which the category alone is known, a sixth of them in `val`."""
    data.mkdir()
    write_taxonomy(data)
    products = {f"sku-{number}": product for number, product in enumerate(catalogue(PRODUCTS, 5))}
    write_pictures(data, {key: encoded(product.image.convert("RGB")) for key, product in products.items()})
    records, garments = [], []
    for number, (key, product) in enumerate(products.items()):
        width, height = product.image.size
        records.append(record(key, split="train" if number % 6 else "val", width=width, height=height))
        box = product.box.as_list()
        garments.append({"dataset": "hm", "id": key, "category": ("dress", "jeans")[number % 2], "box": box})
    write_lines(data / "records" / "hm.jsonl", records)
    write_lines(data / "garments.jsonl", garments)


def train(tmp_path: Path, data: Path) -> tuple[Path, Path]:
    """Checkpoints of both networks."""
    for name, text in (("detector", DETECTOR), ("encoder", ENCODER)):
        (tmp_path / f"{name}.yaml").write_text(text)
        run("train", name, "--recipe", tmp_path / f"{name}.yaml", "--data", data, "--cache", tmp_path / "cache",
            "--out", tmp_path / name)  # fmt: skip
    return tmp_path / "detector" / "checkpoint.pt", tmp_path / "encoder" / "checkpoint.pt"


def test_a_shop_with_one_set_and_few_labels_gets_a_bundle_and_its_pages(tmp_path: Path) -> None:
    from placket.vision.bundle import read_bundle

    data, bundle, cache = tmp_path / "data", tmp_path / "bundle", tmp_path / "cache"
    write_shop(data)
    detector, encoder = train(tmp_path, data)
    other = shutil.copy(encoder, tmp_path / "other.pt")
    said = run("export", "--detector", detector, "--encoder", encoder, "--second", other, "--data", data, "--cache",
               cache, "--version", "ours-1", "--out", bundle)  # fmt: skip
    assert "the second encoder: fitting" in said and "which way up" in said and "set aside" in said
    assert "what fewer than 200 choose is mostly chance" in said
    # Photos without a box are cut by the bundle's own detector, also where the cache knows of none.
    found = cache / "found_boxes.json"
    assert found.exists()
    found.unlink()
    made = read_bundle(bundle)
    assert made.second_path is not None and made.checksums["second.onnx"] == made.checksums["encoder.onnx"]
    again = tmp_path / "again"
    itself = encoder.parent / ".." / "encoder" / encoder.name
    run("export", "--detector", detector, "--encoder", encoder, "--second", itself, "--data", data, "--cache", cache,
        "--version", "ours-2", "--out", again, "--no-calibrate", "--no-refit")  # fmt: skip
    looking = read_bundle(again)
    assert looking.second_path == looking.encoder_path and set(looking.checksums) == {"detector.onnx", "encoder.onnx"}
    # A handful of garments, and labels that nobody gave, choose nothing.
    assert set(made.calibration.temperature.values()) == {1.0}
    for name in ("detector", "encoder"):
        page = tmp_path / f"{name}.md"
        run("eval", name, "--bundle", bundle, "--data", data, "--cache", cache, "--page", page, "--no-speed")
        assert "`hm`" in page.read_text() and "nan" not in page.read_text()
    assert "without a second look" in page.read_text()
    said = run("eval", "encoder", "--bundle", bundle, "--data", data, "--cache", cache, "--page", page, "--no-speed",
               "--beside", f"now={again}")  # fmt: skip
    assert "than now" in said or "as good as now" in said
    assert "## Beside `now`" in page.read_text()
    assert found.exists()
    run("eval", "card", "--bundle", bundle, "--page", tmp_path / "card.md")
    assert "`hm`" in (tmp_path / "card.md").read_text()
    read_bundle(bundle)


def test_without_photos_to_choose_thresholds_on_they_stay_as_usual_and_that_is_said(tmp_path: Path) -> None:
    from placket.training.export import DETECTOR_SETTINGS
    from placket.training.sources import part_of
    from placket.vision.bundle import read_bundle

    data, cache = tmp_path / "data", tmp_path / "cache"
    write_shop(data)
    detector, encoder = train(tmp_path, data)
    rows = [json.loads(line) for line in (data / "records" / "hm.jsonl").read_text().splitlines()]
    alone = next(r for r in rows if part_of("hm", r["group"], r["split"]) == "train")
    write_lines(data / "records" / "hm.jsonl", [alone])
    write_lines(data / "garments.jsonl", [{"dataset": "hm", "id": alone["id"], "category": "dress"}])
    said = run("export", "--detector", detector, "--encoder", encoder, "--data", data, "--cache", cache, "--version",
               "ours-2", "--out", tmp_path / "bundle")  # fmt: skip
    assert "detector: none of its photos" in said and "encoder: none of its photos" in said
    made = read_bundle(tmp_path / "bundle")
    assert made.detector.score_threshold == DETECTOR_SETTINGS["score_threshold"]
    page = ["--bundle", str(tmp_path / "bundle"), "--data", str(data), "--cache", str(cache), "--no-speed"]
    for name in ("detector", "encoder"):
        result = CliRunner().invoke(evaluate_app, [name, *page, "--page", str(tmp_path / "page.md")])
        assert result.exit_code == 1 and "nothing to measure" in result.output


def test_what_is_no_run_of_this_network_is_said_in_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_shop(data)
    detector, encoder = train(tmp_path, data)
    (tmp_path / "other.yaml").write_text(ENCODER.replace("top: 16", "top: 24"))
    (tmp_path / "no.pt").write_text("no")
    new = tmp_path / "new"
    begin = ["train", "encoder", "--data", data, "--cache", tmp_path / "cache", "--recipe"]
    own = [*begin, tmp_path / "encoder.yaml", "--out", new]
    export = ["export", "--data", data, "--out", new]
    unused = tmp_path / "unused"
    both = [*export, "--cache", unused, "--version", "a", "--detector", detector, "--encoder", encoder]
    tries: list[tuple[list[Any], str]] = [
        ([*begin, tmp_path / "other.yaml", "--out", encoder.parent], "is a run of another network"),
        ([*own, "--start", detector], "is of another network"),
        ([*own, "--start", tmp_path / "no.pt"], "is no checkpoint"),
        ([*own, "--sets", "cd"], "nothing to train on"),
        ([*begin, tmp_path / "detector.yaml", "--out", new], "no EncoderRecipe has"),
        ([*export, "--version", "a", "--detector", encoder, "--encoder", detector], "no DetectorRecipe has"),
        ([*both, "--second", tmp_path / "none.pt"], "there is no checkpoint"),
        ([*both, "--second", detector], "no EncoderRecipe has"),
        ([*export, "--version", "a", "--detector", detector.parent, "--encoder", encoder], "detector: Is a directory"),
        ([*export, "--version", "a b", "--detector", detector, "--encoder", encoder], "--version 'a b' is none"),
    ]
    for words, said in tries:
        result = CliRunner().invoke(app, [str(w) for w in words])
        assert result.exit_code in (1, 2) and said in " ".join(result.output.split()), result.output
    assert not (new / "bundle.json").exists()
    # Nothing was decoded for an export that cannot end well.
    assert not unused.exists()
