"""A network that rounds in training computes what its quantised export will."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
pytest.importorskip("onnx", reason="export needs onnx, which is not installed here")

from placket.domain.errors import InvalidParameter  # noqa: E402
from placket.training.detector.network import Detector  # noqa: E402
from placket.training.detector.train import DetectorRecipe, DetectorRun  # noqa: E402
from placket.training.export import export_detector  # noqa: E402
from placket.training.integers import RoundedConv, in_integers, ranges_of, without_rounding  # noqa: E402
from placket.training.onnx_models import session  # noqa: E402
from placket.training.quantise import quantise  # noqa: E402
from placket.training.soup import average_checkpoints  # noqa: E402

RECIPE = DetectorRecipe(steps=4, widths=[8, 8, 16, 16, 24], blocks=[1, 0, 1, 0], neck=16, rate=0.001, average=0.5)


def pictures(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.repeat(np.repeat(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), 8, 0), 8, 1) for _ in range(count)]


def batch() -> dict[str, "torch.Tensor"]:
    image = torch.from_numpy(np.stack(pictures(4)).transpose(0, 3, 1, 2).copy())
    boxes = torch.tensor([[[8.0, 8.0, 48.0, 56.0]]]).expand(4, 1, 4)
    return {"image": image, "boxes": boxes, "groups": torch.zeros(4, 1, dtype=torch.long), "negative": torch.ones(4, 9)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = DetectorRun(RECIPE, tmp_path_factory.mktemp("plain"), {"drawn": 4})
    for _ in range(30):
        run.step(batch())
    run.save()
    return run.out / "checkpoint.pt"


def test_it_begins_with_the_folded_weights_of_another_run(plain: Path, tmp_path: Path) -> None:
    run = DetectorRun(replace(RECIPE, integers=True), tmp_path, {}, plain)
    rounded = [m for m in run.network.modules() if isinstance(m, RoundedConv)]
    assert rounded and not any(isinstance(m, torch.nn.BatchNorm2d) for m in run.network.modules())
    assert not isinstance(run.network.stem.conv, RoundedConv)
    before = Detector(9, tuple(RECIPE.widths), tuple(RECIPE.blocks), RECIPE.neck).eval()
    before.load_state_dict(torch.load(plain, weights_only=True)["average"])
    image = batch()["image"].float()
    with torch.no_grad():
        for wanted, got in zip(before(image), without_rounding(run.network)(image), strict=True):
            torch.testing.assert_close(got, wanted, atol=1e-3, rtol=1e-3)


def test_it_answers_as_its_quantised_export(plain: Path, tmp_path: Path) -> None:
    run = DetectorRun(replace(RECIPE, integers=True), tmp_path, {}, plain)
    losses = [sum(run.step(batch())[k] for k in ("class", "box")) for _ in range(40)]
    assert losses[-1] < losses[0]
    run.save()
    path = tmp_path / "detector.onnx"
    in_floats = export_detector(tmp_path / "checkpoint.pt", path, 64)
    quantise(path, pictures(24), ranges_of(in_floats))
    image = batch()["image"].float()
    integers = np.concatenate([session(path).run(None, {"image": x[None].numpy()})[1] for x in image])
    with torch.no_grad():
        rounded = run.average.network.eval()(image)[0].sigmoid().numpy()
        floats = in_floats(image)[1].numpy()
    assert np.abs(rounded - integers).mean() < 0.3 * np.abs(floats - integers).mean()


def test_a_folded_network_is_not_averaged_with_one_that_is_not(plain: Path, tmp_path: Path) -> None:
    run = DetectorRun(replace(RECIPE, integers=True), tmp_path, {}, plain)
    run.save()
    with pytest.raises(InvalidParameter, match="not the same network"):
        average_checkpoints(plain, tmp_path / "checkpoint.pt", 0.5, tmp_path / "mean.pt")


def test_the_gradient_passes_the_rounding() -> None:
    network = in_integers(Detector(9, (8, 8, 16, 16, 24), (0, 0, 0, 0), 16))
    x = torch.rand(1, 3, 64, 64) * 255
    scores, _ = network(x)
    scores.square().mean().backward()
    conv = network.heads[0].for_class.conv
    assert isinstance(conv, RoundedConv) and float(conv.high) > 0
    assert float(conv.weight.grad.abs().sum()) > 0
    assert float(network.stem.conv.weight.grad.abs().sum()) > 0, "through every rounding"


def test_an_input_is_rounded_as_pytorch_rounds_it() -> None:
    conv = RoundedConv(torch.nn.Conv2d(1, 1, 1)).eval()
    with torch.no_grad():
        conv.weight.fill_(1.0)
        conv.bias.zero_()
        conv.high.fill_(51.0)
    x = torch.tensor([0.0, 0.05, 0.31, 17.77, 50.96, 51.2, 90.0]).reshape(1, 1, 1, -1).requires_grad_()
    y = conv(x)
    none = torch.zeros((), dtype=torch.int32)
    wanted = torch.fake_quantize_per_tensor_affine(x.detach(), torch.tensor(51.0 / 255), none, 0, 255)
    torch.testing.assert_close(y.detach(), wanted)
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad.flatten(), torch.tensor([1.0] * 5 + [0.0] * 2))
