"""Which bundles a pool of real child processes answers with."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from placket.domain.errors import BundleInvalid, VisionUnavailable
from placket.domain.images import AI_FASHION
from placket.vision import BundleLibrary
from tests.integration.vision.conftest import until
from tests.integration.vision.test_pool import MakePool
from tests.support.photos import photo
from tests.support.tiny_bundle import write_tiny_bundle


async def test_with_no_bundle_there_is_an_error_and_no_answer(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool(library=BundleLibrary(tmp_path, "nosuch"))
    with pytest.raises(VisionUnavailable, match="nosuch"):
        await pool.analyse(photo(), limits=AI_FASHION)
    with pytest.raises(VisionUnavailable):
        await pool.ready()
    with pytest.raises(VisionUnavailable):
        _ = pool.default_bundle
    assert pool.statistics().processes == 0


async def test_an_older_bundle_answers_beside_the_one_in_use(make_pool: MakePool, tmp_path: Path) -> None:
    old, new = write_tiny_bundle(tmp_path / "1", "v1", seed=1), write_tiny_bundle(tmp_path / "2", "v2", seed=2)
    BundleLibrary(tmp_path, str(old)).current()
    pool = make_pool(library=BundleLibrary(tmp_path, str(new)))
    image = photo()
    first, second, default = await asyncio.gather(
        *(pool.analyse(image, limits=AI_FASHION, bundle=b) for b in ("v1", "v2", None))
    )
    assert (first.bundle, second.bundle, default.bundle) == ("v1", "v2", "v2")
    assert first.garments[0].embedding @ second.garments[0].embedding < 0.5
    assert second.garments[0].embedding @ default.garments[0].embedding == pytest.approx(1, abs=1e-5)
    with pytest.raises(VisionUnavailable, match="v9 is not kept"):
        await pool.analyse(image, limits=AI_FASHION, bundle="v9")


async def test_a_bundle_that_cannot_be_run_is_named_and_the_pool_recovers(make_pool: MakePool, tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "b")
    good = (folder / "bundle.json").read_text()
    manifest = json.loads(good)
    manifest["detector"]["file"], manifest["encoder"]["file"] = "encoder.onnx", "detector.onnx"
    (folder / "bundle.json").write_text(json.dumps(manifest))
    pool = make_pool(library=BundleLibrary(None, str(folder)))
    with pytest.raises(VisionUnavailable, match="must turn 'image' into boxes"):
        await pool.analyse(photo(), limits=AI_FASHION)
    with pytest.raises(VisionUnavailable, match="does not come up"):
        await pool.ready()
    assert pool.statistics().failed_starts >= 3
    (folder / "bundle.json").write_text(good)
    await until(lambda: bool(pool.pids()), 30)
    assert len((await pool.analyse(photo(), limits=AI_FASHION)).garments) == 2


async def test_a_kept_bundle_that_was_damaged(make_pool: MakePool, tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path / "b", "v1")
    BundleLibrary(tmp_path, str(folder)).current()
    shutil.rmtree(folder)
    (tmp_path / "bundles" / "v1" / "encoder.onnx").write_bytes(b"0")
    pool = make_pool()
    with pytest.raises(VisionUnavailable):
        await pool.analyse(photo(), limits=AI_FASHION, bundle="v1")
    damaged = make_pool(library=BundleLibrary(tmp_path, "v1"))
    with pytest.raises(BundleInvalid, match="damaged"):
        await damaged.analyse(photo(), limits=AI_FASHION)
