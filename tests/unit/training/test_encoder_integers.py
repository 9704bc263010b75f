"""An encoder that rounds in training begins with another run's weights and computes what its quantised export will."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
pytest.importorskip("onnx", reason="export needs onnx, which is not installed here")

from placket.domain.taxonomy import taxonomy  # noqa: E402
from placket.training.encoder.items import Vocabulary  # noqa: E402
from placket.training.encoder.train import EncoderRecipe, EncoderRun  # noqa: E402
from placket.training.export import export_encoder, load_encoder, trained_in_integers  # noqa: E402
from placket.training.integers import RoundedConv, ranges_of, without_rounding  # noqa: E402
from placket.training.onnx_models import session  # noqa: E402
from placket.training.quantise import quantise  # noqa: E402

WORDS = taxonomy()
VOCABULARY = Vocabulary(
    {
        "groups": {g: list(names) for g, names in WORDS.groups.items()},
        "attributes": {a: list(v) for a, v in WORDS.attributes.items()},
        "applies": {"to_all": ["colors"]},
    }
)
LABELS = {a: len(v) for a, v in VOCABULARY.labels.items()}
SIDE = 64


def recipe(integers: bool = False) -> EncoderRecipe:
    return EncoderRecipe(
        pairs=0, views=0, rest=4, teacher=0.0, steps=60, size=[SIDE], grow_at=[], rate=0.001, average=0.5,
        widths=[8, 8, 16, 16, 24], blocks=[1, 0, 1, 0], top=32, integers=integers,
    )  # fmt: skip


def pictures(count: int) -> "list[np.ndarray]":
    rng = np.random.default_rng(5)
    return [np.repeat(np.repeat(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), 8, 0), 8, 1) for _ in range(count)]


def batch() -> "dict[str, torch.Tensor]":
    image = torch.from_numpy(np.stack(pictures(4)).transpose(0, 3, 1, 2).copy())
    unknown = torch.full((4,), -1)
    return dict.fromkeys(VOCABULARY.single, unknown) | {
        "image": image, "category": torch.arange(4), "product": torch.arange(4), "design": torch.arange(4),
        "by_eye": torch.ones(4), "first_color": unknown, "colors": torch.zeros(4, LABELS["colors"]),
        "colors_known": torch.zeros(4), "details": torch.zeros(4, LABELS["details"]), "details_known": torch.zeros(4),
    }  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = EncoderRun(recipe(), tmp_path_factory.mktemp("plain"), VOCABULARY, None, {"drawn": 4})
    for _ in range(30):
        run.step(batch())
    run.save()
    return run.out / "checkpoint.pt"


def test_it_begins_with_the_folded_weights_of_another_run(plain: Path, tmp_path: Path) -> None:
    run = EncoderRun(recipe(integers=True), tmp_path, VOCABULARY, None, {}, plain)
    rounded = [m for m in run.network.modules() if isinstance(m, RoundedConv)]
    assert rounded and not any(isinstance(m, torch.nn.BatchNorm2d) for m in run.network.modules())
    assert not isinstance(run.network.trunk.stem.conv, RoundedConv)
    image = batch()["image"].float()
    with torch.no_grad():
        wanted = load_encoder(plain, LABELS)(image)
        got = without_rounding(run.network.eval())(image)
    for name in ("embedding", "category", "fabric"):
        torch.testing.assert_close(got[name], wanted[name], atol=1e-3, rtol=1e-3)


def test_it_answers_as_its_quantised_export(plain: Path, tmp_path: Path) -> None:
    run = EncoderRun(recipe(integers=True), tmp_path, VOCABULARY, None, {}, plain)
    losses = [run.step(batch())["category"] for _ in range(30)]
    assert losses[-1] < losses[0]
    run.save()
    checkpoint, path = tmp_path / "checkpoint.pt", tmp_path / "encoder.onnx"
    assert trained_in_integers(checkpoint) and not trained_in_integers(plain)
    image = batch()["image"].float()
    with torch.no_grad():
        rounded = load_encoder(checkpoint, LABELS)(image)["category"].numpy()
    module = export_encoder(load_encoder(checkpoint, LABELS), path, SIDE)
    with torch.no_grad():
        floats = module(image)[1].numpy()
    quantise(path, pictures(24), ranges_of(module))
    integers = np.concatenate([session(path).run(None, {"image": x[None].numpy()})[1] for x in image])
    assert np.abs(rounded - integers).mean() < 0.3 * np.abs(floats - integers).mean()
