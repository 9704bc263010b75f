"""A bundle's folder while a bundle is being written."""

from pathlib import Path

import pytest

from placket.training.manifest import read_manifest, whole, write_manifest


def write(folder: Path, version: str) -> None:
    (folder / "detector.onnx").write_text(version)
    write_manifest(folder, {"version": version})


def test_a_bundle_is_there_when_all_of_it_is(tmp_path: Path) -> None:
    out = tmp_path / "bundles" / "ours-1"
    with whole(out) as folder:
        write(folder, "ours-1")
        assert not (out / "bundle.json").exists()
    assert read_manifest(out) == {"version": "ours-1"}
    assert sorted(p.name for p in out.iterdir()) == ["bundle.json", "detector.onnx"]


def test_a_bundle_that_was_there_outlives_one_that_is_cut_off(tmp_path: Path) -> None:
    write(tmp_path, "ours-1")
    # As a kill leaves it.
    (tmp_path / ".partial").mkdir()
    write(tmp_path / ".partial", "cut-off")
    with pytest.raises(KeyboardInterrupt), whole(tmp_path) as folder:
        assert not any(folder.iterdir())
        write(folder, "ours-2")
        raise KeyboardInterrupt
    assert read_manifest(tmp_path) == {"version": "ours-1"}
    assert (tmp_path / "detector.onnx").read_text() == "ours-1"
