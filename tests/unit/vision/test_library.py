import json
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

from placket.domain.errors import BundleInvalid, BundleNotKept, VisionUnavailable
from placket.vision import BundleLibrary
from tests.support.tiny_bundle import write_tiny_bundle


def test_a_folder_is_used_and_kept(tiny: Path, tmp_path: Path) -> None:
    library = BundleLibrary(tmp_path, str(tiny))
    bundle = library.current()
    assert bundle.folder == tmp_path / "bundles" / "tiny-1"
    assert library.kept() == ["tiny-1"]
    for name in ("bundle.json", "detector.onnx", "encoder.onnx"):
        assert (bundle.folder / name).read_bytes() == (tiny / name).read_bytes()
    assert [p.name for p in (tmp_path / "bundles").iterdir()] == ["tiny-1"]


def test_nobody_else_can_change_a_kept_bundle_whatever_the_umask(tiny: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        BundleLibrary(tmp_path, str(tiny)).current()
    finally:
        os.umask(before)
    made = [tmp_path / "bundles", *(tmp_path / "bundles").rglob("*")]
    assert {stat.S_IMODE(p.stat().st_mode) for p in made} == {0o755, 0o644}


def test_the_old_bundle_stays_loadable_after_an_upgrade(tmp_path: Path) -> None:
    old = write_tiny_bundle(tmp_path / "old", "v1", seed=1)
    BundleLibrary(tmp_path / "data", str(old)).current()
    shutil.rmtree(old)
    new = write_tiny_bundle(tmp_path / "new", "v2", seed=2)
    library = BundleLibrary(tmp_path / "data", str(new))
    assert library.current().version == "v2"
    assert library.load("v1").version == "v1"
    assert library.load("v2") is library.current()
    assert library.kept() == ["v1", "v2"]
    assert library.lacking({"v1": 4, "v3": 1, "v2": 0}) == ["v3"]
    assert library.here() == ["v1", "v2"]
    with pytest.raises(VisionUnavailable, match="v3 is not kept"):
        library.load("v3")
    assert BundleLibrary(tmp_path / "data", "v1").current().version == "v1"


def test_a_kept_bundle_that_cannot_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    """As after going back to an older Placket: jobs that need it end, as they do where it is gone."""
    BundleLibrary(tmp_path / "data", str(write_tiny_bundle(tmp_path / "a", "v2"))).current()
    manifest = tmp_path / "data" / "bundles" / "v2" / "bundle.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 99}))
    library = BundleLibrary(tmp_path / "data", str(write_tiny_bundle(tmp_path / "b", "v1")))
    with pytest.raises(BundleNotKept, match=r"copy of bundle v2 cannot be read: .*99 is of a newer version.*re-index"):
        library.load("v2")


@pytest.mark.parametrize("version", ["../old", "..", "", "/etc", ".hidden"])
def test_a_version_is_no_path(tmp_path: Path, version: str) -> None:
    write_tiny_bundle(tmp_path / "old", "v1")
    with pytest.raises(VisionUnavailable):
        BundleLibrary(tmp_path / "data", None).load(version)


def test_nothing_selected_and_nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.vision.library.files", lambda _: tmp_path / "nothing")
    with pytest.raises(VisionUnavailable, match="ships no bundle: set PLACKET_BUNDLE"):
        BundleLibrary(tmp_path).current()


def test_the_shipped_bundle(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.vision.library.files", lambda _: tiny)
    assert BundleLibrary(tmp_path).current().version == "tiny-1"
    assert BundleLibrary(None).current().folder == tiny


def test_a_word_that_is_neither_folder_nor_version(tiny: Path, tmp_path: Path) -> None:
    BundleLibrary(tmp_path, str(tiny)).current()
    with pytest.raises(VisionUnavailable, match=r"neither a folder nor a kept version \(kept: tiny-1\)"):
        BundleLibrary(tmp_path, "nosuch").current()


def test_two_bundles_may_not_share_a_version(tmp_path: Path) -> None:
    BundleLibrary(tmp_path / "data", str(write_tiny_bundle(tmp_path / "a", "v1", seed=1))).current()
    other = BundleLibrary(tmp_path / "data", str(write_tiny_bundle(tmp_path / "b", "v1", seed=2)))
    with pytest.raises(BundleInvalid, match="a version of its own"):
        other.current()


def test_new_thresholds_for_the_same_networks_are_taken_over(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "a", "v1")
    BundleLibrary(tmp_path / "data", str(folder)).current()
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["detector"]["score_threshold"] = 0.5
    (folder / "bundle.json").write_text(json.dumps(manifest))
    assert BundleLibrary(tmp_path / "data", str(folder)).current().detector.score_threshold == 0.5
    assert BundleLibrary(tmp_path / "data", "v1").current().detector.score_threshold == 0.5
    assert len(list((tmp_path / "data" / "bundles" / "v1").iterdir())) == 3


def test_a_bad_bundle_is_not_kept(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(tiny, folder)
    (folder / "encoder.onnx").write_bytes(b"")
    with pytest.raises(BundleInvalid):
        BundleLibrary(tmp_path / "data", str(folder)).current()
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_written_is_named(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "bundles").write_text("a file")
    with pytest.raises(VisionUnavailable, match="cannot be kept"):
        BundleLibrary(tmp_path, str(tiny)).current()


def test_many_keep_the_same_bundle_at_once(tiny: Path, tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(BundleLibrary(tmp_path, str(tiny)).current().version))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["tiny-1"] * 8
    assert [p.name for p in (tmp_path / "bundles").iterdir()] == ["tiny-1"]
