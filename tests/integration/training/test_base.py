"""The shipped networks trained further on a few photos: what those cannot tell stays as the shipped bundle has it."""

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
pytest.importorskip("onnx", reason="export needs onnx, which is not installed here")

from placket.training.base import BOXED, DESIGNS, FEW, GARMENTS, keep_calibration
from placket.training.manifest import read_manifest, write_manifest
from placket.training.onnx_models import session
from placket.vision.bundle import read_bundle
from tests.integration.training.test_own_photos import run, write_shop
from tests.support.photos import scene
from tests.support.tiny_bundle import write_tiny_bundle

SHIPPED = Path(str(files("placket.bundles")))


def answers(file: Path, image: np.ndarray) -> dict[str, np.ndarray]:
    network = session(file)
    return dict(zip([o.name for o in network.get_outputs()], network.run(None, {"image": image}), strict=True))


def test_the_shipped_networks_of_which_a_small_shop_makes_a_bundle_answer_as_they_did(tmp_path: Path) -> None:
    data, out, made = tmp_path / "data", tmp_path / "shipped", tmp_path / "made"
    write_shop(data)
    run("train", "unpack", "--out", out)
    checkpoints = ["--detector", out / "detector/checkpoint.pt", "--encoder", out / "encoder/checkpoint.pt"]
    folders = ["--data", data, "--cache", tmp_path / "cache", "--out", made]
    said = run("export", *checkpoints, *folders, "--base", SHIPPED, "--version", "ours-1")
    assert "the heads stay as they were trained" in said and "as the base has them" in said
    ours, theirs = read_manifest(made), read_manifest(SHIPPED)
    assert (ours["calibration"], ours["similarity"]) == (theirs["calibration"], theirs["similarity"])
    assert ours["detector"] == theirs["detector"] and ours["encoder"]["turns"] == theirs["encoder"]["turns"]
    assert ours["training"]["kept"]["from"] == theirs["version"]
    assert read_bundle(made).encoder.turns is not None
    image = np.stack([np.asarray(scene(192, 192, n), np.float32).transpose(2, 0, 1) for n in range(3)])
    got, wanted = answers(made / "encoder.onnx", image), answers(SHIPPED / "encoder.onnx", image)
    assert set(got) == set(wanted) and {"first_color", "turn"} <= set(got)
    for name, values in wanted.items():
        assert np.abs(got[name] - values).max() < 0.05 * float(np.ptp(values)), name


@pytest.fixture
def bundles(tmp_path: Path) -> tuple[Path, Path]:
    """One whose every number was chosen, and one of defaults."""
    base = write_tiny_bundle(tmp_path / "base", first_color="red", turns=3.0)
    new = write_tiny_bundle(tmp_path / "new", "tiny-2", first_color="red", turns=1.0)
    content = read_manifest(base)
    names = ["category", "colors", "pattern", "first_color"]
    content["calibration"] = {
        "temperature": dict.fromkeys(names, 2.0), "unknown": {"pattern": 0.25}, "fusion": {"alpha": 0.5},
        "measured_color": 0.1, "hints": {"category": 3.0},
    }  # fmt: skip
    content["detector"].update(score_threshold=0.45, fallback_score=0.3, fallback_category=0.2)
    content["similarity"] = {"curve": [[-1.0, 0.0], [0.5, 0.5], [1.0, 1.0]]}
    write_manifest(base, content)
    content = read_manifest(new)
    content["calibration"] = {
        "temperature": dict.fromkeys(names, 1.0), "unknown": {"pattern": 0.0}, "fusion": {"alpha": 0.0},
        "hints": {"category": 1.0},
    }  # fmt: skip
    content.setdefault("training", {})
    write_manifest(new, content)
    return base, new


def test_what_enough_labels_chose_is_not_touched(bundles: tuple[Path, Path]) -> None:
    base, new = bundles
    before = read_manifest(new)
    enough = dict.fromkeys([*before["calibration"]["temperature"], GARMENTS, DESIGNS, BOXED], FEW)
    assert keep_calibration(new, base, enough) == []
    after = read_manifest(new)
    assert after["training"].pop("kept") == {"from": "tiny-1", "calibration": []}
    assert after == before
    kept = keep_calibration(new, base, {**enough, "pattern": FEW - 1})
    assert kept == ["pattern"]
    assert read_manifest(new)["calibration"]["temperature"] == {
        "category": 1.0, "colors": 1.0, "pattern": 2.0, "first_color": 1.0,
    }  # fmt: skip
    assert read_manifest(new)["calibration"]["unknown"] == {"pattern": 0.25}


def test_of_no_labels_at_all_everything_stays(bundles: tuple[Path, Path]) -> None:
    base, new = bundles
    keep_calibration(new, base, {})
    ours, theirs = read_manifest(new), read_manifest(base)
    for part in ("calibration", "similarity", "detector"):
        assert ours[part] == theirs[part], part
    assert ours["encoder"]["turns"] == theirs["encoder"]["turns"]
    read_bundle(new)


def test_a_base_that_is_none_or_has_another_network_is_said_in_a_sentence(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from placket.cli.main import app

    data, out = tmp_path / "data", tmp_path / "shipped"
    write_shop(data)
    run("train", "unpack", "--out", out)
    words: list[Any] = ["export", "--detector", out / "detector/checkpoint.pt", "--encoder",
                        out / "encoder/checkpoint.pt", "--data", data, "--cache", tmp_path / "cache", "--version",
                        "ours-1", "--out", tmp_path / "made"]  # fmt: skip
    none = CliRunner().invoke(app, [*map(str, words), "--base", str(data)])
    assert none.exit_code == 1 and "error:" in none.output and not (tmp_path / "cache").exists()
    other = tmp_path / "other"
    shutil.copytree(SHIPPED, other, ignore=shutil.ignore_patterns("__*"))
    (other / "bundle.json").write_text(json.dumps({**read_manifest(SHIPPED), "format": 9}))
    result = CliRunner().invoke(app, [*map(str, words), "--base", str(other)])
    assert result.exit_code == 1 and "error:" in result.output
    assert not (tmp_path / "made" / "bundle.json").exists()
