import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from placket.domain.errors import BundleInvalid
from placket.vision.bundle import read_bundle
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline
from tests.support.tiny_bundle import write_tiny_bundle


@pytest.fixture
def changed(tiny: Path, tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], Any]], Path]:
    """A copy of the tiny bundle whose manifest was changed."""

    def change(how: Callable[[dict[str, Any]], Any]) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(tiny, folder)
        manifest = json.loads((folder / "bundle.json").read_text())
        how(manifest)
        (folder / "bundle.json").write_text(json.dumps(manifest))
        return folder

    return change


def test_a_good_bundle(tiny: Path) -> None:
    bundle = read_bundle(tiny)
    assert bundle.version == "tiny-1"
    assert bundle.detector.fallback_score is None
    assert bundle.calibration.fusion.alpha == 0.5
    assert bundle.calibration.threshold("colors", "red") == 0.4
    assert set(bundle.checksums) == {"detector.onnx", "encoder.onnx"}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda m: m.update(format=4), "4 is of a newer version of Placket"),
        (lambda m: m.update(format=0), "format"),
        (lambda m: m.update(version="../evil"), "version must have"),
        (lambda m: m.update(version=""), "version must have"),
        (lambda m: m.pop("encoder"), "encoder: Field required"),
        (lambda m: m["encoder"].update(embedding_dim=128), "128 dimensions, not 256"),
        (lambda m: m["encoder"].update(fit="stretch"), "encoder.fit"),
        (lambda m: m["encoder"].update(size=[160, 128]), "encoder.size.*square"),
        (lambda m: m["detector"].update(file="../detector.onnx"), "detector.file.*plain name"),
        (lambda m: m["detector"].update(file="/etc/passwd"), "detector.file.*plain name"),
        (lambda m: m["detector"].update(score_threshold=1.5), "detector.score_threshold"),
        (lambda m: m["detector"].update(nms_iou=float("nan")), "bundle.json"),
        (lambda m: m["detector"].update(vote_iou=0), "detector.vote_iou"),
        (lambda m: m["calibration"].update(measured_color=-0.1), "calibration.measured_color"),
        (lambda m: m["taxonomy"]["categories"].reverse(), "taxonomy is not the product's"),
        (lambda m: m["taxonomy"]["attributes"]["fit"].append("baggy"), "taxonomy is not the product's"),
        (lambda m: m["taxonomy"]["attributes"].pop("fit"), "taxonomy is not the product's"),
        (lambda m: m["calibration"]["temperature"].update(fit=0), "calibration.temperature.fit"),
        (lambda m: m["calibration"]["temperature"].update(mood=1), "'mood', which is no attribute"),
        (lambda m: m["calibration"]["thresholds"]["colors"].update(reddish=0.5), "'reddish', which is no label"),
        (lambda m: m["calibration"]["thresholds"].update(fit={"default": 0.5}), "not 'fit'"),
        (lambda m: m["similarity"].update(curve=[[0, 0.5], [0.5, 0.4]]), "similarity.curve"),
        (lambda m: m["similarity"].update(curve=[[0.5, 0.1], [0.5, 0.4]]), "similarity.curve"),
        (lambda m: m["similarity"].update(curve=[[0, 0], [1, 1.2]]), "similarity.curve"),
        (lambda m: m["similarity"].update(curve=[[0, 0]]), "similarity.curve"),
        (lambda m: m["training"].update(loss=float("nan")), "training: .*NaN"),
        (lambda m: m["metrics"].update(deep=[{"ece": float("inf")}]), "metrics: .*NaN"),
        (lambda m: m["checksums"].update({"encoder.onnx": "0" * 64}), "encoder.onnx is damaged"),
        (lambda m: m["checksums"].pop("encoder.onnx"), "no checksum of encoder.onnx"),
    ],
)
def test_a_bad_manifest_is_named(changed: Any, how: Callable[[dict[str, Any]], Any], said: str) -> None:
    with pytest.raises(BundleInvalid, match=said):
        read_bundle(changed(how))


def test_files_that_are_not_there(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid, match=r"bundle\.json cannot be read"):
        read_bundle(tmp_path)
    folder = tmp_path / "b"
    shutil.copytree(tiny, folder)
    (folder / "detector.onnx").unlink()
    with pytest.raises(BundleInvalid, match=r"detector\.onnx cannot be read"):
        read_bundle(folder)
    (folder / "bundle.json").write_text("{")
    with pytest.raises(BundleInvalid, match=r"bundle\.json"):
        read_bundle(folder)


def test_a_damaged_network(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    shutil.copytree(tiny, folder)
    data = bytearray((folder / "encoder.onnx").read_bytes())
    data[5000] ^= 1
    (folder / "encoder.onnx").write_bytes(data)
    with pytest.raises(BundleInvalid, match=r"encoder\.onnx is damaged"):
        read_bundle(folder)


def test_networks_that_are_none_of_this_kind(tiny: Path, tmp_path: Path) -> None:
    swapped = write_tiny_bundle(tmp_path / "swapped")
    manifest = json.loads((swapped / "bundle.json").read_text())
    manifest["detector"]["file"], manifest["encoder"]["file"] = "encoder.onnx", "detector.onnx"
    (swapped / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleInvalid, match="must turn 'image' into boxes, scores"):
        Pipeline(read_bundle(swapped), Engine(1))


def test_similarity_runs_along_the_curve(changed: Any) -> None:
    bundle = read_bundle(changed(lambda m: m["similarity"].update(curve=[[-1, 0], [0.2, 0.1], [0.6, 0.6], [0.9, 1]])))
    found = [bundle.similarity(c) for c in (-2.0, -1.0, 0.2, 0.4, 0.6, 0.75, 0.9, 1.0)]
    assert found == pytest.approx([0, 0, 0.1, 0.35, 0.6, 0.8, 1, 1])


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take no such name")
def test_a_bundle_in_a_folder_whose_name_is_not_in_utf_8(tiny: Path, tmp_path: Path) -> None:
    """As where the locale is EUC-KR."""
    folder = tmp_path / os.fsdecode("한글".encode("euc-kr"))
    shutil.copytree(tiny, folder)
    Pipeline(read_bundle(folder), Engine(1)).warm()
