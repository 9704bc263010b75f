"""Checkpoints out of the bundle that Placket brings answer as its files do, and remember how they came to be."""

import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
pytest.importorskip("onnx", reason="export needs onnx, which is not installed here")

from placket.domain.errors import InvalidParameter  # noqa: E402
from placket.domain.taxonomy import taxonomy  # noqa: E402
from placket.training.detector.train import DetectorRecipe, DetectorRun, trained_detector  # noqa: E402
from placket.training.encoder.train import trained_encoder  # noqa: E402
from placket.training.integers import ranges_of  # noqa: E402
from placket.training.loop import read_checkpoint  # noqa: E402
from placket.training.manifest import read_manifest  # noqa: E402
from placket.training.onnx_models import session  # noqa: E402
from placket.training.run import provenance_of  # noqa: E402
from placket.training.terms import once, sets_of, terms_of  # noqa: E402
from placket.training.unpack import unpack  # noqa: E402

SHIPPED = Path(str(files("placket.bundles")))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return unpack(SHIPPED, tmp_path_factory.mktemp("unpacked"))


def pictures(side: int) -> "torch.Tensor":
    coarse = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(4)) * 255
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")


def the_file_says(part: str, image: "torch.Tensor") -> dict[str, np.ndarray]:
    network = session(SHIPPED / f"{part}.onnx")
    return dict(zip([o.name for o in network.get_outputs()], network.run(None, {"image": image.numpy()}), strict=True))


def test_the_encoder_answers_as_its_file(checkpoints: dict[str, Path]) -> None:
    words = taxonomy()
    labels = {"category": len(words.categories), **{a: len(v) for a, v in words.attributes.items()}}
    image = pictures(192)
    with torch.no_grad():
        got = trained_encoder(checkpoints["encoder"], labels).eval()(image)
    wanted = the_file_says("encoder", image)
    assert np.abs(got["embedding"].numpy() - wanted["embedding"]).max() < 0.01
    for name in labels:
        spread = float(np.ptp(wanted[name]))
        assert np.abs(got[name].numpy() - wanted[name]).max() < 0.05 * spread, name


def test_the_detector_answers_as_its_file(checkpoints: dict[str, Path]) -> None:
    image = pictures(384)
    with torch.no_grad():
        logits, _ = trained_detector(checkpoints["detector"])(image)
    assert np.abs(logits.sigmoid().numpy() - the_file_says("detector", image)["scores"]).max() < 0.01


def test_every_rounded_convolution_has_its_range(checkpoints: dict[str, Path]) -> None:
    assert min(ranges_of(trained_detector(checkpoints["detector"])).values()) > 0


def test_a_run_begins_with_it_and_its_history_is_told(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    start = checkpoints["detector"]
    recipe = DetectorRecipe(**{**read_checkpoint(start)["recipe"], "minutes": 1.0, "weights": {}, "tutor": 0.0})
    run = DetectorRun(recipe, tmp_path, {"own": 3}, start)
    weights = run.network.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in read_checkpoint(start)["average"].items())
    run.save()
    shipped = read_manifest(SHIPPED)["training"]
    told = once(provenance_of(read_checkpoint(tmp_path / "checkpoint.pt")))
    assert told["began"]["run"] == shipped["detector"]["run"]
    assert told["began"]["began"] == shipped["detector"]["began"]
    assert sets_of(told) == sets_of(shipped["detector"]) | {"own"}
    assert terms_of(sets_of(told)) is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda training: training.pop("encoder"), "does not tell how its encoder was trained"),
        (lambda training: training["encoder"]["recipe"].update(backbone="lite2"), "no plain network"),
        (lambda training: training["encoder"]["recipe"].update(top=320), "is not the network that its recipe makes"),
        (lambda training: training["detector"]["recipe"].update(blocks=[0, 2, 4, 5]), "is not the network"),
    ],
)
def test_a_bundle_that_is_not_of_our_making(change: object, words: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(SHIPPED, own)
    content = read_manifest(own)
    assert callable(change)
    change(content["training"])
    (own / "bundle.json").write_text(json.dumps(content))
    with pytest.raises(InvalidParameter, match=words):
        unpack(own, tmp_path / "out")
