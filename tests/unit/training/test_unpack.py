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
from placket.samples import catalogue  # noqa: E402
from placket.training.detector.network import anchor_points, decode  # noqa: E402
from placket.training.detector.train import DetectorRecipe, DetectorRun, trained_detector  # noqa: E402
from placket.training.encoder.train import trained_encoder  # noqa: E402
from placket.training.integers import ranges_of  # noqa: E402
from placket.training.loop import read_checkpoint  # noqa: E402
from placket.training.manifest import read_manifest  # noqa: E402
from placket.training.onnx_models import letterbox, session  # noqa: E402
from placket.training.run import provenance_of  # noqa: E402
from placket.training.terms import once, sets_of, terms_of  # noqa: E402
from placket.training.unpack import unpack  # noqa: E402

SHIPPED = Path(str(files("placket.bundles")))
WORDS = taxonomy()
LABELS = {"category": len(WORDS.categories), **{a: len(v) for a, v in WORDS.attributes.items()}}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return unpack(SHIPPED, tmp_path_factory.mktemp("unpacked"))


def pictures(side: int) -> "torch.Tensor":
    coarse = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(4)) * 255
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")


def the_file_says(part: str, image: "torch.Tensor") -> dict[str, np.ndarray]:
    network = session(SHIPPED / f"{part}.onnx")
    return dict(zip([o.name for o in network.get_outputs()], network.run(None, {"image": image.numpy()}), strict=True))


@pytest.mark.parametrize("part", ["encoder", "second"])
def test_an_encoder_answers_as_its_file(checkpoints: dict[str, Path], part: str) -> None:
    image = pictures(192)
    with torch.no_grad():
        got = trained_encoder(checkpoints[part], LABELS).eval()(image)
    wanted = the_file_says(part, image)
    assert np.abs(got["embedding"].numpy() - wanted["embedding"]).max() < 0.01
    for name in LABELS:
        spread = float(np.ptp(wanted[name]))
        assert np.abs(got[name].numpy() - wanted[name]).max() < 0.05 * spread, name


def test_the_detector_answers_as_its_file(checkpoints: dict[str, Path]) -> None:
    product = catalogue(1, 3)[0].image.convert("RGB")
    seen, *_ = letterbox(np.asarray(product), 384, 114)
    image = torch.from_numpy(seen.transpose(2, 0, 1).copy()).float()[None]
    with torch.no_grad():
        logits, distances = trained_detector(checkpoints["detector"])(image)
    wanted = the_file_says("detector", image)
    scores = logits.sigmoid().numpy()
    assert wanted["scores"].max() > 0.5, "there is a garment"
    assert np.abs(scores - wanted["scores"]).max() < 0.05
    sure = wanted["scores"].max(2) > 0.3
    boxes = decode(anchor_points(384, 384)[0], distances).numpy()
    assert np.abs(boxes[sure] - wanted["boxes"][sure]).max() < 6, "pixels of 384"


def test_every_rounded_convolution_has_its_range(checkpoints: dict[str, Path]) -> None:
    networks = trained_detector(checkpoints["detector"]), trained_encoder(checkpoints["encoder"], LABELS)
    for network in networks:
        ranges = ranges_of(network)
        assert len(ranges) >= 20 and min(ranges.values()) > 0


def test_no_run_is_overwritten_and_none_goes_on_in_the_place_of_a_bundles(checkpoints: dict[str, Path]) -> None:
    place = checkpoints["detector"].parent
    before = checkpoints["detector"].read_bytes()
    with pytest.raises(InvalidParameter, match="already"):
        unpack(SHIPPED, place.parent)
    recipe = DetectorRecipe(**{**read_checkpoint(checkpoints["detector"])["recipe"], "minutes": 1.0})
    with pytest.raises(InvalidParameter, match="no run that was cut off"):
        DetectorRun(recipe, place, {})
    assert checkpoints["detector"].read_bytes() == before


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
        (lambda training: training.pop("encoder"), "encoder was not trained in integers"),
        (lambda training: training["encoder"]["recipe"].update(backbone="lite2"), "not trained in integers"),
        (
            lambda training: training["detector"]["recipe"].update(integers=False),
            "detector was not trained in integers",
        ),
        (lambda training: training["detector"]["recipe"].update(of_tomorrow=1), "recipe that this version knows"),
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
